"""Coordinates as text, a whole batch at once: one string for each run of positions (a point, a line, a ring)."""

from collections.abc import Callable, Iterable, Iterator
from itertools import groupby
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers.sources.geometry import Shapes, shapes
from layers.sources.ragged import COLLECTION, Numbers, Offsets, Ragged, ragged, shapely_ragged

_TO_BLANKS = bytes.maketrans(b",]", b"  ")


def arranged(coordinates: Numbers, degrees: bool | None, *, swapped: bool = False) -> Numbers:
    """The positions in the order of the axes that is asked, y first where `swapped`.

    Computed ones (`degrees` is not None) are without the digits that say nothing: to a tenth of a millimetre.
    """
    if degrees is None and not swapped:
        return coordinates
    found = coordinates.copy()
    if degrees is not None:
        found[:, :2] = np.round(coordinates[:, :2], 9 if degrees else 4)
    if swapped:
        found[:, :2] = found[:, 1::-1].copy()
    return found


def spaced(coordinates: Numbers, ends: Offsets) -> pa.Array:
    """`x y x y ` for each run that ends before a position: a gml:posList, with a blank at the end."""
    text = orjson.dumps(coordinates.ravel(), option=orjson.OPT_SERIALIZE_NUMPY).translate(_TO_BLANKS)
    stops = np.flatnonzero(np.frombuffer(text, dtype=np.uint8) == ord(" ")) + 1
    return _cut(text, stops, ends * coordinates.shape[1])


def tuples(coordinates: Numbers, ends: Offsets) -> pa.Array:
    """`x,y x,y ` for each run that ends before a position: gml:coordinates of GML 2, with a blank at the end."""
    text = bytearray(orjson.dumps(coordinates.ravel(), option=orjson.OPT_SERIALIZE_NUMPY))
    codes = np.frombuffer(text, dtype=np.uint8)
    stops = np.flatnonzero((codes == ord(",")) | (codes == ord("]"))) + 1
    codes[stops[coordinates.shape[1] - 1 :: coordinates.shape[1]] - 1] = ord(" ")
    return _cut(bytes(text), stops, ends * coordinates.shape[1])


def bracketed(coordinates: Numbers, ends: Offsets) -> pa.Array:
    """`[x,y],[x,y]` for each run that ends before a position: GeoJSON's positions without the outer brackets."""
    text = bytearray(orjson.dumps(coordinates, option=orjson.OPT_SERIALIZE_NUMPY))
    codes = np.frombuffer(text, dtype=np.uint8)
    stops = np.flatnonzero(codes[:-1] == ord("]")) + 2
    # The comma after the last position of a run, and the bracket that closes the whole.
    codes[stops[ends - 1] - 1] = ord(" ")
    return _cut(text, stops, ends)


def _cut(text: bytes | bytearray, stops: Offsets, ends: Offsets) -> pa.Array:
    """The text between the first byte, a bracket, and the stops of these ends."""
    if len(text) >= 2**31:
        raise ValueError("a batch holds at most 2 GB of coordinates")
    offsets = np.ones(len(ends) + 1, dtype=np.int32)
    offsets[1:] = stops[ends - 1]
    return pa.StringArray.from_buffers(len(ends), pa.py_buffer(offsets), pa.py_buffer(text))


def grouped(strings: pa.Array, offsets: Offsets, separator: str = "") -> pa.Array:
    """The strings of each group, joined."""
    lists = pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), strings)
    return pc.binary_join(lists, separator)


def joined(*parts: Any) -> pa.Array:
    """Strings joined row by row; a scalar is the same in every row, a null anywhere makes the row null."""
    return pc.binary_join_element_wise(*parts, "")


def merged(pieces: Iterable[Any]) -> Iterator[Any]:
    """The pieces of a join, with literals that follow each other made one."""
    for literal, group in groupby(pieces, lambda piece: isinstance(piece, str)):
        if literal:
            yield "".join(group)
        else:
            yield from group


def within(offsets: Offsets) -> Offsets:
    """The place of each item in its group, from 0."""
    counts = np.diff(offsets)
    return np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)


def owners(offsets: Offsets) -> Offsets:
    """The group of each item."""
    return np.repeat(np.arange(len(offsets) - 1), np.diff(offsets))


def written(
    column: pa.Array, write: Callable[[Ragged], pa.Array], write_collections: Callable[[Shapes, Offsets], pa.Array]
) -> pa.Array:
    """Strings of a WKB column, written group by group; null where there is no geometry, or an empty one.

    Both functions are told the places of theirs in the column.
    """
    groups, odd = ragged(column)
    texts = [(write(group), group.rows) for group in groups]
    if len(odd):
        texts += _of_shapes(shapes(column.take(pa.array(odd))), odd, write, write_collections)
    return _placed(texts, len(column))


def of_shapes(
    found: Shapes, write: Callable[[Ragged], pa.Array], write_collections: Callable[[Shapes, Offsets], pa.Array]
) -> pa.Array:
    """The same of shapes."""
    return _placed(list(_of_shapes(found, np.arange(len(found)), write, write_collections)), len(found))


def _of_shapes(
    found: Shapes,
    rows: Offsets,
    write: Callable[[Ragged], pa.Array],
    write_collections: Callable[[Shapes, Offsets], pa.Array],
) -> Iterator[tuple[pa.Array, Offsets]]:
    for group in shapely_ragged(found, rows):
        yield write(group), group.rows
    collections = np.flatnonzero((shapely.get_type_id(found) == COLLECTION) & ~shapely.is_empty(found))
    if len(collections):
        yield write_collections(found[collections], rows[collections]), rows[collections]


def _placed(texts: list[tuple[pa.Array, Offsets]], count: int) -> pa.Array:
    """The strings at their places, each once; null in the others."""
    if not texts:
        return pa.nulls(count, pa.string())
    if len(texts) == 1 and len(texts[0][1]) == count:
        return texts[0][0]
    found = joined(*(_spread(text, rows, count) for text, rows in texts))
    missing = np.ones(count, dtype=bool)
    for _, rows in texts:
        missing[rows] = False
    return pc.if_else(pa.array(missing), pa.scalar(None, pa.string()), found) if missing.any() else found


def _spread(text: pa.Array, rows: Offsets, count: int) -> pa.Array:
    """The strings, without a copy, among empty ones: `rows` are their places, ascending."""
    _, offsets, data = text.buffers()
    ends = np.frombuffer(offsets, dtype=np.int32, count=text.offset + len(text) + 1)[text.offset :]
    lengths = np.zeros(count, dtype=np.int64)
    lengths[rows] = 1
    spread = ends[np.concatenate([[0], np.cumsum(lengths)])]
    return pa.StringArray.from_buffers(count, pa.py_buffer(spread), data)


def body(rows: pa.Array) -> memoryview:
    """The bytes of all rows one after the other, without a copy."""
    data = rows.buffers()
    offsets = np.frombuffer(data[1], dtype=np.int32, count=rows.offset + len(rows) + 1)
    return memoryview(data[2])[offsets[rows.offset] : offsets[-1]]
