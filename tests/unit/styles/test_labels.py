"""Labels: where they lie, what they say, which of two stays."""

from pathlib import Path

import numpy as np
import pytest

from support.style_maps import LINE, POINT, SQUARE, extent, picture, sld

DATA = Path(__file__).parents[2] / "data/styles"
NAME = "<ogc:PropertyName>nom</ogc:PropertyName>"


def label(inside: str = "", content: str = NAME, size: int = 10, color: str = "#000000") -> str:
    font = f'<Font><CssParameter name="font-size">{size}</CssParameter></Font>'
    paint = f'<Fill><CssParameter name="fill">{color}</CssParameter></Fill>'
    return f"<TextSymbolizer><Label>{content}</Label>{font}{inside}{paint}</TextSymbolizer>"


def anchored(x: float, y: float, more: str = "") -> str:
    anchor = f"<AnchorPoint><AnchorPointX>{x}</AnchorPointX><AnchorPointY>{y}</AnchorPointY></AnchorPoint>"
    return f"<LabelPlacement><PointPlacement>{anchor}{more}</PointPlacement></LabelPlacement>"


def place(style: str, geometry: dict = POINT, **properties: object) -> tuple[int, int, int, int]:
    return extent(picture(sld(style), geometry, {"nom": "mmm", **properties}, side=128))


def test_an_anchor_says_which_side_of_the_label_lies_on_the_point():
    """The point is at 64, 64."""
    assert place(label(anchored(0, 0.5)))[0] >= 63
    assert place(label(anchored(1, 0.5)))[2] <= 65
    assert place(label(anchored(0.5, 0)))[3] <= 66
    assert place(label(anchored(0.5, 1)))[1] >= 62
    left, top, right, bottom = place(label(anchored(0.5, 0.5)))
    assert ((left + right) / 2, (top + bottom) / 2) == (pytest.approx(64, abs=2), pytest.approx(64, abs=3))


def test_a_displacement_goes_right_and_up():
    moved = "<Displacement><DisplacementX>20</DisplacementX><DisplacementY>30</DisplacementY></Displacement>"
    plain, shifted = place(label(anchored(0.5, 0.5))), place(label(anchored(0.5, 0.5, moved)))
    assert (shifted[0] - plain[0], shifted[1] - plain[1]) == (20, -30)


def test_rotation_is_clockwise():
    pixels = picture(sld(label(anchored(0, 0.5, "<Rotation>45</Rotation>"))), POINT, {"nom": "mmmmm"}, side=128)
    left, top, right, bottom = extent(pixels)
    assert (left + right) / 2 > 70
    assert (top + bottom) / 2 > 70


def test_a_halo_surrounds_the_letters():
    halo = '<Halo><Radius>3</Radius><Fill><CssParameter name="fill">#ffff00</CssParameter></Fill></Halo>'
    pixels = picture(sld(label(halo)), POINT, {"nom": "m"}, side=128)
    assert (pixels[..., :3][pixels[..., 3] > 200] == (255, 255, 0)).all(axis=1).sum() > 40


@pytest.mark.parametrize("name", ["L'Haÿ-les-Roses", 'Été "78"', "Œuf & <b>", "back\\slash", "[nom]"])
def test_any_letters_may_be_in_a_label(name):
    assert place(label(), nom=name)[2] - place(label(), nom="i")[2] > 5


def test_text_and_fields_are_joined_and_put_into_capitals():
    joined = f"Nom : {NAME} !"
    assert place(label(content=joined))[0] < place(label())[0]
    upper = "<ogc:Function name='strToUpperCase'><ogc:PropertyName>nom</ogc:PropertyName></ogc:Function>"
    assert place(label(content=upper), nom="ooo")[1] < place(label(), nom="ooo")[1]


def test_a_label_follows_its_line_and_keeps_its_distance():
    on = "<LabelPlacement><LinePlacement/></LabelPlacement>"
    off = (
        "<LabelPlacement><LinePlacement><PerpendicularOffset>12</PerpendicularOffset></LinePlacement></LabelPlacement>"
    )
    assert place(label(on), LINE)[1] < 64 < place(label(on), LINE)[3]
    assert place(label(off), LINE)[3] < 62


