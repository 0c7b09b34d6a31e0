"""Blocks of tiles: drawn once with a border, cut and encoded tile by tile."""

from typing import Any, NamedTuple

from layers.encode import to_array
from layers.png import png
from layers.query import STANDARD_DPI, MapQuery, Selection
from layers.registry import Layer, Registry
from tiles.address import TileAddress
from tiles.format import TileFormat
from tiles.grids import Grid
from tiles.overview.recipe import has_symbols

# png8 by runs: half the time of zlib's default for tiles of the same size
MAPNIK_FORMATS = {
    "image/png; mode=8bit": "png8:m=h:z=1:s=rle",
    "image/jpeg": "jpeg85",
    "image/webp": "webp:quality=80:method=1",
}


class Block(NamedTuple):
    """Tiles of one level drawn together: first column and row, last column and row."""

    z: int
    x0: int
    y0: int
    x1: int
    y1: int

    @property
    def tiles(self) -> int:
        """How many tiles."""
        return (self.x1 - self.x0 + 1) * (self.y1 - self.y0 + 1)


def block_query(grid: Grid, block: Block, buffer: int, selection: Selection, kind: TileFormat) -> MapQuery:
    """The picture of a block with `buffer` pixels around it, so that labels and symbols are whole at its border."""
    cell = grid.cell_sizes[block.z]
    left, bottom, right, top = grid.tiles_bbox(*block)
    margin = buffer * cell
    return MapQuery(
        layers=(selection,),
        crs=grid.crs,
        bbox=(left - margin, bottom - margin, right + margin, top + margin),
        width=(block.x1 - block.x0 + 1) * grid.tile_size + 2 * buffer,
        height=(block.y1 - block.y0 + 1) * grid.tile_size + 2 * buffer,
        format=kind.image.name,
        transparent=kind.image.alpha,
        dpi=STANDARD_DPI * grid.ratio,
    )


def block_buffer(layer: Layer, grid: Grid) -> int:
    """Pixels to draw around a block: none for imagery, which has no labels or symbols to cut."""
    return 0 if layer.is_raster else layer.definition.tiles.buffer * grid.ratio


def level_buffer(layer: Layer, style: str, grid: Grid, z: int) -> int:
    """The same for a level: none for features whose style has no labels or symbols at its scale."""
    if not layer.is_vector:
        return block_buffer(layer, grid)
    from layers.styles.load import look_for

    look = look_for(layer, Selection(layer.id, style))
    return block_buffer(layer, grid) if has_symbols(look, grid.shown_scale(z)) else 0


def selection(address: TileAddress) -> Selection:
    """What is drawn for an address."""
    return Selection(address.layer, address.style, (address.time,) if address.time else ())


def draw_block(
    registry: Registry, grid: Grid, block: Block, buffer: int, what: Selection, kind: TileFormat
) -> tuple[list[tuple[int, int, bytes]], int]:
    """Column, row and bytes of every tile, and how many are not of one colour. Raises SourceError."""
    from layers.render import draw

    cutter = Cutter(draw(registry, block_query(grid, block, buffer, what, kind)), kind)
    size, tiles = grid.tile_size, []
    for y in range(block.y0, block.y1 + 1):
        for x in range(block.x0, block.x1 + 1):
            left, top = (x - block.x0) * size + buffer, (y - block.y0) * size + buffer
            tiles.append((x, y, cutter.cut(left, top, left + size, top + size)))
    return tiles, cutter.painted


class Cutter:
    """Cuts a drawn picture (a mapnik.Image) into encoded tiles; pieces of one colour are encoded once."""

    def __init__(self, image: Any, kind: TileFormat) -> None:
        if image.premultiplied():
            image.demultiply()
        self.image = image
        self.pixels = to_array(image) if kind.image.name == "image/png" else None
        self.format = MAPNIK_FORMATS.get(kind.image.name, "")
        self.painted = 0
        self._solid: dict[tuple[int, ...], bytes] = {}

    def cut(self, left: int, top: int, right: int, bottom: int) -> bytes:
        """The encoded piece between pixels; `painted` counts the pieces that are not of one colour."""
        width, height = right - left, bottom - top
        view = self.image.view(left, top, width, height)
        if not view.is_solid():
            self.painted += 1
            return self._encoded(view, slice(top, bottom), slice(left, right))
        colour = self.image.get_pixel_color(left, top)
        key = (width, height, colour.r, colour.g, colour.b, colour.a)
        if key not in self._solid:
            self._solid[key] = self._encoded(view, slice(top, bottom), slice(left, right))
        return self._solid[key]

    def _encoded(self, view: Any, rows: slice, columns: slice) -> bytes:
        if self.pixels is None:
            return bytes(view.to_string(self.format))
        return png(self.pixels[rows, columns])
