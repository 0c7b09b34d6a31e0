"""A grid from NTF to RGF93 under the name that EPSG gives IGN's: what is usual and 30 m more, so that it shows."""

import sys
from pathlib import Path

import numpy as np
import rasterio
from rasterio.transform import from_origin

NAME = "fr_ign_gr3df97a.tif"
TRANSLATION = (-168.0 + 30, -60.0 - 30, 320.0)
"""Metres of NTF's geocentric axes."""


def write_grid(folder: Path) -> Path:
    """The grid as PROJ's GeoTIFF (RFC 4), over France at half a degree."""
    data = np.stack([np.full((24, 34), value, np.float32) for value in TRANSLATION])
    profile = {"driver": "GTiff", "width": 34, "height": 24, "count": 3, "dtype": "float32", "crs": "EPSG:4171"}
    path = folder / NAME
    with rasterio.open(path, "w", **profile, transform=from_origin(-6.25, 52.75, 0.5, 0.5)) as grid:
        grid.update_tags(TYPE="GEOCENTRIC_TRANSLATION", AREA_OR_POINT="Point")
        grid.descriptions = ("x_translation", "y_translation", "z_translation")
        grid.units = ("metre",) * 3
        grid.write(data)
    return path


def edges(config: Path, store: Path, target: str) -> dict[str, list[int]]:
    """Columns, of 400 for 200 m around the middle of the small world, in which its two colours meet, layer by layer."""
    from layers.compile import load
    from layers.crs import transformer
    from layers.encode import to_array
    from layers.query import MapQuery, Selection
    from layers.render import draw
    from support.data import X0, Y0

    registry = load(config, store)[0]
    x, y = transformer("EPSG:2154", target).transform(X0 + 500, Y0 + 510)
    box = (x - 100, y - 100, x + 100, y + 100)
    found = {"x": [round(x)]}
    for layer in ("parcelle", "ortho"):
        row = to_array(draw(registry, MapQuery((Selection(layer),), target, box, 400, 400)))[200, :, 0].astype(int)
        middle = (row[0] + row[-1]) / 2
        found[layer] = np.flatnonzero((row[:-1] - middle) * (row[1:] - middle) <= 0).tolist()
    return found


if __name__ == "__main__":
    print(edges(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
