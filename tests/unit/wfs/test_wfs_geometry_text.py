"""Geometries written a batch at once are, byte for byte, those that are written one by one."""

import json

import numpy as np
import pyarrow as pa
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from server.wfs import geojson, gml
from support import shapes as some
from support.slow_text import Gml
from support.slow_text import geojson as slow_geojson

URN = "urn:ogc:def:crs:EPSG::2154"


@settings(deadline=None)
@given(some.columns, st.booleans(), st.booleans(), st.booleans())
def test_gml(found, swapped, has_ids, promoted):
    column = pa.array([some.wkb(shape) for shape in found], pa.binary())
    names = [f"a.{number}" for number in range(len(found))]
    notation = gml.Notation(URN, swapped, gml="3.2" if has_ids else "3.1")
    kind = "MultiPolygon" if promoted else "Unknown"
    written = gml.geometries(column, pa.array(names, pa.string()), notation, promoted=kind).to_pylist()
    slow = Gml(URN, swapped=swapped, ids=has_ids, promoted=promoted)
    assert written == [slow(shape, f"{name}.g") for shape, name in zip(found, names, strict=True)]


@settings(deadline=None)
@given(some.columns)
def test_geojson(found):
    column = pa.array([some.wkb(shape) for shape in found], pa.binary())
    written = [json.loads(text) for text in geojson.geometries(column).to_pylist()]
    assert written == [slow_geojson(shape) for shape in found]


@pytest.mark.parametrize("degrees", [False, True])
@pytest.mark.parametrize("swapped", [False, True])
def test_computed_positions_are_rounded(degrees, swapped):
    line = shapely.LineString([(1.123456789123, 2.987654321987, 5.123456789123), (3.00004, 4.0, 6.0)])
    column = pa.array([some.wkb(line)], pa.binary())
    notation = gml.Notation(URN, swapped, degrees)
    text = gml.geometries(column, pa.array(["a"]), notation, promoted="").to_pylist()[0]
    expected = np.round(shapely.get_coordinates(line), 9 if degrees else 4)[:, [1, 0] if swapped else [0, 1]]
    numbers = np.array(text.split(">")[2].split("<")[0].split(), dtype=float).reshape(-1, 3)
    assert numbers[:, :2].tolist() == expected.tolist()
    assert numbers[:, 2].tolist() == [5.123456789123, 6.0]
    found = json.loads(geojson.geometries(column, degrees=degrees).to_pylist()[0])["coordinates"]
    assert [point[:2] for point in found] == np.round(shapely.get_coordinates(line), 9 if degrees else 4).tolist()
