"""Cold tiles: MapProxy's TileManager over our store and our drawing.

However many processes ask for tiles of one metatile at once, one draws it and the others wait for it and read it:
the TileManager locks the metatile by a file and looks again inside the lock. Errors are raised, never stored.
MapProxy is imported here only; nothing but a cold tile needs this module.
"""

import logging
from collections.abc import Iterable
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any, NamedTuple

from mapproxy.cache.base import TileCacheBase, TileLocker
from mapproxy.cache.tile_manager import TileManager
from mapproxy.grid.tile_grid import NamedGridList, TileGrid
from mapproxy.image import BaseImageResult, ImageResult
from mapproxy.image.opts import ImageOptions
from mapproxy.layer.map_layer import MapLayer
from mapproxy.query import MapQuery as ProxyQuery
from mapproxy.srs import SRS
from mapproxy.util.lock import LockTimeout

from layers.errors import SourceError
from layers.query import STANDARD_DPI, MapQuery
from layers.registry import Registry
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveError, ArchiveInfo
from tiles.format import TileFormat, tile_format
from tiles.grids import Grid, grid
from tiles.info import archive_info
from tiles.locks import WAIT, lock_folder
from tiles.picture import Cutter, block_buffer, selection
from tiles.quota import Quota
from tiles.store import Store

logger = logging.getLogger("garrigue.tiles")
logging.getLogger("mapproxy").setLevel(logging.WARNING)


class MadeTile(NamedTuple):
    """A tile's bytes, whether they are of the style and data as they are now, and when they were made (else 0)."""

    data: bytes
    current: bool
    made: int = 0


def make_tile(registry: Registry, store: Path, address: TileAddress) -> MadeTile:
    """A tile: from the store, or drawn with its metatile and kept.

    `address` has names as the registry has them (see tiles.table); the grid's id may be any that shares its tiles.
    A tile made for another style or data is drawn again; where that fails now, the old one is given.
    Raises SourceError where the data cannot be read. A store that cannot be written is told in the log.
    """
    manager = _manager(registry, store, address._replace(z=0, x=0, y=0))
    try:
        tile = manager.load_tile_coord((address.x, address.y, address.z))
    except LockTimeout:
        raise SourceError(f"another process has been drawing this tile for {WAIT:.0f} s") from None
    except SourceError as error:
        tiles = _store(store, registry.service.free_space)
        old = tiles.get(address)
        if old is None:
            raise
        logger.error("%s; the old tile is served: %s", error, address)
        return MadeTile(old[1], current=False, made=tiles.made(address))
    if tile.image_result is None:
        raise SourceError("the tile could not be drawn")
    return MadeTile(_bytes(tile.image_result), current=True)


_managers: dict[tuple[str, Path, TileAddress], TileManager] = {}


def _manager(registry: Registry, store: Path, address: TileAddress) -> TileManager:
    key = (registry.version, store, address)
    if key not in _managers:
        if len(_managers) >= 64:
            _managers.clear()
        _managers[key] = tile_manager(registry, store, address)
    return _managers[key]


def tile_manager(registry: Registry, store: Path, address: TileAddress) -> TileManager:
    """MapProxy's TileManager for the layer, style, time and grid of an address."""
    layer, tiling = registry.layer(address.layer), grid(address.grid, registry.config)
    kind, tiles = tile_format(layer), layer.definition.tiles
    options = ImageOptions(format=kind.media_type, transparent=kind.image.alpha)
    names = "-".join(part.replace("/", "_") for part in address[:3])
    return TileManager(
        proxy_grid(tiling),
        StoreCache(
            _store(store, registry.service.free_space),
            address,
            archive_info(layer, address.style, tiling.stored),
            Quota(layer, store),
        ),
        [DrawnSource(registry, address, kind, options)],
        kind.extension,
        TileLocker(str(lock_folder(store)), WAIT, f"{names}-{tiling.stored}"),
        image_opts=options,
        meta_size=[tiles.meta, tiles.meta],
        meta_buffer=block_buffer(layer, tiling),
    )


@lru_cache(maxsize=4)
def _store(path: Path, floor: int) -> Store:
    return Store(path, handles=32, patience=10.0, floor=floor)


@lru_cache(maxsize=32)
def proxy_grid(tiling: Grid) -> TileGrid:
    """MapProxy's grid with the same tiles; its box covers every level's tiles, so that no metatile is cut."""
    boxes = [tiling.matrix_bbox(z) for z in range(tiling.levels)]
    left, top = tiling.origin
    box = (left, min(b[1] for b in boxes), max(b[2] for b in boxes), top)
    size = (tiling.tile_size, tiling.tile_size)
    result = TileGrid(
        SRS(tiling.crs), bbox=box, tile_size=size, res=list(tiling.cell_sizes), origin="ul", name=tiling.id
    )
    result.grid_sizes = NamedGridList([(f"{z:02d}", pair) for z, pair in enumerate(tiling.sizes)])
    return result


