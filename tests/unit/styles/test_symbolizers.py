"""What each symbolizer gives, in pixels."""

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layers.styles.mapnik import drawn
from layers.styles.sld import read_sld
from support.style_maps import LINE, POINT, SQUARE, at, extent, fill, picture, sld

DATA = Path(__file__).parents[2] / "data/styles"
RED = '<Fill><CssParameter name="fill">#ff0000</CssParameter></Fill>'


def css(**given: object) -> str:
    return "".join(f'<CssParameter name="{k.replace("_", "-")}">{v}</CssParameter>' for k, v in given.items())


def line(inside: str = "", uom: str = "", **given: object) -> str:
    unit = f' uom="http://www.opengeospatial.org/se/units/{uom}"' if uom else ""
    return f"<LineSymbolizer{unit}><Stroke>{css(**given)}</Stroke>{inside}</LineSymbolizer>"


def mark(name: str, size: object = 20, inside: str = "", paint: str = RED) -> str:
    shape = f"<Mark><WellKnownName>{name}</WellKnownName>{paint}</Mark>"
    return f"<PointSymbolizer><Graphic>{shape}<Size>{size}</Size>{inside}</Graphic></PointSymbolizer>"


def graphic_fill(name: str, size: float, rotation: float = 0, options: str = "") -> str:
    stroke = f"<Stroke>{css(stroke='#ff0000')}</Stroke>"
    shape = f"<Mark><WellKnownName>{name}</WellKnownName>{RED}{stroke}</Mark>"
    graphic = f"<Graphic>{shape}<Size>{size}</Size><Rotation>{rotation}</Rotation></Graphic>"
    return f"<PolygonSymbolizer><Fill><GraphicFill>{graphic}</GraphicFill></Fill>{options}</PolygonSymbolizer>"


def test_a_polygon_has_its_fill_opacity_and_border():
    paint = f"<PolygonSymbolizer><Fill>{css(fill='#00ff00', fill_opacity=0.5)}</Fill><Stroke>"
    pixels = picture(sld(f"{paint}{css(stroke='#0000ff', stroke_width=4)}</Stroke></PolygonSymbolizer>"), SQUARE)
    assert at(pixels) == "#00ff00"
    assert int(pixels[32, 32, 3]) == pytest.approx(128, abs=2)
    assert at(pixels, 8, 32) == "#0000ff"
    assert extent(pixels) == (6, 6, 58, 58)


def test_feature_type_styles_and_symbolizers_are_painted_in_their_order():
    assert at(picture(sld(fill("#ff0000") + fill("#0000ff")), SQUARE)) == "#0000ff"
    body = sld(fill("#ff0000")).replace(
        b"</UserStyle>", f"<FeatureTypeStyle><Rule>{fill('#00ff00')}</Rule></FeatureTypeStyle></UserStyle>".encode()
    )
    assert at(picture(body, SQUARE)) == "#00ff00"


def test_a_displaced_polygon_is_a_shadow():
    moved = "<Displacement><DisplacementX>4</DisplacementX><DisplacementY>-4</DisplacementY></Displacement>"
    assert extent(picture(sld(fill("#808080", moved)), SQUARE)) == (12, 12, 60, 60)


@pytest.mark.parametrize(("width", "rows"), [(2, (31, 33)), (6, (29, 35))])
def test_a_line_has_its_width(width, rows):
    pixels = picture(sld(line(stroke="#ff0000", stroke_width=width)), LINE)
    assert (extent(pixels)[1], extent(pixels)[3]) == rows


def test_dashes_and_their_offset():
    dashed = {"stroke": "#ff0000", "stroke_width": 2, "stroke_dasharray": "10 10"}
    plain, moved = (picture(sld(line(**dashed, stroke_dashoffset=o)), LINE)[32, :, 3] > 0 for o in (0, 5))
    assert list(np.nonzero(plain)[0][:11]) == [*range(10), 20]
    assert list(np.nonzero(moved)[0][:6]) == [*range(5), 15]


