"""The state of seeding jobs."""

from pathlib import Path

import pytest

from tiles.picture import Block
from tiles.seeding.jobs import JobError, State, running, speed

BLOCKS = [Block(3, 0, 0, 7, 7), Block(4, 0, 0, 7, 7), Block(4, 8, 0, 9, 7)]
NAMES = ("layer", "default", "", "PM", "3-4")


def test_states_survive_and_a_job_is_written_once(tmp_path: Path) -> None:
    with running(tmp_path, "a") as job:
        job.add(BLOCKS, NAMES)
        job.record([(BLOCKS[0], State.DONE, None), (BLOCKS[1], State.FAILED, "no data")], seconds=2.0)
    with running(tmp_path, "a") as job:
        job.add(BLOCKS, NAMES)
        assert job.counts() == {
            State.PENDING: (1, 16),
            State.DONE: (1, 64),
            State.EMPTY: (0, 0),
            State.FAILED: (1, 64),
        }
        assert list(job.blocks(State.PENDING)) == [BLOCKS[2]]
        assert job.errors() == [(BLOCKS[1], "no data")]
        job.reopen()
        assert list(job.blocks(State.PENDING)) == BLOCKS[1:]
        job.forget([BLOCKS[0]])
        assert list(job.blocks(State.PENDING)) == BLOCKS
    assert speed(tmp_path, "other") is None


def test_the_pace_of_a_layer_is_known_afterwards(tmp_path: Path) -> None:
    assert speed(tmp_path, "layer") is None
    with running(tmp_path, "a") as job:
        job.add(BLOCKS, NAMES)
        job.record([(block, State.DONE, None) for block in BLOCKS], seconds=2.0)
    assert speed(tmp_path, "layer") == 72.0


def test_a_job_runs_once_at_a_time(tmp_path: Path) -> None:
    with (
        running(tmp_path, "a"),
        running(tmp_path, "b"),
        pytest.raises(JobError, match="another process"),
        running(tmp_path, "a"),
    ):
        pass


def test_a_store_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(JobError, match="cannot be written"), running(tmp_path / "file", "a"):
        pass
