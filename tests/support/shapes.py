"""Geometries of every type for property-based tests, and the ways in which WKB may hold them."""

import shapely
from hypothesis import strategies as st

numbers = st.one_of(
    st.integers(-2_000_000, 9_000_000).map(float),
    st.floats(-1e7, 1e7, allow_nan=False),
    st.floats(350_000, 360_000).map(lambda value: round(value, 2)),
    st.sampled_from([0.0, -0.0, 1e-9, 1e22, -1.5e300]),
)


def _positions(dimensions: int, least: int, most: int = 5):
    return st.lists(st.tuples(*[numbers] * dimensions), min_size=least, max_size=most)


def _rings(dimensions: int):
    return st.lists(_positions(dimensions, 3).map(lambda found: [*found, found[0]]), min_size=1, max_size=3)


def _polygon(rings):
    return shapely.Polygon(rings[0], rings[1:])


def _single(dimensions: int):
    return [
        st.tuples(*[numbers] * dimensions).map(shapely.Point),
        _positions(dimensions, 2).map(shapely.LineString),
        _rings(dimensions).map(_polygon),
    ]


def _of(dimensions: int):
    point, line, polygon = _single(dimensions)
    multiple = [
        st.lists(point, min_size=1, max_size=3).map(shapely.MultiPoint),
        st.lists(line, min_size=1, max_size=3).map(shapely.MultiLineString),
        st.lists(polygon, min_size=1, max_size=3).map(shapely.MultiPolygon),
    ]
    simple = st.one_of(point, line, polygon, *multiple)
    collection = st.lists(simple, min_size=1, max_size=3).map(shapely.GeometryCollection)
    nested = st.lists(st.one_of(simple, collection), min_size=1, max_size=2).map(shapely.GeometryCollection)
    return st.one_of(simple, simple, simple, collection, nested)


EMPTY = [
    shapely.from_wkt(text)
    for text in (
        "POINT EMPTY",
        "LINESTRING EMPTY",
        "POLYGON Z EMPTY",
        "MULTIPOINT EMPTY",
        "MULTIPOLYGON EMPTY",
        "GEOMETRYCOLLECTION EMPTY",
        "GEOMETRYCOLLECTION (POINT EMPTY)",
        "MULTIPOLYGON (EMPTY)",
    )
]
shapes = st.one_of(_of(2), _of(3), st.sampled_from([None, *EMPTY]))
columns = st.lists(shapes, max_size=12)


def wkb(shape, *, big: bool = False, extended: bool = False) -> bytes | None:
    """ISO WKB, little endian, unless asked otherwise."""
    if shape is None:
        return None
    return shapely.to_wkb(shape, byte_order=0 if big else 1, flavor="extended" if extended else "iso")


def many_parts(count: int):
    """A multi-polygon of so many parts, every third one with a hole."""
    parts = []
    for number in range(count):
        box = shapely.box(number * 10, 0, number * 10 + 9, 9)
        parts.append(box.difference(shapely.box(number * 10 + 1, 1, number * 10 + 2, 2)) if number % 3 == 0 else box)
    return shapely.MultiPolygon(parts)
