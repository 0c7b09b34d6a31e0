"""What clients send beside the standard, one table: each row asks for one thing in several ways, answered alike."""

import io

import numpy as np
import pytest
from PIL import Image

from support.wms import client_of

MAP = {
    **{"VERSION": "1.3.0", "REQUEST": "GetMap", "CRS": "EPSG:2154", "BBOX": "770000,6279000,771000,6280000"},
    **{"LAYERS": "parcelle,chemin", "STYLES": ",", "WIDTH": 100, "HEIGHT": 100, "FORMAT": "image/png"},
}
LEGEND = {"VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "LAYER": "parcelle", "FORMAT": "image/png"}
FES = (
    '<Filter xmlns="http://www.opengis.net/{}"><PropertyIsEqualTo><{}>{}</{}>'
    "<Literal>{}</Literal></PropertyIsEqualTo></Filter>"
)
SECTION = FES.format("ogc", "PropertyName", "section", "PropertyName", "A")
SECTION2 = FES.format("fes/2.0", "ValueReference", "essai:section", "ValueReference", "A")
RANK = FES.format("ogc", "PropertyName", "rang", "PropertyName", "3")
QGIS = {"DPI": 192, "MAP_RESOLUTION": 192, "FORMAT_OPTIONS": "dpi:192"}

SAME = {
    "resolution": [
        {"DPI": "192"},
        {"MAP_RESOLUTION": "192"},
        {"FORMAT_OPTIONS": "dpi:192"},
        {"format_options": "antialias:on;DPI:192"},
        QGIS,
        {"dpi": "192", "map_resolution": "192", "format_options": "dpi:192"},
    ],
    "the standard's resolution": [{}, {"DPI": "90.714286"}, {"DPI": ""}, {"FORMAT_OPTIONS": "antialias:on"}],
    "tiles": [{}, {"TILED": "true"}, {"tiled": "TRUE", "TILESORIGIN": "0,0"}, {"_OLSALT": "0.5", "unknown": "x"}],
    "a condition for one layer": [
        {"CQL_FILTER": "section = 'A';INCLUDE"},
        {"cql_filter": "section='A';"},
        {"FILTER": "parcelle:\"section\" = 'A'"},
        {"FILTER": "essai:parcelle:\"section\" = 'A'", "LAYERS": "essai:parcelle,essai:chemin"},
        {"FILTER": f"({SECTION})()"},
        {"FILTER": f"({SECTION2})()"},
    ],
    "a condition for each layer": [
        {"CQL_FILTER": "section = 'A';rang = 3"},
        {"FILTER": 'parcelle:"section" = \'A\';chemin:"rang" = 3'},
        {"FILTER": f"({SECTION})({RANK})"},
    ],
    "opacity of all": [{"map_opacity": "50"}, {"MAP_OPACITY": "50"}, {"OPACITIES": "127.5,127.5"}],
    "opacity of one": [{"OPACITIES": "51,255"}, {"opacities": "51"}, {"OPACITIES": "51,", "MAP_OPACITY": "100"}],
    "language": [{}, {"LANGUAGE": "eng"}, {"LANGUAGE": ""}],
}
LEGENDS = {
    "scale": [{"SCALE": "1000"}, {"scale": "1000"}, {"SCALE": "9", "scale": "1000"}],
    "resolution": [{"DPI": "192"}, QGIS, {"dpi": "192", "SCALE": "1000"}],
    "one rule": [{"RULE": "Section A"}, {"rule": "Section A"}],
    "English": [{"LANGUAGE": "eng"}, {"LANGUAGE": "en"}, {"language": "ENG"}],
    "the service's language": [{}, {"LANGUAGE": ""}, {"LANGUAGE": "fre"}, {"LANGUAGE": "fra"}, {"LANGUAGE": "ger"}],
}


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def picture(client, given, more):
    names = {name.upper() for name in more}
    asked = {name: value for name, value in given.items() if name not in names}
    answer = client.get("/wms", **asked, **more)
    assert answer.headers["content-type"] == "image/png", answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


@pytest.mark.parametrize("what", SAME)
def test_maps_are_alike_however_a_thing_is_asked(client, what):
    first, *others = [picture(client, MAP, more) for more in SAME[what]]
    for other, more in zip(others, SAME[what][1:], strict=True):
        assert (other == first).all(), more


@pytest.mark.parametrize("what", LEGENDS)
def test_legends_are_alike_however_a_thing_is_asked(client, what):
    first, *others = [picture(client, LEGEND, more) for more in LEGENDS[what]]
    for other, more in zip(others, LEGENDS[what][1:], strict=True):
        assert other.shape == first.shape, more
        assert (other == first).all(), more


@pytest.mark.parametrize("what", [w for w in SAME if w not in ("the standard's resolution", "tiles", "language")])
def test_each_has_an_effect(client, what):
    assert (picture(client, MAP, SAME[what][0]) != picture(client, MAP, {})).any()


@pytest.mark.parametrize("what", ["resolution", "one rule"])
def test_each_has_an_effect_on_legends(client, what):
    plain, other = picture(client, LEGEND, {}), picture(client, LEGEND, LEGENDS[what][0])
    assert other.shape != plain.shape
