"""Seeding: what fails is tried again, listed, and stops a hopeless job."""

import shutil
from pathlib import Path

import pytest

from layers.compile import load
from tiles.seeding.plan import make_plan
from tiles.seeding.seed import HopelessError, Means, seed

QUICK = Means(workers=1, retries=(0.0,))


def test_failed_blocks_are_listed_and_made_when_the_data_is_back(config_dir: Path, tmp_path: Path) -> None:
    config = shutil.copytree(config_dir, tmp_path / "config")
    registry, _ = load(config, tmp_path)
    plan = make_plan(registry, "relief", grid_name="LAMB93_5cm", levels=(4, 6))
    data = config / "data" / "relief.tif"
    data.rename(tmp_path / "away.tif")
    report = seed(registry, tmp_path, plan, QUICK)
    assert (report.drawn, report.failed) == (0, report.total)
    assert len(report.errors) == 3
    assert "relief.tif" in report.errors[0][1]
    (tmp_path / "away.tif").rename(data)
    again = seed(registry, tmp_path, plan, QUICK)
    assert (again.drawn, again.failed, again.errors) == (again.total, 0, [])


def test_a_hopeless_job_is_given_up(config_dir: Path, tmp_path: Path) -> None:
    config = shutil.copytree(config_dir, tmp_path / "config")
    registry, _ = load(config, tmp_path)
    plan = make_plan(registry, "relief", grid_name="PM", levels=(4, 12))
    (config / "data" / "relief.tif").unlink()
    with pytest.raises(HopelessError, match="5 blocks failed one after the other"):
        seed(registry, tmp_path, plan, Means(workers=1, budget=5))


def test_a_deadline_leaves_the_rest_for_the_next_time(config_dir: Path, tmp_path: Path) -> None:
    registry, _ = load(config_dir, tmp_path)
    plan = make_plan(registry, "ortho", grid_name="PM", levels=(12, 14))
    report = seed(registry, tmp_path, plan, Means(workers=1, deadline=1.0))
    assert (report.stopped, report.drawn) == (True, 0)
    assert seed(registry, tmp_path, plan, QUICK).stopped is False
