"""Blocks of imagery: pixels go from the source to JPEG or WebP without a drawing library between.

A level is made of the pictures of the level below where the process that makes it has them in hand. Levels far above
the source's pixels are built from the tiles of the level below: the source would have to be read whole for them, and
its overviews end before.
"""

from collections.abc import Iterable, Iterator
from io import BytesIO
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from PIL import Image

from layers.crs import metres_per_unit
from layers.encode import SAVED, is_opaque
from layers.facts import RasterFacts
from layers.query import MapQuery, Selection
from layers.registry import Layer
from layers.styles.model import RasterSymbolizer
from tiles.address import TileAddress
from tiles.format import TileFormat, tile_format
from tiles.grids import Grid
from tiles.limits import limits
from tiles.picture import Block, block_query
from tiles.seeding.planes import Planes
from tiles.store import Store

COARSE = 16.0
"""Source pixels a tile's pixel from which a level is built from the one below; overviews usually reach 8 to 16."""

type Tiles = tuple[list[tuple[int, int, bytes]], int]
"""Column, row and bytes of every tile of a block, and how many are not of one colour."""


def is_imagery(layer: Layer) -> bool:
    """True for rasters whose tiles are JPEG or WebP."""
    return isinstance(layer.facts, RasterFacts) and tile_format(layer).media_type in SAVED


def is_upper(layer: Layer, tiling: Grid, z: int) -> bool:
    """True for a level of imagery that is built from the tiles of the level below where they are there."""
    if not (isinstance(layer.facts, RasterFacts) and is_imagery(layer) and z + 1 < tiling.levels):
        return False
    fine = min(layer.facts.resolution) * metres_per_unit(layer.crs)
    return _is_halved(tiling, z) and tiling.cell_sizes[z] * tiling.metres_per_unit >= COARSE * fine


def _is_halved(tiling: Grid, z: int) -> bool:
    """True for a level whose pixels are each four of the level below."""
    return abs(tiling.cell_sizes[z] / tiling.cell_sizes[z + 1] - 2) < 1e-6


