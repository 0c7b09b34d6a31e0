"""What OGC's suite wms13 asks of single pixels, of lists and of scales, one test a demand."""

import io

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from support.blue_lake import LAYERS, make_lake
from support.wms import client_of

WHITE = (255, 255, 255)


@pytest.fixture(scope="module")
def client(tmp_path_factory):
    from layers.compile import load

    folder = tmp_path_factory.mktemp("pixels")
    config = make_lake(folder / "config")
    far = "far:\n  title: Far\n  source: {vector: data/lake.gpkg}\n  max_scale: 1000\n"
    (config / "layers" / "water.yaml").write_text(LAYERS + far, encoding="utf-8")
    return client_of(load(config, folder / "store")[0])


def asked(layers="lake", **more):
    given = {"VERSION": "1.3.0", "REQUEST": "GetMap", "CRS": "CRS:84", "BBOX": "-0.002,-0.002,0.002,0.002"}
    return {**given, "LAYERS": layers, "STYLES": "", "WIDTH": 40, "HEIGHT": 40, "FORMAT": "image/png", **more}


def pixels(client, **more):
    answer = client.get("/wms", **asked(**more))
    assert answer.headers["content-type"] == "image/png", answer.text
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGB"))


def test_a_box_is_around_pixels_not_around_their_middles(client):
    picture = pixels(client, BBOX="-0.002,-0.0019,0.0019,0.002", WIDTH=10, HEIGHT=7)
    border = np.concatenate([picture[0], picture[-1], picture[:, 0], picture[:, -1]])
    assert (border != WHITE).any(axis=1).all()


@pytest.mark.parametrize("background", [("0xFFFFFF", WHITE), ("0x0000FF", (0, 0, 255))])
def test_outside_a_polygon_every_pixel_is_exactly_the_background(client, background):
    picture = pixels(client, BBOX="-0.004,-0.004,0.004,0.004", WIDTH=80, HEIGHT=80, BGCOLOR=background[0])
    outside = np.ones((80, 80), bool)
    outside[19:61, 19:61] = False
    assert (picture[outside] == background[1]).all()
    assert (picture[21:59, 21:59] != background[1]).any(axis=2).all()


def test_boxes_are_kept_to_a_tenth_of_a_thousandth_of_a_degree(client):
    picture = pixels(client, BBOX="0.0019,-0.0001,0.0021,0.0001", WIDTH=20, HEIGHT=20)
    assert (picture[:, :9] != WHITE).any(axis=2).all()
    assert (picture[:, 11:] == WHITE).all()


def test_pixels_need_not_be_square(client):
    picture = pixels(client, BBOX="-0.004,-0.004,0.004,0.004", WIDTH=80, HEIGHT=20)
    assert (picture[6:14, 21:59] != WHITE).any(axis=2).all()
    assert (picture[:4] == WHITE).all()


def test_outside_its_scales_a_layer_is_a_blank_map(client):
    assert (pixels(client, layers="far") == WHITE).all()
    near = pixels(client, layers="far", BBOX="-0.00001,-0.00001,0.00001,0.00001")
    assert (near != WHITE).any()


@pytest.mark.parametrize(
    ("layers", "styles"), [("lake,kinds", ""), ("lake,kinds", ","), ("lake,kinds,lake", ",,default")]
)
def test_lists_of_layers_have_as_many_styles_or_none(client, layers, styles):
    assert (pixels(client, layers=layers, STYLES=styles) != WHITE).any()


@pytest.mark.parametrize(
    ("more", "code"),
    [
        ({"layers": "lake,nope,kinds"}, "LayerNotDefined"),
        ({"layers": "lake,kinds", "STYLES": ",nope"}, "StyleNotDefined"),
        ({"layers": "lake,kinds", "STYLES": ",,"}, "StyleNotDefined"),
        ({"VERSION": None}, "MissingParameterValue"),
        ({"CRS": "AUTO2:42004"}, "InvalidCRS"),
    ],
)
def test_one_wrong_name_among_several_is_told(client, more, code):
    answer = client.get("/wms", **asked(**more))
    assert (answer.status_code, answer.headers["content-type"]) == (400, "text/xml; charset=utf-8")
    assert etree.fromstring(answer.content)[0].get("code") == code


@pytest.mark.parametrize("form", ["INIMAGE", "BLANK"])
def test_a_transparent_picture_of_an_error_is_clear(client, form):
    answer = client.get("/wms", **asked(layers="nope", EXCEPTIONS=form, TRANSPARENT="TRUE"))
    alpha = np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA"))[..., 3]
    assert (alpha == 0).all() if form == "BLANK" else (alpha > 0).any()
