import pytest

from layers.errors import GarrigueError
from layers.formats import IMAGE_FORMATS
from server.errors import ServiceError
from server.kvp import Params
from server.wms import parameters, selections
from server.wms.errors import code_in, told
from server.wms.parameters import Asked

LON_LAT = (3.8, 43.5, 3.9, 43.6)
LAT_LON_CODES = ("EPSG:4326", "EPSG:4258", "EPSG:3035")
GOOD = {"LAYERS": "parcelle", "STYLES": "", "WIDTH": "256", "HEIGHT": "128", "FORMAT": "image/png"}


def asked(registry, version="1.3.0", theme=None, **params) -> Asked:
    crs = "CRS" if version == "1.3.0" else "SRS"
    given = {**GOOD, "VERSION": version, crs: "EPSG:2154", "BBOX": "770000,6279000,771000,6280000", **params}
    return Asked(registry, theme, Params([(k, v) for k, v in given.items() if v is not None]), version, "http://t")


def query(request: Asked):
    parameters.required_version(request.params)
    drawn = selections.drawn(selections.named(request))
    return parameters.picture(request, drawn, parameters.format_of(request.params))


def code(request: Asked) -> str:
    try:
        query(request)
    except ServiceError as error:
        return code_in(error, request.version)
    except GarrigueError as error:
        return code_in(told(error), request.version)
    return "no error"


def spellings(code: str) -> dict[str, bool]:
    """How a code is written, and whether that promises the authority's order in WMS 1.3.0 and 1.1.1."""
    number = code.removeprefix("EPSG:")
    return {
        code: False,
        f"epsg:{number}": False,
        f"urn:ogc:def:crs:EPSG::{number}": True,
        f"urn:ogc:def:crs:EPSG:9.9:{number}": True,
        f"http://www.opengis.net/def/crs/EPSG/0/{number}": True,
        f"https://www.opengis.net/def/crs/EPSG/0/{number}": True,
    }


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857", "EPSG:3943", *LAT_LON_CODES])
def test_axis_order_follows_crs_version_and_spelling(paper, crs, version):
    for text, authority in spellings(crs).items():
        parameter = {"CRS" if version == "1.3.0" else "SRS": text, "BBOX": "1,2,30,40"}
        swapped = crs in LAT_LON_CODES and (authority or version == "1.3.0")
        assert query(asked(paper, version, **parameter)).bbox == ((2, 1, 40, 30) if swapped else (1, 2, 30, 40)), text


@pytest.mark.parametrize("text", ["CRS:84", "OGC:CRS84", "urn:ogc:def:crs:OGC:1.3:CRS84"])
def test_crs84_is_longitude_first(paper, text):
    assert query(asked(paper, CRS=text, BBOX="3.8,43.5,3.9,43.6")).bbox == LON_LAT


def test_names_of_parameters_and_formats_are_read_in_any_case(paper):
    given = asked(paper, LAYERS=None, FORMAT="IMAGE/PNG8", layers="borne,parcelle", transparent="true", unknown="x")
    picture = query(given)
    assert [s.layer for s in picture.layers] == ["borne", "parcelle"]
    assert (picture.format, picture.transparent) == ("image/png; mode=8bit", True)


def test_exponents_are_numbers(paper):
    assert query(asked(paper, CRS="CRS:84", BBOX="-.0005E1,-25E-4,+05E-3,.00025E+1")).bbox == (
        -0.005,
        -0.0025,
        0.005,
        0.0025,
    )


@pytest.mark.parametrize(
    ("params", "dpi"),
    [
        ({}, 25.4 / 0.28),
        ({"DPI": "96"}, 96),
        ({"DPI": "96", "MAP_RESOLUTION": "96", "FORMAT_OPTIONS": "dpi:96"}, 96),
        ({"MAP_RESOLUTION": "192"}, 192),
        ({"FORMAT_OPTIONS": "antialias:full;dpi:300"}, 300),
    ],
)
def test_resolution_is_told_in_three_ways(paper, params, dpi):
    assert query(asked(paper, **params)).dpi == dpi


@pytest.mark.parametrize(("text", "expected"), [("0xFF0080", "#ff0080"), ("#ff0080", "#ff0080"), ("", "#ffffff")])
def test_background_is_a_colour(paper, text, expected):
    assert query(asked(paper, BGCOLOR=text)).background == expected


def test_a_jpeg_is_never_transparent(paper):
    assert not query(asked(paper, FORMAT="image/jpeg", TRANSPARENT="TRUE")).transparent


def test_a_theme_draws_its_layers_from_areas_to_points(paper):
    assert [s.layer for s in query(asked(paper, LAYERS="bati")).layers] == ["parcelle", "rue", "borne"]


def test_a_layer_is_drawn_rather_than_the_theme_of_its_name(paper):
    assert [s.layer for s in query(asked(paper, LAYERS="arbre")).layers] == ["arbre"]


def test_a_layer_is_known_by_its_name_and_by_its_id(paper):
    assert [s.layer for s in query(asked(paper, LAYERS="ORTHO.AUTRE,ailleurs")).layers] == ["ailleurs", "ailleurs"]


def test_names_with_the_prefix_of_wfs_are_understood(paper):
    assert [s.layer for s in query(asked(paper, LAYERS="garrigue:borne")).layers] == ["borne"]


@pytest.mark.parametrize(
    ("params", "opacities"),
    [
        ({"OPACITIES": "255,51"}, [1.0, 0.2]),
        ({"OPACITIES": "51"}, [0.2, 1.0]),
        ({"map_opacity": "50"}, [0.5, 0.5]),
        ({"OPACITIES": ",51", "MAP_OPACITY": "50"}, [0.5, 0.1]),
    ],
)
def test_opacities_go_by_layer(paper, params, opacities):
    assert [s.opacity for s in query(asked(paper, LAYERS="borne,rue", **params)).layers] == pytest.approx(opacities)


