"""Coordinates as text, a whole batch at once: one string for each run of positions (a point, a line, a ring)."""

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

type Numbers = npt.NDArray[np.float64]
type Offsets = npt.NDArray[np.int64]

_TO_BLANKS = bytes.maketrans(b",]", b"  ")


def ragged(shapes: npt.NDArray[np.object_]) -> tuple[Any, Numbers, list[Offsets]]:
    """Type, positions and offsets (innermost first) of geometries of one family, none of them null or empty."""
    has_z = bool(shapely.has_z(shapes).any())
    kind, coordinates, offsets = shapely.to_ragged_array(shapes, include_z=has_z)
    coordinates = np.ascontiguousarray(coordinates)
    if has_z:
        # A missing height has no spelling in GML or JSON.
        np.nan_to_num(coordinates[:, 2], copy=False)
    return kind, coordinates, [np.asarray(part, dtype=np.int64) for part in offsets]


def spaced(coordinates: Numbers, ends: Offsets) -> pa.Array:
    """`x y x y ` for each run that ends before a position: a gml:posList, with a blank at the end."""
    text = orjson.dumps(coordinates.ravel(), option=orjson.OPT_SERIALIZE_NUMPY)[1:]
    codes = np.frombuffer(text, dtype=np.uint8)
    stops = np.flatnonzero((codes == ord(",")) | (codes == ord("]"))) + 1
    return _cut(text.translate(_TO_BLANKS), stops, ends * coordinates.shape[1])


def tuples(coordinates: Numbers, ends: Offsets) -> pa.Array:
    """`x,y x,y ` for each run that ends before a position: gml:coordinates of GML 2, with a blank at the end."""
    text = bytearray(orjson.dumps(coordinates.ravel(), option=orjson.OPT_SERIALIZE_NUMPY)[1:])
    codes = np.frombuffer(text, dtype=np.uint8)
    stops = np.flatnonzero((codes == ord(",")) | (codes == ord("]"))) + 1
    codes[stops[coordinates.shape[1] - 1 :: coordinates.shape[1]] - 1] = ord(" ")
    return _cut(bytes(text), stops, ends * coordinates.shape[1])


def bracketed(coordinates: Numbers, ends: Offsets) -> pa.Array:
    """`[x,y],[x,y]` for each run that ends before a position: GeoJSON's positions without the outer brackets."""
    text = bytearray(orjson.dumps(coordinates, option=orjson.OPT_SERIALIZE_NUMPY)[1:])
    codes = np.frombuffer(text, dtype=np.uint8)
    stops = np.flatnonzero(codes[:-1] == ord("]")) + 2
    # The comma after the last position of a run, and the bracket that closes the whole.
    codes[stops[ends - 1] - 1] = ord(" ")
    return _cut(bytes(text), stops, ends)


def _cut(text: bytes, stops: Offsets, ends: Offsets) -> pa.Array:
    if len(ends) and len(text) >= 2**31:
        raise ValueError("a batch holds at most 2 GB of coordinates")
    offsets = np.zeros(len(ends) + 1, dtype=np.int32)
    offsets[1:] = stops[ends - 1]
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))


def grouped(strings: pa.Array, offsets: Offsets, separator: str = "") -> pa.Array:
    """The strings of each group, joined."""
    lists = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), strings)
    return pc.binary_join(lists, separator)


def joined(*parts: Any) -> pa.Array:
    """Strings joined row by row; a scalar is the same in every row, a null anywhere makes the row null."""
    return pc.binary_join_element_wise(*parts, "")


def within(offsets: Offsets) -> Offsets:
    """The place of each item in its group, from 0."""
    counts = np.diff(offsets)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)


def owners(offsets: Offsets) -> Offsets:
    """The group of each item."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def by_family(
    shapes: npt.NDArray[np.object_], write: Callable[[npt.NDArray[np.object_], npt.NDArray[np.int64]], pa.Array]
) -> pa.Array:
    """Strings of a column of geometries, written family by family; null where there is none, or an empty one."""
    kinds = np.where(shapely.is_empty(shapes), -1, shapely.get_type_id(shapes))
    families = _FAMILY[kinds]
    found = [family for family in np.unique(families) if family >= 0]
    if len(found) == 1 and (families >= 0).all():
        return write(shapes, np.arange(len(shapes)))
    places = np.full(len(shapes), -1, dtype=np.int64)
    parts: list[pa.Array] = []
    filled = 0
    for family in found:
        rows = np.flatnonzero(families == family)
        parts.append(write(shapes[rows], rows))
        places[rows] = np.arange(filled, filled + len(rows))
        filled += len(rows)
    if not parts:
        return pa.nulls(len(shapes), pa.string())
    return pa.concat_arrays(parts).take(pa.array(places, mask=places < 0))


_FAMILY = np.array([0, 1, 1, 2, 3, 4, 5, 6, -1])
"""Family of each of GEOS's type ids; the last is that of none (-1)."""


def body(rows: pa.Array) -> memoryview:
    """The bytes of all rows one after the other, without a copy."""
    data = rows.buffers()
    offsets = np.frombuffer(data[1], dtype=np.int32, count=rows.offset + len(rows) + 1)
    return memoryview(data[2])[offsets[rows.offset] : offsets[-1]]
