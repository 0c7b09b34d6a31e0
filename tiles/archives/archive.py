"""One archive of the store: a valid MBTiles file (rows from the south) in which identical tiles are kept once.

    images(image, tile_id, tile_data)      tile_id: XXH3-64 of the bytes in hexadecimal, also the tile's ETag
    map(zoom_level, tile_column, tile_row, image, stamp, made)
    tiles                           the view that MBTiles asks for
    metadata(name, value)           MBTiles' own, and garrigue:grid, garrigue:tiles, garrigue:images, garrigue:bytes,
                                    garrigue:of:{stamp} (tiles of a stamp)

`stamp` is the layer's when the tile was made, `made` seconds since 1970. Counts change in the transaction that
changes the tiles. The journal is SQLite's rollback journal: at rest an archive is one file, and a writer that
is killed loses the transaction in hand, which the next process to open the archive rolls back.

Images have numbers, and pages hold a whole tile: a read then costs two searches and one page, about half of what
it costs with the hash as key on pages of 4 kB.
"""

import logging
import sqlite3
import time
from collections import Counter
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

from xxhash import xxh3_64_hexdigest

from layers.errors import GarrigueError
from tiles.address import south_row
from tiles.archives.path import mark, mark_of

logger = logging.getLogger("garrigue.store")

PAGE = 16384
OF = "garrigue:of:"
"""Before a stamp: the name under which the metadata counts its tiles."""
WAIT = 60.0
"""Seconds that a writer waits for another one of the same archive."""

SCHEMA = """
CREATE TABLE IF NOT EXISTS metadata (name TEXT PRIMARY KEY, value TEXT);
CREATE TABLE IF NOT EXISTS images (
  image INTEGER PRIMARY KEY, tile_id TEXT NOT NULL UNIQUE, tile_data BLOB NOT NULL);
CREATE TABLE IF NOT EXISTS map (
  zoom_level INTEGER NOT NULL, tile_column INTEGER NOT NULL, tile_row INTEGER NOT NULL, image INTEGER NOT NULL,
  stamp TEXT NOT NULL DEFAULT '', made INTEGER NOT NULL DEFAULT 0,
  PRIMARY KEY (zoom_level, tile_column, tile_row)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS map_image ON map (image);
CREATE VIEW IF NOT EXISTS tiles AS
  SELECT zoom_level, tile_column, tile_row, tile_data FROM map JOIN images USING (image);
"""
_SELECT = "SELECT image, stamp FROM map WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
_WRITE = (
    "INSERT INTO map (zoom_level, tile_column, tile_row, image, stamp, made) VALUES (?, ?, ?, ?, ?, ?) "
    "ON CONFLICT DO UPDATE SET image = excluded.image, stamp = excluded.stamp, made = excluded.made"
)
_COUNT = (
    "INSERT INTO metadata VALUES (?, ?) "
    "ON CONFLICT DO UPDATE SET value = CAST(CAST(value AS INTEGER) + CAST(excluded.value AS INTEGER) AS TEXT)"
)
_LEVELS = "SELECT (SELECT MIN(zoom_level) FROM map), (SELECT MAX(zoom_level) FROM map)"
"""Each by a search: SQLite reads the whole table for two of them in one SELECT."""
_SET = "INSERT INTO metadata VALUES (?, ?) ON CONFLICT DO UPDATE SET value = excluded.value"


class ArchiveError(GarrigueError):
    """An archive that cannot be written: a read-only store, a full disk; in words."""


@dataclass(frozen=True, slots=True)
class ArchiveInfo:
    """What an archive says of itself: MBTiles' name, format (png, jpg, webp, pbf), bounds in degrees, and the grid.

    `json` is there for vector tiles only (MBTiles 1.3, Vector tileset metadata).
    """

    name: str
    format: str
    bounds: tuple[float, float, float, float]
    grid: str
    attribution: str = ""
    stamp: str = ""
    json: str = ""


