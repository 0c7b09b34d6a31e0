"""What OGC's suites wms13 and wms11 ask of GetMap, one test a demand, on the small world's real data."""

import io
import random

import numpy as np
import pytest
from PIL import Image
from pyproj import Transformer

from support.data import X0, Y0
from support.wms import client_of

WORLD = (X0, Y0, X0 + 1000, Y0 + 1000)
RED, BLUE, WHITE = (192, 57, 43), (41, 128, 185), (255, 255, 255)
BY_VERSION = {"1.3.0": "CRS", "1.1.1": "SRS"}


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


def params(version="1.3.0", crs="EPSG:2154", bbox=WORLD, **more):
    given = {"VERSION": version, "REQUEST": "GetMap", BY_VERSION[version]: crs, "BBOX": ",".join(map(repr, bbox))}
    return {**given, "LAYERS": "parcelle", "STYLES": "", "WIDTH": 100, "HEIGHT": 100, "FORMAT": "image/png", **more}


def pixels(answer, kind="image/png"):
    assert answer.status_code == 200, answer.text
    assert answer.headers["content-type"] == kind
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))


def colours(picture):
    return {tuple(int(v) for v in colour) for colour in picture[..., :3].reshape(-1, 3)}


def test_names_of_parameters_come_in_any_case_and_order_with_others_between(client):
    plain = params()
    items = [("".join(random.choice((c.lower(), c.upper())) for c in name), value) for name, value in plain.items()]
    items.append(("WfS", "junk"))
    random.shuffle(items)
    assert (pixels(client.get("/wms", **dict(items))) == pixels(client.get("/wms", **plain))).all()


def test_the_west_is_left_and_the_north_is_up(client):
    picture = pixels(client.get("/wms", **params()))
    assert tuple(picture[50, 25, :3]) == RED
    assert tuple(picture[50, 75, :3]) == BLUE
    quarters = pixels(client.get("/wms", **params(LAYERS="ortho")))
    assert quarters[25, 25, 0] > 150 > quarters[25, 25, 2]
    assert quarters[75, 25, 2] > 150 > quarters[75, 25, 0]


@pytest.mark.parametrize("form", ["{}", "urn:ogc:def:crs:EPSG::{}", "http://www.opengis.net/def/crs/EPSG/0/{}"])
@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("code", [4326, 4171, 4258, 3857, 3943, 3944])
def test_the_same_place_is_drawn_whatever_the_order_of_axes(client, code, version, form):
    text = f"EPSG:{code}" if form == "{}" else form.format(code)
    box = Transformer.from_crs(2154, code, always_xy=True).transform_bounds(*WORLD)
    north_first = code in (4326, 4171, 4258) and (version == "1.3.0" or form != "{}")
    asked = (box[1], box[0], box[3], box[2]) if north_first else box
    picture = pixels(client.get("/wms", **params(version, text, asked, LAYERS="ortho")))
    assert picture[30, 30, 0] > 150 > picture[30, 30, 2]
    assert picture[70, 30, 2] > 150 > picture[70, 30, 0]


@pytest.mark.parametrize("size", [(1024, 768), (8, 5), (1, 1), (2048, 3)])
@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_the_picture_has_the_asked_size(client, size, version):
    picture = pixels(client.get("/wms", **params(version, WIDTH=size[0], HEIGHT=size[1])))
    assert picture.shape[:2] == size[::-1]


@pytest.mark.parametrize("name", ["image/png", "image/png; mode=8bit", "image/jpeg", "image/webp"])
def test_every_advertised_format_is_given(client, name):
    picture = pixels(client.get("/wms", **params(FORMAT=name)), name.partition(";")[0])
    assert abs(picture[50, 25, :3].astype(int) - RED).max() < 12


@pytest.mark.parametrize("box", [(0, 0, 1000, 1000), (-3e7, -3e7, -2.9e7, -2.9e7), (1e8, 1e8, 1.1e8, 1.1e8)])
@pytest.mark.parametrize("layers", ["parcelle", "ortho", "relief", "arbre"])
def test_off_the_layer_and_off_the_earth_is_a_blank_map(client, box, layers):
    assert colours(pixels(client.get("/wms", **params(bbox=box, LAYERS=layers)))) == {WHITE}


