"""What seeding a plan will cost: tiles, bytes, hours and energy a level, from what the store and jobs tell already."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from layers.registry import Layer, Registry
from tiles.address import VECTOR
from tiles.archives.archive import Sizes
from tiles.format import tile_format
from tiles.grids import Grid, grid
from tiles.seeding.imagery import is_imagery
from tiles.seeding.jobs import speed
from tiles.seeding.plan import Plan, blocks
from tiles.store import Store, read_sizes

USUAL = {"jpg": 15_000, "png": 8_000, "webp": 9_000, "pbf": 3_000}
"""Bytes of a tile where the layer has none to measure yet."""
PACE_IMAGERY, PACE_OTHER, PACE_VECTOR = 300.0, 100.0, 150.0
"""Tiles a second and core where the layer has been seeded never before."""
WATTS = 15.0
"""A busy core's part of what a server draws at the plug: 250 to 500 W for 16 to 32 cores."""


def estimate(registry: Registry, store: Path, plan: Plan, workers: int | None = None) -> list[dict[str, Any]]:
    """One row a level: `level`, `tiles`, `bytes`, `seconds`, `watt_hours`; `measured`: at the layer's own pace."""
    layer, cores = registry.layers[plan.layer], workers or os.cpu_count() or 1
    vector = plan.style == VECTOR
    tiling = grid(plan.grid, registry.config)
    each = _measured(store, plan) or (USUAL["pbf"] if vector else _usual_size(layer, tiling))
    own = speed(store, plan.layer, vector=vector)
    pace = own or cores * (PACE_VECTOR if vector else _usual_pace(layer))
    tiles: Counter[int] = Counter()
    for block in blocks(plan, tiling):
        tiles[block.z] += block.tiles
    return [
        {
            "level": z,
            "tiles": count,
            "bytes": round(count * each),
            "seconds": count / pace,
            "watt_hours": count / pace * cores * WATTS / 3600,
            "measured": own is not None,
        }
        for z, count in sorted(tiles.items())
    ]


def _measured(store: Path, plan: Plan) -> float | None:
    """Bytes of a tile of the same style and grid, else of the same kind, as they are stored; None where there are none.

    Made with the layer's other tiles, those of other grids and styles tell more than what is usual.
    """
    own = Store(store).archives(plan.layer, plan.style, plan.time, plan.grid)
    kin = (file for file in Store(store).files(plan.layer) if (VECTOR in file.parts) == (plan.style == VECTOR))
    for files in (own, kin):
        sizes = sum(map(read_sizes, files), Sizes())
        if sizes.tiles:
            return sizes.bytes / sizes.tiles
    return None


def _usual_size(layer: Layer, tiling: Grid) -> float:
    return USUAL[tile_format(layer).mbtiles] * (tiling.tile_size / 256) ** 2


def _usual_pace(layer: Layer) -> float:
    return PACE_IMAGERY if is_imagery(layer) else PACE_OTHER
