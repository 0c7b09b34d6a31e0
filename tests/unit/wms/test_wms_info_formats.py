import html
import json

import pytest
import shapely
from lxml import etree

from layers.query import MapQuery, PointQuery, Selection
from server.wms import gml
from server.wms.formats import INFO_FORMATS, info_format
from server.wms.info_formats import FORMATS, Answer, Found

GML2 = "{http://www.opengis.net/gml}"
GML32 = "{http://www.opengis.net/gml/3.2}"
SHAPES = [
    "POINT (3 43)",
    "POINT Z (3 43 9)",
    "LINESTRING (3 43, 4 44)",
    "POLYGON ((0 0, 4 0, 4 4, 0 0), (1 0.5, 2 0.5, 2 1, 1 0.5))",
    "MULTIPOINT (3 43, 4 44)",
    "MULTILINESTRING ((3 43, 4 44), (5 45, 6 46))",
    "MULTIPOLYGON (((0 0, 4 0, 4 4, 0 0)), ((9 9, 9 8, 8 8, 9 9)))",
    "GEOMETRYCOLLECTION (POINT (3 43), LINESTRING (3 43, 4 44))",
]
NASTY = {
    "nom": 'L\'été « 1 » & <r> "œ"',
    "année": 2024,
    "2 mots": None,
    "vrai": True,
    "lien": "https://example.org/?a=1&b=2",
}


def answer(registry, *shapes, crs="EPSG:4326", language="fr") -> Answer:
    query = PointQuery(MapQuery((Selection("borne"),), crs, (0, 0, 1, 1), 10, 10), 5, 5, 10)
    shown = tuple((name, str(value)) for name, value in NASTY.items())
    features = [Found("borne", f"borne.{i}", NASTY, shown, shape) for i, shape in enumerate(shapes)]
    return Answer(registry, query, tuple(features), language)


@pytest.mark.parametrize("name", INFO_FORMATS)
@pytest.mark.parametrize("language", ["fr", "en"])
def test_every_format_tells_what_was_found_and_nothing(paper, name, language):
    found = FORMATS[name](answer(paper, shapely.Point(3, 43), language=language)).decode()
    assert "L'été « 1 »" in html.unescape(found)
    assert "borne" in found
    assert "été" not in FORMATS[name](answer(paper)).decode().replace("Été", "")


def test_json_has_the_crs_and_geometries_x_first(paper):
    collection = json.loads(FORMATS["application/json"](answer(paper, shapely.Point(3, 43), None)))
    assert collection["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::4326"
    assert [feature["geometry"] for feature in collection["features"]] == [
        {"type": "Point", "coordinates": [3.0, 43.0]},
        None,
    ]
    assert collection["features"][0]["properties"] == NASTY


def test_html_is_in_the_form_that_mviewer_cuts_into_cards(paper):
    page = etree.HTML(FORMATS["text/html"](answer(paper, None, None)))
    assert len(page.findall(".//ul[@class='mv-features']/li")) == 2
    assert page.find(".//a").get("href") == NASTY["lien"]


def test_html_of_nothing_has_the_mark_that_mviewer_looks_for(paper):
    assert b"<!--nodatadetect-->\n<!--nodatadetect-->" in FORMATS["text/html"](answer(paper))


@pytest.mark.parametrize("wkt", SHAPES)
def test_gml_2_is_read_back_by_its_coordinates(paper, wkt):
    shape = shapely.from_wkt(wkt)
    root = etree.fromstring(FORMATS["application/vnd.ogc.gml"](answer(paper, shape)))
    assert len(root.findall(f"{GML2}featureMember")) == 1
    pairs = [
        pair.split(",") for e in root.find(f"{GML2}featureMember").iter(f"{GML2}coordinates") for pair in e.text.split()
    ]
    assert [[float(n) for n in pair] for pair in pairs] == shapely.get_coordinates(shape).tolist()


@pytest.mark.parametrize("wkt", SHAPES)
def test_gml_3_2_has_the_authoritys_axis_order_and_unique_ids(paper, wkt):
    shape = shapely.from_wkt(wkt)
    root = etree.fromstring(FORMATS["application/gml+xml; version=3.2"](answer(paper, shape)))
    numbers = [float(n) for e in root.iter(f"{GML32}pos", f"{GML32}posList") for n in e.text.split()]
    assert list(zip(numbers[1::2], numbers[::2], strict=True)) == [tuple(c) for c in shapely.get_coordinates(shape)]
    ids = root.xpath("//@*[local-name() = 'id']")
    assert len(ids) == len(set(ids)) > 1
    assert root.xpath("//@srsName") == ["urn:ogc:def:crs:EPSG::4326"]


@pytest.mark.parametrize(
    ("name", "written"), [("nom", "nom"), ("année", "année"), ("2 mots", "_2_mots"), ("a&b", "a_b")]
)
def test_names_of_fields_become_names_of_elements(name, written):
    assert gml.xml_name(name) == written
    etree.fromstring(f"<{written}/>")


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("TEXT/HTML", "text/html"),
        ("application/geojson", "application/geo+json"),
        ("application/gml+xml", "application/gml+xml; version=3.2"),
        ("text/nope", None),
    ],
)
def test_formats_are_known_by_several_names(text, name):
    assert info_format(text) == name
