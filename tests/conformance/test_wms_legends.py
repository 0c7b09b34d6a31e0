"""GetLegendGraphic: pictures and JSON, of everything or of what occurs on a map."""

import base64
import io

import pytest
from lxml import etree
from PIL import Image

from support.data import X0, Y0
from support.wms import client_of

WEST = f"{X0 + 10},{Y0 + 10},{X0 + 300},{Y0 + 300}"
WHOLE = f"{X0},{Y0},{X0 + 1000},{Y0 + 1000}"
NOWHERE = f"{X0 + 5000},{Y0},{X0 + 6000},{Y0 + 1000}"


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def legend(client, **more):
    given = {"VERSION": "1.3.0", "REQUEST": "GetLegendGraphic", "LAYER": "parcelle", "FORMAT": "application/json"}
    return client.get("/wms", **{**given, **more})


def titles(answer):
    assert answer.headers["content-type"] == "application/json", answer.text
    return [symbol["title"] for node in answer.json()["nodes"] for symbol in node["symbols"]]


def test_json_has_a_picture_for_each_class(client):
    answer = legend(client)
    assert titles(answer) == ["Section A", "Autres sections"]
    picture = Image.open(io.BytesIO(base64.b64decode(answer.json()["nodes"][0]["symbols"][0]["icon"])))
    assert picture.convert("RGB").getpixel((10, 10)) == (192, 57, 43)


@pytest.mark.parametrize(
    ("box", "found"), [(WEST, ["Section A"]), (WHOLE, ["Section A", "Autres sections"]), (NOWHERE, [])]
)
@pytest.mark.parametrize("scale", [None, "5000"])
def test_with_a_box_only_the_classes_that_occur_there_are_told(client, box, found, scale):
    assert titles(legend(client, BBOX=box, CRS="EPSG:2154", SCALE=scale)) == found


def test_a_picture_of_less_is_smaller(client):
    whole, part = (legend(client, FORMAT="image/png", BBOX=box, CRS="EPSG:2154") for box in (WHOLE, WEST))
    assert Image.open(io.BytesIO(part.content)).height < Image.open(io.BytesIO(whole.content)).height


def test_the_legend_of_a_raster_does_not_depend_on_the_box(client):
    assert titles(legend(client, LAYER="relief", BBOX=NOWHERE, CRS="EPSG:2154")) == titles(
        legend(client, LAYER="relief")
    )


def test_formats_that_are_advertised_are_given(client):
    root = etree.fromstring(client.get("/wms", REQUEST="GetCapabilities").content)
    formats = root.findall(".//{http://www.opengis.net/sld}GetLegendGraphic/{*}Format")
    for name in [element.text for element in formats]:
        assert legend(client, FORMAT=name).headers["content-type"] == name
    assert etree.fromstring(legend(client, FORMAT="image/nope").content)[0].get("code") == "InvalidFormat"
