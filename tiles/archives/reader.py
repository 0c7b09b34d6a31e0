"""Tiles read fast, by a process that writes none: what the front answers from.

APSW in place of the standard library's sqlite3: its query and its Blob, which goes from row to row, take a third of the
time. A process must not open one file by both (each is an SQLite of its own, and closing a file drops the other's
locks: sqlite.org/howtocorrupt, 2.2), so nothing else of `tiles` reads archives where this is used.
"""

import logging
import os
from collections import deque
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from sys import intern
from time import monotonic

import apsw
from xxhash import xxh3_64_intdigest

from tiles.address import TileAddress, shard_cell
from tiles.archives.path import STORED, archive_path, mark

logger = logging.getLogger("garrigue.store")

FRESH = 1.0
"""Seconds after which a reader looks whether an archive was replaced."""
REST = 60.0
"""Seconds after which an archive that nobody reads is closed."""
TOLD = 1000
"""Archives that cannot be read of which is known when that was said."""
CACHE = 2
"""Pages that an archive keeps while its reads share a transaction: more, and SQLite sets memory aside for 20."""
HELD = 64
"""Archives whose reads share a transaction: the others are open, but keep no pages and no lock."""
PREPARED = 128
"""Archives open whose statements stay prepared, which takes as much memory as all else of an archive."""
ROWS = 16_384
"""Rows of maps that are remembered, of all archives together (some 7 MB)."""
# One row is then all that the statement can give; with a join APSW prepares it anew each time.
_SELECT = (
    "SELECT image, (SELECT tile_id FROM images WHERE images.image = map.image), stamp FROM map "
    "WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
)
_MADE = "SELECT made FROM map WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
_READ_ONLY = apsw.SQLITE_OPEN_READONLY | apsw.SQLITE_OPEN_NOMUTEX
_READ_WRITE = apsw.SQLITE_OPEN_READWRITE | apsw.SQLITE_OPEN_NOMUTEX

# Before the first connection: no memory set aside for each, no counting of memory. An archive opens in half the time.
apsw.shutdown()
apsw.config(apsw.SQLITE_CONFIG_LOOKASIDE, 0, 0)
apsw.config(apsw.SQLITE_CONFIG_MEMSTATUS, False)
apsw.initialize()

type Names = tuple[str, str, str, str]
"""Layer, style, time, grid."""
type Cell = tuple[int, int, int]
type Row = tuple[int, bytes, int, str]
"""Of a map, with its picture's: the picture's number, its hash as the ETag and as a number, the stamp."""


class _Archive:
    """An open archive: `held` while its reads share a transaction, begun at `since`; `used` since room was made.

    `rows` are those that were read, by level, column and row from the north, as long as nobody has written since.
    """

    __slots__ = ("blob", "connection", "execute", "file", "held", "identity", "rows", "since", "used", "version")

    def __init__(self, file: str, identity: tuple[int, int], patience: float, statements: int) -> None:
        self.file = file
        self.identity = identity
        self.connection = apsw.Connection(self.file, flags=_READ_ONLY, statementcachesize=statements)
        self.connection.set_busy_timeout(int(patience * 1000))
        self.connection.drop_modules(None)
        self.execute = self.connection.cursor().execute
        self.execute(f"PRAGMA cache_size = {CACHE}", can_cache=False)
        self.blob: apsw.Blob | None = None
        self.held = False
        self.used = False
        self.since = 0.0
        self.rows: dict[Cell, Row] = {}
        self.version = 0

    def begin(self, now: float) -> None:
        """Start a transaction that reads share; what was remembered of a map that has changed is forgotten."""
        self.execute("BEGIN")
        version = self.execute("PRAGMA data_version").get
        if version != self.version:
            self.version = version
            self.rows.clear()
        self.held, self.since = True, now

    def end(self) -> None:
        """End it, and give back its pages."""
        self.held = False
        with suppress(apsw.Error):
            if self.blob is not None:
                self.blob.close()
                self.blob = None
            self.execute("COMMIT")
        self.connection.release_memory()

    def close(self) -> None:
        """Close the file."""
        with suppress(apsw.Error):
            if self.blob is not None:
                self.blob.close()
        self.connection.close(True)

    def is_wanted(self) -> bool:
        """True where somebody writes, and will wait for who reads."""
        return os.access(f"{self.file}-journal", os.F_OK)


