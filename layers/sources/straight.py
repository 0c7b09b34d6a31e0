"""Geometries as GEOS and Mapnik hold them: arcs as chords, M left out (ISO 13249-3; WKB of OGC 06-103r4, 8.2, and ISO).

Drawings and exchange files bring curves (CIRCULARSTRING, CURVEPOLYGON …) and surfaces that are named like curves while
they have none (MULTISURFACE). What is plain already, nearly always a whole batch, is only looked at.
"""

import math
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

STEP = math.radians(4)
"""The widest angle of an arc that a chord stands for: OGR's own (OGR_ARC_STEPSIZE)."""

_PLAIN = np.array([*range(1, 7), *range(1001, 1007)], np.uint32)
_POINT, _LINE, _POLYGON, _ARCS, _COMPOUND, _CURVE_POLYGON, _TRIANGLE = 1, 2, 3, 8, 9, 10, 17
_MANY = {
    4: shapely.MultiPoint,
    5: shapely.MultiLineString,
    6: shapely.MultiPolygon,
    7: shapely.GeometryCollection,
    11: shapely.MultiLineString,
    12: shapely.MultiPolygon,
    15: shapely.MultiPolygon,
    16: shapely.MultiPolygon,
}

type Points = npt.NDArray[np.float64]


def straight(column: pa.Array) -> pa.Array:
    """A WKB column whose geometries are plain: the same one where all are; null for what is no WKB."""
    odd = _odd(column)
    if not len(odd):
        return column
    values = column.to_pylist()
    for row in odd.tolist():
        values[row] = straightened(values[row])
    return pa.array(values, pa.binary())


def has_curves(column: pa.Array) -> bool:
    """True where a WKB column has a type that Mapnik does not draw, M apart."""
    values = column.take(pa.array(_odd(column)))
    return any((_code(value)[0] % 1000) > 7 for value in values.to_pylist() if value is not None and len(value) > 4)


def straightened(value: bytes | None) -> bytes | None:
    """One geometry, plain; None for what is no WKB."""
    if value is None or (value[:1] == b"\x01" and int.from_bytes(value[1:5], "little") in _PLAIN):
        return value
    try:
        shape = _Reader(value).geometry()
    except (IndexError, ValueError, KeyError, shapely.errors.ShapelyError):
        return None
    return bytes(shapely.to_wkb(shape, flavor="iso", byte_order=1))


def _odd(column: pa.Array) -> npt.NDArray[np.intp]:
    """The rows whose type is not a plain one in little-endian order; nulls are plain."""
    _, offsets, data = column.buffers()
    if data is None or not data.size:
        return np.empty(0, np.intp)
    width = np.int64 if pa.types.is_large_binary(column.type) else np.int32
    ends = np.frombuffer(offsets, width)[column.offset : column.offset + len(column) + 1]
    starts, filled = ends[:-1].astype(np.intp), np.diff(ends) > 4
    read = np.frombuffer(data, np.uint8)
    head = read[np.minimum(np.add.outer(starts, np.arange(5)), max(len(read) - 1, 0))]
    codes = np.ascontiguousarray(head[:, 1:]).view("<u4")[:, 0]
    return np.flatnonzero(filled & ((head[:, 0] != 1) | ~np.isin(codes, _PLAIN)))


def _code(value: bytes) -> tuple[int, bool, bool]:
    """A WKB's type, and whether it has Z and M: by ISO's thousands or by the flags of EWKB."""
    order = "little" if value[0] else "big"
    number = int.from_bytes(value[1:5], order)  # type: ignore[arg-type]
    flags, code = number >> 28, number & 0x0FFFFFFF
    dimensions = code // 1000
    return code % 1000, bool(flags & 8) or dimensions in (1, 3), bool(flags & 4) or dimensions in (2, 3)