SIZES = [{name: bad} for name in ("WIDTH", "HEIGHT") for bad in ("0", "-1", "1000000000", "x", "1.5", "٣", "1e3")]
BOXES = ["0,0,1", "0,0,1,1,1", "1,0,0,1", "0,1,1,0", "0,0,0,1", "nan,0,1,1", "0,0,inf,1", "a,0,1,1", "0,0,1e999,1"]
BAD = [
    *[(bad, "InvalidParameterValue") for bad in SIZES],
    *[({"BBOX": bad}, "InvalidParameterValue") for bad in [*BOXES, "0;0;1;1", ",,,", "1_0,0,20,1", "-1e308,0,1e308,1"]],
    ({"WIDTH": None}, "MissingParameterValue"),
    ({"BBOX": None}, "MissingParameterValue"),
    ({"FORMAT": None}, "MissingParameterValue"),
    ({"LAYERS": ""}, "MissingParameterValue"),
    ({"FORMAT": "image/x-nope"}, "InvalidFormat"),
    ({"FORMAT": "text/html"}, "InvalidFormat"),
    ({"LAYERS": "nope"}, "LayerNotDefined"),
    ({"LAYERS": "borne,,rue"}, "LayerNotDefined"),
    ({"LAYERS": "borne,nope", "STYLES": ","}, "LayerNotDefined"),
    ({"STYLES": "nope"}, "StyleNotDefined"),
    ({"LAYERS": "ocs,borne", "STYLES": "usage,nope"}, "StyleNotDefined"),
    ({"LAYERS": "bati", "STYLES": "usage"}, "StyleNotDefined"),
    ({"LAYERS": "borne", "STYLES": ",,"}, "StyleNotDefined"),
    ({"LAYERS": ",".join(["borne"] * 9)}, ""),
    ({"LAYERS": "ocs", "TIME": "bientôt"}, "InvalidDimensionValue"),
    ({"LAYERS": "ocs", "TIME": "2022/2019"}, "InvalidDimensionValue"),
    ({"LAYERS": "ocs", "TIME": "2019-02-30"}, "InvalidDimensionValue"),
    ({"LAYERS": "ocs", "TIME": "2019/2020/P1Y/x"}, "InvalidDimensionValue"),
    ({"TRANSPARENT": "maybe"}, "InvalidParameterValue"),
    ({"BGCOLOR": "red"}, "InvalidParameterValue"),
    ({"DPI": "0"}, "InvalidParameterValue"),
    ({"DPI": "1e9"}, "InvalidParameterValue"),
    ({"FORMAT_OPTIONS": "dpi:x"}, "InvalidParameterValue"),
    ({"OPACITIES": "300"}, "InvalidParameterValue"),
    ({"OPACITIES": "1,2,3"}, "InvalidParameterValue"),
    ({"MAP_OPACITY": "-1"}, "InvalidParameterValue"),
    ({"VERSION": None}, "MissingParameterValue"),
    ({"VERSION": "x"}, "InvalidParameterValue"),
    ({"VERSION": "9.9.9"}, "InvalidParameterValue"),
]


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize(("params", "expected"), BAD)
def test_bad_input_is_told_by_its_code(paper, version, params, expected):
    assert code(asked(paper, version, **params)) == expected


@pytest.mark.parametrize("text", ["EPSG:99999", "EPSG:4807", "AUTO2:42001,1,0,0", "nope", "EPSG:4326; DROP", "2154"])
def test_a_crs_that_is_not_served_is_told_by_its_versions_code(paper, text):
    assert code(asked(paper, CRS=text)) == "InvalidCRS"
    assert code(asked(paper, "1.1.1", SRS=text)) == "InvalidSRS"


def test_the_other_versions_name_of_the_crs_is_told():
    request = Asked(None, None, Params([("VERSION", "1.3.0"), ("SRS", "EPSG:2154")]), "1.3.0", "")
    with pytest.raises(ServiceError, match=r"CRS is missing: WMS 1\.3\.0 has no SRS"):
        parameters.crs_of(request)


def test_layers_of_another_theme_are_not_defined(paper):
    assert code(asked(paper, theme="sol", LAYERS="borne")) == "LayerNotDefined"
    assert code(asked(paper, theme="sol", LAYERS="bati")) == "LayerNotDefined"
    assert code(asked(paper, theme="bati", LAYERS="borne")) == "no error"
    assert code(asked(paper, theme="bati", LAYERS="bati")) == "no error"


def test_a_near_miss_is_hinted(paper):
    with pytest.raises(GarrigueError, match="did you mean 'parcelle'"):
        query(asked(paper, LAYERS="parcele"))


@pytest.mark.parametrize(
    ("text", "version"),
    [
        (None, "1.3.0"),
        ("1.3.0", "1.3.0"),
        ("1.3", "1.3.0"),
        ("100.0.0", "1.3.0"),
        ("1.2.0", "1.1.1"),
        ("1.1.1", "1.1.1"),
        ("1.1.0", "1.1.1"),
        ("1.0.0", "1.1.1"),
        ("0.0.0", "1.1.1"),
        ("nonsense", "1.3.0"),
    ],
)
def test_versions_are_negotiated(text, version):
    assert parameters.negotiated(Params([("VERSION", text)] if text else [])) == version


def test_every_format_is_asked_by_its_name():
    for name in IMAGE_FORMATS:
        assert parameters.format_of(Params([("FORMAT", name)])).name == name
