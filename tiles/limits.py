"""Which levels, columns and rows of a grid a layer has (TileMatrixSetLimits, OGC 07-057r7, 7.1.1.3)."""

from functools import lru_cache
from typing import NamedTuple

from layers.crs import BBox, metres_per_unit
from layers.facts import RasterFacts
from layers.registry import Layer
from tiles.grids import Grid

VECTOR_CELL = 0.14
"""Metres a pixel below which vector layers have no levels unless declared (PM 20, Lambert-93 20)."""


VECTOR_DEEPEST = 15
"""The last level of vector tiles unless declared: a tile has 8192 units a side, 10 cm in the middle of France."""


class LevelLimits(NamedTuple):
    """The tiles of a level that a layer has: first column and row, last column and row, from the north-west."""

    z: int
    x0: int
    y0: int
    x1: int
    y1: int

    def has(self, x: int, y: int) -> bool:
        """True where the tile is inside."""
        return self.x0 <= x <= self.x1 and self.y0 <= y <= self.y1

    @property
    def tiles(self) -> int:
        """How many tiles."""
        return (self.x1 - self.x0 + 1) * (self.y1 - self.y0 + 1)


def level_range(layer: Layer, grid: Grid) -> tuple[int, int]:
    """First and last level of a layer on a grid: as declared, cut to the grid's; else as deep as the data is."""
    deepest = grid.levels - 1
    if declared := layer.definition.tiles.levels:
        first, _, last = declared.partition("-")
        return max(int(first), grid.first), min(int(last or first), deepest)
    return grid.first, next((z for z in range(grid.first, grid.levels) if _fine_enough(layer, grid, z)), deepest)


def limits(layer: Layer, grid: Grid) -> tuple[LevelLimits, ...]:
    """The layer's tiles on a grid, level by level; empty where its extent does not reach the grid."""
    return limits_between(layer, grid, *level_range(layer, grid))


def vector_limits(layer: Layer, grid: Grid) -> tuple[LevelLimits, ...]:
    """The layer's vector tiles. Clients draw one 512 pixels wide or wider, and enlarge those of the last level: by
    default the levels are those of the pictures less one, and VECTOR_DEEPEST at the most.
    """
    declared = layer.definition.tiles.vector
    if isinstance(declared, str):
        first, _, last = declared.partition("-")
        return limits_between(layer, grid, max(int(first), grid.first), min(int(last or first), grid.levels - 1))
    first_, last_ = (max(level - 1, 0) for level in level_range(layer, grid))
    return limits_between(layer, grid, min(first_, VECTOR_DEEPEST), min(last_, VECTOR_DEEPEST))


def limits_between(layer: Layer, grid: Grid, first: int, last: int) -> tuple[LevelLimits, ...]:
    """The same for levels of one's own."""
    return _limits(_extent(layer, grid), grid, first, last)


def _extent(layer: Layer, grid: Grid) -> BBox:
    return layer.extent_in(grid.crs)


@lru_cache(maxsize=1024)
def _limits(extent: BBox, grid: Grid, first: int, last: int) -> tuple[LevelLimits, ...]:
    ranges = ((z, grid.tile_range(extent, z)) for z in range(first, last + 1))
    return tuple(LevelLimits(z, *tiles) for z, tiles in ranges if tiles)


def _fine_enough(layer: Layer, grid: Grid, z: int) -> bool:
    cell = grid.cell_sizes[z] * grid.metres_per_unit
    facts = layer.facts
    if isinstance(facts, RasterFacts):
        # A fifth of tolerance: 5 cm imagery is complete at PM's level of 5.3 cm on the ground.
        return cell <= min(facts.resolution) * metres_per_unit(facts.crs) * 1.2
    return cell * grid.ratio / 2 < VECTOR_CELL
