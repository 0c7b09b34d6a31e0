"""The address of a tile. Standard library only: the front imports this."""

from typing import NamedTuple

VECTOR = "~mvt"
"""What stands for the style in the address of a vector tile, which has none."""


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


def shard_cell(z: int, x: int, y: int) -> tuple[int, int, int]:
    """The archive of a tile: first level of its band, column and row (from the north) of its cell.

    Levels 0 to 7 are one archive. Then a band is four levels and a cell 16 × 16 tiles of the band's first level,
    so that an archive holds 256 to 21,760 tiles whatever the deepest level is.
    """
    if z < 8:
        return 0, 0, 0
    band = z & ~3
    shift = z - band + 4
    return band, x >> shift, y >> shift


def south_row(z: int, y: int) -> int:
    """The row from the south, as MBTiles and TMS count it: 2^z - 1 - y (negative where a grid is taller than 2^z)."""
    return (1 << z) - 1 - y
