"""Daily mean temperature over Occitanie for one year: latitude, relief and sea, seasons, and weather that moves on."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import shapely
from pyproj import Transformer
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin

from scripts.demo.files import publish, read_layer
from scripts.demo.noise import noise
from scripts.demo.territory import SOURCE

TARGET = Path("data/demo/temperature.nc")
STEP = 0.05  # degrees
LONGITUDES = np.round(np.arange(-0.40, 4.91, STEP), 2)
LATITUDES = np.round(np.arange(45.10, 42.29, -STEP), 2)
DAYS = 365
YEAR = 2025
FILL = np.float32(-999.0)

# Mountains as ridges: from (lon, lat) to (lon, lat), height (m), half width (degrees).
RIDGES = (
    ((-0.4, 42.80), (1.6, 42.60), 2300.0, 0.24),
    ((1.6, 42.60), (2.9, 42.45), 1700.0, 0.22),
    ((2.2, 43.45), (3.4, 44.10), 750.0, 0.20),
    ((2.7, 44.80), (3.2, 44.65), 1000.0, 0.25),
    ((3.3, 44.05), (4.1, 44.75), 1150.0, 0.28),
    ((2.0, 44.35), (2.9, 44.45), 480.0, 0.35),
)

type Field = npt.NDArray[np.float64]


def altitude() -> Field:
    """A sketch of the relief (m) on the grid, rows from the north: ridges, bent and broken by noise."""
    x, y = np.meshgrid(LONGITUDES, LATITUDES)
    bend, bump, rough = (noise(128, falloff, seed)[: len(LATITUDES), : len(LONGITUDES)].astype(float)
                         for falloff, seed in ((1.8, 41), (1.8, 42), (1.0, 43)))  # fmt: skip
    points = shapely.points(x + 0.10 * bend, y + 0.09 * bump)
    height = 150.0 + 35.0 * bump
    for start, end, top, width in RIDGES:
        away = shapely.distance(points, shapely.LineString([start, end]))
        height = height + top * (0.9 + 0.16 * rough) * np.exp(-((away / width) ** 2))
    return np.clip(height, 0.0, 2900.0)


def series() -> npt.NDArray[np.float32]:
    """Mean temperature (°C) of each day: DAYS × latitudes × longitudes."""
    x, y = np.meshgrid(LONGITUDES, LATITUDES)
    height = altitude()
    sea = np.exp(-np.hypot(x - 4.0, (y - 43.3) * 1.4) / 1.1)
    base = 14.2 - 0.75 * (y - 43.5) - 0.0056 * height + 1.9 * sea
    swing = 8.3 - 1.3 * sea + 0.0006 * height
    day = np.arange(DAYS)
    season = -np.cos(2 * np.pi * (day - 17) / 365.25)
    weather = noise(512, 1.7, 77).astype(float)
    spell = noise(512, 1.1, 78)[0, :DAYS].astype(float) * 2.6
    rows, columns = height.shape
    out = np.empty((DAYS, rows, columns), dtype=np.float32)
    for i in day:
        moved = np.roll(weather, (-3 * i, -11 * i), axis=(0, 1))[:rows, :columns]
        out[i] = base + swing * season[i] + spell[i] + 1.3 * moved
    return np.round(out, 1)


def inside(config_dir: Path) -> npt.NDArray[np.bool_]:
    """Which points of the grid lie in the region or within 6 km of it."""
    x, y = np.meshgrid(LONGITUDES, LATITUDES)
    east, north = Transformer.from_crs("EPSG:4326", "EPSG:2154", always_xy=True).transform(x, y)
    region = shapely.buffer(shapely.union_all(shapely.simplify(read_layer(config_dir / SOURCE).geometry, 1500)), 6000)
    shapely.prepare(region)
    return np.asarray(shapely.contains_xy(region, east, north), dtype=bool)


def _tags() -> dict[str, str]:
    """Metadata by which GDAL's NetCDF driver makes a third dimension of the bands (CF conventions)."""
    days = ",".join(str(day) for day in range(DAYS))
    return {
        "NETCDF_DIM_EXTRA": "{time}",
        "NETCDF_DIM_time_DEF": f"{{{DAYS},6}}",  # 6 is NC_DOUBLE
        "NETCDF_DIM_time_VALUES": f"{{{days}}}",
        "time#units": f"days since {YEAR}-01-01 00:00:00",
        "time#calendar": "standard",
        "time#standard_name": "time",
        "time#axis": "T",
        "NC_GLOBAL#title": f"Température moyenne quotidienne, Occitanie, {YEAR} (démonstration)",
    }


def write(target: Path, values: npt.NDArray[np.float32]) -> None:
    """Write a CF NetCDF-4 file: `t2m` (°C) over time (days), latitude (from the north) and longitude."""
    transform = from_origin(LONGITUDES[0] - STEP / 2, LATITUDES[0] + STEP / 2, STEP, STEP)
    profile = {
        "driver": "GTiff", "count": DAYS, "height": len(LATITUDES), "width": len(LONGITUDES), "dtype": "float32",
        "crs": "EPSG:4326", "transform": transform, "nodata": float(FILL), "interleave": "band",
    }  # fmt: skip
    band = {
        "NETCDF_VARNAME": "t2m", "standard_name": "air_temperature", "units": "degC", "cell_methods": "time: mean",
        "long_name": "Température moyenne de l'air à 2 m",
    }  # fmt: skip
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(values)
            dataset.update_tags(**_tags())
            for day in range(DAYS):
                dataset.update_tags(day + 1, **band, NETCDF_DIM_time=str(day))
        with memory.open() as dataset:
            copy(dataset, target, driver="netCDF", format="NC4", write_gdal_history="NO", compress="DEFLATE", zlevel=6)


def make(config_dir: Path) -> None:
    """Write `temperature.nc` (EPSG:4326)."""
    values = np.where(inside(config_dir)[None], series(), FILL).astype(np.float32)
    publish(config_dir / TARGET, lambda part: write(part, values))
