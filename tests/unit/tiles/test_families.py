"""Blocks of imagery that a process makes one after the other: the level above out of the pictures below."""

import numpy as np
import pytest
from PIL import Image

from layers.registry import Layer, Registry
from tiles.grids import Grid, grid
from tiles.limits import limits
from tiles.picture import Block
from tiles.seeding.imagery import Halves
from tiles.seeding.plan import blocks, make_plan
from tiles.seeding.planes import Planes
from tiles.seeding.work import PARTS, phases

DEEPEST = 22
"""The level of LAMB93_5cm whose pixels are those of the imagery."""


@pytest.fixture
def tiling() -> Grid:
    return grid("LAMB93_5cm")


@pytest.fixture
def layer(tile_registry: Registry) -> Layer:
    return tile_registry.layers["ortho"]


def picture(block: Block, seed: int) -> tuple[Planes, np.ndarray]:
    """Noise of a block's size, and the means of four pixels each of it."""
    shape = (3, (block.y1 - block.y0 + 1) * 256, (block.x1 - block.x0 + 1) * 256)
    noise = np.random.default_rng(seed).integers(0, 256, shape, np.uint8)
    means = noise.reshape(3, shape[1] // 2, 2, shape[2] // 2, 2).mean(axis=(2, 4))
    return Planes(*map(Image.fromarray, noise)), means


def corner(layer: Layer, tiling: Grid, z: int) -> tuple[Block, list[Block]]:
    """The block in the north-west of a level, which the layer's edge cuts, and those below it."""
    above, below = (next(one for one in limits(layer, tiling) if one.z == level) for level in (z, z + 1))
    x1, y1 = above.x0 | 7, above.y0 | 7
    xs = [(max(x, below.x0), x + 7) for x in range(2 * x1 - 14, 2 * x1, 8) if x + 7 >= below.x0]
    ys = [(max(y, below.y0), y + 7) for y in range(2 * y1 - 14, 2 * y1, 8) if y + 7 >= below.y0]
    return Block(z, above.x0, above.y0, x1, y1), [Block(z + 1, x, y, xe, ye) for x, xe in xs for y, ye in ys]


def test_the_picture_above_is_the_means_of_those_below(layer: Layer, tiling: Grid) -> None:
    block, below = corner(layer, tiling, DEEPEST - 1)
    halves = Halves(layer, tiling)
    halves.begin([*below, block])
    wanted = np.full((3, (block.y1 - block.y0 + 1) * 256, (block.x1 - block.x0 + 1) * 256), 255.0)
    for number, one in enumerate(below):
        assert halves.above(block) is None
        planes, means = picture(one, number)
        halves.keep(one, planes)
        top, left = (one.y0 - 2 * block.y0) * 128, (one.x0 - 2 * block.x0) * 128
        wanted[:, top : top + means.shape[1], left : left + means.shape[2]] = means
    found = halves.above(block)
    assert found is not None
    assert np.abs(np.stack([np.asarray(plane) for plane in found]) - wanted).max() <= 0.5
    assert halves.above(block) is None


def test_where_nothing_is_below_nothing_is_above(layer: Layer, tiling: Grid) -> None:
    block, below = corner(layer, tiling, DEEPEST - 1)
    halves = Halves(layer, tiling)
    halves.begin([*below, block])
    for one in below:
        halves.keep(one, None)
    found = halves.above(block)
    assert found is not None
    assert all(plane.getextrema() == (255, 255) for plane in found)


def test_nothing_is_kept_for_another_family(layer: Layer, tiling: Grid) -> None:
    block, below = corner(layer, tiling, DEEPEST - 1)
    halves = Halves(layer, tiling)
    halves.begin(below)
    for number, one in enumerate(below):
        halves.keep(one, picture(one, number)[0])
    halves.begin([block])
    assert halves.above(block) is None


def test_a_block_comes_after_those_below_it_in_a_family_of_its_own_place(tile_registry: Registry) -> None:
    tiling, layer = grid("LAMB93_5cm"), tile_registry.layers["ortho"]
    plan = make_plan(tile_registry, "ortho", grid_name="LAMB93_5cm", levels=(19, DEEPEST))
    todo = list(blocks(plan, tiling))
    (families,) = phases(layer, tiling, todo)
    assert sorted(block for family in families for block in family) == sorted(todo)
    assert len(families) >= PARTS
    assert max(len(family) for family in families) == 5
    for family in families:
        cells = [(block.z, block.x0 // 8, block.y0 // 8) for block in family]
        for place, (z, x, y) in enumerate(cells):
            above = (z - 1, x // 2, y // 2)
            assert above not in cells or cells.index(above) > place
