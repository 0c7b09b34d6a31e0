"""A tile inside a layer's limits that was never made, while nothing can make it: what is declared to be answered.

Standard library only: the front imports this.
"""

import struct
import zlib
from functools import lru_cache
from typing import NamedTuple


class Missing(NamedTuple):
    """Status, headers and body in place of a tile."""

    status: int
    headers: dict[str, str]
    body: bytes


_HEADERS = {"Cache-Control": "public, max-age=60"}


def missing_tile(choice: str, size: int, media_type: str = "image/png") -> Missing | None:
    """`empty` is 204, `blank` a transparent PNG of `size` pixels a side; None where the error is to be told.

    A vector tile has no size: a blank one has no layers, which is no byte (Vector Tile Specification 2.1, 4.1).
    """
    if choice == "empty":
        return Missing(204, dict(_HEADERS), b"")
    if choice == "blank" and not size:
        return Missing(200, {"Content-Type": media_type, **_HEADERS}, b"")
    if choice == "blank":
        return Missing(200, {"Content-Type": "image/png", **_HEADERS}, blank(size))
    return None


def enlarged_tile(picture: bytes, media_type: str) -> Missing:
    """Part of a tile above, enlarged (RFC 7234, 5.5.6)."""
    headers = {"Content-Type": media_type, "Warning": '214 - "Transformation Applied"', **_HEADERS}
    return Missing(200, headers, picture)


@lru_cache(maxsize=4)
def blank(size: int) -> bytes:
    """A transparent PNG: one colour of one bit (PNG, 4.1)."""
    rows = zlib.compress((b"\0" + bytes(-(-size // 8))) * size, 9)
    header = struct.pack(">IIBBBBB", size, size, 1, 3, 0, 0, 0)
    chunks = ((b"IHDR", header), (b"PLTE", b"\0\0\0"), (b"tRNS", b"\0"), (b"IDAT", rows), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks)


def _chunk(kind: bytes, data: bytes) -> bytes:
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