class Family:
    """The archives of a layer, a style, a time and a grid; those that are open by cell."""

    __slots__ = ("archives", "names")

    def __init__(self, names: Names) -> None:
        self.names = names
        self.archives: dict[Cell, _Archive] = {}


class Reader:
    """Tiles under a folder. Not for several threads at once; `handles` archives stay open at most.

    `patience` is how many seconds a read waits for a writer's commit before it counts as a miss. Reads share a
    transaction, which saves SQLite its locks and looks at the file: `on_hold` is called when the first one begins, and
    has to call `release` some milliseconds later and, as long as that returns True, again and again.
    """

    def __init__(self, root: Path, on_hold: Callable[[], object], *, handles: int = 128, patience: float = 0.1) -> None:
        self.root = root
        self.on_hold = on_hold
        self.handles = handles
        self.patience = patience
        self._families: dict[Names, Family] = {}
        self._open: dict[tuple[Names, Cell], Family] = {}
        self._held: deque[_Archive] = deque()
        self._rows = 0
        self._told: dict[Path, float] = {}

    def family(self, names: Names) -> Family:
        """What `read` wants to know of the tiles of one kind. Names are a registry's: their number is bounded."""
        layer, style, time, grid = names
        names = layer, style, time, STORED.get(grid, grid)
        return self._families.setdefault(names, Family(names))

    def get(self, address: TileAddress) -> tuple[str, bytes, str] | None:
        """ETag (without quotes), bytes and stamp of a tile, or None where it is not there or cannot be read."""
        found = self.read(self.family(address[:4]), *address[4:], b"")
        return None if found is None else (found[0].decode(), found[1] or b"", found[2])

    def made(self, address: TileAddress) -> int:
        """When a tile was made, in seconds since 1970; 0 where it is not there."""
        z, x, y = address[4:]
        family, cell = self.family(address[:4]), shard_cell(z, x, y)
        try:
            archive = self._begin(family, cell)
            row = archive and archive.execute(_MADE, (z, x, (1 << z) - 1 - y)).fetchone()
        except apsw.Error as error:
            self._failed(family, cell, error)
            return 0
        return int(row[0]) if row else 0

    def read(
        self, family: Family, z: int, x: int, y: int, known: bytes, *, last: bool = False
    ) -> tuple[bytes, bytes | None, str] | None:
        """ETag (without quotes), bytes and stamp of a tile (row from the north), or None, as `get` says.

        The bytes are not read, and None, where `known` names the ETag, or is "*". An archive that had to be mended is
        read again, unless this is the `last` time.
        """
        if z < 8:
            cell = (0, 0, 0)
        else:
            band = z & ~3
            shift = z - band + 4
            cell = (band, x >> shift, y >> shift)
        try:
            archive = family.archives.get(cell)
            if archive is None or not archive.held:
                archive = self._begin(family, cell)
                if archive is None:
                    return None
            row = archive.rows.get((z, x, y)) or self._row(archive, z, x, y)
            if row is None:
                return None
            image, tag, number, stamp = row
            if known and (tag in known or known == b"*"):
                return tag, None, stamp
            blob = archive.blob
            if blob is None:
                blob = archive.blob = archive.connection.blob_open("main", "images", "tile_data", image, False)
            else:
                blob.reopen(image)
            data = blob.read()
            # SQLite finds no fault with other bytes of the same length. A tile of 15 kB is looked at in half a µs.
            if xxh3_64_intdigest(data) != number:
                raise apsw.CorruptError(f"tile {z}/{x}/{y} has other bytes than were written")
            return tag, data, stamp
        except apsw.Error as error:
            mended = self._failed(family, cell, error)
            return self.read(family, z, x, y, known, last=True) if mended and not last else None

    def _row(self, archive: _Archive, z: int, x: int, y: int) -> Row | None:
        """A row of the map, which is remembered: to look it up takes longer than to read a picture."""
        found = archive.execute(_SELECT, (z, x, (1 << z) - 1 - y)).fetchone()
        if found is None:
            return None
        image, tag, stamp = found
        if tag is None:
            raise apsw.CorruptError(f"the picture of tile {z}/{x}/{y} is gone")
        if self._rows >= ROWS:
            self._rows = 0
            for (_, cell), family in self._open.items():
                family.archives[cell].rows.clear()
        self._rows += 1
        row = archive.rows[z, x, y] = (image, tag.encode(), _number(tag), intern(stamp))
        return row

    def release(self) -> bool:
        """End the reads that a writer waits for, and those begun long ago; True where others go on."""
        now = monotonic()
        for _ in range(len(self._held)):
            archive = self._held.popleft()
            if archive.held and now - archive.since < FRESH and not archive.is_wanted():
                self._held.append(archive)
            elif archive.held:
                archive.end()
        return bool(self._held)

    def rest(self) -> None:
        """Close archives that were not read for a while: a process that nobody asks is small."""
        now = monotonic()
        for (names, cell), family in list(self._open.items()):
            archive = family.archives[cell]
            if now - archive.since >= REST:
                self._close(names, cell)

    def close(self) -> None:
        """Close every archive."""
        while self._open:
            self._close(*next(iter(self._open)))
        self._held.clear()

    def _begin(self, family: Family, cell: Cell) -> _Archive | None:
        """An archive in a transaction, opened where it is not or is another file by now; None where there is none."""
        archive = family.archives.get(cell)
        if archive is not None and archive.held:
            return archive
        file = archive.file if archive else str(archive_path(self.root, family.names, cell))
        try:
            status = os.stat(file)  # noqa: PTH116 - a Path takes twice the time
        except OSError:
            status = None
        if status is None or not status.st_size:  # one of no bytes is being made
            self._close(family.names, cell)
            return None
        identity = (status.st_dev, status.st_ino)
        if archive is None or archive.identity != identity:
            self._close(family.names, cell)
            self._make_room()
            archive = family.archives[cell] = _Archive(
                file, identity, self.patience, 4 if len(self._open) < PREPARED else 0
            )
            self._open[family.names, cell] = family
        archive.used = True
        while len(self._held) >= HELD:
            oldest = self._held.popleft()
            if oldest.held:
                oldest.end()
        archive.begin(monotonic())
        self._held.append(archive)
        if len(self._held) == 1:
            self.on_hold()
        return archive

    def _make_room(self) -> None:
        """Close archives that were not used since they were last looked at, the oldest first (second chance)."""
        while len(self._open) >= self.handles:
            names, cell = next(iter(self._open))
            archive = self._open[names, cell].archives[cell]
            if archive.used:
                archive.used = False
                self._open[names, cell] = self._open.pop((names, cell))
            else:
                self._close(names, cell)

    def _close(self, names: Names, cell: Cell) -> None:
        family = self._open.pop((names, cell), None)
        if family is not None:
            archive = family.archives.pop(cell)
            archive.held = False
            archive.close()

    def _failed(self, family: Family, cell: Cell, error: apsw.Error) -> bool:
        """A miss, said in the log where the archive itself is at fault; True where reading again may succeed.

        What a killed writer left is rolled back, which only who may write can do.
        """
        self._close(family.names, cell)
        file = archive_path(self.root, family.names, cell)
        if isinstance(error, apsw.ReadOnlyError) and _roll_back(file):
            return True
        if not isinstance(error, apsw.BusyError):
            self._tell(file, error)
        return False

    def _tell(self, file: Path, error: apsw.Error) -> None:
        """Say that an archive cannot be read, once a minute; who writes next puts it aside if it is damaged."""
        now = monotonic()
        if now - self._told.get(file, -REST) < REST:
            return
        if len(self._told) >= TOLD:
            self._told.clear()
        self._told[file] = now
        logger.error("the archive %s cannot be read: %s", file, error)
        mark(file)


def _number(tag: str) -> int:
    """A hash as a number; none where the tag is no hash, which no bytes have."""
    try:
        return int(tag, 16)
    except ValueError:
        return -1


def _roll_back(file: Path) -> bool:
    try:
        connection = apsw.Connection(str(file), flags=_READ_WRITE)
    except apsw.Error:
        return False
    try:
        connection.set_busy_timeout(1000)
        connection.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()
    except apsw.Error:
        return False
    finally:
        connection.close(True)
    return True
