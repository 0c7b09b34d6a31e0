"""Geometries as a GeoPackage holds them (OGC 12-128r19, 2.1.3), and the functions that its R-tree triggers call."""

import sqlite3
import struct
from typing import Any

import shapely

from layers.sources.straight import straightened

_ENVELOPES = (0, 32, 48, 48, 64)


def encoded(shape: Any, srs_id: int) -> bytes:
    """A shape as a GeoPackage's binary, with its envelope."""
    empty = bool(shapely.is_empty(shape))
    head = struct.pack("<2sBBi", b"GP", 0, 0x11 if empty else 0x03, srs_id)
    if not empty:
        x0, y0, x1, y1 = shapely.bounds(shape)
        head += struct.pack("<4d", x0, x1, y0, y1)
    return head + bytes(shapely.to_wkb(shape, flavor="iso", byte_order=1))


def decoded(value: bytes | None) -> Any:
    """The shape of a GeoPackage's binary; None where there is none."""
    if value is None:
        return None
    return shapely.from_wkb(straightened(value[8 + _ENVELOPES[min((value[3] >> 1) & 7, 4)] :]))


def register(connection: sqlite3.Connection) -> None:
    """The functions that triggers of a GeoPackage call."""
    for index, name in enumerate(("ST_MinX", "ST_MinY", "ST_MaxX", "ST_MaxY")):
        connection.create_function(name, 1, lambda value, index=index: _bound(value, index), deterministic=True)
    connection.create_function(
        "ST_IsEmpty",
        1,
        lambda value: None if value is None else int(shapely.is_empty(decoded(value))),
        deterministic=True,
    )


def _bound(value: bytes | None, index: int) -> float | None:
    shape = decoded(value)
    return None if shape is None or shapely.is_empty(shape) else float(shapely.bounds(shape)[index])
