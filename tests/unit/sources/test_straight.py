"""Curves become chords, measures go, and what is plain stays as it is, from the file to the picture."""

import io
import math
import sqlite3
import struct
from contextlib import closing
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from layers.compile import load
from layers.query import FeatureQuery, MapQuery, Selection
from layers.registry import Registry
from layers.render import render_map
from layers.sources import open_features
from layers.sources.batch import geometry
from layers.sources.copies import make
from layers.sources.geometry import shapes
from layers.sources.gpkg_geometry import encoded
from layers.sources.straight import has_curves, straight, straightened

X, Y = 770000.0, 6279000.0
HALF = [(0, 0), (100, 100), (200, 0)]
"""A half circle of 100 m, to the right over the top."""


def wkb(code: int, *parts: bytes, points=None, order: str = "<") -> bytes:
    """WKB by hand: a type with its parts, or with its points."""
    count = struct.pack(f"{order}I", len(points) if points is not None else len(parts))
    inside = b"".join(parts) if points is None else np.array(points, f"{order}f8").tobytes()
    return struct.pack(f"{order}BI", order == "<", code) + count + inside


def read(value: bytes):
    return shapely.from_wkb(straightened(value))


@pytest.mark.parametrize("order", ["<", ">"])
def test_an_arc_keeps_its_points_and_nearly_its_length(order):
    line = read(wkb(8, points=HALF, order=order))
    found = shapely.get_coordinates(line)
    assert [tuple(found[0]), tuple(found[len(found) // 2]), tuple(found[-1])] == HALF
    assert np.allclose(np.hypot(found[:, 0] - 100, found[:, 1]), 100)
    assert line.length == pytest.approx(math.pi * 100, rel=1e-3)
    assert len(found) == 2 * math.ceil(90 / 4) + 1


def test_an_arc_that_ends_where_it_begins_is_a_circle():
    circle = read(wkb(10, wkb(8, points=[(0, 0), (200, 0), (0, 0)])))
    assert circle.area == pytest.approx(math.pi * 100**2, rel=2e-3)
    assert circle.is_valid


def test_an_arc_of_three_points_on_a_line_is_that_line():
    assert read(wkb(8, points=[(0, 0), (1, 1), (2, 2)])).equals(shapely.LineString([(0, 0), (2, 2)]))


def test_the_parts_of_a_compound_curve_are_joined():
    base = wkb(2, points=[(200, 0), (0, 0)])
    area = read(wkb(10, wkb(9, wkb(8, points=HALF), base)))
    assert area.area == pytest.approx(math.pi * 100**2 / 2, rel=2e-3)


def test_surfaces_and_curves_without_arcs_are_plain_ones():
    square = shapely.box(0, 0, 1, 1)
    many = read(wkb(12, shapely.to_wkb(square), shapely.to_wkb(shapely.box(2, 2, 3, 3))))
    assert many.equals(shapely.MultiPolygon([square, shapely.box(2, 2, 3, 3)]))
    assert read(wkb(11, wkb(2, points=[(0, 0), (1, 1)]))).equals(shapely.MultiLineString([[(0, 0), (1, 1)]]))
    assert read(wkb(16, wkb(17, wkb(2, points=[(0, 0), (1, 0), (0, 1), (0, 0)])[5:]))).area == 0.5


def test_heights_stay_and_measures_go():
    line = read(wkb(3002, points=[(0, 0, 5, 9), (10, 0, 7, 9)]))
    assert shapely.get_coordinates(line, include_z=True).tolist() == [[0, 0, 5], [10, 0, 7]]
    assert read(wkb(2002, points=[(0, 0, 9), (10, 0, 9)])).equals(shapely.LineString([(0, 0), (10, 0)]))
    assert read(struct.pack("<BIddd", 1, 0x80000001, 1, 2, 3)).equals(shapely.Point(1, 2, 3))
    arc = read(wkb(1008, points=[(0, 0, 0), (100, 100, 50), (200, 0, 100)]))
    assert shapely.get_coordinates(arc, include_z=True)[[0, 23, -1], 2].tolist() == [0, 50, 100]


@settings(deadline=None)
@given(
    st.lists(
        st.sampled_from(
            ["POINT (1 2)", "LINESTRING (0 0, 1 1)", "POLYGON ((0 0, 1 0, 0 1, 0 0))", "MULTIPOINT Z ((1 2 3))", None]
        )
    )
)
def test_plain_columns_are_given_back(texts):
    column = pa.array(
        [
            None if text is None else shapely.to_wkb(shapely.from_wkt(text), flavor="iso", byte_order=1)
            for text in texts
        ],
        pa.binary(),
    )
    assert straight(column) is column
    assert not has_curves(column)


@settings(deadline=None)
@given(st.binary(max_size=60))
def test_any_bytes_are_read_or_are_nothing(value):
    found = straightened(value)
    assert found is None or found == value or shapely.from_wkb(found) is not None
    assert len(straight(pa.array([None, value, b"", value], pa.binary()))) == 4


def _curved(path: Path) -> None:
    """A GeoPackage as drawing programs write it: a half disc of arcs, a square that is a CURVEPOLYGON, nothing."""
    table = pa.table(
        {
            "nom": ["disque", "carré", "rien"],
            "geom": pa.array([shapely.to_wkb(shapely.box(X, Y, X + 1, Y + 1))] * 2 + [None], pa.binary()),
        }
    )
    pyogrio.write_arrow(table, path, layer="formes", geometry_name="geom", geometry_type="Polygon", crs="EPSG:2154")
    disc = wkb(10, wkb(9, wkb(8, points=[(X + x, Y + y) for x, y in HALF]), wkb(2, points=[(X + 200, Y), (X, Y)])))
    square = wkb(10, wkb(2, points=shapely.get_coordinates(shapely.box(X + 300, Y, X + 400, Y + 100))))
    with closing(sqlite3.connect(path)) as connection, connection:
        for (name,) in connection.execute("SELECT name FROM sqlite_schema WHERE type = 'trigger'").fetchall():
            connection.execute(f'DROP TRIGGER "{name}"')
        connection.execute("UPDATE gpkg_geometry_columns SET geometry_type_name = 'CURVEPOLYGON'")
        connection.execute("PRAGMA writable_schema = ON")
        connection.execute(
            "UPDATE sqlite_schema SET sql = replace(sql, 'POLYGON', 'CURVEPOLYGON') WHERE name = 'formes'"
        )
        connection.execute("PRAGMA writable_schema = OFF")
        connection.execute("DELETE FROM rtree_formes_geom")
        connection.execute("UPDATE gpkg_contents SET max_x = min_x + 400, max_y = min_y + 100")
        for number, body in enumerate((disc, square), 1):
            box = encoded(shapely.from_wkb(straightened(body)), 2154)[:40]
            connection.execute("UPDATE formes SET geom = ? WHERE fid = ?", (box + body, number))
            x0, x1, y0, y1 = struct.unpack("<4d", box[8:])
            connection.execute("INSERT INTO rtree_formes_geom VALUES (?, ?, ?, ?, ?)", (number, x0, x1, y0, y1))


@pytest.fixture
def config(tmp_path: Path) -> Path:
    folder = tmp_path / "config"
    (folder / "layers").mkdir(parents=True)
    _curved(folder / "formes.gpkg")
    (folder / "service.yaml").write_text("title: Essai\n")
    (folder / "layers" / "essai.yaml").write_text("formes: {title: Formes, source: {vector: formes.gpkg}}\n")
    return folder


def picture(registry: Registry) -> np.ndarray:
    query = MapQuery((Selection("formes"),), "EPSG:2154", (X - 50, Y - 50, X + 450, Y + 150), 250, 100)
    return np.asarray(Image.open(io.BytesIO(render_map(registry, query))).convert("L"))


def test_curves_of_a_geopackage_are_read(config, tmp_path):
    registry, warnings = load(config, tmp_path / "store")
    facts = registry.layers["formes"].facts
    assert (facts.curved, facts.geometry) == (True, "Polygon")
    assert any("garrigue prepare" in str(warning) for warning in warnings)
    (batch,) = open_features(registry.layers["formes"]).features(FeatureQuery("formes", "EPSG:2154"))
    disc, square, nothing = shapes(geometry(batch))
    assert disc.area == pytest.approx(math.pi * 100**2 / 2, rel=2e-3)
    assert square.equals(shapely.box(X + 300, Y, X + 400, Y + 100))
    assert nothing is None


def test_curves_are_drawn_the_same_from_memory_and_from_a_copy(config, tmp_path):
    store = tmp_path / "store"
    registry, _ = load(config, store)
    slow = picture(registry)
    assert slow[70, 75] != 255
    assert slow[70, 200] != 255
    assert slow[20, 30] == 255
    make(registry.layers["formes"], store)
    prepared, warnings = load(config, store)
    assert not warnings
    assert np.array_equal(picture(prepared), slow)
