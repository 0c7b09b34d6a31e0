"""Bad input, in both versions: every exception of the standard for its reason, in the form of the version."""

import io

import numpy as np
import pytest
from PIL import Image

from support.schemas import assert_valid, assert_valid_wms111
from support.wms import client_of

MAP = {
    "1.3.0": {"CRS": "EPSG:4326", "BBOX": "43.6,3.86,43.62,3.88"},
    "1.1.1": {"SRS": "EPSG:4326", "BBOX": "3.86,43.6,3.88,43.62"},
}
COMMON = {"LAYERS": "parcelle", "STYLES": "", "WIDTH": 64, "HEIGHT": 64, "FORMAT": "image/png"}
INFO = {"QUERY_LAYERS": "parcelle", "INFO_FORMAT": "application/json", "I": 3, "J": 3, "X": 3, "Y": 3}
VERSIONS = ["1.3.0", "1.1.1"]


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def ask(client, version, request, **params):
    given = {"SERVICE": "WMS", "VERSION": version, "REQUEST": request, **MAP[version], **COMMON}
    return client.get("/wms", **{**given, **(INFO if request == "GetFeatureInfo" else {}), **params})


def assert_told(answer, version, code):
    assert answer.status_code == 400
    assert answer.headers["cache-control"] == "no-store"
    if version == "1.3.0":
        assert answer.headers["content-type"].startswith("text/xml")
        root = assert_valid(answer.content, "wms/1.3.0/exceptions")
    else:
        assert answer.headers["content-type"] == "application/vnd.ogc.se_xml"
        root = assert_valid_wms111(answer.content)
        code = "InvalidSRS" if code == "InvalidCRS" else code
    assert root[0].get("code") == code
    assert len(root[0].text) > 10


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"FORMAT": "image/nope"}, "InvalidFormat"),
        ({"CRS": "EPSG:99999", "SRS": "EPSG:99999"}, "InvalidCRS"),
        ({"CRS": "EPSG:27700", "SRS": "EPSG:27700"}, "InvalidCRS"),
        ({"LAYERS": "nope"}, "LayerNotDefined"),
        ({"LAYERS": "parcelle,nope"}, "LayerNotDefined"),
        ({"STYLES": "nope"}, "StyleNotDefined"),
        ({"LAYERS": "arbre", "TIME": "demain"}, "InvalidDimensionValue"),
        ({"BBOX": "3,43,2,44"}, "InvalidParameterValue"),
        ({"BBOX": "3,43,3,44"}, "InvalidParameterValue"),
        ({"BBOX": "NaN,43,3,44"}, "InvalidParameterValue"),
        ({"WIDTH": 0}, "InvalidParameterValue"),
        ({"HEIGHT": -1}, "InvalidParameterValue"),
        ({"WIDTH": "1e9"}, "InvalidParameterValue"),
        ({"WIDTH": 1000000000}, "InvalidParameterValue"),
        ({"WIDTH": 2049}, "InvalidParameterValue"),
        ({"VERSION": None}, "MissingParameterValue"),
        ({"REQUEST": "GetMop"}, "OperationNotSupported"),
        ({"REQUEST": None}, "MissingParameterValue"),
        ({"SERVICE": "WFS"}, "InvalidParameterValue"),
    ],
)
def test_a_wrong_map_is_told(client, version, params, code):
    # Without a version, the answer is in the highest one's form.
    told_as = "1.3.0" if "VERSION" in params else version
    assert_told(ask(client, version, "GetMap", **params), told_as, code)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"QUERY_LAYERS": "nope"}, "LayerNotDefined"),
        ({"QUERY_LAYERS": None}, "MissingParameterValue"),
        ({"LAYERS": "relief", "QUERY_LAYERS": "relief,nope"}, "LayerNotDefined"),
        ({"INFO_FORMAT": "text/nope"}, "InvalidFormat"),
        ({"I": 64, "X": 64}, "InvalidPoint"),
        ({"J": -1, "Y": -1}, "InvalidPoint"),
        ({"I": "x", "X": "x"}, "InvalidPoint"),
        ({"I": None, "X": None}, "MissingParameterValue"),
        ({"FEATURE_COUNT": 0}, "InvalidParameterValue"),
        ({"FEATURE_COUNT": "x"}, "InvalidParameterValue"),
        ({"STYLES": "nope"}, "StyleNotDefined"),
    ],
)
def test_a_wrong_question_is_told(client, version, params, code):
    assert_told(ask(client, version, "GetFeatureInfo", **params), version, code)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("params", "code"),
    [
        ({"LAYER": None}, "MissingParameterValue"),
        ({"LAYER": "nope"}, "LayerNotDefined"),
        ({"LAYER": "parcelle", "STYLE": "nope"}, "StyleNotDefined"),
        ({"LAYER": "parcelle", "FORMAT": "text/nope"}, "InvalidFormat"),
        ({"LAYER": "parcelle", "SCALE": "x"}, "InvalidParameterValue"),
        ({"LAYER": "parcelle", "WIDTH": "0"}, "InvalidParameterValue"),
    ],
)
def test_a_wrong_legend_is_told(client, version, params, code):
    given = {"VERSION": version, "REQUEST": "GetLegendGraphic", "FORMAT": "image/png", **params}
    assert_told(client.get("/wms", **given), version, code)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("request_name", ["DescribeLayer", "GetStyles"])
def test_unknown_layers_are_told_by_every_operation(client, version, request_name):
    answer = client.get("/wms", VERSION=version, REQUEST=request_name, LAYERS="nope")
    assert_told(answer, version, "LayerNotDefined")


@pytest.mark.parametrize(("version", "form"), [("1.3.0", "BLANK"), ("1.1.1", "application/vnd.ogc.se_blank")])
def test_a_blank_picture_is_of_the_asked_colour(client, version, form):
    answer = ask(client, version, "GetMap", LAYERS="nope", EXCEPTIONS=form, BGCOLOR="0xFF0000", WIDTH=100, HEIGHT=100)
    assert answer.headers["content-type"] == "image/png"
    pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))
    assert pixels.shape == (100, 100, 4)
    assert (pixels == [255, 0, 0, 255]).all()


def test_an_unknown_theme_is_not_found(client):
    answer = client.get("/themes/nope/wms", SERVICE="WMS", REQUEST="GetCapabilities")
    assert answer.status_code == 404
    assert_valid(answer.content, "wms/1.3.0/exceptions")


def test_a_body_that_is_no_form_is_told(client):
    headers = {"Content-Type": "application/json"}
    assert_told(client.request("POST", "/wms", content=b"{}", headers=headers), "1.3.0", "OperationNotSupported")


def test_a_body_that_is_too_large_is_told(client):
    answer = client.request("POST", "/wms", data={"REQUEST": "GetMap", "X": "x" * 5_000_000})
    assert answer.status_code == 413


@pytest.mark.parametrize("query", ["REQUEST=%ff", "&".join(f"a{i}=1" for i in range(300))])
def test_parameters_that_cannot_be_read_are_told(client, query):
    assert_told(client.request("GET", f"/wms?{query}"), "1.3.0", "InvalidParameterValue")
