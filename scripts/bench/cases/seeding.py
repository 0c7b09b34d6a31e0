"""Seeding buildings z10–z16 in Web Mercator: `garrigue seed`, and MapCache and MapProxy that draw through MapServer.

Ours seeds 1.9 million buildings, with BENCH_FULL=1 5.8 million (a minute and more from the first block to the last).
The peers, which would take many minutes over them, seed a part of the same towns, told in their rows: what is compared
is tiles a second.
"""

import math
import os
import shutil
import statistics
from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from layers.crs import transform_bbox
from scripts.bench import data
from scripts.bench.measure import Figure
from scripts.bench.peers.mapserver import VectorLayer, mapserver
from scripts.bench.peers.seeders import Seeded, Seeding, garrigue, in_turn, mapcache, mapproxy
from scripts.bench.peers.style import MAPSERVER
from tiles.grids import grid

TITLE = "Seeding buildings, z10-z16, PNG, metatiles of 8 × 8"
LAYER = "batiment"
LEVELS = (10, 16)
WORKERS = 2
AIMS = {"mapcache_seed": 5.0, "mapproxy-seed": 8.0}
OURS = "garrigue seed"
SIDES = {False: (15, 7), True: (26, 15)}
"""By whether all is asked: towns along a side of the square that ours seeds, and of the one that the peers seed. Full
squares, for MapServer's FlatGeobuf reader fails on a box of nothing, which MapCache and MapProxy do not forgive."""
GAIN = 1.8
"""Of two workers over one."""
HALF = 20037508.342789244


def run(folder: Path, seconds: float) -> list[Figure]:  # noqa: ARG001 - the work is fixed, not the time
    """Tiles of the area a second: each in turn, into an empty cache."""
    ours, theirs = (_towns(folder, side) for side in SIDES["BENCH_FULL" in os.environ])
    wide, part = (Seeding(LAYER, aligned(area.extent), LEVELS, WORKERS) for area in (ours, theirs))
    layer = VectorLayer(LAYER, theirs.fgb, "POLYGON", MAPSERVER[LAYER], theirs.extent)
    with mapserver(folder / "mapserver", [layer], theirs.extent, processes=WORKERS) as wms:
        seeders: dict[str, Callable[[Path], Seeded]] = {
            OURS: lambda place: _garrigue(place, ours, wide),
            "mapcache_seed": lambda place: mapcache(place, wms, part),
            "mapproxy-seed": lambda place: mapproxy(place, wms, part),
        }
        found = {name: runs[0] for name, runs in in_turn("seeding", seeders, 1, folder).items()}
    alone = _again(folder / f"{OURS}_0", ours, replace(wide, workers=1))
    areas = {name: tiles_of(wide if name == OURS else part) for name in found}
    return [*_figures(found, areas), *_alone(found[OURS], alone)]


def _towns(folder: Path, side: int) -> data.Buildings:
    return data.region(folder / "data", side * side * data.TOWN, ("fgb",))


def _again(place: Path, features: data.Buildings, seeding: Seeding) -> Seeded:
    """Ours into an empty cache, from the overviews that are there."""
    for name in ("tiles", "jobs"):
        shutil.rmtree(place / "store" / name)
    return _garrigue(place, features, seeding)


def _alone(both: Seeded, alone: Seeded) -> list[Figure]:
    """What the second worker brings, and what starting takes where nothing is to be prepared."""
    ratio, rate = alone.seconds / both.seconds, alone.tiles / alone.seconds
    label = f"{OURS}, one worker (ratio: of {WORKERS} to it)"
    return [
        Figure(label, rate, "tiles/s", ratio, GAIN),
        Figure(f"{OURS}, one worker, start-up apart, overviews there", alone.start, "s"),
    ]


def tiles_of(seeding: Seeding) -> int:
    """Tiles that a seeding's area touches: metatiles of the peers reach beyond it at the first levels, ours do not."""
    tiling, total = grid("PM"), 0
    for z in range(seeding.levels[0], seeding.levels[1] + 1):
        x0, y0, x1, y1 = tiling.tile_range(seeding.box, z) or (0, 0, -1, -1)
        total += (x1 - x0 + 1) * (y1 - y0 + 1)
    return total


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


def _figures(found: Mapping[str, Seeded], areas: Mapping[str, int]) -> list[Figure]:
    """By the tiles of the area that each was given."""
    rates = {name: areas[name] / one.seconds for name, one in found.items()}
    figures = []
    for name, one in found.items():
        ratio = rates[OURS] / rates[name] if name in AIMS else None
        where = "tiles of the area" if name == OURS else "tiles of a part of it"
        label = f"{name} ({areas[name]:,} {where} in {one.seconds:.1f} s, {one.tiles:,} written)"
        figures.append(Figure(label, rates[name], "tiles/s", ratio, AIMS.get(name)))
    ours = found[OURS]
    figures += processor_figures({name: [one] for name, one in found.items()})
    figures.append(Figure(f"{OURS}, start-up and preparation apart", ours.start, "s"))
    figures.append(Figure(f"{OURS}, all included", areas[OURS] / (ours.seconds + ours.start), "tiles/s"))
    return figures
