"""Positions read from WKB are those that GEOS reads, whatever the bytes are."""

import struct

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from layers.sources.geometry import shapes as read_shapes
from layers.sources.ragged import COLLECTION, Ragged, ragged, shapely_ragged
from support import shapes as some


def back(groups: list[Ragged], count: int) -> np.ndarray:
    """The shapes of groups at their places; None elsewhere."""
    found = np.full(count, None, dtype=object)
    for group in groups:
        assert (found[group.rows] == None).all()  # noqa: E711 - elementwise
        kind = shapely.GeometryType(group.kind)
        found[group.rows] = shapely.from_ragged_array(kind, group.coordinates, group.offsets)
    return found


def everything(column: pa.Array) -> tuple[np.ndarray, np.ndarray]:
    """The shapes read, and which of them GEOS had to read."""
    groups, odd = ragged(column)
    rest = shapely_ragged(read_shapes(column.take(pa.array(odd))), odd)
    return back([*groups, *rest], len(column)), odd


def expected(found: list) -> np.ndarray:
    """What is to be read: no empty geometries, and no collections, which are left to others."""
    array = np.array([*found, None], dtype=object)[:-1]
    left_out = shapely.is_empty(array) | (shapely.get_type_id(array) == COLLECTION)
    array[left_out] = None
    return array


def same(left: np.ndarray, right: np.ndarray) -> bool:
    return list(shapely.to_wkb(left, flavor="iso")) == list(shapely.to_wkb(right, flavor="iso"))


@settings(deadline=None)
@given(some.columns, st.booleans(), st.booleans())
def test_what_is_read_is_what_was_written(found, big, extended):
    column = pa.array([some.wkb(shape, big=big, extended=extended) for shape in found], pa.binary())
    assert same(everything(column)[0], expected(found))


@settings(deadline=None)
@given(some.columns)
def test_a_part_of_a_column_is_read_alone(found):
    column = pa.array([b"x", None, *(some.wkb(shape) for shape in found), b""], pa.binary()).slice(2, len(found))
    assert same(everything(column)[0], expected(found))


def test_ordinary_geometries_are_read_without_geos():
    found = [
        shapely.box(0, 0, 1, 1),
        shapely.LineString([(0, 0, 1), (1, 1, 2)]),
        some.many_parts(10),
        shapely.Point(1, 2),
    ]
    column = pa.array([some.wkb(shape) for shape in found], pa.binary())
    read, odd = everything(column)
    assert same(read, expected(found))
    assert not len(odd)


def test_very_many_parts_are_left_to_geos():
    column = pa.array([some.wkb(some.many_parts(100)), some.wkb(shapely.Point(0, 1))], pa.binary())
    read, odd = everything(column)
    assert same(read, expected([some.many_parts(100), shapely.Point(0, 1)]))
    assert odd.tolist() == [0]


def test_heights_that_are_missing_are_zero():
    nan = float("nan")
    read, _ = everything(pa.array([struct.pack("<BII6d", 1, 1002, 2, 0, 1, nan, 3, 4, nan)], pa.binary()))
    assert shapely.get_coordinates(read, include_z=True).tolist() == [[0, 1, 0], [3, 4, 0]]


@pytest.mark.parametrize("place", [0, 1, 2])
def test_a_geometry_of_which_a_position_is_nowhere_is_none(place):
    values = [
        struct.pack("<BII6d", 1, 2, 3, 0, 0, float("nan") if place == index else 1, 1, 2, 0) for index in range(3)
    ]
    read, _ = everything(pa.array(values, pa.binary()))
    assert [shape is None for shape in read] == [index == place for index in range(3)]


def test_a_ring_that_does_not_close_is_closed_by_geos():
    ring = struct.pack("<BIII8d", 1, 3, 1, 4, 0, 0, 0, 1, 1, 1, 1, 0)
    read, odd = everything(pa.array([ring], pa.binary()))
    assert odd.tolist() == [0]
    assert (
        read[0] is None or shapely.get_coordinates(read[0])[0].tolist() == shapely.get_coordinates(read[0])[-1].tolist()
    )


def test_large_binary_columns_and_empty_ones():
    assert everything(pa.array([], pa.binary()))[0].tolist() == []
    assert everything(pa.nulls(3, pa.binary()))[0].tolist() == [None] * 3
    read, _ = everything(pa.array([some.wkb(shapely.Point(1, 2))], pa.large_binary()))
    assert read[0] == shapely.Point(1, 2)


@settings(deadline=None)
@given(st.lists(st.tuples(some.shapes, st.integers(0, 60), st.integers(0, 255), st.booleans()), max_size=6))
def test_spoilt_bytes_are_left_to_geos_or_read_as_it_reads_them(found):
    values = []
    for shape, place, byte, cut in found:
        value = bytearray(some.wkb(shape) or b"\x01")
        place %= len(value)
        values.append(bytes(value[:place]) if cut else bytes(value[:place] + bytes([byte]) + value[place + 1 :]))
    groups, odd = ragged(pa.array(values, pa.binary()))
    for group in groups:
        ends = np.arange(len(group.coordinates) + 1)
        for level in group.offsets:
            ends = ends[level]
        for index, start, end in zip(group.rows, ends[:-1], ends[1:], strict=True):
            there = shapely.from_wkb(values[index])
            assert index not in odd
            assert group.coordinates[start:end, :2].tolist() == shapely.get_coordinates(there).tolist()
