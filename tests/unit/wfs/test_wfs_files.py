"""Features as files: read back by OGR, pyarrow and the standard library."""

import csv
import io
import tempfile
import zipfile
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import ezdxf
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
import shapely

from layers import model
from layers.facts import Field, VectorFacts
from layers.sources.vector import describe
from server.wfs import files
from server.wfs.formats import SHEET
from server.wfs.shapefile import short_names
from support.vectors import KINDS, layer_id, make_registry, shapes, table
from support.wfs import Client, fault

SPREADSHEETS = {"xlsx": "XLSX", "ods": "ODS"}


def asked(wfs, form: str, name: str, **params):
    answer = wfs(REQUEST="GetFeature", TYPENAMES=name, OUTPUTFORMAT=form, **params)
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize(("form", "extension"), [("geopackage", "gpkg"), ("flatgeobuf", "fgb")])
def test_ogr_reads_back_values_and_places(wfs, tmp_path, kind, form, extension):
    answer = asked(wfs, form, layer_id(kind))
    assert f'filename="{layer_id(kind)}.{extension}"' in answer.headers["content-disposition"]
    path = tmp_path / f"a.{extension}"
    path.write_bytes(answer.content)
    info, back = pyogrio.read_arrow(path)
    assert info["crs"] == "EPSG:2154"
    expected = {f"{layer_id(kind)}.{number}": row for number, row in enumerate(table(kind).to_pylist(), 1)}
    assert len(back) == (8 if form == "geopackage" else 7)
    for row, shape in zip(back.to_pylist(), shapely.from_wkb(back.column(back.num_columns - 1)), strict=True):
        source = expected[row["id"]]
        assert [row[name] for name in ("nom", "entier", "réel")] == [source[name] for name in ("nom", "entier", "réel")]
        # FlatGeobuf has no dates, only moments.
        assert str(row["jour"]).removesuffix(" 00:00:00") == str(source["jour"])
        there = shapes(kind)[int(row["id"].rpartition(".")[2]) - 1]
        assert (shape is None) == (there is None)
        assert shape is None or shapely.equals(shape, there)


@pytest.mark.parametrize("kind", KINDS)
def test_a_shapefile_is_in_utf_8_and_tells_its_names(wfs, tmp_path, kind):
    answer = asked(wfs, "SHAPE-ZIP", layer_id(kind))
    archive = zipfile.ZipFile(io.BytesIO(answer.content))
    names = {Path(name).suffix for name in archive.namelist()}
    assert {".shp", ".shx", ".dbf", ".prj", ".cpg", ".csv"} <= names
    assert archive.read(f"{layer_id(kind)}.cpg").strip() == b"UTF-8"
    assert '"l\'aire (m²)",l_aire__m2' in archive.read("fields.csv").decode()
    (tmp_path / "a.zip").write_bytes(answer.content)
    _, back = pyogrio.read_arrow(f"/vsizip/{tmp_path}/a.zip")
    assert back["nom"].to_pylist()[:3] == ["été", "L'œuf « dur »", 'a "quoted" \\ value']
    assert len(back) == 8


def test_geoparquet_holds_every_type_and_names_its_crs(wfs, tmp_path):
    (tmp_path / "a.parquet").write_bytes(asked(wfs, "geoparquet", "multipolygon").content)
    back = pq.read_table(tmp_path / "a.parquet")
    assert back["moment"].to_pylist() == table("MultiPolygon")["moment"].to_pylist()
    assert b'"code": 2154' in back.schema.metadata[b"geo"]
    from layers import model
    from layers.sources.vector import describe

    facts = describe(model.VectorSource(vector="a.parquet"), tmp_path)
    assert (facts.crs, facts.count, facts.geometry) == ("EPSG:2154", 8, "MultiPolygon")


