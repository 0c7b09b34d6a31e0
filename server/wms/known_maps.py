"""Maps that are asked again, of another box: the rest of such a request need not be read again.

A client asks the same picture of box after box. What was understood of a GetMap that was answered is kept by everything
in its address but BBOX, for as long as the registry stays the same. Whatever is not understood here, for whatever
reason, goes the long way, which tells what is wrong with it.
"""

import re
from collections import OrderedDict
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from urllib.parse import unquote_plus, unquote_to_bytes

from layers.errors import GarrigueError
from layers.query import MapQuery
from server.errors import ServiceError
from server.kvp import Params
from server.wms import drawing, exceptions
from server.wms.parameters import read_box

if TYPE_CHECKING:
    from server.context import Context

LIMIT = 256
"""Maps that are kept."""
LONGEST = 4000
"""Bytes of the longest address that is kept."""
_BBOX = re.compile(rb"(?:(?<=&)|^)bbox=([^&]*)&?", re.IGNORECASE)

type Headers = tuple[tuple[bytes, bytes], ...]


@dataclass(frozen=True, slots=True)
class Known:
    """A map of some box, whether its BBOX has y first, and the headers of its answer."""

    query: MapQuery
    swapped: bool
    headers: Headers


class KnownMaps:
    """What was understood, by the registry's version, path and query string without its BBOX."""

    def __init__(self) -> None:
        self._known: OrderedDict[tuple[str, str, bytes], Known] = OrderedDict()

    def keep(self, version: str, path: str, query: bytes, known: Known) -> None:
        """Keep a map that was asked by this path and query string."""
        found = _split(query)
        # A name may be written with percent signs: what might be another BBOX is not kept.
        if found is None or len(query) > LONGEST or b"BBOX" in unquote_to_bytes(found[0]).upper():
            return
        self._known[(version, path, found[0])] = known
        while len(self._known) > LIMIT:
            self._known.popitem(last=False)

    def find(self, version: str, path: str, query: bytes) -> Known | None:
        """The map that is asked, if one like it is known and its box can be read."""
        found = _split(query)
        if found is None or (key := (version, path, found[0])) not in self._known:
            return None
        known = self._known[key]
        try:
            box = read_box(unquote_plus(found[1].decode("latin-1")), swapped=known.swapped)
        except ServiceError:
            return None
        self._known.move_to_end(key)
        return Known(replace(known.query, bbox=box), known.swapped, known.headers)


def _split(query: bytes) -> tuple[bytes, bytes] | None:
    """The query string without its BBOX, and BBOX; None where that is not there once, under this name."""
    parts = _BBOX.split(query)
    return (b"\0".join((parts[0], parts[2])), parts[1]) if len(parts) == 3 else None


async def answer(context: "Context", known: Known, query: str) -> tuple[int, Headers, bytes]:
    """Status, headers (without the length) and body of a known map's answer; `query` is what was asked."""
    try:
        return 200, known.headers, await context.run(drawing.picture, known.query)
    except (ServiceError, GarrigueError) as error:
        told = await exceptions.refused(error, Params.parse(query))
        headers = tuple(pair for pair in told.raw_headers if pair[0] != b"content-length")
        return told.status_code, headers, bytes(told.body)
