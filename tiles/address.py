"""The address of a tile. Standard library only: the front imports this."""

from typing import NamedTuple


class TileAddress(NamedTuple):
    """Layer, style (its own name, never ""), time ("" where the layer has none), grid, level, column, row.

    `grid` is the grid's id or any of its names as `Grid.id` gives it; `y` counts from the north, as XYZ and WMTS do.
    """

    layer: str
    style: str
    time: str
    grid: str
    z: int
    x: int
    y: int


BAND = 8
"""Levels that share an archive (z // 8): at most 4^0 + … + 4^7 = 21,845 tiles."""


def shard_cell(z: int, x: int, y: int) -> tuple[int, int, int]:
    """The archive of a tile: first level of its band, column and row (from the north) of the cell at that level."""
    band = z - z % BAND
    return band, x >> (z - band), y >> (z - band)


def south_row(z: int, y: int) -> int:
    """The row from the south, as MBTiles and TMS count it: 2^z - 1 - y (negative where a grid is taller than 2^z)."""
    return (1 << z) - 1 - y
