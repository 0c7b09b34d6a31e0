"""The demo's tasks can be read."""

from pathlib import Path

import pytest

from tiles.seeding.schedule import read_task

CONFIG = Path(__file__).parents[3] / "config"


@pytest.mark.parametrize("name", ["night", "quarter"])
def test_the_demo_s_tasks_are_right(name: str) -> None:
    assert read_task(CONFIG, name).seeds
