"""The hours in which the engine sleeps: "22:00-06:00" in a time zone. Standard library only."""

from collections.abc import Iterable
from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

LONGEST = 86400
"""Seconds: the most that Retry-After says, also where the hours have no end."""


class Hours:
    """Spans of local time, each from its start to before its end; a span may pass midnight."""

    def __init__(self, spans: Iterable[str], timezone: str = "Europe/Paris") -> None:
        self.spans = tuple(_span(text) for text in spans)
        try:
            self.zone: ZoneInfo | None = ZoneInfo(timezone)
        except (ZoneInfoNotFoundError, ValueError):
            self.zone = None

    def asleep(self, now: datetime | None = None) -> int:
        """Seconds until the sleeping hours end (at most a day), 0 outside them."""
        if not self.spans:
            return 0
        now = (now or datetime.now(UTC)).astimezone(self.zone)
        moment = now
        while (end := self._end(moment)) is not None:
            moment = end
            if (moment - now).total_seconds() >= LONGEST:
                return LONGEST
        seconds = (moment.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
        return max(1, round(seconds)) if moment != now else 0

    def _end(self, moment: datetime) -> datetime | None:
        """When the span that this moment is in ends; None where it is in none."""
        minute = moment.hour * 60 + moment.minute
        for start, end in self.spans:
            inside = start <= minute < end if start < end else minute >= start or minute < end
            if inside:
                day = moment.date() + timedelta(days=1 if start >= end and minute >= start else 0)
                hours, minutes = divmod(end, 60)
                day, hours = (day + timedelta(days=1), 0) if hours == 24 else (day, hours)
                return datetime.combine(day, time(hours, minutes), moment.tzinfo)
        return None


def _span(text: str) -> tuple[int, int]:
    start, _, end = text.partition("-")
    return _minutes(start), _minutes(end)


def _minutes(text: str) -> int:
    hours, _, minutes = text.partition(":")
    return int(hours) * 60 + int(minutes)