def test_a_polygon_has_its_label_inside():
    concave = [[4, 4], [60, 4], [60, 14], [14, 14], [14, 50], [60, 50], [60, 60], [4, 60], [4, 4]]
    pixels = picture(sld(label(size=6)), {"type": "Polygon", "coordinates": [concave]}, {"nom": "i"}, side=128)
    row, column = np.argwhere(pixels[..., 3] > 100).mean(axis=0)
    assert not (30 < column < 118 and 30 < row < 98)


@pytest.mark.parametrize("written", ["{}", "<ogc:PropertyName>rang</ogc:PropertyName>"], ids=["number", "field"])
def test_of_two_labels_that_meet_the_more_important_one_stays(written):
    rules = [
        f"<ogc:Filter><ogc:PropertyIsEqualTo><ogc:PropertyName>rang</ogc:PropertyName><ogc:Literal>{rank}</ogc:Literal>"
        f"</ogc:PropertyIsEqualTo></ogc:Filter>{label(f'<Priority>{written.format(rank)}</Priority>', color=color)}"
        for rank, color in ((5, "#ff0000"), (5000, "#0000ff"))
    ]
    features = [(POINT, {"nom": "mm", "rang": 5}), (POINT, {"nom": "mm", "rang": 5000})]
    pixels = picture(sld(*rules), features, side=128)
    assert (pixels[..., 2] > 200).any()
    assert not ((pixels[..., 0] > 200) & (pixels[..., 2] < 50) & (pixels[..., 3] > 200)).any()


def test_labels_lie_over_everything_of_their_layer():
    """The second square is painted over the first, not over its label."""
    paint = '<PolygonSymbolizer><Fill><CssParameter name="fill">#00ff00</CssParameter></Fill></PolygonSymbolizer>'
    pixels = picture(sld(paint + label()), [(SQUARE, {"nom": "mmm"}), (SQUARE, {"nom": ""})], side=128)
    assert (pixels[48:80, 48:80, 1] < 100).any()


def test_geoservers_options_are_drawn():
    pixels = picture(DATA / "geoserver_etiquettes.sld", LINE, {"nom": "Rue", "no": 2, "rang": 3}, side=256)
    assert ((pixels[..., 2] > 100) & (pixels[..., 0] < 60) & (pixels[..., 3] > 200)).any()


MOVES = {"N": (0, -30), "S": (0, 30), "E": (30, 0), "SW": (-30, 30), "": (0, -30), "W, S": (0, 30)}


@pytest.mark.parametrize("mode", MOVES)
@pytest.mark.parametrize("shift", [0, 20])
def test_a_label_goes_to_the_asked_side_of_another(mode, shift):
    """Of three at one place, the first stays where it is asked to be."""
    options = (("maxDisplacement", "60"), ("displacementMode", mode))
    text = "".join(f'<VendorOption name="{name}">{value}</VendorOption>' for name, value in options if value)
    moved = f"<Displacement><DisplacementX>{shift}</DisplacementX></Displacement>"
    plain, asked = sld(label(anchored(0.5, 0.5, moved))), sld(label(anchored(0.5, 0.5, moved) + text))
    usual, first, both = (
        picture(style, [(POINT, {"nom": "ww"})] * count, side=256)
        for style, count in ((plain, 1), (asked, 1), (asked, 2))
    )
    assert (usual == first).all()
    second = np.where((first[..., 3] > 0)[..., None], 0, both)
    (left, top, *_), (there, high, *_) = extent(first), extent(second.astype(np.uint8))
    assert (there - left, high - top) == MOVES[mode]


