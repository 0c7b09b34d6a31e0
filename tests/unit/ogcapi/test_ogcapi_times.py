"""Instants and intervals."""

from datetime import UTC, datetime

import pytest

from server.errors import InvalidParameterError
from server.ogcapi import times

DAYS = tuple(f"2024-06-{day:02d}" for day in range(1, 11))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("2024", "2024-01-01T00:00:00", "2024-12-31T23:59:59"),
        ("2024-02", "2024-02-01T00:00:00", "2024-02-29T23:59:59"),
        ("2024-02-29", "2024-02-29T00:00:00", "2024-02-29T23:59:59"),
        ("2024-02-29T12:00:00Z", "2024-02-29T12:00:00", "2024-02-29T12:00:00"),
        ("2024-02-29T12:00:00.250+02:00", "2024-02-29T10:00:00", "2024-02-29T10:00:00"),
        ("9999", "9999-01-01T00:00:00", "9999-12-31T23:59:59"),
    ],
)
def test_a_moment_is_as_long_as_it_is_written(text, first, last):
    expected = tuple(datetime.fromisoformat(value).replace(tzinfo=UTC) for value in (first, last))
    assert times.moment(text) == expected


@pytest.mark.parametrize(
    ("text", "chosen"),
    [
        ("2024-06-03", ("2024-06-03",)),
        ("2024-06-03T06:00:00Z/2024-06-04T01:00:00Z", ("2024-06-03", "2024-06-04")),
        ("2024-06-09/..", ("2024-06-09", "2024-06-10")),
        ("/2024-06-02", ("2024-06-01", "2024-06-02")),
        ("../..", DAYS),
        ("2024-06-02/P1DT12H", ("2024-06-02", "2024-06-03")),
        ("2025", ()),
    ],
)
def test_an_interval_selects_what_meets_it(text, chosen):
    assert times.selected(DAYS, text) == chosen


@pytest.mark.parametrize(
    "text", ["", "..", "x", "2024-13", "2024-00", "0000", "2024/2025/2026", "2024/P", "2024-06-02/2024-06-01", "P1D"]
)
def test_what_is_no_time_is_told(text):
    with pytest.raises(InvalidParameterError, match="datetime"):
        times.selected(DAYS, text)


def test_the_extent_of_a_list_is_from_the_first_to_the_last_second():
    assert times.stamps(("2019", "2022")) == ("2019-01-01T00:00:00Z", "2022-12-31T23:59:59Z")
    assert times.stamps(()) is None
