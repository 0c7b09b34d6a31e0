from io import BytesIO

import numpy as np
import pytest
from PIL import Image

from layers.encode import encode, is_opaque, to_array, to_image
from layers.formats import IMAGE_FORMATS


@pytest.fixture
def rgba():
    picture = np.zeros((40, 60, 4), np.uint8)
    picture[:, :30] = (200, 40, 90, 255)
    picture[:20, 30:] = (10, 200, 90, 128)
    return picture


def decoded(data: bytes):
    with Image.open(BytesIO(data)) as image:
        return image.format, image.mode, np.asarray(image.convert("RGBA")).astype(int)


@pytest.mark.parametrize("name", IMAGE_FORMATS)
def test_every_format_gives_the_picture_back(rgba, name):
    form, mode, found = decoded(encode(to_image(rgba), name))
    assert form == name.split(";")[0].removeprefix("image/").upper()
    assert (mode == "P") == ("8bit" in name)
    assert np.abs(found[5:35, 5:25, :3] - rgba[5:35, 5:25, :3]).mean() < 6
    if IMAGE_FORMATS[name].alpha:
        assert np.abs(found[25:35, 35:55, 3]).max() == 0
        assert np.abs(found[5:15, 35:55, 3] - 128).max() <= 12


def test_an_opaque_png_has_three_channels(rgba):
    rgba[..., 3] = 255
    form, mode, found = decoded(encode(to_image(rgba), "image/png", opaque=True))
    assert (form, mode) == ("PNG", "RGB")
    assert (found == rgba).all()


def test_pixels_come_back_from_mapnik_as_they_went(rgba):
    rgba[..., 3] = 255
    assert is_opaque(rgba)
    assert (to_array(to_image(rgba)) == rgba).all()


def test_an_unknown_format_is_png(rgba):
    assert decoded(encode(to_image(rgba), "image/x-unheard-of"))[0] == "PNG"


@pytest.mark.parametrize("name", IMAGE_FORMATS)
def test_opaque_pixels_are_encoded_as_the_image_of_them(name):
    pixels = np.random.default_rng(1).integers(0, 255, (40, 60, 4), "uint8")
    pixels[..., 3] = 255
    assert encode(pixels, name) == encode(to_image(pixels), name)
