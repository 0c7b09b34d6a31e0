"""What OGC's suite wms13 asks of ELEVATION and other dimensions, one test a demand."""

import io

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from support.blue_lake import make_lake
from support.schemas import assert_valid, assert_valid_wms111
from support.wms import client_of

WMS = "{http://www.opengis.net/wms}"


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from layers.compile import load

    folder = tmp_path_factory.mktemp("lake")
    return client_of(load(make_lake(folder / "config"), folder / "store")[0])


def asked(layers, **more):
    given = {"VERSION": "1.3.0", "REQUEST": "GetMap", "CRS": "CRS:84", "BBOX": "-0.002,-0.002,0.002,0.002"}
    return {**given, "LAYERS": layers, "STYLES": "", "WIDTH": 40, "HEIGHT": 40, "FORMAT": "image/png", **more}


def drawn(client, layers, **more):
    """How many pixels of 1,600 something is drawn on, and what the answer warns of."""
    answer = client.get("/wms", **asked(layers, TRANSPARENT="TRUE", **more))
    assert answer.headers["content-type"] == "image/png", answer.text
    picture = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))
    return int((picture[..., 3] > 127).sum()), answer.headers.get("warning")


def code(client, layers, **more):
    answer = client.get("/wms", **asked(layers, **more))
    return etree.fromstring(answer.content)[0].get("code")


@pytest.mark.parametrize(
    ("elevation", "side", "warning"),
    [
        ("480", 20, None),
        ("490", 30, None),
        ("500", 40, None),
        ("492", 30, "99 Nearest value used: elevation=490 CRS:88"),
        (None, 40, "99 Default value used: elevation=500 CRS:88"),
    ],
)
def test_features_of_an_elevation_are_drawn(client, elevation, side, warning):
    assert drawn(client, "lake", ELEVATION=elevation) == (side**2, warning)


@pytest.mark.parametrize(
    ("elevation", "count", "warning"),
    [
        ("0/200", 400, None),
        ("200/335", 800, None),
        ("335/425", 400, None),
        ("0/200,335/425", 800, None),
        ("0/200,250", 1200, None),
        ("250", 800, None),
        ("251", 0, None),
        (None, 1600, "99 Default value used: elevation=0/425 CRS:88"),
    ],
)
def test_pixels_of_elevations_are_drawn(client, elevation, count, warning):
    assert drawn(client, "terrain", ELEVATION=elevation) == (count, warning)


@pytest.mark.parametrize(("kind", "side"), [("slope", 30), (None, 20), ("shore,deep", 40)])
def test_another_dimension_is_asked_by_its_name(client, kind, side):
    assert drawn(client, "kinds", DIM_KIND=kind)[0] == side**2


def test_a_layer_without_the_dimension_is_drawn_beside_one_that_has_it(client):
    assert drawn(client, "lake,kinds", STYLES="", ELEVATION="480", DIM_KIND="shore")[0] == 1600


@pytest.mark.parametrize(
    ("layers", "more"),
    [
        ("lake", {"ELEVATION": "500,480"}),
        ("terrain", {"ELEVATION": "1000"}),
        ("kinds", {"DIM_KIND": "dry"}),
    ],
)
def test_an_invalid_value_is_an_exception(client, layers, more):
    assert code(client, layers, **more) == "InvalidDimensionValue"


def test_capabilities_declare_the_dimensions(client):
    document = client.get("/wms", REQUEST="GetCapabilities", SERVICE="WMS").content
    assert_valid(document, "sld/1.1.0/sld_capabilities.xsd")
    found = {(e.get("name"), e.text): dict(e.attrib) for e in etree.fromstring(document).iter(f"{WMS}Dimension")}
    assert found["elevation", "480,490,500"] == {
        **{"name": "elevation", "units": "CRS:88", "unitSymbol": "m", "default": "500"},
        **{"multipleValues": "0", "nearestValue": "1"},
    }
    assert found["elevation", "0/425/1"]["multipleValues"] == "1"
    assert found["kind", "deep,shore,slope"]["default"] == "deep"


def test_old_capabilities_declare_the_dimensions_by_the_dtd(client):
    document = client.get("/wms", REQUEST="GetCapabilities", VERSION="1.1.1").content
    assert_valid_wms111(document)
    units = {e.get("units") for e in etree.fromstring(document).iter("Dimension") if e.get("name") == "elevation"}
    assert units == {"EPSG:5103"}


def test_a_theme_that_is_a_group_has_keywords_and_metadata(client):
    root = etree.fromstring(client.get("/wms", REQUEST="GetCapabilities").content)
    group = next(e for e in root.iter(f"{WMS}Layer") if e.findtext(f"{WMS}Name") == "water")
    assert group.findtext(f"{WMS}KeywordList/{WMS}Keyword") == "water"
    assert group.find(f"{WMS}MetadataURL") is not None


def test_information_is_of_the_asked_elevation(client):
    more = {"REQUEST": "GetFeatureInfo", "QUERY_LAYERS": "lake", "I": 20, "J": 20, "FEATURE_COUNT": 10}
    answer = client.get("/wms", **asked("lake", ELEVATION="480", INFO_FORMAT="application/json", **more))
    assert [feature["properties"]["ELEV"] for feature in answer.json()["features"]] == [480.0]


def test_information_as_gml_is_valid_by_the_schema_that_it_names(client):
    more = {"REQUEST": "GetFeatureInfo", "QUERY_LAYERS": "lake", "I": 20, "J": 20}
    answer = client.get("/wms", **asked("lake", INFO_FORMAT="application/vnd.ogc.gml", **more))
    root = etree.fromstring(answer.content)
    known = root.get("{http://www.w3.org/2001/XMLSchema-instance}schemaLocation").split()
    path = known[-1].removeprefix("http://testserver")
    schema = etree.fromstring(client.request("GET", path).content)
    declared = {e.get("name") for e in schema.iter("{http://www.w3.org/2001/XMLSchema}element")}
    assert {"lake", "geometry", "ELEV", "KIND"} <= declared
    assert root[0].tag == "{http://www.opengis.net/gml}boundedBy"


@pytest.mark.parametrize(("layer", "count"), [("lake", 1600), ("kinds", 400), ("terrain", 1600)])
def test_who_asks_for_no_dimension_gets_the_default_one(client, layer, count):
    from layers.encode import to_array
    from layers.query import MapQuery, Selection
    from layers.render import draw

    registry = client.app.state.context.registry
    box = (-0.002, -0.002, 0.002, 0.002)
    picture = draw(registry, MapQuery((Selection(layer),), "OGC:CRS84", box, 40, 40, transparent=True))
    assert int((to_array(picture)[..., 3] > 127).sum()) == count
