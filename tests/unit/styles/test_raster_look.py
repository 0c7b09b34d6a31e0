"""Bands to colours."""

from pathlib import Path

import numpy as np
import pytest

from layers.facts import Band, RasterFacts
from layers.styles import read_sld
from layers.styles.model import Channel, ColorMap, ColorStop, ContrastEnhancement, RasterSymbolizer
from layers.styles.raster import RasterLook, to_rgba

DATA = Path(__file__).parents[2] / "data/styles"
STOPS = (ColorStop(0, "#000000"), ColorStop(100, "#ff0000"), ColorStop(200, "#ffffff", 0.5))


def facts(*interpretations: str, dtype: str = "uint8", minimum: float | None = None, maximum: float | None = None):
    bands = tuple(Band(dtype, i, None, minimum, maximum, f"b{n}") for n, i in enumerate(interpretations, 1))
    return RasterFacts("EPSG:2154", (0, 0, 1, 1), (1, 1), bands, "")


def mapped(kind: str) -> RasterLook:
    return RasterLook(RasterSymbolizer(color_map=ColorMap(kind, STOPS)))


def one(look: RasterLook, value: float, dtype: str, **more: float) -> tuple[int, ...]:
    data = np.ma.array(np.full((1, 2, 2), value), dtype=dtype)
    return tuple(int(v) for v in to_rgba(look, data, facts("gray", dtype=dtype, **more))[0, 0])


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "int16", "int32", "float32", "float64"])
@pytest.mark.parametrize(
    ("kind", "value", "color"),
    [
        ("ramp", 0, (0, 0, 0, 255)),
        ("ramp", 50, (128, 0, 0, 255)),
        ("ramp", 150, (255, 128, 128, 191)),
        ("ramp", 250, (255, 255, 255, 128)),
        ("intervals", 0, (255, 0, 0, 255)),
        ("intervals", 99, (255, 0, 0, 255)),
        ("intervals", 100, (255, 255, 255, 128)),
        ("intervals", 200, (0, 0, 0, 0)),
        ("values", 100, (255, 0, 0, 255)),
        ("values", 101, (0, 0, 0, 0)),
    ],
)
def test_a_colour_map_gives_its_colours_for_every_type(kind, value, color, dtype):
    assert one(mapped(kind), value, dtype) == pytest.approx(color, abs=1)


def test_negative_values_have_their_colours():
    stops = (ColorStop(-20, "#0000ff"), ColorStop(20, "#ff0000"))
    look = RasterLook(RasterSymbolizer(color_map=ColorMap("ramp", stops)))
    for dtype in ("int16", "float32"):
        assert one(look, -20, dtype) == (0, 0, 255, 255)
        assert one(look, 0, dtype) == pytest.approx((128, 0, 128, 255), abs=1)


def test_masked_and_undefined_pixels_are_transparent():
    values = np.array([[[5.0, np.nan], [7.0, 9.0]]], np.float32)
    data = np.ma.array(values, mask=[[[False, False], [True, False]]])
    for look in (mapped("ramp"), RasterLook(), mapped("intervals")):
        alpha = to_rgba(look, data, facts("gray", dtype="float32", minimum=0, maximum=10))[..., 3]
        assert alpha.tolist() == [[255, 0], [0, 255]]


def test_a_picture_is_transparent_only_where_all_its_bands_are_masked():
    data = np.ma.masked_equal(np.array([[[0, 0]], [[0, 1]], [[0, 2]]], np.uint8), 0)
    pixels = to_rgba(RasterLook(), data, facts("red", "green", "blue"))
    assert pixels.tolist() == [[[0, 0, 0, 0], [0, 1, 2, 255]]]


def test_the_alpha_band_and_the_order_of_bands_are_the_files_own():
    data = np.ma.array(np.array([[[1]], [[2]], [[3]], [[77]]], np.uint8))
    assert to_rgba(RasterLook(), data, facts("blue", "green", "red", "alpha")).tolist() == [[[3, 2, 1, 77]]]


def test_channels_choose_bands_by_number_or_name():
    data = np.ma.array(np.array([[[1]], [[2]], [[3]], [[4]]], np.uint8))
    look = RasterLook(RasterSymbolizer(channels=(Channel("4"), Channel("b3"), Channel("2"))))
    assert to_rgba(look, data, facts("red", "green", "blue", "undefined")).tolist() == [[[4, 3, 2, 255]]]


def test_a_palette_colours_its_values():
    palette = ((1, 2, 3, 255), (4, 5, 6, 128))
    assert one(RasterLook(palette=palette), 1, "uint8") == (4, 5, 6, 128)
    assert one(RasterLook(palette=palette), 9, "uint8") == (0, 0, 0, 0)


@pytest.mark.parametrize(
    ("look", "dtype", "value", "gray"),
    [
        (RasterLook(), "uint8", 77, 77),
        (RasterLook(), "uint16", 1500, 128),
        (RasterLook(), "float32", 1500, 128),
        (RasterLook(stretch=(0, 2000)), "uint16", 500, 64),
        (RasterLook(RasterSymbolizer(contrast=ContrastEnhancement("normalize", 1, 1400, 1600))), "uint16", 1550, 191),
        (RasterLook(RasterSymbolizer(contrast=ContrastEnhancement(gamma=2.0))), "uint8", 64, 128),
    ],
)
def test_gray_is_stretched_between_what_is_known(look, dtype, value, gray):
    found = one(look, value, dtype, minimum=1000, maximum=2000)
    assert found == pytest.approx((gray, gray, gray, 255), abs=1)


def test_opacity_of_a_style_is_that_of_its_picture():
    symbolizer = read_sld(DATA / "relief.sld").raster
    assert symbolizer is not None
    assert one(RasterLook(symbolizer), 100, "float32") == pytest.approx((255, 0, 0, 128), abs=1)


def test_bytes_are_stretched_between_percentiles_where_the_layer_asks_it():
    assert one(RasterLook(ranged=True), 75, "uint8", minimum=50, maximum=100) == (128, 128, 128, 255)
    assert one(RasterLook(), 75, "uint8", minimum=50, maximum=100) == (75, 75, 75, 255)


def test_bytes_of_an_unknown_range_are_never_stretched_by_one_picture():
    look = RasterLook(RasterSymbolizer(contrast=ContrastEnhancement("normalize")))
    assert one(look, 75, "uint8") == (75, 75, 75, 255)