def shield(resize: str = "", margin: str = "", inside: str = "") -> bytes:
    given = {"graphic-resize": resize, "graphic-margin": margin}
    options = "".join(f'<VendorOption name="{n}">{v}</VendorOption>' for n, v in given.items() if v)
    red = '<Fill><CssParameter name="fill">#ff0000</CssParameter></Fill>'
    mark = f"<Graphic><Mark><WellKnownName>square</WellKnownName>{red}</Mark><Size>16</Size></Graphic>"
    return sld(label(anchored(0.5, 0.5, inside) + mark + options))


def red_box(style: bytes, text: str) -> tuple[int, int, int, int]:
    pixels = picture(style, POINT, {"nom": text}, side=256)
    return extent(np.where((pixels[..., 0] > 150)[..., None], pixels, 0).astype(np.uint8))


@pytest.mark.parametrize("text", ["D 61", "AUTOROUTE"])
def test_a_shield_is_as_large_as_its_text(text):
    wide, high = (red_box(shield("stretch", margin), text) for margin in ("2 6", "8 20"))
    written = extent(picture(sld(label(anchored(0.5, 0.5))), POINT, {"nom": text}, side=256))
    assert wide[0] <= written[0]
    assert written[2] <= wide[2]
    assert wide[2] - wide[0] < (written[2] - written[0]) * 1.6 + 12
    assert high[2] - high[0] - wide[2] + wide[0] == pytest.approx(28, abs=1)
    assert high[3] - high[1] - wide[3] + wide[1] == pytest.approx(12, abs=1)


def test_a_shield_keeps_its_proportions_or_its_size_where_that_is_asked():
    left, top, right, bottom = red_box(shield("proportional"), "AUTOROUTE")
    assert abs((right - left) - (bottom - top)) <= 1
    left, top, right, bottom = red_box(shield(), "AUTOROUTE")
    assert (right - left, bottom - top) == (pytest.approx(16, abs=1), pytest.approx(16, abs=1))


def test_a_shield_moves_with_its_label_and_gives_way_with_it():
    moved = "<Displacement><DisplacementX>20</DisplacementX><DisplacementY>10</DisplacementY></Displacement>"
    (left, top, *_), (x, y, *_) = red_box(shield("stretch"), "D 6"), red_box(shield("stretch", "", moved), "D 6")
    assert (x - left, y - top) == (20, -10)
    one, two = (picture(shield("stretch"), [(POINT, {"nom": "D 6"})] * count, side=256) for count in (1, 2))
    assert (one == two).all()


@pytest.mark.parametrize(("option", "low", "high"), [("underlineText", 1, 5), ("strikethroughText", -8, -2)])
def test_a_line_below_or_through_a_text_goes_from_end_to_end(option, low, high):
    chosen = f'<VendorOption name="{option}">true</VendorOption>'
    bare, struck = (
        picture(sld(label(anchored(0.5, 0) + more, size=20)), POINT, {"nom": "nomenclature"}, side=256)
        for more in ("", chosen)
    )
    left, _, right, base = extent(bare)
    rows = (struck[base + low - 1 : base + high, left + 8 : right - 8, 3] > 100).mean(axis=1)
    assert rows.max() > 0.95
    assert (bare[base + low - 1 : base + high, left + 8 : right - 8, 3] > 100).mean(axis=1).max() < 0.9


@pytest.mark.parametrize(("option", "labels"), [("", 1), ("conflictResolution", 3)])
def test_a_street_in_pieces_has_its_name_once(option, labels):
    """Pieces of 30 pixels, next to each other; names that overlap are asked for by an option."""
    pieces = [
        ({"type": "LineString", "coordinates": [[4 + 15 * i, 32], [19 + 15 * i, 32]]}, {"nom": "mm"}) for i in range(3)
    ]
    on = "<LabelPlacement><LinePlacement/></LabelPlacement>"
    chosen = f'<VendorOption name="{option}">false</VendorOption>' if option else ""
    columns = (picture(sld(label(on + chosen)), pieces, side=128)[..., 3] > 100).any(axis=0)
    starts = np.flatnonzero(columns[1:] & ~columns[:-1])
    assert (np.diff(starts) > 14).sum() + 1 == labels