@dataclass(slots=True)
class Sizes:
    """Tiles, distinct images, and the images' bytes; a change where an operation gives it."""

    tiles: int = 0
    images: int = 0
    bytes: int = 0

    def __add__(self, other: "Sizes") -> "Sizes":
        return Sizes(self.tiles + other.tiles, self.images + other.images, self.bytes + other.bytes)


def tile_id(data: bytes) -> str:
    """The id of a tile's bytes: XXH3-64, 16 hexadecimal digits."""
    return xxh3_64_hexdigest(data)


def put(file: Path, tiles: Iterable[tuple[int, int, int, bytes]], info: ArchiveInfo) -> Sizes:
    """Write tiles (level, column, row from the north, bytes) in one transaction; what changed. Raises ArchiveError."""
    with writing(file) as db:
        _declare(db, info)
        change, stamps = Sizes(), Counter[str]()
        left: set[int] = set()
        made, last, new = int(time.time()), None, 0
        for z, x, y, data in tiles:
            place, added = (z, x, south_row(z, y)), False
            if data is not last:  # runs of empty tiles are one object: its hash and number are known
                last, (new, added) = data, _image(db, data)
            old = db.execute(_SELECT, place).fetchone()
            change += Sizes(old is None, added, len(data) * added)
            db.execute(_WRITE, (*place, new, info.stamp, made))
            stamps[info.stamp] += 1
            if old is not None:
                stamps[old[1]] -= 1
            if old is not None and old[0] != new:
                left.add(old[0])
        change += _forget(db, left)
        _account(db, change, stamps)
        return change


def _image(db: sqlite3.Connection, data: bytes) -> tuple[int, bool]:
    """The number of an image, and whether it had to be added."""
    name = tile_id(data)
    known = db.execute("SELECT image FROM images WHERE tile_id = ?", (name,)).fetchone()
    if known is not None:
        return int(known[0]), False
    added = db.execute("INSERT INTO images (tile_id, tile_data) VALUES (?, ?)", (name, data))
    return int(added.lastrowid or 0), True


def delete(file: Path, places: Iterable[tuple[int, int, int]]) -> Sizes:
    """Delete tiles (level, column, row from the north) in one transaction; what changed (negative)."""
    if not file.exists():
        return Sizes()
    with writing(file) as db:
        change, stamps, left = Sizes(), Counter[str](), set()
        for z, x, y in places:
            place = (z, x, south_row(z, y))
            for old, stamp in db.execute(_SELECT, place).fetchall():
                left.add(old)
                stamps[stamp] -= 1
                sql = "DELETE FROM map WHERE zoom_level = ? AND tile_column = ? AND tile_row = ?"
                change += Sizes(-db.execute(sql, place).rowcount)
        change += _forget(db, left)
        _account(db, change, stamps)
        return change


@contextmanager
def writing(file: Path) -> Iterator[sqlite3.Connection]:
    """A transaction on an archive, made where there is none; a corrupt one is put aside first."""
    try:
        file.parent.mkdir(parents=True, exist_ok=True)
        db = _open_sound(file)
    except (OSError, sqlite3.Error) as error:
        raise ArchiveError(f"the store cannot be written at {file}: {error}") from None
    try:
        yield db
        db.execute("COMMIT")
    except sqlite3.Error as error:
        if _tells_damage(error):
            mark(file)
        raise ArchiveError(f"the store cannot be written at {file}: {error}") from None
    finally:
        db.close()


def put_aside_if_damaged(file: Path) -> None:
    """Look at an archive that a reader found damaged, and put it aside where it is. Raises OSError."""
    if not mark_of(file).exists():
        return
    if file.exists() and not _is_sound(file):
        _put_aside(file)
    mark_of(file).unlink(missing_ok=True)


def _is_sound(file: Path) -> bool:
    """Whether an archive is one, has all that its map and its accounts tell, and every picture as it was written."""
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True, timeout=WAIT)) as db:
            if db.execute("PRAGMA quick_check(1)").fetchone() != ("ok",) or not _is_ours(db):
                return False
            told = db.execute("SELECT value FROM metadata WHERE name = 'garrigue:tiles'").fetchone()
            if int(told[0] if told else 0) != db.execute("SELECT COUNT(*) FROM tiles").fetchone()[0]:
                return False
            return all(name == tile_id(data) for name, data in db.execute("SELECT tile_id, tile_data FROM images"))
    except sqlite3.DatabaseError as error:
        return not _tells_damage(error)


