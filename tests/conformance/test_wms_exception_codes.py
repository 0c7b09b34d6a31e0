"""One table: every code of the standard and every bad value, in both versions and every form that EXCEPTIONS asks."""

import io
from dataclasses import replace
from types import MappingProxyType

import numpy as np
import pytest
from PIL import Image

from support.schemas import assert_valid, assert_valid_wms111
from support.wms import client_of

VERSIONS = ["1.3.0", "1.1.1"]
PLACE = {
    "1.3.0": {"CRS": "EPSG:2154", "BBOX": "770000,6279000,771000,6280000"},
    "1.1.1": {"SRS": "EPSG:2154", "BBOX": "770000,6279000,771000,6280000"},
}
MAP = {"REQUEST": "GetMap", "LAYERS": "parcelle", "STYLES": "", "WIDTH": 64, "HEIGHT": 48, "FORMAT": "image/png"}
INFO = {**MAP, "REQUEST": "GetFeatureInfo", "QUERY_LAYERS": "parcelle", "INFO_FORMAT": "application/json"}
POINT = {"1.3.0": {"I": 3, "J": 3}, "1.1.1": {"X": 3, "Y": 3}}
FORMS = {
    "1.3.0": {"xml": (None, "", "XML", "xml", "other"), "inimage": ("INIMAGE", "inimage"), "blank": ("BLANK",)},
    "1.1.1": {
        "xml": (None, "application/vnd.ogc.se_xml", "other"),
        "inimage": ("application/vnd.ogc.se_inimage", "INIMAGE"),
        "blank": ("application/vnd.ogc.se_blank", "BLANK"),
    },
}
SLD = '<StyledLayerDescriptor version="1.0.0" xmlns="http://www.opengis.net/sld">{}</StyledLayerDescriptor>'
BOMB = '<!DOCTYPE l [<!ENTITY a "aaaaaaaaaa">{}]>' + SLD.format("&j;")
LAUGHS = "".join(f'<!ENTITY {y} "{f"&{x};" * 10}">' for x, y in zip("abcdefghi", "bcdefghij", strict=True))
OUTSIDE = '<!DOCTYPE l [<!ENTITY e SYSTEM "file:///etc/passwd">]>' + SLD.format("&e;")
DTD = '<!DOCTYPE l SYSTEM "http://169.254.169.254/latest.dtd">' + SLD.format("")
MARK = "InvalidParameterValue"

MAPS = {
    "InvalidFormat": [{"FORMAT": "image/nope"}, {"FORMAT": "text/html"}, {"FORMAT": "image/png;../../etc"}],
    "InvalidCRS": [
        *({"CRS": crs, "SRS": crs} for crs in ("EPSG:27700", "EPSG:99999", "nope", "EPSG:", "AUTO2:42001,1,0,0")),
    ],
    "LayerNotDefined": [
        {"LAYERS": "nope"},
        {"LAYERS": "parcelle,"},
        {"LAYERS": "<script>"},
        {"LAYERS": "parcelle,nope"},
    ],
    "StyleNotDefined": [{"STYLES": "nope"}, {"STYLES": ","}, {"LAYERS": "parcelle,chemin", "STYLES": ",nope"}],
    "MissingDimensionValue": [{"LAYERS": "haut"}],
    "InvalidDimensionValue": [
        *({"LAYERS": "arbre", "TIME": time} for time in ("demain", "2023/2020", "2020-13", "2020/2023/P1Y/x", "a/b")),
        *({"LAYERS": "haut", "ELEVATION": height} for height in ("x", "999", "2/1", "nan", "1,2,x")),
    ],
    "OperationNotSupported": [{"REQUEST": "GetCoffee"}],
    "MissingParameterValue": [{name: None} for name in ("BBOX", "WIDTH", "HEIGHT", "FORMAT", "LAYERS")],
    MARK: [
        *({"BBOX": box} for box in ("771000,0,770000,1", "0,1,1,0", "5,5,5,6", "5,5,6,5", "NaN,0,1,1", "0,0,1,inf")),
        *({"BBOX": box} for box in ("0,0,1", "0,0,1,1,1", "a,b,c,d", ",,,", "0 0 1 1", "1e999,0,1,1")),
        *(
            {side: size}
            for side in ("WIDTH", "HEIGHT")
            for size in ("0", "-1", "1e9", "1000000000", "2049", "x", "1.5")
        ),
        *({"BGCOLOR": text} for text in ("red", "0xGGGGGG", "0xFFF")),
        *({"TRANSPARENT": text} for text in ("maybe", "2")),
        *({"SLD_BODY": text} for text in ("not xml", "<a/>", BOMB.format(LAUGHS), OUTSIDE, DTD)),
        *(
            {"SLD": address}
            for address in ("http://169.254.169.254/a", "file:///etc/passwd", "http://localhost/x", "::")
        ),
        {"DPI": "0"},
        {"OPACITIES": "256"},
        {"map_opacity": "101"},
        {"CQL_FILTER": "section = "},
        {"CQL_FILTER": "nope = 1"},
        {"FILTER": "<Filter"},
        {"SERVICE": "WFS"},
    ],
    "": [{"LAYERS": ",".join(["parcelle"] * 31)}],
}
QUESTIONS = {
    "InvalidFormat": [{"INFO_FORMAT": "text/nope"}],
    "LayerNotDefined": [{"QUERY_LAYERS": "nope"}, {"LAYERS": "nope"}],
    "LayerNotQueryable": [{"LAYERS": "chemin", "QUERY_LAYERS": "chemin"}],
    "InvalidPoint": [dict.fromkeys("IX", bad) for bad in ("64", "-1", "x", "1e9", "1.5")]
    + [dict.fromkeys("JY", bad) for bad in ("48", "-1", "nan")],
    "MissingParameterValue": [{"QUERY_LAYERS": None}, {"I": None, "X": None}, {"J": None, "Y": None}],
    MARK: [{"FEATURE_COUNT": bad} for bad in ("0", "-1", "x", "1e3")] + [{"WIDTH": 0}],
}
UPDATES = {"CurrentUpdateSequence": 0, "InvalidUpdateSequence": 1}


