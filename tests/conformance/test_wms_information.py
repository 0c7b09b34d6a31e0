"""What OGC's suites, QGIS, OpenLayers and mviewer ask of GetFeatureInfo and legends, on the small world's real data."""

import io
import json

import pytest
from lxml import etree
from PIL import Image
from pyproj import Transformer

from server.wms.formats import INFO_FORMATS
from support.data import X0, Y0
from support.wms import client_of

WMS = "{http://www.opengis.net/wms}"
HREF = "{http://www.w3.org/1999/xlink}href"


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def ask(client, version="1.3.0", crs="EPSG:2154", bbox=(X0, Y0, X0 + 1000, Y0 + 1000), i=35, j=45, **more):
    names = ("CRS", "I", "J") if version == "1.3.0" else ("SRS", "X", "Y")
    given = dict(zip(names, (crs, i, j), strict=True))
    given |= {"VERSION": version, "REQUEST": "GetFeatureInfo", "BBOX": ",".join(map(repr, bbox)), "WIDTH": 100}
    given |= {"HEIGHT": 100, "LAYERS": "parcelle", "QUERY_LAYERS": "parcelle", "STYLES": "", "FORMAT": "image/png"}
    answer = client.get("/wms", **{**given, "INFO_FORMAT": "application/json", **more})
    assert answer.status_code == 200, answer.text
    return answer


@pytest.mark.parametrize("name", INFO_FORMATS)
@pytest.mark.parametrize("layer", ["parcelle", "ortho", "relief", "arbre", "bati", "images"])
def test_every_format_is_given_under_its_own_name(client, name, layer):
    answer = ask(client, LAYERS=layer, QUERY_LAYERS=layer, INFO_FORMAT=name)
    assert answer.headers["content-type"].removesuffix("; charset=utf-8") == name


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_the_feature_under_the_pixel_is_told(client, version):
    feature = json.loads(ask(client, version).content)["features"][0]
    assert feature["properties"]["numero"] == 53
    assert feature["properties"]["nom"] == 'L\'été « 3 » & <5> "œ"'


def test_fields_that_are_hidden_are_not_told(client):
    assert all("caché" not in ask(client, INFO_FORMAT=name).text for name in INFO_FORMATS)


def test_fields_have_their_titles_in_the_asked_language(client):
    assert "Section cadastrale" in ask(client, INFO_FORMAT="text/html").text
    assert "Section cadastrale" not in ask(client, INFO_FORMAT="text/html", LANGUAGE="eng").text


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("code", [2154, 4326, 3857])
def test_the_geometry_is_in_the_maps_crs_x_first(client, version, code):
    to = Transformer.from_crs(2154, code, always_xy=True)
    box = to.transform_bounds(X0, Y0, X0 + 1000, Y0 + 1000)
    asked = (box[1], box[0], box[3], box[2]) if code == 4326 and version == "1.3.0" else box
    collection = json.loads(ask(client, version, f"EPSG:{code}", asked).content)
    assert collection["crs"]["properties"]["name"] == f"urn:ogc:def:crs:EPSG::{code}"
    ring = collection["features"][0]["geometry"]["coordinates"][0]
    assert to.transform(X0 + 300, Y0 + 500) == pytest.approx(min(ring), abs=1e-3 if code != 4326 else 1e-8)


def test_one_feature_is_told_unless_more_are_asked(client):
    where = {"LAYERS": "bati", "QUERY_LAYERS": "parcelle", "i": 50, "j": 50}
    one, same, two = (ask(client, FEATURE_COUNT=count, **where) for count in (None, 1, 2))
    assert len(json.loads(one.content)["features"]) == len(json.loads(same.content)["features"]) == 1
    assert len(json.loads(two.content)["features"]) == 2


def test_nothing_is_told_where_there_is_nothing(client):
    far = (0.0, 0.0, 1000.0, 1000.0)
    assert json.loads(ask(client, bbox=far).content)["features"] == []
    assert "<!--nodatadetect-->\n<!--nodatadetect-->" in ask(client, bbox=far, INFO_FORMAT="text/html").text


def test_a_raster_tells_its_values(client):
    west, east = (
        json.loads(ask(client, LAYERS="relief", QUERY_LAYERS="relief", i=i).content)["features"][0] for i in (10, 90)
    )
    values = [next(v for v in f["properties"].values() if isinstance(v, float)) for f in (west, east)]
    assert values == pytest.approx([10, 90], abs=2)


def test_only_the_layers_of_the_asked_time_are_told(client):
    where = {"LAYERS": "arbre", "QUERY_LAYERS": "arbre", "FEATURE_COUNT": 50, "i": 50, "j": 50}
    box = (X0 - 4e4, Y0 - 4e4, X0 + 4e4, Y0 + 4e4)
    for year in ("2020", "2023"):
        features = json.loads(ask(client, bbox=box, TIME=year, **where).content)["features"]
        assert {str(f["properties"]["annee"]) for f in features} == {year}


@pytest.mark.parametrize("name", ["application/vnd.ogc.gml", "text/xml", "application/gml+xml; version=3.2"])
def test_gml_has_the_feature_and_its_geometry(client, name):
    root = etree.fromstring(ask(client, INFO_FORMAT=name).content)
    assert etree.QName(root).localname == "FeatureCollection"
    assert root.findtext(".//{https://essai.example/ns}numero") == "53"
    assert root.find(".//{*}Polygon") is not None


def test_legends_have_the_sizes_that_capabilities_tell(client):
    answer = client.get("/wms", SERVICE="WMS", REQUEST="GetCapabilities")
    legends = list(etree.fromstring(answer.content).iter(f"{WMS}LegendURL"))
    assert len(legends) == 5
    for legend in legends:
        address = legend.find(f"{WMS}OnlineResource").get(HREF)
        picture = client.request("GET", address)
        assert picture.headers["content-type"] == legend.findtext(f"{WMS}Format")
        size = (int(legend.get("width")), int(legend.get("height")))
        assert Image.open(io.BytesIO(picture.content)).size == size


def legend(client, **params):
    answer = client.get("/wms", REQUEST="GetLegendGraphic", VERSION="1.3.0", LAYER="parcelle", **params)
    assert answer.headers["content-type"] == "image/png", answer.text
    return Image.open(io.BytesIO(answer.content)).convert("RGBA")


def test_a_legend_is_transparent_unless_it_is_asked_not_to_be(client):
    assert legend(client).getpixel((0, 0))[3] == 0
    assert legend(client, TRANSPARENT="TRUE").getpixel((0, 0))[3] == 0
    assert legend(client, TRANSPARENT="FALSE").getpixel((0, 0)) == (255, 255, 255, 255)


def test_a_legend_is_drawn_for_the_asked_resolution_rule_and_size(client):
    plain, fine = legend(client), legend(client, DPI=181)
    assert fine.height == pytest.approx(2 * plain.height, abs=4)
    assert legend(client, RULE="Section A", WIDTH=40, HEIGHT=30).size == (40, 30)


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_a_rule_that_is_not_there_is_told(client, version):
    answer = client.get("/wms", REQUEST="GetLegendGraphic", VERSION=version, LAYER="parcelle", RULE="Section Z")
    assert answer.status_code == 400
    assert "Section A" in answer.text
