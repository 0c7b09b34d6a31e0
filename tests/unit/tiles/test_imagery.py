"""Tiles of imagery: the same pixels as the drawn map, upper levels from lower tiles."""

from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layers.registry import Registry
from tiles.format import tile_format
from tiles.grids import grid
from tiles.picture import draw_block, selection
from tiles.seeding.imagery import is_imagery, is_upper
from tiles.seeding.plan import blocks, make_plan
from tiles.seeding.seed import Means, seed
from tiles.seeding.work import Order, open_work, phases
from tiles.store import Store


def pixels(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(BytesIO(data)).convert("RGB")).astype(int)


@pytest.mark.parametrize("grid_name", ["LAMB93_5cm", "PM"])
def test_a_tile_of_imagery_is_what_the_map_shows(registry: Registry, tmp_path: Path, grid_name: str) -> None:
    tiling, layer = grid(grid_name), registry.layers["ortho"]
    plan = make_plan(registry, "ortho", grid_name=grid_name, levels=(16, 16))
    work = open_work(Order("", tmp_path, plan), registry)
    for block in blocks(plan, tiling):
        assert work.make(block).error is None
        what = selection(plan.address(block.z, block.x0, block.y0))
        for x, y, drawn in draw_block(registry, tiling, block, 0, what, tile_format(layer))[0]:
            kept = work.store.get(plan.address(block.z, x, y))
            assert kept is not None
            assert np.abs(pixels(kept[1]) - pixels(drawn)).mean() < 1
    work.store.close()


def test_upper_levels_come_after_the_level_below(registry: Registry) -> None:
    tiling, layer = grid("LAMB93_5cm"), registry.layers["ortho"]
    assert is_imagery(layer)
    assert not is_imagery(registry.layers["parcelle"])
    plan = make_plan(registry, "ortho", grid_name="LAMB93_5cm")
    found = phases(layer, tiling, blocks(plan, tiling))
    order = [sorted({block.z for family in phase for block in family}) for phase in found]
    upper = [z for z in range(12, 21) if is_upper(layer, tiling, z)]
    assert upper
    assert order[1:] == [[z] for z in reversed(upper)]


def test_a_level_built_from_below_shows_the_same(registry: Registry, tmp_path: Path) -> None:
    tiling, layer = grid("LAMB93_5cm"), registry.layers["ortho"]
    plan = make_plan(registry, "ortho", grid_name="LAMB93_5cm", levels=(12, 20))
    assert seed(registry, tmp_path, plan, Means(workers=1)).failed == 0
    store = Store(tmp_path)
    block = next(block for block in blocks(plan, tiling) if is_upper(layer, tiling, block.z))
    what = selection(plan.address(block.z, block.x0, block.y0))
    for x, y, drawn in draw_block(registry, tiling, block, 0, what, tile_format(layer))[0]:
        kept = store.get(plan.address(block.z, x, y))
        assert kept is not None
        assert np.abs(pixels(kept[1]) - pixels(drawn)).mean() < 3
    store.close()
