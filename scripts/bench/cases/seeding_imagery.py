"""Seeding JPEG tiles of 5 cm imagery, a mosaic of COGs, in its own CRS: ours, MapCache, MapProxy, GDAL.

MapCache and MapProxy draw through MapServer over a tile index. GDAL writes the tiles of a GeoPackage (gdal_translate)
and the levels above (gdaladdo), on all cores as far as it does. All are measured by the tiles of the same area:
MapCache and MapProxy write whole metatiles, and what lies beyond the area does not count as work done.
"""

import os
import sqlite3
import statistics
import subprocess
import time
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import replace
from pathlib import Path

from scripts.bench import data
from scripts.bench.cases.imagery import extent_of, index_of, vrt_of
from scripts.bench.cases.seeding import processor_figures
from scripts.bench.measure import Figure
from scripts.bench.peers.mapserver import RasterLayer, mapserver
from scripts.bench.peers.peer import MissingPeerError, debian
from scripts.bench.peers.seeders import Seeded, Seeding, TileGrid, garrigue, in_turn, mapcache, mapproxy, spent
from tiles.grids import grid

TITLE = "Seeding 5 cm imagery, JPEG, metatiles of 8 × 8, EPSG:2154"
GRID = "LAMB93_5cm"
LEVELS = 4
"""The deepest levels: 5 to 40 cm."""
WORKERS, ROUNDS = 2, 2
AIMS = {"mapcache_seed": 3.0, "mapproxy-seed": 3.0, "gdal": 1.0}


def run(folder: Path, seconds: float) -> list[Figure]:  # noqa: ARG001 - the work is fixed, not the time
    """Tiles of the area a second: each in turn, each time into an empty cache."""
    sheets = data.imagery()
    if not sheets:
        raise MissingPeerError("the demo's imagery is not there: garrigue demo --prepare-only")
    extent, last = extent_of(sheets), grid(GRID).levels - 1
    box = (extent[0] + 1, extent[1] + 1, extent[2] - 1, extent[3] - 1)
    seeding = Seeding("pcrs", box, (last - LEVELS + 1, last), WORKERS, "jpeg", _tile_grid())
    with mapserver(folder / "mapserver", [_layer(folder, sheets)], extent, processes=WORKERS) as wms:
        seeders: dict[str, Callable[[Path], Seeded]] = {
            "garrigue seed": lambda place: _garrigue(place, seeding),
            "mapcache_seed": lambda place: mapcache(place, wms, seeding),
            "mapproxy-seed": lambda place: mapproxy(place, wms, seeding),
            "gdal": lambda place: _gdal(place, sheets),
        }
        found = in_turn("seeding_imagery", seeders, ROUNDS, folder)
    return list(_figures(found))


def _layer(folder: Path, sheets: Sequence[Path]) -> RasterLayer:
    return RasterLayer("pcrs", index_of(folder, sheets), index=True)


def _tile_grid() -> TileGrid:
    tiling = grid(GRID)
    west, north = tiling.origin
    side = tiling.span(0)
    return TileGrid(tiling.crs, (west, north - side, west + side, north), tiling.cell_sizes)


def _garrigue(folder: Path, seeding: Seeding) -> Seeded:
    layer = {
        "source": {"raster": str(data.IMAGERY / "*.tif")},
        "tiles": {"grids": [GRID], "format": "jpeg", "levels": "-".join(map(str, seeding.levels))},
    }
    return garrigue(folder, layer, seeding, GRID, "EPSG:2154")


def _gdal(folder: Path, sheets: Sequence[Path]) -> Seeded:
    folder.mkdir(parents=True)
    mosaic, out = vrt_of(folder, sheets), folder / "tiles.gpkg"
    environment = {**os.environ, "GDAL_NUM_THREADS": "ALL_CPUS", "OGR_SQLITE_SYNCHRONOUS": "OFF"}
    translate = [debian("gdal_translate"), "-q", "-of", "GPKG", "-co", "TILE_FORMAT=JPEG", "-co", "QUALITY=85"]
    factors = [str(2**level) for level in range(1, LEVELS)]
    start, before = time.perf_counter(), spent()
    for command in (
        [*translate, "-co", "BLOCKSIZE=256", str(mosaic), str(out)],
        [debian("gdaladdo"), "-q", "-r", "average", str(out), *factors],
    ):
        subprocess.run(command, check=True, env=environment, stdout=subprocess.DEVNULL)
    seconds = time.perf_counter() - start
    with closing(sqlite3.connect(out)) as db:
        (table,) = db.execute("SELECT table_name FROM gpkg_contents").fetchone()
        (tiles,) = db.execute(f'SELECT COUNT(*) FROM "{table}"').fetchone()
    return Seeded(tiles, seconds, worked=spent() - before)


def _figures(found: dict[str, list[Seeded]]) -> list[Figure]:
    area = found["garrigue seed"][0].tiles
    rates = {name: statistics.median(area / one.seconds for one in runs) for name, runs in found.items()}
    figures = []
    for name, runs in found.items():
        ratio = rates["garrigue seed"] / rates[name] if name in AIMS else None
        seconds = statistics.median(one.seconds for one in runs)
        label = f"{name} ({runs[0].tiles:,} tiles written in {seconds:.1f} s)"
        figures.append(Figure(label, rates[name], "tiles/s", ratio, AIMS.get(name)))
    start = statistics.median(one.start for one in found["garrigue seed"])
    figures.append(Figure("garrigue seed, start-up and preparation apart", start, "s"))
    same = {name: [replace(one, tiles=area) for one in runs] for name, runs in found.items()}
    return [*figures, *processor_figures(same)]