class Halves:
    """Pictures of blocks at half their size, in hand for the level above, while a family of blocks is made."""

    def __init__(self, layer: Layer, tiling: Grid) -> None:
        self.layer = layer
        self.tiling = tiling
        self._levels: set[int] = set()
        self._kept: dict[Block, Planes | None] = {}

    def begin(self, family: Iterable[Block]) -> None:
        """A new family: the pictures of the one before are of no use to it."""
        self._kept.clear()
        self._levels = {block.z for block in family}

    def keep(self, block: Block, picture: Planes | None) -> None:
        """Take a block's picture (None: nothing is there) where the level above can be made of it."""
        if block.z - 1 in self._levels and _is_detailed(self.layer, self.tiling, block.z):
            self._kept[block] = picture and picture.half()

    def above(self, block: Block) -> Planes | None:
        """A block's picture out of those below it, which are let go; None where one of them is not in hand."""
        level = next((level for level in limits(self.layer, self.tiling) if level.z == block.z + 1), None)
        if level is None:
            return None
        columns = range(max(2 * block.x0, level.x0), min(2 * block.x1 + 1, level.x1) + 1)
        rows = range(max(2 * block.y0, level.y0), min(2 * block.y1 + 1, level.y1) + 1)
        below = [one for one in self._kept if one.z == level.z and one.x0 in columns and one.y0 in rows]
        if not below or sum(one.tiles for one in below) != len(columns) * len(rows):
            return None
        side = self.tiling.tile_size
        picture = Planes.white((block.x1 - block.x0 + 1) * side, (block.y1 - block.y0 + 1) * side)
        for one in below:
            if half := self._kept.pop(one):
                picture.paste(half, (one.x0 - 2 * block.x0) * side // 2, (one.y0 - 2 * block.y0) * side // 2)
        return picture


def _is_detailed(layer: Layer, tiling: Grid, z: int) -> bool:
    """True for a level that is no finer than its source, halves of which are what the level above shows."""
    assert isinstance(layer.facts, RasterFacts)
    fine = min(layer.facts.resolution) * metres_per_unit(layer.crs)
    own = tiling.cell_sizes[z] * tiling.metres_per_unit
    return _is_halved(tiling, z - 1) and own >= 0.99 * fine


def draw_imagery(layer: Layer, tiling: Grid, block: Block, what: Selection, halves: Halves) -> Tiles:
    """The tiles of a block from the source, or from the pictures of the level below. Raises SourceError."""
    from layers.render import raster_pixels

    kind, size = tile_format(layer), tiling.tile_size
    query = block_query(tiling, block, 0, what, kind)
    if kind.image.alpha or not _is_plain(layer, what):
        return _cut(_picture(raster_pixels(layer, what, query), block, size, kind), block, size, kind)
    planes = halves.above(block) or _planes(layer, query)
    halves.keep(block, planes)
    return _cut(planes or _picture(None, block, size, kind), block, size, kind)


def _is_plain(layer: Layer, what: Selection) -> bool:
    """True where bytes of red, green and blue are shown as they are, which spares most of what colouring costs."""
    from layers.styles.load import look_for

    assert isinstance(layer.facts, RasterFacts)
    colours = tuple((band.interpretation.lower(), band.dtype) for band in layer.facts.bands)
    if colours != tuple((name, "uint8") for name in ("red", "green", "blue")):
        return False
    definition, source = layer.definition, layer.definition.source
    limited = definition.min_scale or definition.max_scale or definition.other_dimensions
    symbolizer = look_for(layer, what).raster or RasterSymbolizer()
    return not limited and getattr(source, "stretch", None) is None and symbolizer == RasterSymbolizer()


def _planes(layer: Layer, query: MapQuery) -> Planes | None:
    """The picture of a query over white; None where nothing is there. Raises SourceError."""
    from layers.sources import open_coverage

    time = query.layers[0].time
    read = open_coverage(layer).read
    return Planes.over_white(read(query.bbox, query.crs, query.width, query.height, time=time[-1] if time else None))


def from_below(layer: Layer, tiling: Grid, block: Block, store: Store, first: TileAddress, stamp: str) -> Tiles | None:
    """The tiles of a block from the four below each; None where one of them is not there, or is of another stamp.

    `first` is the address of the block's first tile.
    """
    below = next((level for level in limits(layer, tiling) if level.z == block.z + 1), None)
    if below is None:
        return None
    kind, size = tile_format(layer), tiling.tile_size
    picture = _picture(None, block, size, kind)
    for place in _below(block):
        if not below.has(place.x, place.y):
            continue
        found = store.get(first._replace(z=block.z + 1, x=place.x, y=place.y))
        if found is None or found[2] != stamp:
            return None
        picture.paste(_half(found[1], size, picture.mode), (place.column * size // 2, place.row * size // 2))
    return _cut(picture, block, size, kind)


class _Place(NamedTuple):
    x: int
    y: int
    column: int
    row: int


def _below(block: Block) -> Iterator[_Place]:
    for y in range(2 * block.y0, 2 * block.y1 + 2):
        for x in range(2 * block.x0, 2 * block.x1 + 2):
            yield _Place(x, y, x - 2 * block.x0, y - 2 * block.y0)


def _half(data: bytes, size: int, mode: str) -> Image.Image:
    """A tile at half its size; JPEG is decoded at that size."""
    picture: Image.Image = Image.open(BytesIO(data))
    picture.draft("RGB", (size // 2, size // 2))
    picture = picture.convert("RGB" if mode == "RGBX" else mode)
    if picture.width > size // 2:
        picture = picture.resize((size // 2, size // 2), Image.Resampling.BOX)
    return picture.convert(mode)


def _picture(pixels: npt.NDArray[np.uint8] | None, block: Block, size: int, kind: TileFormat) -> Image.Image:
    """A block's picture, over white where the format has no alpha."""
    width, height = (block.x1 - block.x0 + 1) * size, (block.y1 - block.y0 + 1) * size
    if kind.image.alpha:
        if pixels is None:
            return Image.new("RGBA", (width, height), (0, 0, 0, 0))
        return Image.frombuffer("RGBA", (width, height), np.ascontiguousarray(pixels), "raw", "RGBA", 0, 1)
    if pixels is None:
        return Image.new("RGBX", (width, height), (255, 255, 255, 255))
    if not is_opaque(pixels):
        pixels = _over_white(pixels)
    return Image.frombuffer("RGBX", (width, height), np.ascontiguousarray(pixels), "raw", "RGBX", 0, 1)


def _over_white(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint8]:
    alpha = pixels[..., 3:].astype(np.uint16)
    mixed = (pixels * alpha + 255 * (255 - alpha) + 127) // 255
    mixed[..., 3] = 255
    return mixed.astype(np.uint8)


def _cut(picture: Image.Image | Planes, block: Block, size: int, kind: TileFormat) -> Tiles:
    """Encoded tiles of a block; pieces of one colour are encoded once."""
    tiles: list[tuple[int, int, bytes]] = []
    plain: dict[Any, bytes] = {}
    painted = 0
    for y in range(block.y0, block.y1 + 1):
        for x in range(block.x0, block.x1 + 1):
            left, top = (x - block.x0) * size, (y - block.y0) * size
            piece = picture.crop((left, top, left + size, top + size))
            colour = _colour(piece)
            if colour is None:
                painted += 1
                tiles.append((x, y, _encoded(piece, kind)))
                continue
            if colour not in plain:
                plain[colour] = _encoded(piece, kind)
            tiles.append((x, y, plain[colour]))
    return tiles, painted


def _colour(piece: Image.Image) -> Any:
    """The colour of a piece that has only one; None for any other. Corners tell most apart at once."""
    first = piece.getpixel((0, 0))
    if first != piece.getpixel((piece.width // 2, piece.height // 2)):
        return None
    return first if all(low == high for low, high in piece.getextrema()) else None  # type: ignore[misc]


def _encoded(piece: Image.Image, kind: TileFormat) -> bytes:
    buffer = BytesIO()
    piece.save(buffer, **SAVED[kind.media_type])
    return buffer.getvalue()