def test_exponents_give_the_same_picture(client):
    plain = client.get("/wms", **params(BBOX="770000,6279000,771000,6280000"))
    exponent = client.get("/wms", **params(BBOX="+.77E6,6279E+3,771.0e3,62800000E-1"))
    assert plain.content == exponent.content


@pytest.mark.parametrize("given", [{}, {"TRANSPARENT": "FALSE"}])
def test_without_transparency_no_pixel_is_transparent(client, given):
    box = (X0 - 500, Y0 - 500, X0 + 500, Y0 + 500)
    picture = pixels(client.get("/wms", **params(bbox=box, **given)))
    assert (picture[..., 3] == 255).all()
    assert colours(picture[60:, :40]) == {WHITE}


def test_with_transparency_pixels_are_transparent_where_nothing_is_drawn(client):
    box = (X0 - 500, Y0 - 500, X0 + 500, Y0 + 500)
    picture = pixels(client.get("/wms", **params(bbox=box, TRANSPARENT="TRUE")))
    assert (picture[60:, :40, 3] == 0).all()
    assert (picture[10:40, 60:90, 3] == 255).all()


def test_the_background_has_the_asked_colour(client):
    box = (X0 - 500, Y0 - 500, X0 + 500, Y0 + 500)
    assert colours(pixels(client.get("/wms", **params(bbox=box, BGCOLOR="0x0000FF")))[60:, :40]) == {(0, 0, 255)}


def test_layers_are_drawn_first_to_last(client):
    over = pixels(client.get("/wms", **params(LAYERS="parcelle,ortho", STYLES=",")))
    under = pixels(client.get("/wms", **params(LAYERS="ortho,parcelle", STYLES="")))
    assert (over == pixels(client.get("/wms", **params(LAYERS="ortho")))).all()
    assert tuple(under[50, 25, :3]) == RED


def test_a_theme_is_drawn_by_its_name(client):
    whole = pixels(client.get("/wms", **params(LAYERS="bati")))
    each = pixels(client.get("/wms", **params(LAYERS="parcelle,chemin,arbre", STYLES=",,")))
    assert (whole == each).all()


def test_a_half_opaque_layer_shows_what_is_below(client):
    picture = pixels(client.get("/wms", **params(OPACITIES="128")))
    assert abs(picture[50, 25, :3].astype(int) - (np.array(RED) + 255) / 2).max() < 4


def test_a_form_that_is_posted_is_answered_like_a_query(client):
    got = client.get("/wms", **params())
    posted = client.request("POST", "/wms", data={k: str(v) for k, v in params().items()})
    mixed = client.request("POST", "/wms?REQUEST=GetMap&WIDTH=7", data={k: str(v) for k, v in params().items()})
    assert got.content == posted.content == mixed.content


@pytest.mark.parametrize(
    ("time", "warning"),
    [
        (None, "99 Default value used: time=2023 ISO8601"),
        ("2030", "99 Nearest value used: time=2023 ISO8601"),
        ("2020", None),
        ("current", None),
    ],
)
def test_a_value_that_was_not_asked_is_told_by_a_warning(client, time, warning):
    answer = client.get("/wms", **params(LAYERS="arbre", TIME=time))
    assert answer.status_code == 200
    assert answer.headers.get("warning") == warning


def test_each_time_has_its_own_picture(client):
    pictures = {t: pixels(client.get("/wms", **params(LAYERS="arbre", TIME=t))) for t in ("2020", "2023", "2020/2023")}
    drawn = {time: (picture != 255).any(axis=2).sum() for time, picture in pictures.items()}
    assert drawn["2020/2023"] > max(drawn["2020"], drawn["2023"])
    assert (pictures["2020"] != pictures["2023"]).any()


def test_an_interval_without_values_is_a_blank_map(client):
    picture = pixels(client.get("/wms", **params(LAYERS="arbre", TIME="2021-01-01/2021-12-31")))
    assert colours(picture) == {WHITE}
