"""Seeding buildings z10–z16 in Web Mercator: `garrigue seed`, and MapCache and MapProxy that draw through MapServer.

423,311 buildings; with BENCH_FULL=1, 1,943,775.
"""

import math
import os
import statistics
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from layers.crs import transform_bbox
from scripts.bench import data
from scripts.bench.measure import Figure
from scripts.bench.peers.mapserver import VectorLayer, mapserver
from scripts.bench.peers.seeders import Seeded, Seeding, garrigue, in_turn, mapcache, mapproxy
from scripts.bench.peers.style import MAPSERVER

TITLE = "Seeding buildings, z10-z16, PNG, metatiles of 8 × 8"
LAYER = "batiment"
LEVELS = (10, 16)
WORKERS = 2
AIMS = {"mapcache_seed": 5.0, "mapproxy-seed": 8.0}
SIZES = {False: (7 * 7 * data.TOWN, 2), True: (15 * 15 * data.TOWN, 1)}
"""By whether all is asked: features, rounds. A full square of towns, for MapServer's FlatGeobuf reader fails on a box
of nothing, which MapCache and MapProxy do not forgive."""
GAIN = 1.8
"""Of two workers over one."""
HALF = 20037508.342789244


def run(folder: Path, seconds: float) -> list[Figure]:  # noqa: ARG001 - the work is fixed, not the time
    """Tiles of the area a second: each in turn, each time into an empty cache."""
    count, rounds = SIZES["BENCH_FULL" in os.environ]
    features = data.region(folder / "data", count)
    layer = VectorLayer(LAYER, features.fgb, "POLYGON", MAPSERVER[LAYER], features.extent)
    seeding = Seeding(LAYER, aligned(features.extent), LEVELS, WORKERS)
    with mapserver(folder / "mapserver", [layer], features.extent, processes=WORKERS) as wms:
        seeders: dict[str, Callable[[Path], Seeded]] = {
            "garrigue seed": lambda place: _garrigue(place, features, seeding),
            "mapcache_seed": lambda place: mapcache(place, wms, seeding),
            "mapproxy-seed": lambda place: mapproxy(place, wms, seeding),
        }
        found = in_turn("seeding", seeders, rounds, folder)
        alone = _garrigue(folder / "alone", features, replace(seeding, workers=1))
    return [*_figures(found), _gain(found["garrigue seed"], alone)]


def _gain(both: list[Seeded], alone: Seeded) -> Figure:
    """What the second worker brings."""
    ratio = alone.seconds / statistics.median(one.seconds for one in both)
    rate = alone.tiles / alone.seconds
    return Figure(f"garrigue seed, one worker (ratio: of {WORKERS} to it)", rate, "tiles/s", ratio, GAIN)


def aligned(extent: tuple[float, float, float, float]) -> tuple[float, float, float, float]:
    """The box in EPSG:3857, on borders of level 13 within it, so that metatiles of the last level are whole."""
    x0, y0, x1, y1 = transform_bbox(extent, "EPSG:2154", "EPSG:3857")
    side = 2 * HALF / 2**13
    low = [math.ceil((value + HALF) / side) * side - HALF + 1 for value in (x0, y0)]
    high = [math.floor((value + HALF) / side) * side - HALF - 1 for value in (x1, y1)]
    return (low[0], low[1], high[0], high[1])


def processor_figures(found: dict[str, list[Seeded]]) -> list[Figure]:
    """Milliseconds of a processor a tile written, all included; the ratio is theirs to ours."""
    costs = {name: statistics.median(one.worked / one.tiles for one in runs) for name, runs in found.items()}
    ours = costs["garrigue seed"]
    return [
        Figure(f"{name}, processor's time a tile", cost * 1e3, "ms", cost / ours if name != "garrigue seed" else None)
        for name, cost in costs.items()
    ]


def _garrigue(folder: Path, features: data.Buildings, seeding: Seeding) -> Seeded:
    layer = {
        "source": {"vector": str(features.fgb)},
        "style": f"styles/{LAYER}.sld",
        "tiles": {"grids": ["PM"], "format": "png", "levels": "10-16"},
    }
    return garrigue(folder, layer, seeding, "PM", "EPSG:3857")


def _figures(found: dict[str, list[Seeded]]) -> list[Figure]:
    """The same area for all: metatiles of the peers reach beyond it at the first levels, ours do not."""
    times = {name: statistics.median(one.seconds for one in runs) for name, runs in found.items()}
    tiles = found["garrigue seed"][0].tiles
    rates = {name: tiles / seconds for name, seconds in times.items()}
    figures = []
    for name, runs in found.items():
        ratio = rates["garrigue seed"] / rates[name] if name in AIMS else None
        label = f"{name} ({tiles:,} tiles of the area in {times[name]:.1f} s, {runs[0].tiles:,} written)"
        figures.append(Figure(label, rates[name], "tiles/s", ratio, AIMS.get(name)))
    start = statistics.median(one.start for one in found["garrigue seed"])
    figures += processor_figures(found)
    whole = statistics.median(one.seconds + one.start for one in found["garrigue seed"])
    figures.append(Figure("garrigue seed, start-up and preparation apart", start, "s"))
    figures.append(Figure("garrigue seed, all included", tiles / whole, "tiles/s"))
    return figures