class StoreCache(TileCacheBase):  # type: ignore[misc]
    """The store as MapProxy's cache of one layer, style, time and grid."""

    def __init__(self, store: Store, address: TileAddress, info: ArchiveInfo, quota: Quota) -> None:
        super().__init__()
        self.quota = quota
        self.store = store
        self.address = address
        self.info = info

    def load_tile(self, tile: Any, with_metadata: bool = False, dimensions: Any = None) -> bool:  # noqa: ARG002
        """Fill a tile from the store; False where it is not there."""
        if tile.is_missing():
            found = self._current(tile)
            tile.image_result = None if found is None else ImageResult(BytesIO(found))
        return not tile.is_missing()

    def store_tile(self, tile: Any, dimensions: Any = None) -> bool:
        """Keep one tile."""
        return self.store_tiles([tile], dimensions)

    def store_tiles(self, tiles: Iterable[Any], dimensions: Any = None) -> bool:  # noqa: ARG002
        """Keep the tiles of a metatile, in one transaction."""
        new = [tile for tile in tiles if tile.coord is not None and not tile.stored]
        try:
            self.quota.check()
            self.store.put_many([(self._at(tile), _bytes(tile.image_result)) for tile in new], self.info)
        except ArchiveError as error:
            # A full disk or a read-only store stops keeping, never serving.
            logger.error("%s", error)
            return False
        for tile in new:
            tile.stored = True
        return True

    def remove_tile(self, tile: Any, dimensions: Any = None) -> bool:  # noqa: ARG002
        """Delete a tile."""
        return bool(self.store.delete([self._at(tile)]).tiles)

    def is_cached(self, tile: Any, dimensions: Any = None) -> bool:  # noqa: ARG002
        """True where the store has the tile as it is now to be: read at once.

        MapProxy asks after it has found the store without the tile, and draws none where another process has kept it
        since.
        """
        return self.load_tile(tile)

    def load_tile_metadata(self, tile: Any, dimensions: Any = None) -> None:  # noqa: ARG002
        """Nothing expires by age here: what is stale is told by stamps."""
        tile.timestamp = 0.0

    def _current(self, tile: Any) -> bytes | None:
        found = self.store.get(self._at(tile))
        return found[1] if found is not None and found[2] == self.info.stamp else None

    def _at(self, tile: Any) -> TileAddress:
        x, y, z = tile.coord
        return self.address._replace(z=z, x=x, y=y)


class DrawnSource(MapLayer):  # type: ignore[misc]
    """Our drawing as a source of MapProxy's."""

    supports_meta_tiles = True

    def __init__(self, registry: Registry, address: TileAddress, kind: TileFormat, options: ImageOptions) -> None:
        super().__init__(options)
        self.registry = registry
        self.selection = selection(address)
        self.grid = grid(address.grid, registry.config)
        self.kind = kind

    def get_map(self, query: ProxyQuery) -> "DrawnImage":
        """Draw what MapProxy asks; raises SourceError where the data cannot be read."""
        from layers.render import draw

        width, height = query.size
        asked = MapQuery(
            layers=(self.selection,),
            crs=self.grid.crs,
            bbox=tuple(query.bbox),
            width=width,
            height=height,
            format=self.kind.image.name,
            transparent=self.kind.image.alpha,
            dpi=STANDARD_DPI * self.grid.ratio,
        )
        return DrawnImage(draw(self.registry, asked), self.kind, self.image_opts)


class DrawnImage(BaseImageResult):  # type: ignore[misc]
    """A drawn picture: what MapProxy cuts out of it comes encoded, without a detour by Pillow."""

    def __init__(self, image: Any, kind: TileFormat, options: ImageOptions) -> None:
        self.size = (image.width(), image.height())
        self.image_opts = options
        self.cacheable = True
        self.authorize_stale = False
        self.cutter = Cutter(image, kind)

    def as_image(self) -> "DrawnImage":
        """Itself: MapProxy's splitter only asks for `size` and `crop`."""
        return self

    def crop(self, box: tuple[int, int, int, int]) -> BytesIO:
        """The encoded tile of a box of pixels."""
        return BytesIO(self.cutter.cut(*box))

    def as_buffer(self, image_opts: Any = None, format: Any = None, seekable: bool = False) -> BytesIO:  # noqa: ARG002
        """The whole picture, encoded."""
        return self.crop((0, 0, *self.size))


def _bytes(result: BaseImageResult) -> bytes:
    buffer = result.as_buffer(seekable=True)
    buffer.seek(0)
    return bytes(buffer.read())
