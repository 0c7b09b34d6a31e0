"""Functions that choose, drawn."""

from pathlib import Path

import pytest

from support.style_maps import SQUARE, at, fill, picture, sld

STYLE = Path(__file__).parents[2] / "data/styles/fonctions.sld"


@pytest.mark.parametrize(
    ("function", "value", "color"),
    [
        ("recode", "a", "#ff0000"),
        ("recode", "b", "#00ff00"),
        ("recode", "c", ""),
        ("categorize", 9.9, "#ff0000"),
        ("categorize", 10, "#00ff00"),
        ("categorize", 20, "#0000ff"),
        ("categorize", 99, "#0000ff"),
        ("if", 6, "#00ffff"),
        ("if", 5, "#ffff00"),
    ],
)
def test_a_choice_gives_its_colour(function, value, color):
    assert at(picture(STYLE, SQUARE, {"f": function, "v": value})) == color


@pytest.mark.parametrize(("value", "red"), [(-5, 0), (0, 0), (25, 64), (50, 128), (100, 255), (500, 255)])
def test_colours_are_interpolated_closely(value, red):
    pixels = picture(STYLE, SQUARE, {"f": "interpolate", "v": value})
    assert int(pixels[32, 32, 0]) == pytest.approx(red, abs=7)
    assert int(pixels[32, 32, 3]) == 255


@pytest.mark.parametrize(("value", "alpha"), [(0, 51), (5, 128), (10, 204), (99, 204)])
def test_numbers_are_interpolated_exactly(value, alpha):
    points = "".join(f"<ogc:Literal>{n}</ogc:Literal>" for n in (0, 0.2, 10, 0.8))
    function = f"<ogc:Function name='Interpolate'><ogc:PropertyName>v</ogc:PropertyName>{points}</ogc:Function>"
    paint = f"<CssParameter name='fill-opacity'>{function}</CssParameter>"
    pixels = picture(sld(f"<PolygonSymbolizer><Fill>{paint}</Fill></PolygonSymbolizer>"), SQUARE, {"v": value})
    assert int(pixels[32, 32, 3]) == pytest.approx(alpha, abs=2)


@pytest.mark.parametrize(("value", "color"), [("a", "#ff0000"), ("b", "#00ff00"), ("c", "#0000ff"), ("d", "")])
def test_a_choice_within_an_else_rule_leaves_the_other_rules_alone(value, color):
    keys = "".join(f"<ogc:Literal>{k}</ogc:Literal>" for k in ("b", "#00ff00", "c", "#0000ff", "a", "#000000"))
    function = f"<ogc:Function name='Recode'><ogc:PropertyName>v</ogc:PropertyName>{keys}</ogc:Function>"
    equal = "<ogc:PropertyName>v</ogc:PropertyName><ogc:Literal>a</ogc:Literal>"
    asked = f"<ogc:PropertyIsEqualTo>{equal}</ogc:PropertyIsEqualTo>"
    style = sld(f"<ogc:Filter>{asked}</ogc:Filter>{fill('#ff0000')}", f"<ElseFilter/>{fill(function)}")
    assert at(picture(style, SQUARE, {"v": value})) == color
