"""Areas to seed: bbox and files, in any CRS, mended where they must be."""

import json
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

from tiles.area import AreaError, read_area

SQUARE = shapely.box(3.86, 43.60, 3.87, 43.61)
LAMBERT = (769600.0, 6277600.0, 770700.0, 6279000.0)


def geojson(shape: shapely.Geometry, **members: object) -> str:
    return json.dumps(
        {"type": "Feature", "properties": {}, "geometry": json.loads(shapely.to_geojson(shape))} | members
    )


@pytest.mark.parametrize("text", ["3.86,43.60,3.87,43.61", "3.86, 43.60, 3.87, 43.61, EPSG:4326"])
def test_a_bbox_is_in_degrees_or_in_its_crs(text: str) -> None:
    area = read_area(text)
    assert shapely.equals(area.geometry, SQUARE)
    west, south, east, north = shapely.bounds(area.to("EPSG:2154").geometry)
    assert 769000 < west < east < 771000
    assert 6277000 < south < north < 6280000


def test_a_bbox_in_metres_keeps_its_crs() -> None:
    area = read_area("769600,6277600,770700,6279000,EPSG:2154")
    assert area.crs == "EPSG:2154"
    assert tuple(shapely.bounds(area.geometry)) == LAMBERT


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("769600,6277600,770700,6279000", "is not in degrees: add its CRS"),
        ("3,43,2,44", "is empty"),
        ("a,b,c,d", "is not xmin,ymin"),
        ("3,43,4,44,EPSG:999999", "is not known"),
        ("nowhere.geojson", "neither a file nor"),
    ],
)
def test_what_is_no_area_is_told(text: str, message: str) -> None:
    with pytest.raises(AreaError, match=message):
        read_area(text)


def test_geojson_is_in_degrees_unless_it_says_otherwise(tmp_path: Path) -> None:
    file = tmp_path / "area.geojson"
    file.write_text(geojson(SQUARE))
    assert read_area(str(file)).crs == "OGC:CRS84"
    member = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    file.write_text(geojson(shapely.box(*LAMBERT), crs=member))
    area = read_area(str(file))
    assert area.crs == "EPSG:2154"
    assert shapely.bounds(area.to("OGC:CRS84").geometry)[0] == pytest.approx(3.86, abs=0.02)


def test_a_geopackage_has_its_own_crs(tmp_path: Path) -> None:
    table = pa.table({"geometry": pa.array(shapely.to_wkb(np.array([shapely.box(*LAMBERT)])))})
    file = tmp_path / "area.gpkg"
    pyogrio.write_arrow(table, file, geometry_name="geometry", geometry_type="Polygon", crs="EPSG:2154")
    area = read_area(str(file))
    assert (area.crs, tuple(shapely.bounds(area.geometry))) == ("EPSG:2154", LAMBERT)


def test_a_polygon_that_crosses_itself_is_mended_and_told(tmp_path: Path) -> None:
    file = tmp_path / "bow.geojson"
    file.write_text(geojson(shapely.Polygon([(3, 43), (4, 44), (4, 43), (3, 44)])))
    area = read_area(str(file))
    assert shapely.is_valid(area.geometry)
    assert area.warnings == ("bow.geojson: a polygon crosses itself; it was made valid",)


@pytest.mark.parametrize("text", ["", "{", "[]", '{"type": "FeatureCollection", "features": []}', '{"type": "Point"}'])
def test_a_broken_file_is_told(tmp_path: Path, text: str) -> None:
    file = tmp_path / "area.geojson"
    file.write_text(text)
    with pytest.raises(AreaError, match=r"area\.geojson"):
        read_area(str(file))
