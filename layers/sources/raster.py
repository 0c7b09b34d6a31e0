"""What a raster tells of itself: `describe` reads it once, when the registry is compiled.

A file, or a glob of files that make one mosaic (`layers.sources.mosaic`); `Coverage` reads the pixels.
"""

import math
import re
from collections.abc import Iterator
from dataclasses import replace
from glob import glob
from pathlib import Path
from typing import Any

import numpy as np
import pyproj
import rasterio
from pyproj.exceptions import CRSError
from rasterio.enums import Resampling
from rasterio.errors import RasterioError

from layers import model
from layers.crs import parse_crs
from layers.errors import SourceError, UnknownCrsError, hint
from layers.facts import Band, RasterFacts
from layers.sources.coverage import Coverage
from layers.sources.datasets import opened_straight, quietly, reading
from layers.sources.dimension import times_of
from layers.sources.mosaic import index, read_header

__all__ = ["Coverage", "describe"]

SAMPLE = 256
"""Pixels a side of the sample that ranges of values are taken from."""

_SUBDATASET = re.compile(
    r'^(?:NETCDF|HDF5|ZARR|GTIFF_DIR|GRIB):"?(?P<path>.+?)"?:/{0,2}(?P<name>[^:"]+)$', re.IGNORECASE
)


def describe(source: model.RasterSource, config: Path, store: Path) -> RasterFacts:
    """CRS, extent, pixel size, bands and times of a declared source; `config` is where relative paths start.

    A mosaic's index is written under `store`. Raises SourceError with what is wrong and what is there instead.
    """
    path, files = _located(source, config, store)
    try:
        with reading(), quietly(), opened_straight(path) as opened:
            return _described(source, opened, path, files)
    except RasterioError as error:
        raise SourceError(f"{source.raster}: cannot be opened as a raster: {error}") from None


def _located(source: model.RasterSource, config: Path, store: Path) -> tuple[str, int]:
    """What GDAL is to open, and how many files that is."""
    if source.raster.startswith("/vsi"):
        return _variable(source, source.raster), 1
    if not any(mark in source.raster for mark in "*?["):
        path = (config / source.raster).resolve()
        if not path.exists():
            near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
            raise SourceError(f"{source.raster}: there is no such file{hint(path.name, near)}")
        return _variable(source, str(path)), 1
    found = [str(Path(name).resolve()) for name in glob(str(config / source.raster), recursive=True)]
    if not found:
        raise SourceError(f"{source.raster}: no file matches")
    mosaic = index(source, config, store, found)
    return str(mosaic.path), mosaic.files


def _variable(source: model.RasterSource, path: str) -> str:
    """The path, or the subdataset of the declared variable where the file has several."""
    with reading(), quietly(), _opened(source, path) as opened:
        names = {_name(item): item for item in opened.subdatasets}
        if source.variable is None:
            if len(names) > 1 and not opened.count:
                raise SourceError(f"{source.raster}: `variable` must say which: {', '.join(names)}")
            return str(next(iter(names.values()))) if names and not opened.count else path
        if source.variable in names:
            return str(names[source.variable])
        if opened.driver == "GRIB":
            return path
        if opened.driver in ("netCDF", "HDF5", "Zarr") and not names:
            return _only_variable(source, opened, path)
    raise SourceError(
        f"{source.raster}: no variable {source.variable!r}; there is {', '.join(names) or 'none'}"
        f"{hint(source.variable, names)}"
    )


def _only_variable(source: model.RasterSource, opened: Any, path: str) -> str:
    """A file of one variable, which GDAL opens without saying so."""
    name = opened.tags(1).get("NETCDF_VARNAME", source.variable)
    if name != source.variable:
        raise SourceError(f"{source.raster}: no variable {source.variable!r}; there is {name}")
    return path


def _opened(source: model.RasterSource, path: str) -> Any:
    try:
        return rasterio.open(path)
    except RasterioError as error:
        raise SourceError(f"{source.raster}: cannot be opened as a raster: {error}") from None


