"""What seeding a plan will cost: tiles, bytes and seconds a level, from what the store holds already."""

from collections import Counter
from pathlib import Path
from typing import Any

from layers.registry import Registry
from tiles.format import tile_format
from tiles.grids import grid
from tiles.jobs import speed
from tiles.plan import Plan, blocks
from tiles.store import Store

USUAL = {"jpg": 15_000, "png": 8_000, "webp": 9_000}
"""Bytes of a tile where the layer has none to measure yet."""


def estimate(registry: Registry, store: Path, plan: Plan) -> list[dict[str, Any]]:
    """One row a level: `level`, `tiles`, `bytes`, and `seconds` at the pace of earlier jobs (None before the first)."""
    sizes = Store(store).sizes(plan.layer)
    each = sizes.bytes / sizes.tiles if sizes.tiles else USUAL[tile_format(registry.layers[plan.layer]).mbtiles]
    pace = speed(store, plan.layer)
    tiles: Counter[int] = Counter()
    for block in blocks(plan, grid(plan.grid, registry.config)):
        tiles[block.z] += block.tiles
    return [
        {"level": z, "tiles": count, "bytes": round(count * each), "seconds": count / pace if pace else None}
        for z, count in sorted(tiles.items())
    ]