def _is_ours(db: sqlite3.Connection) -> bool:
    names = {name for (name,) in db.execute("SELECT name FROM sqlite_schema")}
    return names >= {"metadata", "images", "map", "tiles"}


def _tells_damage(error: sqlite3.Error) -> bool:
    """True for an archive that is none or is cut off; not for locks and disks that fail."""
    code = error.sqlite_errorcode
    return code & 0xFF in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB) or code == sqlite3.SQLITE_IOERR_SHORT_READ


def _put_aside(file: Path) -> None:
    logger.error("the archive %s is damaged; it is put aside as %s", file, file.with_suffix(".corrupt").name)
    with suppress(FileNotFoundError):  # another process was quicker
        file.rename(file.with_suffix(".corrupt"))


def _open_sound(file: Path) -> sqlite3.Connection:
    put_aside_if_damaged(file)
    try:
        db = _open(file)
    except sqlite3.DatabaseError as error:
        if not _tells_damage(error):
            raise
    else:
        if _is_ours(db):
            return db
        db.close()
    _put_aside(file)
    return _open(file)


def _open(file: Path) -> sqlite3.Connection:
    db = sqlite3.connect(file, timeout=WAIT, isolation_level=None)
    try:
        db.execute(f"PRAGMA page_size = {PAGE}")
        db.execute("PRAGMA cache_size = -8000")
        db.execute("PRAGMA synchronous = NORMAL")
        db.execute("BEGIN IMMEDIATE")
        if db.execute("SELECT COUNT(*) FROM sqlite_schema").fetchone()[0] == 0:
            for statement in SCHEMA.split(";\n"):
                db.execute(statement)
            db.execute("PRAGMA application_id = 0x4d504258")
    except sqlite3.Error:
        db.close()
        raise
    return db


def _declare(db: sqlite3.Connection, info: ArchiveInfo) -> None:
    written = {
        "name": info.name,
        "format": info.format,
        "bounds": ",".join(f"{value:.7g}" for value in info.bounds),
        "type": "overlay" if info.format in ("png", "webp", "pbf") else "baselayer",
        "version": "1",
        "garrigue:grid": info.grid,
        "garrigue:stamp": info.stamp,
    }
    written |= {name: value for name in ("attribution", "json") if (value := getattr(info, name))}
    db.executemany(_SET, written.items())


def _forget(db: sqlite3.Connection, images: Iterable[int]) -> Sizes:
    change = Sizes()
    for old in images:
        if db.execute("SELECT 1 FROM map WHERE image = ? LIMIT 1", (old,)).fetchone() is None:
            (length,) = db.execute("SELECT LENGTH(tile_data) FROM images WHERE image = ?", (old,)).fetchone()
            db.execute("DELETE FROM images WHERE image = ?", (old,))
            change += Sizes(0, -1, -length)
    return change


def recount_stamps(db: sqlite3.Connection) -> None:
    """Count the tiles of each stamp anew, in the transaction of who changed them."""
    db.execute(f"DELETE FROM metadata WHERE name LIKE '{OF}%'")
    db.execute(f"INSERT INTO metadata SELECT '{OF}' || stamp, CAST(COUNT(*) AS TEXT) FROM map GROUP BY stamp")


def _account(db: sqlite3.Connection, change: Sizes, stamps: Counter[str]) -> None:
    for name in ("tiles", "images", "bytes"):
        db.execute(_COUNT, (f"garrigue:{name}", str(getattr(change, name))))
    db.executemany(_COUNT, ((OF + stamp, str(count)) for stamp, count in stamps.items() if count))
    db.execute(f"DELETE FROM metadata WHERE name LIKE '{OF}%' AND value = '0'")
    low, high = db.execute(_LEVELS).fetchone()
    if low is not None:
        db.executemany(_SET, (("minzoom", str(low)), ("maxzoom", str(high))))
