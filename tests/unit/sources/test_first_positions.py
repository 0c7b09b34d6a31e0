"""The first position of a geometry, read from its bytes: the one that GEOS reads, or none."""

import numpy as np
import pyarrow as pa
import pytest
import shapely

from layers.sources.first_positions import first_positions
from layers.sources.geometry import Region

SHAPES = [
    "POINT (1 2)",
    "POINT Z (1 2 3)",
    "LINESTRING (1 2, 3 4)",
    "POLYGON ((1 2, 5 2, 5 6, 1 2), (2 3, 3 3, 3 4, 2 3))",
    "MULTIPOINT Z (7 8 9, 1 2 3)",
    "MULTILINESTRING ((1 2, 3 4), (5 6, 7 8))",
    "MULTIPOLYGON (((1 2, 5 2, 5 6, 1 2)), ((10 20, 50 20, 50 60, 10 20)))",
    "MULTIPOLYGON Z (((1 2 0, 5 2 0, 5 6 0, 1 2 0)))",
]
ODD = [
    "POINT EMPTY",
    "LINESTRING EMPTY",
    "POLYGON EMPTY",
    "MULTIPOLYGON EMPTY",
    "MULTIPOLYGON (EMPTY, ((1 2, 5 2, 5 6, 1 2)))",
    "MULTILINESTRING (EMPTY, (1 2, 5 2))",
    "GEOMETRYCOLLECTION (POINT (1 2))",
]


def column(shapes, **options) -> pa.Array:
    return pa.array([None if shape is None else shapely.to_wkb(shape, flavor="iso", **options) for shape in shapes])


def test_it_is_the_one_that_geos_reads():
    shapes = [shapely.from_wkt(text) for text in SHAPES] * 3
    found = first_positions(column([None, *shapes])[1:])
    assert found.tolist() == [shapely.get_coordinates(shape)[0].tolist() for shape in shapes]


@pytest.mark.parametrize("text", ODD)
def test_what_is_out_of_the_ordinary_is_not_told(text):
    assert np.isnan(first_positions(column([shapely.from_wkt(text)]))).all()


@pytest.mark.parametrize("values", [[], [None], [b""], [b"\x01"], [b"\x01\x06\x00\x00\x00\x01\x00\x00\x00"]])
def test_bytes_that_are_cut_are_not_told(values):
    assert np.isnan(first_positions(pa.array(values, pa.binary()))).all()


def test_other_byte_orders_are_not_told():
    assert np.isnan(first_positions(column([shapely.Point(1, 2), None], byte_order=0))).all()


@pytest.mark.parametrize("straight", [True, False])
@pytest.mark.parametrize("box", [(0, 0, 10, 10), (4, 2, 4.5, 2.5), (1, 2, 1, 2), (5, 6, 100, 100), (20, 0, 30, 10)])
def test_what_meets_a_box_is_what_geos_says(box, straight):
    shapes = [*(shapely.from_wkt(text) for text in SHAPES + ODD), None]
    shape = shapely.Point(box[:2]) if box[:2] == box[2:] else shapely.box(*box)
    found = Region(shape, box, straight=straight).matches(column(shapes)).to_pylist()
    assert found == shapely.intersects(shape, np.array(shapes, dtype=object)).tolist()