@pytest.mark.parametrize(("offset", "row"), [(10, 22), (-10, 42)])
def test_a_positive_offset_is_to_the_left_of_the_line(offset, row):
    style = sld(line(f"<PerpendicularOffset>{offset}</PerpendicularOffset>", stroke="#ff0000", stroke_width=2))
    assert at(picture(style, LINE), 32, row) == "#ff0000"


@pytest.mark.parametrize(
    ("uom", "metre", "height"), [("metre", 4.0, 12), ("metre", 2.0, 6), ("mm", 1.0, 11), ("", 9, 3)]
)
def test_units_are_pixels_millimetres_or_metres_on_the_ground(uom, metre, height):
    pixels = picture(sld(line(uom=uom, stroke="#ff0000", stroke_width=3)), LINE, metre=metre)
    assert extent(pixels)[3] - extent(pixels)[1] == pytest.approx(height, abs=1)


def test_a_graphic_stroke_repeats_its_mark():
    """From middle to middle, as QGIS tells a gap."""
    shape = f"<Mark><WellKnownName>square</WellKnownName>{RED}</Mark>"
    along = f"<GraphicStroke><Graphic>{shape}<Size>4</Size></Graphic><Gap>12</Gap></GraphicStroke>"
    pixels = picture(sld(f"<LineSymbolizer><Stroke>{along}</Stroke></LineSymbolizer>"), LINE)
    starts = np.nonzero(np.diff((pixels[32, :, 3] > 100).astype(int)) == 1)[0]
    assert list(np.diff(starts)) == [12] * (len(starts) - 1)
    assert len(starts) >= 3


def test_dashes_tell_how_far_marks_lie_apart():
    """As GeoServer's cookbook has it: marks of 4 pixels and 6 between them."""
    shape = f"<Graphic><Mark><WellKnownName>square</WellKnownName>{RED}</Mark><Size>4</Size></Graphic>"
    dashed = f"<GraphicStroke>{shape}</GraphicStroke>{css(stroke_dasharray='4 6')}"
    pixels = picture(sld(f"<LineSymbolizer><Stroke>{dashed}</Stroke></LineSymbolizer>"), LINE)
    starts = np.nonzero(np.diff((pixels[32, :, 3] > 100).astype(int)) == 1)[0]
    assert list(np.diff(starts)) == [10] * (len(starts) - 1)
    assert len(starts) >= 5


@pytest.mark.parametrize(
    ("name", "inside", "outside"),
    [
        ("square", (24, 24), (20, 32)),
        ("circle", (32, 24), (24, 24)),
        ("triangle", (32, 26), (24, 24)),
        ("star", (32, 25), (26, 26)),
        ("cross", (32, 24), (25, 25)),
        ("x", (27, 27), (32, 24)),
        ("diamond", (32, 24), (25, 25)),
        ("hexagon", (32, 24), (22, 22)),
        ("pentagon", (32, 24), (24, 24)),
        ("arrow", (32, 26), (24, 40)),
        ("asterisk_fill", (32, 26), (28, 24)),
        ("square_with_corners", (32, 24), (22, 22)),
        ("rounded_square", (32, 24), (22, 22)),
        ("quarter_square", (27, 27), (37, 27)),
        ("left_half_triangle", (34, 38), (30, 38)),
        ("right_half_triangle", (30, 38), (34, 38)),
        ("ttf://DejaVu Sans#0x49", (32, 30), (26, 32)),
        ("ttf://DejaVu Sans#73", (32, 30), (26, 32)),
        ("ttf://DejaVu Sans#U+004F", (38, 32), (32, 32)),
    ],
)
def test_well_known_marks_have_their_shape(name, inside, outside):
    pixels = picture(sld(mark(name)), POINT)
    assert at(pixels, *inside) == "#ff0000"
    assert at(pixels, *outside) == ""


@pytest.mark.parametrize("size", [6, 15, 20, 33])
def test_a_mark_has_its_size_and_lies_on_its_point(size):
    left, top, right, bottom = extent(picture(sld(mark("square", size)), POINT))
    assert (right - left, bottom - top) == (pytest.approx(size, abs=1), pytest.approx(size, abs=1))
    assert ((left + right) / 2, (top + bottom) / 2) == (pytest.approx(32, abs=0.5), pytest.approx(32, abs=0.5))


