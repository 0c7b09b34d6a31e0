"""A copy of a vector layer in the grid's CRS draws the same tiles."""

from pathlib import Path

import numpy as np
import pytest

from layers.encode import to_array
from layers.registry import Registry
from layers.render import draw
from tiles.drawing_copy import copied, is_worthwhile
from tiles.format import tile_format
from tiles.grids import grid
from tiles.picture import block_query, selection
from tiles.plan import blocks, make_plan


@pytest.mark.parametrize(("layer", "time"), [("parcelle", ""), ("chemin", ""), ("arbre", "2020")])
def test_a_copy_draws_the_same(registry: Registry, tmp_path: Path, layer: str, time: str) -> None:
    tiling = grid("PM")
    plan = make_plan(registry, layer, grid_name="PM", levels=(15, 17), time=time)
    todo = list(blocks(plan, tiling))
    other = copied(registry, tiling, plan, todo, tmp_path / "copy.gpkg")
    for block in todo:
        what = selection(plan.address(block.z, block.x0, block.y0))
        query = block_query(tiling, block, 16, what, tile_format(registry.layers[layer]))
        one, two = (to_array(draw(source, query)).astype(int) for source in (registry, other))
        assert np.abs(one - two).mean() < 0.05


def test_a_copy_is_made_for_many_levels_of_another_crs_only(registry: Registry) -> None:
    layer = registry.layers["parcelle"]
    for name, levels, worth in (("PM", (10, 20), True), ("PM", (20, 20), False), ("LAMB93_5cm", (10, 20), False)):
        plan = make_plan(registry, "parcelle", grid_name=name, levels=levels)
        assert is_worthwhile(layer, grid(name), list(blocks(plan, grid(name)))) is worth
