"""Rendered documents as they are sent: the address that was asked put in, gzip kept ready, an ETag. Standard library
and xxhash only."""

import gzip
from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

from xxhash import xxh3_64_hexdigest

from server.urls import BASE

KEPT = 6 * 1024 * 1024
"""Bytes of documents that are kept ready in memory."""
_COMPRESSIBLE = (
    "text/",
    "application/json",
    "application/xml",
    "application/vnd.ogc",
    "image/svg+xml",
    "application/x-protobuf",
)
_WORTH = 600


class Ready(NamedTuple):
    """A document for one base: its headers, its bytes, and the same with gzip where that helps."""

    headers: tuple[tuple[bytes, bytes], ...]
    etag: str
    body: bytes
    packed: bytes | None


class Rendered:
    """The documents of one version of the registry, read by need."""

    def __init__(self, folder: Path, index: Mapping[str, Mapping[str, Any]]) -> None:
        self.folder = folder
        self.index = index
        self._ready: OrderedDict[tuple[str, str], Ready] = OrderedDict()
        self._size = 0

    def __contains__(self, key: str) -> bool:
        return key in self.index

    def get(self, key: str, base: str) -> Ready:
        """The document of a key of the index, with this base for the service's address."""
        place = (key, base if self.index[key]["based"] else "")
        ready = self._ready.get(place)
        if ready is not None:
            self._ready.move_to_end(place)
            return ready
        entry = self.index[key]
        body = (self.folder / entry["file"]).read_bytes()
        if entry["based"]:
            body = body.replace(BASE.encode(), base.encode())
        ready = make_ready(body, entry["type"], entry["headers"])
        self._keep(place, ready)
        return ready

    def _keep(self, place: tuple[str, str], ready: Ready) -> None:
        size = len(ready.body) + len(ready.packed or b"")
        if size > KEPT // 2:
            return
        self._ready[place] = ready
        self._size += size
        while self._size > KEPT:
            _, old = self._ready.popitem(last=False)
            self._size -= len(old.body) + len(old.packed or b"")


def make_ready(body: bytes, content_type: str, headers: Mapping[str, str]) -> Ready:
    """A document with everything that is sent beside it."""
    etag = f'"{xxh3_64_hexdigest(body)}"'
    packed = None
    if len(body) > _WORTH and content_type.startswith(_COMPRESSIBLE):
        packed = gzip.compress(body, 6, mtime=0)
    told = {"content-type": content_type, "etag": etag, "cache-control": "no-cache"}
    told |= {name.lower(): value for name, value in headers.items()}
    if packed is not None:
        told["vary"] = ", ".join(filter(None, (told.get("vary"), "Accept-Encoding")))
    return Ready(tuple((name.encode(), value.encode()) for name, value in told.items()), etag, body, packed)
