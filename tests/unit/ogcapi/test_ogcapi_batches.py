"""GeoJSON of the OGC API where fields are called as the columns of a batch are."""

import json

import pyarrow as pa
import shapely

from server.ogcapi.features import geojson


def test_fields_called_id_and_geometry_are_properties_of_their_own():
    place = pa.array([shapely.to_wkb(shapely.Point(1, 2))])
    arrays = [pa.array(["a.1"]), pa.array([7]), pa.array(["plate"]), place]
    batch = pa.RecordBatch.from_arrays(arrays, names=["id", "id", "geometry", "geometry"])
    body, count = geojson([batch], "OGC:CRS84")
    (feature,) = json.loads(body)
    assert count == 1
    assert feature["id"] == "a.1"
    assert feature["properties"] == {"id": 7, "geometry": "plate"}
    assert feature["geometry"]["coordinates"] == [1.0, 2.0]


def test_a_feature_without_a_geometry_column_has_none():
    batch = pa.RecordBatch.from_arrays([pa.array(["a.1"]), pa.array([7])], names=["id", "nom"])
    (feature,) = json.loads(geojson([batch], "OGC:CRS84")[0])
    assert feature["geometry"] is None
    assert feature["properties"] == {"nom": 7}