def test_csv_is_read_back_by_the_standard_library(wfs):
    answer = asked(wfs, "csv", "point")
    rows = list(csv.DictReader(io.StringIO(answer.text)))
    assert [row["nom"] or None for row in rows] == [text or None for text in table("Point")["nom"].to_pylist()]
    assert rows[0]["id"] == "point.1"
    assert rows[0]["geometry"] == "POINT (770000.1 6279000.2)"
    assert answer.headers["content-type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize("form", SPREADSHEETS)
def test_a_spreadsheet_holds_the_rows(wfs, tmp_path, form):
    (tmp_path / f"a.{form}").write_bytes(asked(wfs, form, "lieux").content)
    _, back = pyogrio.read_arrow(tmp_path / f"a.{form}", HEADERS="FORCE")
    assert back["nom"].to_pylist() == [f"lieu {number}" for number in range(5)]
    # A field is called id: the feature's own id is then gml_id.
    assert back["gml_id"].to_pylist()[0] == "lieux.0"


def test_kml_is_in_degrees_and_names_what_it_shows(wfs, tmp_path):
    (tmp_path / "a.kml").write_bytes(asked(wfs, "kml", "polygon").content)
    info = pyogrio.read_info(tmp_path / "a.kml", force_total_bounds=True)
    assert 3 < info["total_bounds"][0] < 5
    _, back = pyogrio.read_arrow(tmp_path / "a.kml")
    assert back["Name"].to_pylist() == [f"polygon.{number}" for number in range(1, 9)]
    assert back["nom"].to_pylist()[0] == "été"


@pytest.mark.parametrize("kind", KINDS)
def test_a_drawing_has_every_line_and_ring_on_its_own_layer_as_gdal_and_ezdxf_read_it(wfs, tmp_path, kind):
    path = tmp_path / "a.dxf"
    path.write_bytes(asked(wfs, "dxf", layer_id(kind)).content)
    parts = shapely.get_parts([shape for shape in shapes(kind) if shape is not None])
    rings = [ring for part in parts for ring in (shapely.get_rings(part) if part.geom_type == "Polygon" else [part])]
    _, back = pyogrio.read_arrow(path)
    assert back["Layer"].to_pylist() == [layer_id(kind)] * len(rings)
    for found, expected in zip(shapely.from_wkb(back["wkb_geometry"]), rings, strict=True):
        assert shapely.get_coordinates(found, include_z=shapely.has_z(expected)).tolist() == pytest.approx(
            shapely.get_coordinates(expected, include_z=shapely.has_z(expected)), abs=1e-6
        )
    entities = list(ezdxf.readfile(path).modelspace())
    assert [entity.dxf.layer for entity in entities] == [layer_id(kind)] * len(rings)
    closed = [entity.is_closed for entity in entities if entity.dxftype() == "POLYLINE"]
    assert closed == [expected.geom_type == "LinearRing" for expected in rings if expected.geom_type != "Point"]


def test_a_shapefile_has_no_other_number_than_the_one_that_was_there(tmp_path):
    numbers = [1.5, -9.87e15, 1.2345e29, -3.4028234663852886e38, None]
    places = [shapely.to_wkb(shapely.Point(1, 2))] * 5
    batch = pa.record_batch({"id": [f"a.{n}" for n in range(5)], "n": numbers, "geometry": places})
    fields = (Field("n", "real"),)
    facts = VectorFacts("EPSG:2154", (0, 0, 9, 9), "Point", False, fields, 5, "GPKG", "", "a")
    path = files.shapefile(files.Features([batch], facts, "EPSG:2154", "a", ("n",), has_geometry=True), tmp_path)
    _, back = pyogrio.read_arrow(f"/vsizip/{path}/a.shp")
    assert back["n"].to_pylist() == [1.5, -9.87e15, None, None, None]


def test_whole_numbers_of_32_bits_stay_so(tmp_path):
    batch = pa.record_batch({"id": ["a.1"], "n": [2**31 - 1], "m": [2**31]})
    fields = (Field("n", "integer", width=32), Field("m", "integer"))
    facts = VectorFacts("EPSG:2154", (0, 0, 9, 9), "Point", False, fields, 1, "GPKG", "", "a")
    made = files.Features([batch], facts, "EPSG:2154", "a", ("n", "m"), has_geometry=False)
    info = pyogrio.read_info(files.geopackage(made, tmp_path))
    assert info["ogr_types"] == ["OFTString", "OFTInteger", "OFTInteger64"]


@pytest.mark.parametrize("form", SPREADSHEETS)
def test_a_cell_has_no_more_text_than_workbooks_may(tmp_path, form):
    long = shapely.LineString([(number, number) for number in range(9000)])
    batch = pa.record_batch(
        {
            "id": ["a.1", "a.2"],
            "nom": ["é" * 40_000, "é" * 32_767],
            "geometry": shapely.to_wkb([long, shapely.Point(1, 2)]),
        }
    )
    facts = VectorFacts("EPSG:2154", (0, 0, 9, 9), "Unknown", False, (Field("nom", "string"),), 2, "GPKG", "", "a")
    made = files.Features([batch], facts, "EPSG:2154", "a", ("nom",), has_geometry=True)
    _, back = pyogrio.read_arrow(getattr(files, form)(made, tmp_path), HEADERS="FORCE")
    assert back["nom"].to_pylist() == ["é" * 32_767] * 2
    assert [text or None for text in back["geometry"].to_pylist()] == [None, "POINT (1 2)"]


def test_a_sheet_is_not_asked_for_more_rows_than_it_has(tmp_path):
    """Nothing is written: how many features there are is known before."""
    folder = tmp_path / "many"
    folder.mkdir()
    count = SHEET + 1
    points = pa.table(
        {"n": pa.array(range(count)), "geometry": pa.array([shapely.to_wkb(shapely.Point(1, 2))] * count)}
    )
    pyogrio.write_arrow(points, folder / "n.fgb", geometry_name="geometry", geometry_type="Point", crs="EPSG:2154",
                        layer_options={"SPATIAL_INDEX": "NO"})  # fmt: skip
    registry = make_registry(tmp_path / "config")
    one = registry.layers["copie"]
    layers = {"n": replace(one, id="n", facts=describe(model.VectorSource(vector="n.fgb"), folder))}
    wfs = Client(replace(registry, layers=MappingProxyType(layers)))
    answer = wfs(REQUEST="GetFeature", TYPENAMES="n", OUTPUTFORMAT="xlsx")
    assert fault(answer) == (400, "InvalidParameterValue", "outputFormat")
    assert "1048575" in answer.text
    assert asked(wfs, "xlsx", "n", COUNT="2").status_code == 200


def test_kml_has_polygons_that_cross_themselves_too(wfs, tmp_path):
    (tmp_path / "a.kml").write_bytes(asked(wfs, "kml", "papillon").content)
    _, back = pyogrio.read_arrow(tmp_path / "a.kml")
    (shape,) = shapely.from_wkb(back.column(back.num_columns - 1))
    assert not shape.is_valid
    assert len(shapely.get_coordinates(shape)) == 5


@pytest.mark.parametrize("form", ["csv", "geopackage", "flatgeobuf", "SHAPE-ZIP", "geoparquet", "kml", "xlsx", "ods"])
def test_a_file_without_features_is_a_file(wfs, form):
    answer = asked(wfs, form, "polygon", CQL_FILTER="entier = 424242")
    assert answer.content


def test_a_file_is_whole_unless_a_count_says_otherwise(wfs):
    assert asked(wfs, "csv", "polygon", SORTBY="réel", COUNT="3").text.count("polygon.") == 3
    two = wfs(REQUEST="GetFeature", TYPENAMES="(polygon)(point)", OUTPUTFORMAT="csv")
    assert two.status_code == 400


def test_a_geopackage_has_a_table_for_each_type(wfs, tmp_path):
    names = "(polygon)(point)(multilinestring_z)(point)"
    answer = asked(wfs, "geopackage", names, CQL_FILTER="entier > 4")
    assert 'filename="features.gpkg"' in answer.headers["content-disposition"]
    (tmp_path / "a.gpkg").write_bytes(answer.content)
    path = tmp_path / "a.gpkg"
    found = {name: pyogrio.read_info(path, layer=name) for name in pyogrio.list_layers(path)[:, 0]}
    assert list(found) == ["polygon", "point", "multilinestring_z", "point_2"]
    assert {info["features"] for info in found.values()} == {4}
    assert found["multilinestring_z"]["geometry_type"] == "MultiLineString Z"
    assert {info["crs"] for info in found.values()} == {"EPSG:2154"}


def test_no_file_is_left_behind(wfs):
    before = set(Path(tempfile.gettempdir()).glob("garrigue-wfs-*"))
    asked(wfs, "geopackage", "polygon")
    assert set(Path(tempfile.gettempdir()).glob("garrigue-wfs-*")) == before


def test_short_names_are_each_their_own():
    assert short_names(["Hauteur", "hauteur", "hauteur_maximale", "hauteur_minimale", "é"]) == {
        "Hauteur": "Hauteur",
        "hauteur": "hauteur_1",
        "hauteur_maximale": "hauteur_ma",
        "hauteur_minimale": "hauteur_mi",
        "é": "e",
    }
