"""The parameter `datetime` (OGC 17-069r4, 7.15.4): an instant or an interval, against a layer's list of times."""

import re
from calendar import monthrange
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone, tzinfo

from server.errors import InvalidParameterError

type Span = tuple[datetime, datetime]

_MOMENT = re.compile(
    r"(\d{4})(?:-(\d{2})(?:-(\d{2})(?:[T ](\d{2}):(\d{2})(?::(\d{2})(?:\.\d+)?)?)?(Z|[+-]\d{2}:?\d{2})?)?)?", re.ASCII
)
_DURATION = re.compile(
    r"P(?:(\d+)Y)?(?:(\d+)M)?(?:(\d+)W)?(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)S)?)?", re.ASCII
)
_ALWAYS = (datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


def selected(times: Iterable[str], text: str) -> tuple[str, ...]:
    """The values of a layer's list that meet the instant or interval. Raises InvalidParameterError."""
    first, last = interval(text)
    spans = ((value, moment(value)) for value in times)
    return tuple(value for value, span in spans if span and span[0] <= last and first <= span[1])


def interval(text: str) -> Span:
    """First and last moment of `instant`, `start/end`, `start/duration`; ".." or nothing is an open end."""
    parts = text.strip().split("/")
    if len(parts) > 2 or (len(parts) == 1 and parts[0] in ("", "..")):
        raise _wrong(text)
    first = _end(parts[0], text)
    if len(parts) == 1:
        return first
    last = _after(first[0], parts[1], text) if parts[1].startswith("P") else _end(parts[1], text)[1]
    if first[0] > last:
        raise InvalidParameterError(f"datetime={text[:100]!r} ends before it starts", "datetime")
    return first[0], last


def moment(text: str) -> Span | None:
    """First and last second of a year, month, day or moment; None where the text is none."""
    match = _MOMENT.fullmatch(text.strip())
    if match is None:
        return None
    year = int(match[1])
    month, day, hour, minute, second = (int(part) if part else None for part in match.groups()[1:6])
    try:
        start = datetime(
            year,
            1 if month is None else month,
            1 if day is None else day,
            hour or 0,
            minute or 0,
            second or 0,
            tzinfo=_zone(match[7]),
        )
    except ValueError:
        return None
    return start, _last(start, month, day, hour)


def stamps(times: tuple[str, ...]) -> tuple[str, str] | None:
    """First and last second of a list of times, as RFC 3339 writes them."""
    spans = [span for span in map(moment, times) if span]
    if not spans:
        return None
    return tuple(value.strftime("%Y-%m-%dT%H:%M:%SZ") for value in (min(spans)[0], max(s[1] for s in spans)))  # type: ignore[return-value]


def _last(start: datetime, month: int | None, day: int | None, hour: int | None) -> datetime:
    """The last second of what starts there."""
    if hour is not None:
        return start
    end = start.replace(hour=23, minute=59, second=59)
    if month is None:
        return end.replace(month=12, day=31)
    return end if day is not None else end.replace(day=monthrange(start.year, month)[1])


def _zone(text: str | None) -> tzinfo:
    if text is None or text == "Z":
        return UTC
    sign = -1 if text[0] == "-" else 1
    return timezone(sign * timedelta(hours=int(text[1:3]), minutes=int(text[-2:])))


def _end(text: str, whole: str) -> Span:
    if text in ("", ".."):
        return _ALWAYS
    span = moment(text)
    if span is None:
        raise _wrong(whole)
    return span


def _after(start: datetime, text: str, whole: str) -> datetime:
    try:
        return start + _duration(text, whole)
    except OverflowError:
        return _ALWAYS[1]


def _duration(text: str, whole: str) -> timedelta:
    match = _DURATION.fullmatch(text)
    if match is None or not any(match.groups()):
        raise _wrong(whole)
    years, months, weeks, days, hours, minutes, seconds = (min(int(part or 0), 10**6) for part in match.groups())
    total = years * 365.2425 + months * 30.44 + weeks * 7 + days
    return timedelta(days=min(total, 10**6), hours=hours, minutes=minutes, seconds=seconds)


def _wrong(text: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"datetime={text[:100]!r} is not an instant (2024-05-01T12:00:00Z) or an interval (2024-05-01/..)",
        "datetime",
    )
