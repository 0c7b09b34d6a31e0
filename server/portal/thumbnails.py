"""A layer's preview: the few tiles of the Web Mercator grid that show the whole of it.

They are ordinary tiles: once made they are in the store, and the page costs no drawing.
"""

from typing import NamedTuple
from urllib.parse import quote

from layers.registry import Layer, Registry
from server.urls import BASE
from tiles.format import tile_format
from tiles.grids import Grid
from tiles.limits import limits
from tiles.stamp import tile_stamp
from tiles.table import layer_grids

WIDTH, HEIGHT = 320, 180
"""Pixels of the picture's frame."""
QUARTER = 50_000
"""Metres: what is smaller may fill the frame and reach beyond it; a territory is shown whole, for its outline."""


class Picture(NamedTuple):
    """A tile's address and where it lies in the frame, in pixels from the upper left corner."""

    src: str
    left: int
    top: int


def mercator(layer: Layer, registry: Registry) -> Grid | None:
    """The layer's Web Mercator grid of 256 pixels, if it has one."""
    own = layer_grids(layer, registry)
    return next((grid for grid in own if (grid.crs, grid.tile_size) == ("EPSG:3857", 256)), None)


def thumbnail(layer: Layer, registry: Registry) -> tuple[Picture, ...]:
    """The tiles of the deepest level at which the layer's extent suits the frame; empty where there is none."""
    grid = mercator(layer, registry)
    if grid is None:
        return ()
    west, south, east, north = layer.extent_in(grid.crs)
    levels = limits(layer, grid)
    most = 2.1 if max(east - west, north - south) < QUARTER else 1.1
    smallest = max((east - west) / WIDTH, (north - south) / HEIGHT) / most
    level = next((item for item in reversed(levels) if grid.cell_sizes[item.z] >= smallest), levels[0])
    cell = grid.cell_sizes[level.z]
    left = ((west + east) / 2 - grid.origin[0]) / cell - WIDTH / 2
    top = (grid.origin[1] - (south + north) / 2) / cell - HEIGHT / 2
    seen = [
        Picture(_address(layer, grid, level.z, x, y), round(x * 256 - left), round(y * 256 - top))
        for y in range(level.y0, level.y1 + 1)
        for x in range(level.x0, level.x1 + 1)
        if -256 < x * 256 - left < WIDTH and -256 < y * 256 - top < HEIGHT
    ]
    return tuple(seen)


def _address(layer: Layer, grid: Grid, z: int, x: int, y: int) -> str:
    version = tile_stamp(layer, layer.default_style)[:8]
    name = quote(layer.id)
    return f"{BASE}/tiles/{name}/{grid.id}/{z}/{x}/{y}.{tile_format(layer).extension}?v={version}"