def test_the_scale_factor_enlarges_marks_with_their_displacement():
    moved = "<Displacement><DisplacementX>10</DisplacementX><DisplacementY>5</DisplacementY></Displacement>"
    style = sld(mark("square", 10, moved))
    assert extent(picture(style, POINT)) == (37, 22, 47, 32)
    assert extent(picture(style, POINT, side=128, factor=2)) == (74, 44, 94, 64)


def test_rotation_is_clockwise_and_about_the_anchor():
    anchor = "<AnchorPoint><AnchorPointX>0.5</AnchorPointX><AnchorPointY>0</AnchorPointY></AnchorPoint>"
    assert extent(picture(sld(mark("square", 10, anchor)), POINT)) == (27, 22, 37, 32)
    turned = picture(sld(mark("square", 10, f"{anchor}<Rotation>90</Rotation>")), POINT)
    assert extent(turned) == (32, 27, 42, 37)


def test_size_and_colour_may_depend_on_the_feature():
    pixels = picture(DATA / "qgis_symboles.sld", POINT, {"genre": "taille", "effectif": 12})
    assert extent(pixels) == (20, 20, 44, 44)
    paint = "<Fill><CssParameter name='fill'><ogc:PropertyName>c</ogc:PropertyName></CssParameter></Fill>"
    assert at(picture(sld(mark("circle", 20, paint=paint)), POINT, {"c": "#12ab34"})) == "#12ab34"


def test_an_svg_takes_its_parameters_and_its_size_is_that_of_its_canvas():
    pixels = picture(DATA / "qgis_symboles.sld", POINT, {"genre": "svg"})
    assert at(pixels) == "#00aa00"
    assert at(pixels, 20, 32) == "#0000ff"
    assert extent(pixels) == (18, 18, 46, 46)


def test_a_missing_svg_gives_way_to_the_next_mark_and_says_so(tmp_path):
    body = (DATA / "qgis_symboles.sld").read_bytes()
    pixels = picture(body, POINT, {"genre": "svg"}, base=tmp_path, strict=False)
    assert at(pixels) == "#ff00ff"


@pytest.mark.parametrize("geometry", [SQUARE, LINE], ids=["polygon", "line"])
def test_a_point_symbolizer_marks_the_middle_of_other_geometries(geometry):
    assert at(picture(sld(mark("circle", 8)), geometry)) == "#ff0000"


def drawn_share(pixels: np.ndarray) -> float:
    return float((pixels[16:48, 16:48, 3] / 255.0).mean())


@pytest.mark.parametrize(
    ("name", "size", "rotation", "share"),
    [
        ("shape://horline", 8, 0, 1 / 8),
        ("shape://vertline", 8, 0, 1 / 8),
        ("shape://slash", 8, 0, 1.414 / 8),
        ("shape://backslash", 8, 0, 1.414 / 8),
        ("shape://plus", 8, 0, 15 / 64),
        ("shape://times", 10, 0, 0.26),
        ("horline", 8, 30, 1 / 8),
        ("horline", 10, 45, 1 / 10),
    ],
)
def test_hatches_cover_what_their_spacing_and_width_say(name, size, rotation, share):
    pixels = picture(sld(graphic_fill(name, size, rotation)), SQUARE)
    assert drawn_share(pixels) == pytest.approx(share, rel=0.15)


@pytest.mark.parametrize("size", [5, 7, 9, 11, 13])
@pytest.mark.parametrize("rotation", [0, 20, 45, 70])
def test_hatches_go_on_from_one_tile_of_256_pixels_to_the_next(size, rotation):
    whole = {"type": "Polygon", "coordinates": [[[-9, -9], [73, -9], [73, 73], [-9, 73], [-9, -9]]]}
    pixels = picture(sld(graphic_fill("horline", size, rotation)), whole, side=512)
    assert np.array_equal(pixels[:256, :256], pixels[256:, 256:])


