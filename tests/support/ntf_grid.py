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


def edges_from_ntf(folder: Path, target: str) -> dict[str, list[int]]:
    """The same of two squares and a raster in Lambert II; the middle goes to the target through Lambert-93."""
    import pyarrow as pa
    import shapely

    from layers.compile import load
    from layers.crs import transformer
    from layers.encode import to_array
    from layers.query import MapQuery, Selection
    from layers.render import draw
    from support import rasters, vectors

    x0, y0 = 600_000.0, 2_200_000.0
    squares = [shapely.box(x0 - 500, y0 - 500, x0, y0 + 500), shapely.box(x0, y0 - 500, x0 + 500, y0 + 500)]
    table = pa.table({"c": ["a", "b"], "geometry": shapely.to_wkb(squares)})
    vectors.write(folder / "carre.gpkg", "Polygon", "carre", crs="EPSG:27572", data=table)
    halves = np.repeat(np.repeat(np.array([[10, 250]], np.uint8), 1000, axis=0), 500, axis=1)[None]
    rasters.write(folder / "image.tif", halves, left=x0 - 500, top=y0 + 500, crs="EPSG:27572")
    (folder / "layers").mkdir()
    (folder / "service.yaml").write_text("title: Essai\n")
    sources = {"carre": "vector: carre.gpkg", "image": "raster: image.tif"}
    layers = "".join(f"{name}: {{title: T, source: {{{source}}}}}\n" for name, source in sources.items())
    (folder / "layers" / "essai.yaml").write_text(f"theme: {{title: Essai}}\n{layers}")
    registry = load(folder, folder / "store")[0]
    through = transformer("EPSG:27572", "EPSG:2154").transform(x0, y0 + 10)
    x, y = transformer("EPSG:2154", target).transform(*through)
    found = {"x": [round(x)]}
    for layer in sources:
        query = MapQuery((Selection(layer),), target, (x - 20, y - 20, x + 20, y + 20), 400, 400)
        row = to_array(draw(registry, query))[200, :, 0].astype(int)
        middle = (row.min() + row.max()) / 2
        found[layer] = np.flatnonzero((row[:-1] - middle) * (row[1:] - middle) <= 0).tolist()
    return found


if __name__ == "__main__":
    if len(sys.argv) == 3:
        print(edges_from_ntf(Path(sys.argv[1]), sys.argv[2]))
    else:
        print(edges(Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]))
