"""Cold vector tiles: one made from the features that it shows, and kept.

However many processes ask for one at once, one makes it and the others wait for it, as for pictures (`tiles.cache`).
"""

import gzip
import logging
import sqlite3
from contextlib import closing
from pathlib import Path
from tempfile import TemporaryDirectory

from mapproxy.util.lock import FileLock, LockTimeout, cleanup_lockdir
from xxhash import xxh3_64_hexdigest

from layers.crs import CRS84, transform_bbox
from layers.errors import SourceError
from layers.registry import Registry
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveError, ArchiveInfo
from tiles.grids import grid
from tiles.limits import vector_limits
from tiles.locks import WAIT, lock_folder
from tiles.quota import Quota
from tiles.store import Store
from tiles.vector.features import write_features
from tiles.vector.info import REACH, vector_archive_info
from tiles.vector.tippecanoe import One, make

logger = logging.getLogger("garrigue.tiles")

EMPTY = gzip.compress(b"", mtime=0)
"""A tile without layers, as it is kept."""
BUFFER = REACH / 256
"""The same as parts of a tile's side."""


def make_vector_tile(registry: Registry, store: Path, address: TileAddress) -> tuple[bytes, bool, int]:
    """The tile with gzip, True where it is of the data as it is now, else when it was made: as `tiles.cache.MadeTile`.

    Where the data cannot be read, an old tile is given. Raises SourceError where there is none.
    A store that cannot be written is told in the log.
    """
    layer = registry.layer(address.layer)
    tiling = grid(address.grid, registry.config)
    info = vector_archive_info(layer, tiling.stored, vector_limits(layer, tiling))
    with closing(Store(store, handles=1, patience=10.0, floor=registry.service.free_space)) as tiles:
        old = tiles.get(address)
        if old is not None and old[2] == info.stamp:
            return old[1], True, 0
        try:
            data = _made_once(registry, tiles, address, info)
        except SourceError as error:
            if old is None:
                raise
            logger.error("%s; the old tile is served: %s", error, address)
            return old[1], False, tiles.made(address)
    return data, True, 0


def _made_once(registry: Registry, tiles: Store, address: TileAddress, info: ArchiveInfo) -> bytes:
    """Make a tile and keep it, unless another process has done so in the meantime. Raises SourceError."""
    folder = lock_folder(tiles.root)
    cleanup_lockdir(str(folder), force=False)
    try:
        with FileLock(str(folder / lock_name(address)), timeout=WAIT):
            found = tiles.get(address)
            if found is not None and found[2] == info.stamp:
                return found[1]
            data = _made(registry, address)
            try:
                Quota(registry.layer(address.layer), tiles.root).check()
                tiles.put_many([(address, data)], info)
            except ArchiveError as error:
                logger.error("%s", error)
            return data
    except LockTimeout:
        raise SourceError(f"another process has been making this tile for {WAIT:.0f} s") from None


def lock_name(address: TileAddress) -> str:
    """The file of a tile's lock."""
    return f"mvt-{xxh3_64_hexdigest('/'.join(map(str, address)).encode())}.lck"


def _made(registry: Registry, address: TileAddress) -> bytes:
    layer, tiling = registry.layer(address.layer), grid(address.grid, registry.config)
    last = vector_limits(layer, tiling)[-1].z
    left, bottom, right, top = tiling.tile_bbox(*address[4:])
    margin = (right - left) * BUFFER
    box = transform_bbox((left - margin, bottom - margin, right + margin, top + margin), tiling.crs, CRS84)
    with TemporaryDirectory(prefix="garrigue-mvt-") as folder:
        features, out = Path(folder) / "features.fgb", Path(folder) / "tile.mbtiles"
        if not write_features(layer, address.time, box, features):
            return EMPTY
        make(layer, features, out, (address.z, address.z), last, threads=1, one=One(*address[4:]))
        return _only(out)


def _only(file: Path) -> bytes:
    with closing(sqlite3.connect(file)) as db:
        row = db.execute("SELECT tile_data FROM tiles").fetchone()
    return bytes(row[0]) if row else EMPTY
