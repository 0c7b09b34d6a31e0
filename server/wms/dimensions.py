"""The time dimension in requests and in capabilities (OGC 06-042, annexes C and D)."""

import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise

from layers.errors import hint
from layers.registry import Layer
from server.wms.errors import InvalidDimensionError

_ISO = re.compile(
    r"(\d{4})(?:-(\d\d)(?:-(\d\d)(?:[T ](\d\d)(?::?(\d\d)(?::?(\d\d)(?:[.,](\d{1,9}))?)?)?(Z|[+-]\d\d:?\d\d)?)?)?)?",
    re.ASCII,
)
_UNITS = ((86400, "P{}D"), (3600, "PT{}H"), (60, "PT{}M"), (1, "PT{}S"))
_SHORTEST_SERIES = 4


@dataclass(frozen=True, slots=True)
class Period:
    """The time that an ISO 8601 value covers: a year for "2019", a second if it tells seconds; `end` is outside."""

    start: datetime
    end: datetime

    def overlaps(self, other: "Period") -> bool:
        """True where the two have a moment in common."""
        return self.start < other.end and other.start < self.end


_ALWAYS = Period(datetime.min.replace(tzinfo=UTC), datetime.max.replace(tzinfo=UTC))


@dataclass(frozen=True, slots=True)
class Times:
    """Values of a layer that a request means, and what its answer's Warning header has to say."""

    values: tuple[str, ...]
    warnings: tuple[str, ...] = ()


def chosen_times(layer: Layer, text: str) -> Times:
    """The layer's values that TIME means; none where an interval holds none. Raises InvalidDimensionError."""
    if not text:
        default = layer.default_time or layer.times[-1]
        return Times((default,), (f"99 Default value used: time={default} ISO8601",))
    values: dict[str, None] = {}
    warnings: list[str] = []
    for item in text.split(","):
        for value in _item(layer, item.strip(), warnings):
            values[value] = None
    return Times(tuple(value for value in layer.times if value in values), tuple(warnings))


def _item(layer: Layer, item: str, warnings: list[str]) -> tuple[str, ...]:
    if item in layer.times:
        return (item,)
    if item.lower() == "current":
        return layer.times[-1:]
    if item.lower() == "default":
        return (layer.default_time or layer.times[-1],)
    asked = _interval(item, layer) if "/" in item else _period(item, layer)
    periods = _periods(layer.times)
    inside = tuple(value for value, period in zip(layer.times, periods, strict=True) if period.overlaps(asked))
    if inside or "/" in item:
        return inside
    if layer.definition.time and not layer.definition.time.nearest:
        raise _missing(item, layer)
    distances = [abs(period.start - asked.start) for period in periods]
    nearest = layer.times[distances.index(min(distances))]
    warnings.append(f"99 Nearest value used: time={nearest} ISO8601")
    return (nearest,)


def _interval(item: str, layer: Layer) -> Period:
    parts = item.split("/")
    if len(parts) > 3:
        raise _invalid(item, layer)
    first, last = (_period(part.strip(), layer) for part in parts[:2])
    if last.end <= first.start:
        raise InvalidDimensionError(f"TIME={item[:100]!r} ends before it begins", "TIME")
    return Period(first.start, last.end)


def _period(item: str, layer: Layer) -> Period:
    period = period_of(item)
    if period is None:
        raise _invalid(item, layer)
    return period


def _invalid(item: str, layer: Layer) -> InvalidDimensionError:
    item, told = item[:100], f"{_shown(layer)}{hint(item[:100], layer.times)}"
    message = f"TIME={item!r} is not an ISO 8601 value or interval; {layer.name} has {told}"
    return InvalidDimensionError(message, "TIME")


def _missing(item: str, layer: Layer) -> InvalidDimensionError:
    return InvalidDimensionError(f"TIME={item[:100]!r} is not one of {layer.name}'s {_shown(layer)}", "TIME")


def _shown(layer: Layer) -> str:
    return ", ".join(layer.times[:6]) + (", …" if len(layer.times) > 6 else "")


@lru_cache(maxsize=64)
def _periods(times: tuple[str, ...]) -> tuple[Period, ...]:
    return tuple(period_of(value) or _ALWAYS for value in times)


def start_of(value: str) -> datetime:
    """The moment at which one of a layer's values begins; before all others for what is no ISO 8601."""
    return (period_of(value) or _ALWAYS).start


def period_of(text: str) -> Period | None:
    """What an ISO 8601 date or time covers, to the precision it is written in; UTC where no zone is given."""
    match = _ISO.fullmatch(text)
    if not match:
        return None
    year, month, day, hour, minute, second, fraction, zone = match.groups()
    try:
        start = datetime(int(year), int(month or 1), int(day or 1), int(hour or 0), int(minute or 0), int(second or 0))
        start = start.replace(microsecond=int((fraction or "0")[:6].ljust(6, "0")), tzinfo=UTC) - _offset(zone)
        return Period(start, _end(start, match.groups()))
    except (ValueError, OverflowError):
        return None


def _offset(zone: str | None) -> timedelta:
    if zone in (None, "Z"):
        return timedelta()
    assert zone is not None
    digits = zone[1:].replace(":", "")
    offset = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -offset if zone[0] == "-" else offset


def _end(start: datetime, parts: tuple[str | None, ...]) -> datetime:
    _, month, day, hour, minute, second, fraction, _ = parts
    if month is None:
        return start.replace(year=start.year + 1)
    if day is None:
        return start.replace(year=start.year + start.month // 12, month=start.month % 12 + 1)
    for part, step in ((hour, timedelta(days=1)), (minute, timedelta(hours=1)), (second, timedelta(minutes=1))):
        if part is None:
            return start + step
    return start + (timedelta(seconds=1) if fraction is None else timedelta(milliseconds=1))


def extent(times: tuple[str, ...]) -> str:
    """The values as capabilities write them: "first/last/period" where they are evenly spaced, else a list."""
    periods = [period_of(value) for value in times]
    if len(times) < _SHORTEST_SERIES or len({len(value) for value in times}) > 1:
        return ",".join(times)
    starts = [period.start for period in periods if period]
    steps = {later - earlier for earlier, later in pairwise(starts)}
    if len(starts) < len(times) or len(steps) != 1:
        return ",".join(times)
    seconds = int(steps.pop().total_seconds())
    size, form = next((unit for unit in _UNITS if seconds >= unit[0] and seconds % unit[0] == 0), (0, ""))
    return f"{times[0]}/{times[-1]}/{form.format(seconds // size)}" if size else ",".join(times)