def rows(table):
    return [
        pytest.param(code, more, id=f"{code}-{n}") for code, several in table.items() for n, more in enumerate(several)
    ]


@pytest.fixture(scope="module")
def client(registry):
    """The small world, its paths not queryable, and a layer of an elevation without a default."""
    layers = dict(registry.layers)
    paths, trees = layers["chemin"], layers["arbre"]
    layers["chemin"] = replace(paths, definition=paths.definition.model_copy(update={"queryable": False}))
    declared = {"title": "Haut", "source": {"vector": "x"}, "elevation": {"attribute": "hauteur"}}
    facts = replace(trees.facts, times=(), dimensions=(("elevation", ("1", "2")),))
    high = trees.definition.model_validate(declared)
    layers["haut"] = replace(trees, id="haut", definition=high, facts=facts)
    return client_of(replace(registry, layers=MappingProxyType(layers), version="exceptions"))


def ask(client, version, given, more):
    extra = POINT[version] if given is INFO else {}
    return client.get("/wms", **{"VERSION": version, **given, **PLACE[version], **extra, **more})


def assert_told(answer, version, code):
    assert answer.status_code == 400, answer.text[:300]
    assert answer.headers["cache-control"] == "no-store"
    if version == "1.3.0":
        root = assert_valid(answer.content, "wms/1.3.0/exceptions")
    else:
        root = assert_valid_wms111(answer.content)
        code = "InvalidSRS" if code == "InvalidCRS" else code
    assert (root[0].get("code") or "") == code, root[0].text
    assert 10 < len(root[0].text) < 700
    return root[0]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("code", "more"), rows(MAPS))
def test_a_map_that_cannot_be_is_told_by_its_code(client, version, code, more):
    error = assert_told(ask(client, version, MAP, more), version, code)
    if version == "1.3.0":
        told = {"ELEVATION"} if code == "MissingDimensionValue" else {name.upper() for name in more}
        assert error.get("locator") in told


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(("code", "more"), rows(QUESTIONS))
def test_a_question_that_has_no_answer_is_told_by_its_code(client, version, code, more):
    assert_told(ask(client, version, INFO, more), version, code)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("code", UPDATES)
def test_a_sequence_is_told_by_its_code(client, registry, version, code):
    sequence = registry.updated + UPDATES[code]
    answer = client.get("/wms", REQUEST="GetCapabilities", VERSION=version, UPDATESEQUENCE=sequence)
    assert_told(answer, version, code)


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    ("code", "more"),
    [row for row in rows(MAPS) if row.values[1].keys() & {"FORMAT", "BBOX", "LAYERS", "STYLES", "SLD_BODY", "WIDTH"}],
)
def test_every_form_of_an_exception_is_given(client, version, code, more):
    for form, names in FORMS[version].items():
        for name in names:
            answer = ask(client, version, MAP, {**more, "EXCEPTIONS": name})
            if form == "xml":
                assert_told(answer, version, code)
                continue
            assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png")
            pixels = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))
            assert pixels.shape[:2] == (48, 64 if "WIDTH" not in more else pixels.shape[1])
            assert (pixels == 255).all() == (form == "blank")


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize(
    "box",
    [
        "0,0,1,1",
        "1e7,1e7,2e7,2e7",
        "-1e300,-1e300,1e300,1e300",
        "-9e9,-9e9,-8e9,-8e9",
        "770000,6279000,770000.0000001,6279000.0000001",
    ],
)
@pytest.mark.parametrize("layer", ["parcelle", "ortho", "arbre"])
def test_off_the_layer_or_the_earth_is_a_map(client, version, box, layer):
    answer = ask(client, version, MAP, {"BBOX": box, "LAYERS": layer})
    assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text[:300]


@pytest.mark.parametrize("version", VERSIONS)
@pytest.mark.parametrize("box", ["100,200,101,201", "-1000,-1000,-999,-999", "179,89,400,500"])
def test_degrees_beyond_the_earth_are_a_map(client, version, box):
    place = {"CRS": "EPSG:4326", "SRS": "EPSG:4326", "BBOX": box}
    for layer in ("parcelle", "ortho", "arbre"):
        answer = ask(client, version, MAP, {**place, "LAYERS": layer})
        assert (answer.status_code, answer.headers["content-type"]) == (200, "image/png"), answer.text[:300]
