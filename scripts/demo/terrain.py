"""Terrain model, hillshade and contours of Nantes, from the heights that BD TOPO gives roads and walls."""

from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from rasterio.features import geometry_mask
from rasterio.fill import fillnodata
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin

from scripts.demo import city, hydrography
from scripts.demo.city import EXTENT
from scripts.demo.files import CRS, Geometries, publish, read_layer, write_layer

MODEL = Path("data/demo/mnt.tif")
SHADE = Path("data/demo/ombrage.tif")
CONTOURS = Path("data/demo/relief.gpkg")
CELL = 5.0  # metres
NODATA = -9999.0
INTERVAL, INDEX = 2, 10  # metres between contours, and between index contours
WATER = 1.2  # metres over sea level
EXAGGERATION = 6.0

type Grid = npt.NDArray[np.float32]

TRANSFORM = from_origin(EXTENT[0], EXTENT[3], CELL, CELL)
SHAPE = (round((EXTENT[3] - EXTENT[1]) / CELL), round((EXTENT[2] - EXTENT[0]) / CELL))


def known_heights(config_dir: Path) -> npt.NDArray[np.float64]:
    """Points with a ground height, rows of x, y, z (EPSG:2154, metres): vertices of roads, middles of buildings."""
    file = config_dir / city.FILE
    roads, buildings = read_layer(file, "troncon_de_route"), read_layer(file, "batiment")
    ground = np.array([level == "0" for level in roads.columns["position_par_rapport_au_sol"]])
    vertices = shapely.get_coordinates(roads.geometry[ground], include_z=True)
    lowest = np.array([z if z is not None else np.nan for z in buildings.columns["altitude_minimale_sol"]], dtype=float)
    middles = np.column_stack([shapely.get_coordinates(shapely.centroid(buildings.geometry)), lowest])
    points = np.concatenate([vertices, middles])
    return points[(points[:, 2] > 0.5) & (points[:, 2] < 120.0)]


def _smoothed(grid: Grid, passes: int) -> Grid:
    for _ in range(passes):
        wide = np.pad(grid, 1, mode="edge")
        rows = wide[:-2] + 2 * wide[1:-1] + wide[2:]
        grid = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 16
    return grid.astype(np.float32)


def model(config_dir: Path) -> Grid:
    """Ground heights (m), north up, cells of `CELL`: mean of the points in a cell, filled between them, waters flat."""
    points = known_heights(config_dir)
    column = ((points[:, 0] - EXTENT[0]) / CELL).astype(int)
    row = ((EXTENT[3] - points[:, 1]) / CELL).astype(int)
    inside = (column >= 0) & (column < SHAPE[1]) & (row >= 0) & (row < SHAPE[0])
    flat = row[inside] * SHAPE[1] + column[inside]
    count = np.bincount(flat, minlength=SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    total = np.bincount(flat, points[inside, 2], minlength=SHAPE[0] * SHAPE[1]).reshape(SHAPE)
    grid = (total / np.maximum(count, 1)).astype(np.float32)
    filled = fillnodata(grid, mask=(count > 0).astype(np.uint8), max_search_distance=120.0, smoothing_iterations=0)
    smooth = _smoothed(np.asarray(filled, dtype=np.float32), 6)
    water = read_layer(config_dir / hydrography.TARGET).geometry
    dry = geometry_mask(list(water), SHAPE, TRANSFORM)
    return np.where(dry, np.maximum(smooth, WATER + 0.6), np.float32(WATER)).astype(np.float32)


def hillshade(grid: Grid) -> npt.NDArray[np.uint8]:
    """Light from the north-west, 45° high, 0 to 255."""
    south, east = np.gradient(grid * EXAGGERATION, CELL)
    slope = np.arctan(np.hypot(east, south))
    aspect = np.arctan2(south, -east)
    azimuth = np.radians(360 - 315 + 90)
    light = np.sin(np.pi / 4) * np.cos(slope) + np.cos(np.pi / 4) * np.sin(slope) * np.cos(azimuth - aspect)
    return np.asarray(np.clip(light * 255, 1, 255), dtype=np.uint8)


def contour(grid: Grid, level: float) -> Geometries:
    """Lines of equal height (EPSG:2154), by marching triangles between the middles of cells."""
    rows, columns = grid.shape
    x = EXTENT[0] + (np.arange(columns) + 0.5) * CELL
    y = EXTENT[3] - (np.arange(rows) + 0.5) * CELL
    points = np.dstack([*np.meshgrid(x, y), grid - level - 1e-4])
    a, b, c, d = points[:-1, :-1], points[:-1, 1:], points[1:, :-1], points[1:, 1:]
    segments: list[npt.NDArray[np.float64]] = []
    for triangle in ((a, b, c), (b, d, c)):
        corners = np.stack(triangle, axis=2).reshape(-1, 3, 3)
        above = corners[:, :, 2] > 0
        cut = corners[(above.any(axis=1)) & (~above.all(axis=1))]
        ends = cut[:, [1, 2, 0]]
        crossed = (cut[:, :, 2] > 0) != (ends[:, :, 2] > 0)
        share = cut[:, :, 2] / np.where(crossed, cut[:, :, 2] - ends[:, :, 2], 1.0)
        at = cut[:, :, :2] + share[:, :, None] * (ends[:, :, :2] - cut[:, :, :2])
        segments.append(np.round(at[crossed].reshape(-1, 2, 2), 3))
    lines = shapely.linestrings(np.concatenate(segments))
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(lines)))
    simple = shapely.simplify(merged, 0.8)
    return np.asarray(simple[shapely.length(simple) > 40.0], dtype=object)


