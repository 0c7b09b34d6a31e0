"""When seeding stops, and named tasks."""

from datetime import datetime
from pathlib import Path

import pytest

from tiles.seeding.schedule import ScheduleError, deadline, end_of_hours, read_task

NOW = datetime(2026, 3, 10, 22, 30)


@pytest.mark.parametrize(
    ("until", "lasting", "expected"),
    [
        ("06:00", None, datetime(2026, 3, 11, 6, 0)),
        ("23:15", None, datetime(2026, 3, 10, 23, 15)),
        (None, "8h", datetime(2026, 3, 11, 6, 30)),
        (None, "90m", datetime(2026, 3, 11, 0, 0)),
        (None, "1h30", datetime(2026, 3, 11, 0, 0)),
        ("06:00", "1h", datetime(2026, 3, 10, 23, 30)),
    ],
)
def test_the_hour_at_which_seeding_stops(until: str | None, lasting: str | None, expected: datetime) -> None:
    assert deadline(until, lasting, NOW) == expected.timestamp()


def test_without_an_hour_it_does_not_stop() -> None:
    assert deadline(None, None, NOW) is None


@pytest.mark.parametrize(("until", "lasting"), [("25:00", None), ("6", None), (None, "8"), (None, "soon"), (None, "")])
def test_an_hour_that_cannot_be_read_is_told(until: str | None, lasting: str | None) -> None:
    if lasting == "":
        assert deadline(until, lasting, NOW) is None
        return
    with pytest.raises(ScheduleError, match="is written"):
        deadline(until, lasting, NOW)


def test_hours_may_pass_midnight() -> None:
    assert end_of_hours("22:00-06:00", NOW) == datetime(2026, 3, 11, 6, 0).timestamp()
    assert end_of_hours("20:00-24:00", NOW) == datetime(2026, 3, 11, 0, 0).timestamp()
    with pytest.raises(ScheduleError, match="it is 22:30"):
        end_of_hours("01:00-06:00", NOW)


def test_a_task_is_read_and_mistakes_are_told(tmp_path: Path) -> None:
    (tmp_path / "seeds.yaml").write_text(
        'night: {hours: "22:00-06:00", seeds: [{layers: [pcrs], levels: 12-20}]}\nwrong: {seeds: [{layer: pcrs}]}\n'
    )
    assert read_task(tmp_path, "night").seeds[0].layers == ("pcrs",)
    with pytest.raises(ScheduleError, match=r"wrong\.seeds\.0"):
        read_task(tmp_path, "wrong")
    with pytest.raises(ScheduleError, match="did you mean 'night'"):
        read_task(tmp_path, "nigth")
    with pytest.raises(ScheduleError, match="there is no"):
        read_task(tmp_path / "elsewhere", "night")
