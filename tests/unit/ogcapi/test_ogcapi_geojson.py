"""Arrow batches as GeoJSON."""

from datetime import date, datetime, time

import orjson
import pyarrow as pa
import pytest
import shapely

from server.ogcapi.features import geojson


def batch(shapes, **columns):
    arrays = {"id": [f"a.{i}" for i in range(len(shapes))], **columns}
    arrays["geometry"] = pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary())
    return pa.RecordBatch.from_pydict(arrays)


def test_values_are_written_as_json_has_them():
    columns = {
        "d": [date(2024, 2, 29)],
        "dt": [datetime(2024, 2, 29, 12)],
        "t": [time(1, 2, 3)],
        "b": [b"\x00\xff"],
        "n": pa.array([float("nan")]),
        "none": pa.array([None], pa.string()),
        "text": ['é "<&>" œ'],
    }
    written, count = geojson([batch([shapely.Point(1, 2)], **columns)], "EPSG:2154")
    properties = orjson.loads(written)[0]["properties"]
    assert count == 1
    assert properties == {
        "d": "2024-02-29",
        "dt": "2024-02-29T12:00:00",
        "t": "01:02:03",
        "b": "AP8=",
        "n": None,
        "none": None,
        "text": 'é "<&>" œ',
    }


@pytest.mark.parametrize(
    ("crs", "expected"),
    [("EPSG:2154", [1.1235, 2.0, 3.5]), ("EPSG:4326", [2.0, 1.12345679, 3.5]), ("OGC:CRS84", [1.12345679, 2.0, 3.5])],
)
def test_coordinates_are_rounded_and_in_the_order_of_the_authority(crs, expected):
    written, _ = geojson([batch([shapely.Point(1.123456789, 2, 3.5)])], crs)
    assert orjson.loads(written)[0]["geometry"] == {"type": "Point", "coordinates": expected}


def test_flat_high_empty_and_missing_geometries_stand_side_by_side():
    shapes = [shapely.Point(1, 2), shapely.Point(1, 2, 3), None, shapely.Point(), shapely.MultiPoint([(1, 2), (3, 4)])]
    written, count = geojson([batch(shapes), batch([])], "OGC:CRS84")
    found = [feature["geometry"] and feature["geometry"]["coordinates"] for feature in orjson.loads(written)]
    assert found == [[1, 2], [1, 2, 3], None, None, [[1, 2], [3, 4]]]
    assert count == 5


def test_no_batch_is_an_empty_array():
    assert geojson([], "OGC:CRS84") == (b"[]", 0)
