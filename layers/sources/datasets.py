"""Open raster datasets: kept between reads, a few at a time, one reader at a time each (GDAL's are not thread-safe)."""

import warnings
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from threading import Lock, RLock
from typing import Any

import rasterio
from rasterio.enums import Resampling
from rasterio.errors import NotGeoreferencedWarning, RasterioError
from rasterio.vrt import WarpedVRT

from layers.errors import SourceError

LIMIT = 24
"""Datasets kept open in a process; a mosaic counts once, its files are held by GDAL's own pool (32)."""

_SETTINGS = {
    "GDAL_CACHEMAX": 96 * 2**20,  # rasterio hands it on as bytes, where GDAL itself would take megabytes
    "GDAL_MAX_DATASET_POOL_SIZE": 32,
    "GDAL_NUM_THREADS": "1",
    "VSI_CACHE": False,
    "GDAL_HTTP_TIMEOUT": "20",
    "GDAL_HTTP_CONNECTTIMEOUT": "5",
}

type Key = tuple[str, str]
"""What is opened, and a stamp that changes with the data."""

_open: OrderedDict[Key, tuple[Any, Lock]] = OrderedDict()
_guard = RLock()


def reading() -> rasterio.Env:
    """GDAL's settings while rasters are read: bounded caches, one thread (there is a process a core)."""
    return rasterio.Env(**_SETTINGS)


@contextmanager
def quietly() -> Iterator[None]:
    """Without rasterio's warning of a file that does not tell where it lies: that is told as an error."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NotGeoreferencedWarning)
        yield


@contextmanager
def dataset(path: str, stamp: str = "") -> Iterator[Any]:
    """A dataset open for reading, lent to one thread at a time. Raises SourceError where it cannot be opened."""
    with reading():
        opened, lock = _lend((path, stamp))
        with lock:
            try:
                yield opened
            except RasterioError as error:
                forget((path, stamp))
                raise SourceError(f"{path}: {_reason(error)}") from error


def _reason(error: RasterioError) -> str:
    """What GDAL says of a read that failed: of a mosaic that names the file, where rasterio only says that it did."""
    return str(error.__cause__ or error)


def _lend(key: Key) -> tuple[Any, Lock]:
    with _guard:
        if key not in _open:
            _open[key] = (_opened(key[0]), Lock())
            while len(_open) > LIMIT:
                _open.popitem(last=False)
        _open.move_to_end(key)
        return _open[key]


def _opened(path: str) -> Any:
    try:
        return opened_straight(path)
    except RasterioError as error:
        raise SourceError(f"{path}: cannot be opened as a raster: {error}") from None


def opened_straight(path: str) -> Any:
    """A dataset whose rows run east and columns south; one that lies askew is turned as it is read.

    Raises RasterioError where it cannot be opened, SourceError where it lies nowhere.
    """
    opened = rasterio.open(path)
    if opened.transform.is_identity:
        opened.close()
        raise SourceError(f"{path}: it does not tell where it lies (no georeference, no world file)")
    if straight(opened):
        return opened
    # corners that the turned picture leaves empty are masked by its nodata, or by an alpha band where it has none
    alone = opened.nodata is None and all(kind.name != "alpha" for kind in opened.colorinterp)
    return WarpedVRT(opened, crs=opened.crs, resampling=Resampling.nearest, add_alpha=alone)


def straight(opened: Any) -> bool:
    """True where rows run east and columns south, so that a window is a box of the CRS."""
    transform = opened.transform
    return bool(transform.b == 0 and transform.d == 0 and transform.a > 0 and transform.e < 0)


def forget(key: Key) -> None:
    """Open it anew next time; the dataset closes when its last reader lets it go."""
    with _guard:
        _open.pop(key, None)