def test_marks_of_a_fill_stand_apart_by_their_margin():
    margin = '<VendorOption name="graphic-margin">4 4 4 4</VendorOption>'
    pixels = picture(sld(graphic_fill("square", 8, 0, margin)), SQUARE)
    assert drawn_share(pixels) == pytest.approx(81 / 256, rel=0.15)


@pytest.mark.parametrize("name", ["symbole.svg", "rouge.png"])
def test_pictures_fill_polygons_and_mark_points_at_the_size_asked(name, tmp_path):
    (tmp_path / "symbole.svg").write_bytes((DATA / "symbole.svg").read_bytes())
    Image.new("RGBA", (16, 16), (255, 0, 0, 255)).save(tmp_path / "rouge.png")
    graphic = (
        f'<Graphic><ExternalGraphic><OnlineResource xlink:href="{name}"/></ExternalGraphic><Size>32</Size></Graphic>'
    )
    point = picture(sld(f"<PointSymbolizer>{graphic}</PointSymbolizer>"), POINT, base=tmp_path)
    assert at(point) == "#ff0000"
    width = extent(point)[2] - extent(point)[0]
    assert width == (32 if name.endswith("png") else pytest.approx(20, abs=1))
    area = f"<PolygonSymbolizer><Fill><GraphicFill>{graphic}</GraphicFill></Fill></PolygonSymbolizer>"
    pixels = picture(sld(area), SQUARE, base=tmp_path)
    assert at(pixels, 16, 16) == at(pixels, 48, 48) == "#ff0000"
    assert at(pixels, 31, 31) == ("#ff0000" if name.endswith("png") else "")


def test_empty_elements_mean_their_defaults():
    assert extent(picture(sld(mark("square", 20, "<Rotation/><Opacity/>")), POINT)) == (22, 22, 42, 42)


def test_composition_multiplies_colours():
    blend = '<VendorOption name="composite">multiply</VendorOption>'
    assert at(picture(sld(fill("#ffff00") + fill("#00ffff", blend)), SQUARE)) == "#00ff00"


SE_GLYPH = """<PointSymbolizer><Graphic><Mark><OnlineResource xlink:href="ttf://DejaVu Sans"/><Format>ttf</Format>
<MarkIndex>73</MarkIndex><Fill><CssParameter name="fill">#ff0000</CssParameter></Fill></Mark><Size>20</Size>
</Graphic></PointSymbolizer>"""


def test_a_letter_is_told_by_its_font_and_index_too():
    assert (picture(sld(SE_GLYPH), POINT) == picture(sld(mark("ttf://DejaVu Sans#73")), POINT)).mean() > 0.99


def test_a_letter_that_no_font_has_is_told():
    (warning,) = read_sld(sld(mark("ttf://Licorne#65"))).warnings
    assert "ttf://Licorne#65" in warning.what


def test_an_ellipse_is_wider_than_it_is_high():
    flat = mark("circle").replace("<Size>", '<VendorOption name="widthHeightFactor">2</VendorOption><Size>')
    alpha = picture(sld(flat), POINT)[..., 3] > 127
    assert alpha.any(axis=0).sum() == pytest.approx(2 * alpha.any(axis=1).sum(), abs=2)


FILLED = """<PolygonSymbolizer><Fill><GraphicFill><Graphic><Mark><WellKnownName>{}</WellKnownName>{}</Mark>{}</Graphic>
</GraphicFill></Fill>{}</PolygonSymbolizer>"""
INK = "<Stroke><CssParameter name='stroke'>#ff0000</CssParameter></Stroke>"


@pytest.mark.parametrize(("brush", "share"), list(enumerate([15, 14, 10, 8, 6, 2, 1], 1)))
def test_dense_brushes_cover_their_share(brush, share):
    pixels = picture(sld(FILLED.format(f"brush://dense{brush}", RED, "", "")), SQUARE)[12:52, 12:52]
    assert (pixels[..., 3] > 127).mean() == pytest.approx(share / 16, abs=0.02)


