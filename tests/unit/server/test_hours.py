"""The engine's sleeping hours."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from server.hours import LONGEST, Hours

PARIS = ZoneInfo("Europe/Paris")


def at(hour: int, minute: int = 0, day: int = 15, month: int = 1) -> datetime:
    return datetime(2026, month, day, hour, minute, tzinfo=PARIS)


@pytest.mark.parametrize(
    ("now", "seconds"),
    [
        (at(21, 59), 0),
        (at(22), 8 * 3600),
        (at(23, 30), 6.5 * 3600),
        (at(0), 6 * 3600),
        (at(5, 59), 60),
        (at(6), 0),
        (at(12), 0),
    ],
)
def test_a_span_may_pass_midnight(now, seconds):
    assert Hours(["22:00-06:00"]).asleep(now) == seconds


def test_hours_are_local_whatever_zone_now_is_told_in():
    assert Hours(["22:00-06:00"]).asleep(datetime(2026, 1, 15, 20, 59, tzinfo=UTC)) == 0
    assert Hours(["22:00-06:00"]).asleep(datetime(2026, 1, 15, 21, 30, tzinfo=UTC)) == 7.5 * 3600


def test_spans_that_follow_each_other_are_one():
    assert Hours(["22:00-24:00", "00:00-06:00"]).asleep(at(23)) == 7 * 3600


def test_hours_without_an_end_are_told_as_a_day():
    assert Hours(["00:00-24:00"]).asleep(at(12)) == LONGEST


@pytest.mark.parametrize(("month", "day", "hours"), [(3, 29, 7), (10, 25, 9)])
def test_the_night_of_the_change_of_time_is_an_hour_shorter_or_longer(month, day, hours):
    before = datetime(2026, month, day - 1, 22, tzinfo=PARIS)
    assert Hours(["22:00-06:00"]).asleep(before) == hours * 3600


def test_without_hours_the_engine_never_sleeps():
    assert Hours([]).asleep() == 0
