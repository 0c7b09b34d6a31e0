"""A stored tile as the bytes of its HTTP answer: what the front does for almost every request, so made to be short.

The first tile of an address's form (layer, style, time, grid, format, query) is looked up with care and what that
found is kept; for the next ones only level, column and row are read. Whatever is not a hit is left to the others.
"""

from collections.abc import Mapping
from email.utils import formatdate
from time import time
from typing import NamedTuple

from server.errors import ServiceError
from server.served import Served
from server.tile_path import TileRequest, cache_control, parse, parse_kvp
from server.tile_table import FoundTile, TileTable
from tiles.address import TileAddress
from tiles.store import Store

PLACES = 4096
"""Forms of addresses that are remembered (clients make them up: their number is bounded)."""
KEPT = 5 * 1024 * 1024
"""Bytes of answers that are kept for a second."""
_DIGITS = 10


type Located = tuple[bytes, TileAddress, str, bool]
"""Headers, address, stamp of the tiles that are current, and whether they are kept with gzip."""


class Place(NamedTuple):
    """What the tiles of one form of address share: all but level, column and row."""

    layer: str
    style: str
    time: str
    grid: str
    limits: Mapping[int, tuple[int, int, int, int]]
    rows_first: bool
    from_south: bool
    headers: bytes
    stamp: str
    packed: bool


class Hits:
    """The tiles of a store by their addresses as sent."""

    def __init__(self, store: Store, table: TileTable, served: Served) -> None:
        self.store = store
        self.table = table
        self.served = served.layers
        self._places: dict[tuple[bytes, bytes], Place] = {}
        self._date = b""
        self._second = 0
        self._ready: dict[bytes, tuple[bytes, str]] = {}
        self._size = 0

    def answer(self, url: bytes, known: bytes | None, *, body: bool, close: bool, gzip: bool) -> bytes | None:
        """The whole answer to a GET (HEAD where not `body`) whose If-None-Match is `known`; None where it is no hit.

        What is kept with gzip is a hit for who reads `gzip`, and not kept ready: others may ask for it too.

        Answers are kept for the second in hand, Date and all: what many ask for is read once a second.
        """
        second = int(time())
        if second != self._second:
            self._turn(second)
        key = url if known is None else b"%s\n%s" % (url, known)
        plain = body and not close
        if plain and (ready := self._ready.get(key)):
            self.count(ready[1])
            return ready[0]
        found = self._near(url) or self._anywhere(url)
        if found is None:
            return None
        headers, address, stamp, packed = found
        if packed and not gzip:
            return None
        made = self._made(headers, address, stamp, known, body=body, close=close)
        if made is None:
            return None
        self.count(address.layer)
        if plain and not packed and self._size < KEPT:
            self._ready[key] = made, address.layer
            self._size += len(made)
        return made

    def count(self, layer: str) -> None:
        """A stored tile of a layer was answered."""
        self.served[layer] = self.served.get(layer, 0) + 1

    def _made(
        self, headers: bytes, address: TileAddress, stamp: str, known: bytes | None, *, body: bool, close: bool
    ) -> bytes | None:
        tail = b"Connection: close\r\n\r\n" if close else b"\r\n"
        if known is not None and (tag := self.store.tag(address)) and tag[1] == stamp:
            etag = tag[0].encode()
            if etag in known or known == b"*":
                return b'HTTP/1.1 304 Not Modified\r\n%s%sETag: "%s"\r\n%s' % (headers, self._date, etag, tail)
        tile = self.store.get(address)
        # A tile of an older style or data is the engine's to make again, if it may run.
        if tile is None or tile[2] != stamp:
            return None
        return b'HTTP/1.1 200 OK\r\n%s%sETag: "%s"\r\nContent-Length: %d\r\n%s%s' % (
            headers,
            self._date,
            tile[0].encode(),
            len(tile[1]),
            tail,
            tile[1] if body else b"",
        )

    def date(self) -> bytes:
        """The header Date, made once a second."""
        second = int(time())
        if second != self._second:
            self._turn(second)
        return self._date

    def forget(self) -> None:
        """Let go of answers of a second that is over."""
        if int(time()) != self._second:
            self._ready.clear()
            self._size = 0

    def _turn(self, second: int) -> None:
        self._second = second
        self._date = b"Date: %s\r\n" % formatdate(second, usegmt=True).encode()
        self._ready.clear()
        self._size = 0

    def _near(self, url: bytes) -> Located | None:
        """A tile of a form that is remembered."""
        parts = url.rsplit(b"/", 3)
        if len(parts) != 4:
            return None
        prefix, level, first, last = parts
        second, _, suffix = last.partition(b".")
        if not (level.isdigit() and first.isdigit() and second.isdigit() and len(first) + len(second) <= _DIGITS * 2):
            return None
        place = self._places.get((prefix, suffix)) or self._learn(url, prefix, suffix)
        if place is None:
            return None
        z, x, y = int(level), int(first), int(second)
        if place.rows_first:
            x, y = y, x
        if place.from_south:
            y = (1 << z) - 1 - y
        limits = place.limits.get(z)
        if limits is None or not (limits[0] <= x <= limits[2] and limits[1] <= y <= limits[3]):
            return None
        address = TileAddress(place.layer, place.style, place.time, place.grid, z, x, y)
        return place.headers, address, place.stamp, place.packed

    def _learn(self, url: bytes, prefix: bytes, suffix: bytes) -> Place | None:
        """Remember the form of an address. A slash in the query would make another of its parts look like the row."""
        path, _, query = url.decode("latin-1").partition("?")
        if b"?" in prefix or (asked := parse(path, query)) is None:
            return None
        found = self._found(asked)
        if found is None:
            return None
        address = found.address
        limits = self.table.limits(address)
        rows_first, from_south = asked.form in ("wmts", "ogc"), asked.form == "tms"
        place = Place(*address[:4], limits, rows_first, from_south, _headers(found, query), found.stamp, found.packed)
        if len(self._places) >= PLACES:
            self._places.clear()
        self._places[prefix, suffix] = place
        return place

    def _anywhere(self, url: bytes) -> Located | None:
        """A tile by any other address: key-value pairs, levels with the grid's name before them."""
        path, _, query = url.decode("latin-1").partition("?")
        asked = parse(path, query) or parse_kvp(path, query)
        found = None if asked is None else self._found(asked)
        return None if found is None else (_headers(found, query), found.address, found.stamp, found.packed)

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