@pytest.mark.parametrize("name", ["cross", "x"])
def test_a_cross_that_is_only_stroked_fills_with_lines(name):
    """QGIS writes its brushes of crossed lines so."""
    lines = {"cross": "shape://plus", "x": "shape://times"}[name]
    given, expected = (picture(sld(FILLED.format(n, INK, "<Size>8</Size>", "")), SQUARE) for n in (name, lines))
    assert (given == expected).all()
    assert (picture(sld(FILLED.format(name, INK, "", "")), SQUARE) == expected).all()


def test_marks_of_a_fill_stand_as_far_apart_as_is_asked():
    distance = '<VendorOption name="distance">16,8</VendorOption>'
    pixels = picture(sld(FILLED.format("square", RED, "<Size>4</Size>", distance)), SQUARE)
    shown = pixels[8:56, 8:56, 3] > 127
    assert shown.mean() == pytest.approx(16 / (16 * 8), abs=0.01)


@pytest.mark.parametrize("width", [1, 4])
@pytest.mark.parametrize(("cap", "told", "lengths"), [("square", "4 2", (4, 2)), ("butt", "4 2", None)])
def test_dashed_pens_of_qgis_are_in_widths_of_the_line(width, cap, told, lengths):
    given = {"stroke_width": width, "stroke_linecap": cap, "stroke_dasharray": told}
    (rule,) = read_sld(sld(line(**given))).parts[0].rules
    expected = tuple(length * width for length in lengths) if lengths else (4, 2)
    assert rule.symbolizers[0].stroke.dashes == expected


def test_marks_are_on_every_vertex_of_a_line():
    along = f"<GraphicStroke><Graphic><Mark>{RED}</Mark><Size>6</Size></Graphic></GraphicStroke>"
    style = sld(
        f'<LineSymbolizer><Stroke>{along}</Stroke><VendorOption name="placement">points</VendorOption></LineSymbolizer>'
    )
    found = drawn(read_sld(style), "s")
    assert [source.geometry.name for source in found.sources.values()] == ["vertices"]
    assert "<MarkersSymbolizer" in found.styles[0][1]
    assert found.warnings == ()


@pytest.mark.parametrize("size", ["1e9", "100000", "1e300"])
@pytest.mark.parametrize("name", ["square", "shape://slash", "circle", "brush://dense4"])
def test_huge_marks_and_patterns_are_drawn_within_bounds(name, size):
    picture(sld(FILLED.format(name, RED, f"<Size>{size}</Size>", "")), SQUARE, strict=False)
    distance = f'<VendorOption name="distance">{size},{size}</VendorOption>'
    picture(sld(FILLED.format(name, RED, "", distance)), SQUARE, strict=False)


@pytest.mark.parametrize("size", ["1e9", "1e300", "-5", "nan", "inf"])
def test_strange_sizes_of_points_lines_and_letters_do_no_harm(size):
    rules = [
        f"<PointSymbolizer><Graphic><Mark>{RED}</Mark><Size>{size}</Size></Graphic></PointSymbolizer>",
        f"<LineSymbolizer><Stroke><CssParameter name='stroke-width'>{size}</CssParameter></Stroke></LineSymbolizer>",
        "<LineSymbolizer><Stroke><CssParameter name='stroke-dasharray'>0.00001 0.00001</CssParameter></Stroke>"
        "</LineSymbolizer>",
        f"<TextSymbolizer><Label>a</Label><Font><CssParameter name='font-size'>{size}</CssParameter></Font>"
        "</TextSymbolizer>",
    ]
    for rule in rules:
        picture(sld(rule), SQUARE, strict=False)


FIELD = "<ogc:PropertyName>{}</ogc:PropertyName>"


