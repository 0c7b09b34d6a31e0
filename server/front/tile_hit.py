"""A stored tile as the bytes of its HTTP answer: what the front does for almost every request, so made to be short.

The first tile of an address's form (layer, style, time, grid, format, query) is looked up with care and what that
found is kept; for the next ones only level, column and row are read. Whatever is not a hit is left to the others.
"""

from collections.abc import Mapping
from email.utils import formatdate
from time import time
from typing import NamedTuple

from server.errors import ServiceError
from server.front.served import Served
from server.front.tiled_map import parse_tiled
from server.tile_path import TileRequest, cache_control, parse, parse_kvp
from server.tile_table import FoundTile, TileTable
from tiles.archives.reader import Family, Reader

PLACES = 4096
"""Forms of addresses that are remembered (clients make them up: their number is bounded)."""
_DIGITS = 10
_OK = b"HTTP/1.1 200 OK\r\n"
_NOT_MODIFIED = b"HTTP/1.1 304 Not Modified\r\n"


class Place(NamedTuple):
    """What the tiles of one form of address share: all but level, column and row.

    `limits` are by the level as it is written; `packed` tells that tiles are kept with gzip.
    """

    layer: str
    family: Family
    limits: Mapping[bytes, tuple[int, int, int, int, int]]
    rows_first: bool
    from_south: bool
    headers: bytes
    stamp: str
    packed: bool


type Located = tuple[Place, int, int, int]
"""A tile: its place, level, column and row (from the north)."""


class Hits:
    """The tiles of a store by their addresses as sent."""

    def __init__(self, store: Reader, table: TileTable, served: Served) -> None:
        self.store = store
        self.table = table
        self.served = served.layers
        self._places: dict[tuple[bytes, bytes], Place] = {}
        self._date = b""
        self._second = 0

    def answer(self, url: bytes, known: bytes | None, *, gzip: bool) -> tuple[bytes, bytes] | None:
        """Head (without the empty line) and body of the answer to a GET; None where it is no hit.

        `known` is the request's If-None-Match: a tile that it names is answered 304, without a body. What is kept
        with gzip is a hit for who reads `gzip`.
        """
        found = self._near(url) or self._anywhere(url)
        if found is None:
            return None
        place, z, x, y = found
        if place.packed and not gzip:
            return None
        tile = self.store.read(place.family, z, x, y, known or b"")
        # A tile of an older style or data is the engine's to make again, if it may run.
        if tile is None or tile[2] != place.stamp:
            return None
        self.served[place.layer] += 1
        tag, data, _ = tile
        if data is None:
            return b"".join((_NOT_MODIFIED, place.headers, self.date(), b'ETag: "', tag, b'"\r\n')), b""
        length = b'"\r\nContent-Length: %d\r\n' % len(data)
        return b"".join((_OK, place.headers, self.date(), b'ETag: "', tag, length)), data

    def count(self, layer: str) -> None:
        """A stored tile of a layer was answered by others."""
        self.served[layer] += 1

    def date(self) -> bytes:
        """The header Date, made once a second."""
        second = int(time())
        if second != self._second:
            self._second = second
            self._date = b"Date: %s\r\n" % formatdate(second, usegmt=True).encode()
        return self._date

    def _near(self, url: bytes) -> Located | None:
        """A tile of a form that is remembered."""
        parts = url.rsplit(b"/", 3)
        if len(parts) != 4:
            return None
        prefix, level, first, last = parts
        second, _, suffix = last.partition(b".")
        if not (first.isdigit() and second.isdigit() and len(first) + len(second) <= _DIGITS * 2):
            return None
        place = self._places.get((prefix, suffix)) or self._learn(url, prefix, suffix)
        limits = place and place.limits.get(level)
        if not place or not limits:
            return None
        x, y = (int(second), int(first)) if place.rows_first else (int(first), int(second))
        z, left, top, right, bottom = limits
        if place.from_south:
            y = (1 << z) - 1 - y
        return (place, z, x, y) if left <= x <= right and top <= y <= bottom else None

    def _learn(self, url: bytes, prefix: bytes, suffix: bytes) -> Place | None:
        """Remember the form of an address. A slash in the query would make another of its parts look like the row."""
        path, _, query = url.decode("latin-1").partition("?")
        if b"?" in prefix or (asked := parse(path, query)) is None:
            return None
        found = self._found(asked)
        if found is None:
            return None
        place = self._place(found, query, asked)
        if len(self._places) >= PLACES:
            self._places.clear()
        self._places[prefix, suffix] = place
        return place

    def _place(self, found: FoundTile, query: str, asked: TileRequest | None = None) -> Place:
        """The place of a tile; with limits where it is to be remembered."""
        address, form = found.address, asked.form if asked else ""
        levels = self.table.limits(address) if asked else {}
        limits = {b"%d" % z: (z, *tiles) for z, tiles in levels.items()}
        rows_first, from_south = form in ("wmts", "ogc"), form == "tms"
        family = self.store.family(address[:4])
        headers = _headers(found, query)
        return Place(address.layer, family, limits, rows_first, from_south, headers, found.stamp, found.packed)

    def _anywhere(self, url: bytes) -> Located | None:
        """A tile by any other address: key-value pairs, levels with the grid's name before them."""
        path, _, query = url.decode("latin-1").partition("?")
        asked = parse(path, query) or parse_kvp(path, query) or parse_tiled(path, query, self.table)
        found = None if asked is None else self._found(asked)
        return None if found is None else (self._place(found, query), *found.address[4:])

    def _found(self, asked: TileRequest) -> FoundTile | None:
        try:
            found = self.table.find(asked)
        except ServiceError:
            return None
        # What is not for everybody is no hit: the reception looks who asks.
        return None if self.table.layers[found.address.layer].access else found


def _headers(found: FoundTile, query: str) -> bytes:
    packed = "Content-Encoding: gzip\r\nVary: Accept-Encoding\r\n" if found.packed else ""
    return (
        f"Content-Type: {found.media_type}\r\nCache-Control: {cache_control(query)}\r\n"
        f"Access-Control-Allow-Origin: *\r\n{packed}"
    ).encode("latin-1")
