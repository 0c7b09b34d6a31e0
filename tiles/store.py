"""The store of tiles: STORE/tiles/{layer}/{grid}/{style}[@{time}]/{band}/{cx}/{cy}.mbtiles, a quad cell an archive.

Writers on different cells never wait for each other; an archive is replaced by renaming one over it, and readers
see that within a second. Who only reads, and fast, has `tiles.archives.reader`.
"""

import logging
import sqlite3
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path
from shutil import disk_usage
from time import monotonic
from typing import Any
from urllib.parse import quote

from tiles.address import TileAddress, shard_cell, south_row
from tiles.archives import archive
from tiles.archives.archive import ArchiveError, ArchiveInfo, Sizes
from tiles.archives.path import STORED, archive_path, holds_something, mark

logger = logging.getLogger("garrigue.store")

FRESH = 1.0
"""Seconds after which a reader looks whether an archive was replaced."""
FLOOR = 256_000_000
"""Bytes of free disk under which nothing is written any more (`free_space` in service.yaml)."""

_SELECT = (
    "SELECT tile_id, tile_data, stamp FROM map JOIN images USING (image) "
    "WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
)
_MADE = "SELECT made FROM map WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"

type StoredTile = tuple[str, bytes, str]
type Key = tuple[str, str, str, str, int, int, int]


class _Handle:
    """An open archive: its cursor, the file it is, when that was last looked at."""

    __slots__ = ("checked", "cursor", "identity")

    def __init__(self, cursor: sqlite3.Cursor, identity: tuple[int, int], checked: float) -> None:
        self.cursor = cursor
        self.identity = identity
        self.checked = checked


class Store:
    """Tiles under a folder. Not for several threads at once; `handles` archives stay open at most.

    `patience` is how many seconds a read waits for a writer's commit before it counts as a miss.
    """

    def __init__(self, root: Path, *, handles: int = 96, patience: float = 0.1, floor: int = FLOOR) -> None:
        self.root = root
        self.handles = handles
        self.patience = patience
        self.floor = floor
        self._open: OrderedDict[Key, _Handle] = OrderedDict()

    def get(self, address: TileAddress) -> StoredTile | None:
        """ETag (without quotes), bytes and stamp of a tile, or None where it is not there or cannot be read."""
        row: StoredTile | None = self._row(_SELECT, address)
        if row is None or archive.tile_id(row[1]) == row[0]:
            return row
        file = self.path(address)
        logger.error("the archive %s cannot be read: %s has other bytes than were written", file, address)
        mark(file)
        return None

    def made(self, address: TileAddress) -> int:
        """When a tile was made, in seconds since 1970; 0 where it is not there."""
        row = self._row(_MADE, address)
        return int(row[0]) if row else 0

    def _row(self, sql: str, address: TileAddress) -> Any:
        layer, style, time, grid, z, x, y = address
        key = (layer, style, time, STORED.get(grid, grid), *shard_cell(z, x, y))
        handle = self._open.get(key)
        now = monotonic()
        try:
            if handle is None or now - handle.checked > FRESH:
                handle = self._handle(key, handle, now)
                if handle is None:
                    return None
            else:
                self._open.move_to_end(key)
            row = handle.cursor.execute(sql, (z, x, (1 << z) - 1 - y)).fetchone()
        except sqlite3.Error as error:
            return self._failed(key, error, sql, address)
        return row

    def put_many(self, tiles: Iterable[tuple[TileAddress, bytes]], info: ArchiveInfo) -> Sizes:
        """Write tiles, one transaction an archive; what changed. Raises ArchiveError."""
        change = Sizes()
        for file, items in self._by_file(tiles):
            self._check_space()
            change += archive.put(file, ((a.z, a.x, a.y, data) for a, data in items), info)
        return change

    def delete(self, addresses: Iterable[TileAddress]) -> Sizes:
        """Delete tiles, one transaction an archive; what changed (negative). Raises ArchiveError."""
        change = Sizes()
        for file, items in self._by_file((address, b"") for address in addresses):
            change += archive.delete(file, ((a.z, a.x, a.y) for a, _ in items))
        return change

    def present(self, first: TileAddress, last: TileAddress, stamp: str | None = None) -> set[tuple[int, int]]:
        """Columns and rows that are there in a block of one level; with `stamp`, of those made by that stamp."""
        found: set[tuple[int, int]] = set()
        for file in self._files_between(first, last):
            found.update(_places(file, first, last, stamp, self.patience))
        return found

    def path(self, address: TileAddress) -> Path:
        """The archive of a tile."""
        band, cx, cy = shard_cell(address.z, address.x, address.y)
        return self._path(
            (address.layer, address.style, address.time, STORED.get(address.grid, address.grid), band, cx, cy)
        )

    def files(self, layer: str | None = None) -> Iterator[Path]:
        """Every archive, or those of a layer."""
        yield from sorted((self.root / "tiles").glob(f"{quote(layer, safe='') if layer else '*'}/*/*/*/*/*.mbtiles"))

    def archives(self, layer: str, style: str, time: str, grid: str) -> Iterator[Path]:
        """Every archive of a layer in a style, a time and a grid."""
        any_cell = self._path((layer, style, time, STORED.get(grid, grid), 0, 0, 0)).parents[2]
        yield from sorted(any_cell.glob("*/*/*.mbtiles"))

    def sizes(self, layer: str | None = None) -> Sizes:
        """Tiles, images and bytes of a layer, or of all, as the archives account them."""
        total = Sizes()
        for file in self.files(layer):
            total += read_sizes(file)
        return total

    def close(self) -> None:
        """Close every archive."""
        while self._open:
            self._close(next(iter(self._open)))

    def _path(self, key: Key) -> Path:
        return archive_path(self.root, key[:4], key[4:])

    def _handle(self, key: Key, handle: _Handle | None, now: float) -> _Handle | None:
        file = self._path(key)
        try:
            status = file.stat()
        except OSError:
            status = None
        if status is None or not status.st_size:  # one of no bytes is being made
            self._close(key)
            return None
        identity = (status.st_dev, status.st_ino)
        if handle is not None and handle.identity == identity:
            handle.checked = now
            self._open.move_to_end(key)
            return handle
        if handle is not None:
            self._close(key)
        while len(self._open) >= self.handles:
            self._close(next(iter(self._open)))
        handle = self._open[key] = _Handle(_connect(file, self.patience).cursor(), identity, now)
        return handle

    def _close(self, key: Key) -> None:
        if handle := self._open.pop(key, None):
            handle.cursor.connection.close()

    def _failed(self, key: Key, error: sqlite3.Error, sql: str, address: TileAddress) -> Any:
        """A miss, said in the log where the archive itself is at fault; a killed writer's rest is rolled back first."""
        self._close(key)
        file = self._path(key)
        if error.sqlite_errorcode == sqlite3.SQLITE_READONLY_ROLLBACK and _roll_back(file):
            return self._row(sql, address)
        if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY:
            logger.error("the archive %s cannot be read: %s", file, error)
            mark(file)
        return None

    def _by_file(
        self, tiles: Iterable[tuple[TileAddress, bytes]]
    ) -> Iterator[tuple[Path, list[tuple[TileAddress, bytes]]]]:
        ordered = sorted(tiles, key=lambda item: (item[0][:4], shard_cell(*item[0][4:])))
        for _, items in groupby(ordered, key=lambda item: (item[0][:4], shard_cell(*item[0][4:]))):
            block = list(items)
            yield self.path(block[0][0]), block

    def _files_between(self, first: TileAddress, last: TileAddress) -> Iterator[Path]:
        names = (first.layer, first.style, first.time, STORED.get(first.grid, first.grid))
        band, left, top = shard_cell(first.z, first.x, first.y)
        _, right, bottom = shard_cell(last.z, last.x, last.y)
        for cx in range(left, right + 1):
            for cy in range(top, bottom + 1):
                yield self._path((*names, band, cx, cy))

    def _check_space(self) -> None:
        place = self.root
        while not place.exists():
            place = place.parent
        free = disk_usage(place).free
        if free < self.floor:
            raise ArchiveError(
                f"only {free / 1e6:.0f} MB are free at {self.root}: under {self.floor / 1e6:.0f} MB (free_space in "
                f"service.yaml) nothing more is written, what is there is served"
            )