@pytest.mark.parametrize(
    ("uom", "size", "width", "metre", "factor"),
    [
        ("", 20, 4, 1, 1),
        ("metre", 10, 2, 2, 1),
        ("metre", 5, 1, 2, 2),
        ("", FIELD.format("s"), 4, 1, 1),
        ("", 20, FIELD.format("w"), 1, 1),
        ("metre", FIELD.format("s"), FIELD.format("w"), 1, 1),
    ],
)
def test_the_stroke_of_a_mark_is_as_wide_as_it_is_told(uom, size, width, metre, factor):
    unit = f' uom="http://www.opengeospatial.org/se/units/{uom}"' if uom else ""
    stroke = f"<Stroke>{css(stroke='#0000ff', stroke_width=width)}</Stroke>"
    shape = f"<Graphic><Mark><WellKnownName>square</WellKnownName>{RED}{stroke}</Mark><Size>{size}</Size></Graphic>"
    style = sld(f"<PointSymbolizer{unit}>{shape}</PointSymbolizer>")
    pixels = picture(style, POINT, {"s": 20, "w": 4}, metre=metre, factor=factor)
    assert extent(pixels) == (20, 20, 44, 44)
    assert [at(pixels, x) for x in (21, 22, 25, 32)] == ["#0000ff", "#0000ff", "#ff0000", "#ff0000"]


def randomly(**options: object) -> bytes:
    told = "".join(f'<VendorOption name="{k.replace("_", "-")}">{v}</VendorOption>' for k, v in options.items())
    shape = f"<Graphic><Mark><WellKnownName>square</WellKnownName>{RED}</Mark><Size>6</Size></Graphic>"
    return sld(f"<PolygonSymbolizer><Fill><GraphicFill>{shape}</GraphicFill></Fill>{told}</PolygonSymbolizer>")


WHOLE = {"type": "Polygon", "coordinates": [[[-8, -8], [72, -8], [72, 72], [-8, 72], [-8, -8]]]}


@pytest.mark.parametrize("kind", ["free", "grid"])
def test_a_random_fill_has_its_marks_each_time_at_the_same_places(kind):
    drawn = [
        picture(randomly(random=kind, random_symbol_count=20, random_tile_size=128, random_seed=seed), WHOLE, side=128)
        for seed in (1, 1, 2)
    ]
    assert (drawn[0] == drawn[1]).all()
    assert (drawn[0] != drawn[2]).any()
    assert (drawn[0][..., 3] / 255).sum() == pytest.approx(20 * 36, rel=0.1)


def test_a_random_fill_goes_on_over_the_edge_of_its_tile():
    style = randomly(random="free", random_symbol_count=64, random_tile_size=64, random_rotation="free")
    pixels = picture(style, WHOLE, side=192)[..., 3]
    assert (pixels[:, :64] == pixels[:, 64:128]).all()
    assert (pixels[:, 63] & pixels[:, 64]).any()


def test_a_random_fill_that_is_none_is_told():
    (told,) = read_sld(randomly(random="free", random_symbol_count="many")).warnings
    assert "not a number" in told.what


def test_an_svg_whose_opacity_is_255_is_opaque(tmp_path):
    """As QGIS's gpsicons are."""
    shape = '<path d="M0 0H20V20H0z" fill="param(fill) #000" fill-opacity="255" opacity="1.0"/>'
    body = f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 20 20">{shape}</svg>'
    (tmp_path / "icone.svg").write_text(body)
    given = '<OnlineResource xlink:href="icone.svg?fill=%23aa00aa"/><Format>image/svg+xml</Format>'
    style = sld(
        f"<PointSymbolizer><Graphic><ExternalGraphic>{given}</ExternalGraphic><Size>20</Size></Graphic></PointSymbolizer>"
    )
    pixels = picture(style, POINT, base=tmp_path)
    assert (at(pixels), int(pixels[32, 32, 3])) == ("#aa00aa", 255)


@pytest.mark.parametrize(
    ("name", "on", "off"),
    [
        ("half_arc", [(32, 22), (25, 25), (39, 25)], [(32, 42), (32, 32)]),
        ("third_arc", [(22, 32), (25, 25)], [(42, 32), (32, 32)]),
        ("quarter_arc", [(25, 25)], [(25, 39), (39, 25)]),
    ],
)
def test_arcs_are_lines(name, on, off):
    stroke = f"<Stroke>{css(stroke='#ff0000', stroke_width=3)}</Stroke>"
    pixels = picture(sld(mark(name, paint=RED + stroke)), POINT)
    assert [at(pixels, *place) for place in (*on, *off)] == ["#ff0000"] * len(on) + [""] * len(off)
