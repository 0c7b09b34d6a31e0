"""A small world of heights and depths: a lake by its depth, features by a word, a terrain whose pixels are heights."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import rasterio
import shapely
from rasterio.transform import from_origin

LAYERS = """
theme: {title: Lake, keywords: [water], metadata: [{url: "https://example.org/lake.xml"}]}
lake:
  title: Lake
  source: {vector: data/lake.shp}
  elevation: {attribute: ELEV, default: 500, multiple: false, nearest: true}
kinds:
  title: Lake by kind
  source: {vector: data/lake.gpkg}
  dimensions: {kind: {attribute: KIND, units: "", default: deep}}
terrain:
  title: Terrain
  source: {raster: data/terrain.tif, resampling: nearest}
  elevation: {extent: 0/425/1, default: 0/425}
"""


def make_lake(folder: Path) -> Path:
    """Write the configuration and its data: squares around 0°N 0°E, of 4, 3 and 2 thousandths of a degree a side."""
    for name in ("layers", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "service.yaml").write_text('title: Lake\nlanguage: en\ncrs: ["CRS:84", "EPSG:4326"]\n', encoding="utf-8")
    (folder / "layers" / "water.yaml").write_text(LAYERS, encoding="utf-8")
    squares = [shapely.box(-side, -side, side, side) for side in (0.002, 0.0015, 0.001)]
    table = pa.table(
        {
            "ELEV": pa.array([500.0, 490.0, 480.0]),
            "KIND": pa.array(["shore", "slope", "deep"]),
            "geometry": pa.array(shapely.to_wkb(squares)),
        }
    )
    for name in ("lake.shp", "lake.gpkg"):
        pyogrio.write_arrow(
            table, folder / "data" / name, geometry_name="geometry", geometry_type="Polygon", crs="EPSG:4326"
        )
    _terrain(folder / "data" / "terrain.tif")
    return folder


def _terrain(path: Path) -> None:
    """40 × 40 pixels: a quarter at 100 m, a quarter at 400 m, the rest at 250 m."""
    heights = np.full((1, 40, 40), 250, np.int16)
    heights[0, :20, :20], heights[0, 20:, 20:] = 100, 400
    profile = {"driver": "GTiff", "width": 40, "height": 40, "count": 1, "dtype": "int16", "crs": "EPSG:4326"}
    with rasterio.open(path, "w", **profile, transform=from_origin(-0.002, 0.002, 0.0001, 0.0001)) as file:
        file.write(heights)