def read_sizes(file: Path) -> Sizes:
    """What an archive accounts for itself; nothing where it cannot be read."""
    if not holds_something(file):
        return Sizes()
    try:
        # Who asks for the map too finds an archive without one.
        sql = "SELECT name, value FROM metadata WHERE name LIKE 'garrigue:%' AND EXISTS (SELECT 1 FROM map)"
        rows = dict(_rows(file, 1.0, sql, ()))
    except sqlite3.Error as error:
        logger.error("the archive %s cannot be read: %s", file, error)
        return Sizes()
    return Sizes(*(int(rows.get(f"garrigue:{name}", 0)) for name in ("tiles", "images", "bytes")))


def _connect(file: Path, patience: float) -> sqlite3.Connection:
    uri = f"file:{quote(str(file.absolute()))}?mode=ro"
    db = sqlite3.connect(uri, uri=True, timeout=patience, isolation_level=None, check_same_thread=False)
    try:
        db.execute("PRAGMA cache_size = -256")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _rows(file: Path, patience: float, sql: str, values: tuple[int, ...]) -> list[Any]:
    """What a query finds in an archive; a killed writer's rest, which only a writer may undo, is rolled back first."""
    try:
        return _rows_as_it_is(file, patience, sql, values)
    except sqlite3.OperationalError as error:
        if error.sqlite_errorcode != sqlite3.SQLITE_READONLY_ROLLBACK or not _roll_back(file):
            raise
    return _rows_as_it_is(file, patience, sql, values)


def _rows_as_it_is(file: Path, patience: float, sql: str, values: tuple[int, ...]) -> list[Any]:
    with closing(_connect(file, patience)) as db:
        return db.execute(sql, values).fetchall()


def _roll_back(file: Path) -> bool:
    try:
        with closing(sqlite3.connect(file, timeout=1.0)) as db:
            db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    except sqlite3.Error:
        return False
    return True


def _places(
    file: Path, first: TileAddress, last: TileAddress, stamp: str | None, patience: float
) -> Iterator[tuple[int, int]]:
    if not holds_something(file):
        return
    sql = "SELECT tile_column, tile_row, stamp FROM map WHERE zoom_level = ? AND tile_column BETWEEN ? AND ?"
    sql += " AND tile_row BETWEEN ? AND ?"
    z = first.z
    try:
        between = (z, first.x, last.x, south_row(z, last.y), south_row(z, first.y))
        rows = _rows(file, max(patience, 5.0), sql, between)
    except sqlite3.Error as error:
        logger.error("the archive %s cannot be read: %s", file, error)
        return
    for x, row, made_by in rows:
        if stamp is None or made_by == stamp:
            yield x, south_row(z, row)
