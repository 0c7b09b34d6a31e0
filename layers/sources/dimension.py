"""The time dimension of rasters: which band is of which time.

GDAL lays the dimensions of a NetCDF variable out as bands, the last one fastest, and tells their values and units as
metadata; a GRIB file tells the time of each band.
"""

import re
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from typing import Any

from layers import model
from layers.errors import SourceError
from layers.facts import RasterFacts

_MIDNIGHT = "T00:00:00Z"
_SECONDS = {"second": 1, "sec": 1, "s": 1, "minute": 60, "min": 60, "hour": 3600, "hr": 3600, "h": 3600,
            "day": 86400, "d": 86400, "week": 604800}  # fmt: skip
_SINCE = re.compile(r"\s*(\w+?)s?\s+since\s+(\d{1,4})-(\d{1,2})-(\d{1,2})(?:[T\s]+(\d{1,2}):(\d{1,2})(?::(\d{1,2}))?)?")


def times_of(opened: Any, variable: str | None) -> tuple[str, ...]:
    """ISO 8601 times of a dataset, ascending; empty where it has none."""
    return tuple(sorted(_bands(opened, variable)))


def band_of_time(opened: Any, facts: RasterFacts, source: model.RasterSource, time: str) -> int:
    """The number of the (first) band of a time. Raises SourceError where the file has none."""
    bands = _cached_bands(facts.path, facts.times, _Dataset(opened), source.variable)
    band = bands.get(time) or bands.get(f"{time}{_MIDNIGHT}")
    if band is None:
        raise SourceError(f"{facts.path}: there is no time {time!r}")
    return band + (source.bands[0] - 1 if source.bands else 0)


class _Dataset:
    """Lends a dataset to a cache without being part of its key."""

    def __init__(self, opened: Any) -> None:
        self.opened = opened

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Dataset)

    def __hash__(self) -> int:
        return 0


@lru_cache(maxsize=64)
def _cached_bands(_path: str, _times: tuple[str, ...], dataset: _Dataset, variable: str | None) -> dict[str, int]:
    return _bands(dataset.opened, variable)


def _bands(opened: Any, variable: str | None) -> dict[str, int]:
    """First band of each time: dates where every one is of midnight, else moments, midnight among them."""
    tags = opened.tags()
    if names := re.findall(r"[^{},\s]+", tags.get("NETCDF_DIM_EXTRA", "")):
        bands = _netcdf_bands(opened, tags, names)
    else:
        bands = _grib_bands(opened, variable) if opened.driver == "GRIB" else {}
    if not all(time.endswith(_MIDNIGHT) for time in bands):
        return bands
    return {time.removesuffix(_MIDNIGHT): band for time, band in bands.items()}


def _netcdf_bands(opened: Any, tags: dict[str, str], names: list[str]) -> dict[str, int]:
    for place, name in enumerate(names):
        if match := _SINCE.match(tags.get(f"{name}#units", "")):
            inner = 1
            for other in names[place + 1 :]:
                inner *= int(re.findall(r"\d+", tags[f"NETCDF_DIM_{other}_DEF"])[0])
            values = _values(tags, name) or [_band_value(opened, name, n) for n in range(1, opened.count + 1, inner)]
            return {_iso(match, float(value)): 1 + n * inner for n, value in enumerate(values)}
    return {}


def _values(tags: dict[str, str], name: str) -> list[str]:
    return re.findall(r"[^{},\s]+", tags.get(f"NETCDF_DIM_{name}_VALUES", ""))


def _band_value(opened: Any, name: str, band: int) -> str:
    return str(opened.tags(band)[f"NETCDF_DIM_{name}"])


def _iso(match: re.Match[str], value: float) -> str:
    seconds = _SECONDS.get(match[1].lower())
    if seconds is None:
        raise SourceError(f"times in {match[1]!r} are not understood; seconds, minutes, hours, days, weeks are")
    start = datetime(*(int(part or 0) for part in match.groups()[1:]), tzinfo=UTC)  # type: ignore[misc,arg-type]
    return _text(start + timedelta(seconds=round(value * seconds)))


def _text(moment: datetime) -> str:
    return moment.strftime("%Y-%m-%dT%H:%M:%SZ")


def _grib_bands(opened: Any, variable: str | None) -> dict[str, int]:
    bands: dict[str, int] = {}
    for band in range(1, opened.count + 1):
        tags = opened.tags(band)
        if variable in (None, tags.get("GRIB_ELEMENT")) and (
            seconds := re.findall(r"\d+", tags.get("GRIB_VALID_TIME", ""))
        ):
            bands.setdefault(_text(datetime.fromtimestamp(int(seconds[0]), UTC)), band)
    return bands
