"""Tiny rasters of every trait, written where a test wants them."""

from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin

from layers import model
from layers.sources.coverage import Coverage
from layers.sources.raster import describe

_SERIES = {
    "NETCDF_DIM_EXTRA": "{time}",
    "NETCDF_DIM_time_DEF": "{3,6}",
    "NETCDF_DIM_time_VALUES": "{0,24,30}",
    "time#units": "hours since 2025-03-01 00:00:00",
    "time#standard_name": "time",
}

X0, Y0 = 770000.0, 6280000.0
"""Upper left corner of the rasters (EPSG:2154)."""


def write(
    path: Path,
    data: Any,
    *,
    left: float = X0,
    top: float = Y0,
    size: float = 1.0,
    crs: str = "EPSG:2154",
    colours: dict[int, tuple[int, int, int, int]] | None = None,
    **options: Any,
) -> Path:
    """A GeoTIFF of bands × rows × columns."""
    path.parent.mkdir(parents=True, exist_ok=True)
    bands, rows, columns = data.shape
    profile = {"driver": "GTiff", "count": bands, "height": rows, "width": columns, "dtype": data.dtype, "crs": crs}
    with rasterio.open(path, "w", **profile, transform=from_origin(left, top, size, size), **options) as target:
        target.write(data)
        if colours:
            target.write_colormap(1, colours)
    return path


def write_series(path: Path) -> Path:
    """A NetCDF of three times of the packed variable t2m, whose values grow from pixel to pixel and time to time."""
    data = np.arange(60, dtype="int16").reshape(3, 4, 5)
    profile = {"driver": "GTiff", "count": 3, "height": 4, "width": 5, "dtype": "int16", "nodata": -1}
    with MemoryFile() as memory:
        with memory.open(**profile, crs="EPSG:4326", transform=from_origin(1, 45, 0.5, 0.5)) as target:
            target.update_tags(**_SERIES)
            for band, value in ((1, "0"), (2, "24"), (3, "30")):
                target.update_tags(band, NETCDF_VARNAME="t2m", NETCDF_DIM_time=value)
            target.scales, target.offsets = [0.5] * 3, [10.0] * 3
            target.write(data)
        with memory.open() as target:
            copy(target, path, driver="netCDF", format="NC4", write_gdal_history="NO")
    return path


def noise(bands: int, rows: int, columns: int, dtype: str = "uint8", seed: int = 1) -> Any:
    """Random values that no two neighbours share."""
    high = 255 if dtype == "uint8" else 4000
    return np.random.default_rng(seed).integers(1, high, (bands, rows, columns)).astype(dtype)


def coverage(path: Path | str, store: Path, **source: Any) -> Coverage:
    """The coverage of a file or glob."""
    declared = model.RasterSource(raster=str(path), **source)
    return Coverage(describe(declared, Path("/"), store), declared, stamp=str(path))
