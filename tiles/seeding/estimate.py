"""What seeding a plan will cost: tiles, bytes, hours and energy a level, from what the store and jobs tell already."""

import os
from collections import Counter
from pathlib import Path
from typing import Any

from layers.registry import Layer, Registry
from tiles.address import VECTOR
from tiles.archives.archive import Sizes
from tiles.format import tile_format
from tiles.grids import grid
from tiles.seeding.imagery import is_imagery
from tiles.seeding.jobs import speed
from tiles.seeding.plan import Plan, blocks
from tiles.store import Store

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
    sizes = Sizes() if vector else Store(store).sizes(plan.layer)
    tiling = grid(plan.grid, registry.config)
    usual = USUAL["pbf"] if vector else USUAL[tile_format(layer).mbtiles] * (tiling.tile_size / 256) ** 2
    each = sizes.bytes / sizes.tiles if sizes.tiles else usual
    own = None if vector else speed(store, plan.layer)
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


def _usual_pace(layer: Layer) -> float:
    return PACE_IMAGERY if is_imagery(layer) else PACE_OTHER