class _Reader:
    """Reads one WKB from its beginning to its end."""

    def __init__(self, value: bytes) -> None:
        self.value = value
        self.at = 0

    def geometry(self) -> Any:
        """The next geometry. Raises ValueError, IndexError or KeyError where there is none."""
        head = self.value[self.at : self.at + 5]
        code, has_z, has_m = _code(head)
        self.order = "<" if head[0] else ">"
        self.dimensions, self.kept = 2 + has_z + has_m, 2 + has_z
        self.at += 9 if int.from_bytes(head[1:5], "little" if head[0] else "big") & 0x20000000 else 5
        if code == _POINT:
            points = self._points(1)
            return shapely.Point() if np.isnan(points).all() else shapely.Point(points[0])
        if code == _LINE:
            return shapely.LineString(self._points(self._count()))
        if code == _ARCS:
            return shapely.LineString(stroked(self._points(self._count())))
        if code in (_POLYGON, _TRIANGLE):
            return _polygon([self._points(self._count()) for _ in range(self._count())])
        parts = [self.geometry() for _ in range(self._count())]
        if code == _COMPOUND:
            return shapely.LineString(_joined(parts))
        if code == _CURVE_POLYGON:
            return _polygon([_coordinates(part) for part in parts])
        return _MANY[code](parts)

    def _count(self) -> int:
        (number,) = np.frombuffer(self.value, f"{self.order}u4", 1, self.at)
        self.at += 4
        return int(number)

    def _points(self, count: int) -> Points:
        numbers = np.frombuffer(self.value, f"{self.order}f8", count * self.dimensions, self.at)
        self.at += numbers.nbytes
        return numbers.reshape(count, self.dimensions)[:, : self.kept].astype(np.float64)


def _polygon(rings: list[Points]) -> Any:
    return shapely.Polygon(rings[0], rings[1:]) if rings else shapely.Polygon()


def _coordinates(line: Any) -> Points:
    return np.asarray(shapely.get_coordinates(line, include_z=line.has_z))


def _joined(lines: list[Any]) -> Points:
    """The points of lines of which each begins where the one before it ends."""
    found = [_coordinates(line) for line in lines if not line.is_empty]
    return np.concatenate([part[bool(index) :] for index, part in enumerate(found)]) if found else np.empty((0, 2))


def stroked(points: Points) -> Points:
    """The chords of a string of arcs, each through three points: its begin, one between, its end."""
    if len(points) < 3:
        return points
    pieces = [points[:1]]
    for first in range(0, len(points) - 2, 2):
        pieces += _arc(*points[first : first + 3])
    return np.concatenate(pieces)


def _arc(begin: Points, middle: Points, end: Points) -> Iterator[Points]:
    """The points after the begin of an arc, those that are given among them."""
    centre = _centre(begin[:2], middle[:2], end[:2])
    if centre is None:
        yield np.stack([middle, end])
        return
    turn = 1.0 if _cross(middle[:2] - begin[:2], end[:2] - begin[:2]) >= 0 else -1.0
    for one, other in ((begin, middle), (middle, end)):
        start = math.atan2(*(one[:2] - centre)[::-1])
        sweep = turn * ((turn * (math.atan2(*(other[:2] - centre)[::-1]) - start)) % (2 * math.pi))
        count = max(1, math.ceil(abs(sweep) / STEP - 1e-9))
        share = np.arange(1, count + 1) / count
        angles, radius = start + sweep * share, math.dist(one[:2], centre)
        chords = np.outer(1 - share, one) + np.outer(share, other)
        chords[:-1, 0] = centre[0] + radius * np.cos(angles[:-1])
        chords[:-1, 1] = centre[1] + radius * np.sin(angles[:-1])
        chords[-1] = other
        yield chords


def _centre(begin: Points, middle: Points, end: Points) -> Points | None:
    """The centre of the circle through three points; None where they lie on a line.

    Where the arc ends where it begins it is a whole circle, and the second point lies opposite (ISO 13249-3, 7.3.1).
    """
    if np.array_equal(begin, end):
        return None if np.array_equal(begin, middle) else (begin + middle) / 2
    one, other = middle - begin, end - begin
    double = 2 * _cross(one, other)
    if abs(double) <= 1e-12 * float(one @ one + other @ other):
        return None
    squares = np.array([one @ one, other @ other])
    return begin + np.array([squares @ (other[1], -one[1]), squares @ (-other[0], one[0])]) / double


def _cross(one: Points, other: Points) -> float:
    return float(one[0] * other[1] - one[1] * other[0])