def _name(subdataset: str) -> str:
    match = _SUBDATASET.match(subdataset)
    return match["name"] if match else subdataset


def _described(source: model.RasterSource, opened: Any, path: str, files: int) -> RasterFacts:
    header = read_header(opened)
    times = times_of(opened, source.variable)
    return RasterFacts(
        crs=_crs_id(source, opened),
        extent=header.extent,
        resolution=header.resolution,
        bands=tuple(_bands(source, opened, times)),
        path=path,
        files=files,
        times=times,
    )


def _crs_id(source: model.RasterSource, opened: Any) -> str:
    if source.crs:
        try:
            return parse_crs(source.crs).id
        except UnknownCrsError as error:
            raise SourceError(f"crs: {error}") from None
    if not opened.crs:
        if _in_degrees(opened):
            return "EPSG:4326"
        raise SourceError(f"{source.raster}: the file does not tell its CRS: declare `crs: EPSG:…`")
    return _crs_of(opened.crs.to_wkt(), source.raster, opened)


def _in_degrees(opened: Any) -> bool:
    """True for the grids of longitudes and latitudes that climate files leave without a CRS (CF, 5.6)."""
    left, bottom, right, top = opened.bounds
    return opened.driver in ("netCDF", "GRIB", "HDF5") and left >= -181 and right <= 361 and bottom >= -91 and top <= 91


def _crs_of(text: str, name: str, opened: Any) -> str:
    try:
        crs = pyproj.CRS.from_wkt(text)
        authority = crs.to_authority(min_confidence=60)
        if authority:
            return parse_crs(":".join(authority)).id
        if crs.is_geographic and _in_degrees(opened):
            return "EPSG:4326"
    except (CRSError, UnknownCrsError):
        pass
    raise SourceError(f"{name}: its CRS has no EPSG code ({text[:60]!r}): declare `crs: EPSG:…`")


def _bands(source: model.RasterSource, opened: Any, times: tuple[str, ...]) -> Iterator[Band]:
    numbers = source.bands or range(1, (1 if times else opened.count) + 1)
    for number in numbers:
        if not 1 <= number <= opened.count:
            raise SourceError(f"{source.raster}: no band {number}: it has {opened.count}")
        yield _ranged(_band(source, opened, number), opened, number, len(times), source.percentiles)


def _band(source: model.RasterSource, opened: Any, number: int) -> Band:
    packed = (opened.scales[number - 1], opened.offsets[number - 1]) != (1, 0)
    return Band(
        dtype="float32" if packed else str(opened.dtypes[number - 1]),
        interpretation=opened.colorinterp[number - 1].name,
        nodata=opened.nodatavals[number - 1] if source.nodata is None else source.nodata,
        description=opened.descriptions[number - 1] or "",
    )


def _ranged(band: Band, opened: Any, number: int, times: int, percentiles: tuple[float, float] | None) -> Band:
    """The band with the least and greatest value of a sample, or these percentiles of it.

    Bytes range over 0–255 by nature.
    """
    if band.interpretation in ("palette", "alpha") or (band.dtype == "uint8" and percentiles is None):
        return band
    numbers = sorted({1 + round(n * (opened.count - 1) / 11) for n in range(12)}) if times else [number]
    samples = [_sample(band, opened, n) for n in numbers]
    values = np.concatenate([sample[np.isfinite(sample)] for sample in samples])
    if not values.size:
        return band
    low, high = np.percentile(values, percentiles or (0, 100))
    return replace(band, minimum=float(low), maximum=float(high))


def _sample(band: Band, opened: Any, number: int) -> Any:
    shape = (min(SAMPLE, opened.height), min(SAMPLE, opened.width))
    data = opened.read(number, out_shape=shape, resampling=Resampling.nearest).astype(np.float64)
    if band.nodata is not None and not math.isnan(band.nodata):
        data[data == band.nodata] = np.nan
    return data * opened.scales[number - 1] + opened.offsets[number - 1]