def write_cog(target: Path, grid: npt.NDArray[np.generic], nodata: float) -> None:
    """Write one band as a cloud-optimised GeoTIFF with overviews."""
    profile = {
        "driver": "GTiff", "height": grid.shape[0], "width": grid.shape[1], "count": 1, "dtype": grid.dtype.name,
        "crs": CRS, "transform": TRANSFORM, "nodata": nodata,
    }  # fmt: skip
    options = {"compress": "DEFLATE", "predictor": "YES", "blocksize": 256, "overview_resampling": "average"}
    with MemoryFile() as memory:
        with memory.open(**profile) as dataset:
            dataset.write(grid, 1)
        with memory.open() as dataset:
            copy(dataset, target, driver="COG", overview_count=2, **options)


def _outside(config_dir: Path) -> npt.NDArray[np.bool_]:
    """Cells beyond what is known: left without data, as real models are at their edge."""
    points = known_heights(config_dir)
    hull = shapely.concave_hull(shapely.multipoints(points[::5, :2]), ratio=0.25)
    water = read_layer(config_dir / hydrography.TARGET).geometry
    known = shapely.buffer(shapely.union_all([hull, *water]), -18)
    return np.asarray(geometry_mask([known], SHAPE, TRANSFORM), dtype=bool)


def make(config_dir: Path) -> None:
    """Write `mnt.tif` (float32, metres), `ombrage.tif` (uint8) and the layer `courbe_de_niveau` (LineString)."""
    grid = model(config_dir)
    outside = _outside(config_dir)
    shade = np.where(outside, 0, hillshade(grid)).astype(np.uint8)
    heights = np.where(outside, np.float32(NODATA), np.round(grid, 2)).astype(np.float32)
    publish(config_dir / MODEL, lambda part: write_cog(part, heights, NODATA))
    publish(config_dir / SHADE, lambda part: write_cog(part, shade, 0))
    levels = range(INTERVAL, int(grid.max()) + 1, INTERVAL)
    lines = {level: contour(_smoothed(grid, 3), level) for level in levels}
    altitudes = [level for level in levels for _ in lines[level]]
    fields = {
        "altitude": pa.array(altitudes, pa.int32()),
        "importance": pa.array(["maîtresse" if a % INDEX == 0 else "intermédiaire" for a in altitudes]),
    }
    every = np.concatenate(list(lines.values()))
    publish(config_dir / CONTOURS, lambda part: write_layer(part, "courbe_de_niveau", every, fields, "LineString"))
