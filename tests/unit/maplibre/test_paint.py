"""Symbolizers as MapLibre's layers."""

from pathlib import Path

import pytest

from layers.maplibre.zoom import METRE_AT_0
from support.maplibre import function, paint, parameter, said, said_file, stroked
from support.style_maps import fill

KNOWN, VALUE = ["has", "v"], ["to-number", ["get", "v"], 0]
STYLES = Path(__file__).parents[2] / "data/styles"


def test_a_polygon_is_a_fill_and_then_a_line():
    border = f"<Stroke>{parameter('stroke', '#111111')}{parameter('stroke-width', '2')}</Stroke>"
    first, second = said(fill("red", border)).layers
    assert (first["type"], first["paint"]) == ("fill", {"fill-color": "#ff0000"})
    assert (second["type"], second["paint"]) == ("line", {"line-color": "#111111", "line-width": 2})


def test_dashes_are_counted_in_widths_and_offsets_go_to_the_right():
    offset = "<PerpendicularOffset>3</PerpendicularOffset>"
    found = paint(stroked(parameter("stroke-width", "2"), parameter("stroke-dasharray", "8 3"), offset=offset))
    assert found["line-dasharray"] == [4, 1.5]
    assert found["line-offset"] == -3


def test_metres_double_with_every_zoom():
    symbolizer = stroked(parameter("stroke-width", "6")).replace("<LineSymbolizer>", '<LineSymbolizer uom="metre">')
    kind, base, subject, zoom0, width0, zoom24, width24 = paint(symbolizer)["line-width"]
    assert (kind, base, subject, zoom0, zoom24) == ("interpolate", ["exponential", 2], ["zoom"], 0, 24)
    assert width0 == pytest.approx(6 * METRE_AT_0)
    assert width24 == pytest.approx(width0 * 2**24)


@pytest.mark.parametrize(
    ("xml", "color"),
    [
        (function("Recode", "@nom", "a", "#ff0000", "b", "#00ff00"),
         ["match", ["to-string", ["get", "nom"]], "a", "#ff0000", "b", "#00ff00", "rgba(0,0,0,0)"]),
        (function("Categorize", "@v", "#ff0000", "10", "#00ff00"),
         ["case", KNOWN, ["step", VALUE, "#ff0000", 10, "#00ff00"], "rgba(0,0,0,0)"]),
        (function("Interpolate", "@v", "0", "#000000", "100", "#ffffff", "color"),
         ["case", KNOWN, ["interpolate", ["linear"], VALUE, 0, "#000000", 100, "#ffffff"], "rgba(0,0,0,0)"]),
        ("<ogc:PropertyName>nom</ogc:PropertyName>", ["to-color", ["to-string", ["get", "nom"]], "rgba(0,0,0,0)"]),
    ],
)  # fmt: skip
def test_choices_of_colours_are_expressions(xml, color):
    assert paint(fill(xml))["fill-color"] == color


def graphic(inside: str, more: str = "") -> str:
    return f"<PointSymbolizer><Graphic>{inside}{more}</Graphic></PointSymbolizer>"


MARK = (
    f"<Mark><WellKnownName>{{}}</WellKnownName><Fill>{parameter('fill', '#ff0000')}</Fill>"
    f"<Stroke>{parameter('stroke-width', '2')}</Stroke></Mark>"
)


def test_a_round_mark_is_a_circle_as_wide_as_the_mark():
    (layer,) = said(graphic(MARK.format("circle"), "<Size>12</Size>"), geometry="Point").layers
    assert layer["type"] == "circle"
    # The stroke's middle lies on the mark's outline: 5 within, 2 around.
    assert layer["paint"]["circle-radius"] == 5
    assert layer["paint"]["circle-stroke-width"] == 2


def test_other_marks_are_pictures_whose_size_may_be_a_field():
    size = "<Size><ogc:PropertyName>n</ogc:PropertyName></Size><Rotation>30</Rotation>"
    found = said(graphic(MARK.format("star"), size), geometry="MultiPoint")
    (layer,) = found.layers
    assert layer["layout"]["icon-image"] in found.pictures
    assert layer["layout"]["icon-size"] == ["*", ["to-number", ["get", "n"], 0], 1 / 32]
    assert layer["layout"]["icon-rotate"] == 30


def test_a_mark_whose_colour_is_chosen_is_a_picture_for_each_choice():
    chosen = function("Recode", "@nom", "a", "#ff0000", "b", "#0000ff")
    found = said(graphic(MARK.format("square").replace("#ff0000", chosen), "<Size>9</Size>"), geometry="Point")
    assert len(found.pictures) == 2
    assert [layer["filter"][2] for layer in found.layers] == ["a", "b"]


def test_a_label_has_its_font_halo_and_place():
    place = "<AnchorPoint><AnchorPointX>0</AnchorPointX><AnchorPointY>0.5</AnchorPointY></AnchorPoint>"
    away = "<Displacement><DisplacementX>6</DisplacementX><DisplacementY>3</DisplacementY></Displacement>"
    halo = (
        f"<Halo><Radius>1.5</Radius><Fill>{parameter('fill-opacity', '0.5')}{parameter('fill', '#fff')}</Fill></Halo>"
    )
    font = f"<Font>{parameter('font-size', '12')}{parameter('font-weight', 'bold')}</Font>"
    found = said(
        f"<TextSymbolizer><Label><ogc:PropertyName>nom</ogc:PropertyName></Label>{font}<LabelPlacement><PointPlacement>"
        f"{place}{away}</PointPlacement></LabelPlacement>{halo}</TextSymbolizer>",
        geometry="Point",
    )
    (layer,) = found.layers
    assert found.fonts == {("DejaVu Sans Bold",)}
    assert layer["layout"] == {
        "text-field": ["to-string", ["get", "nom"]],
        "text-font": ["DejaVu Sans Bold"],
        "text-size": 12,
        "text-anchor": "left",
        "text-offset": [0.5, -0.25],
        "text-max-width": 1000,
    }
    assert layer["paint"]["text-halo-color"] == "rgba(255, 255, 255, 0.5)"
    assert layer["paint"]["text-halo-width"] == 1.5


def labelled(name: str, priority: int) -> str:
    return f"<Name>{name}</Name><TextSymbolizer><Label>x</Label><Priority>{priority}</Priority></TextSymbolizer>"


def test_labels_are_last_and_those_that_matter_most_on_top():
    found = said(labelled("b", 9), labelled("a", 1), labelled("c", 9), fill("#ff0000"), geometry="Polygon").layers
    assert [layer.get("metadata", {}).get("garrigue:rule") for layer in found] == [None, "a", "c", "b"]


def test_labels_of_areas_are_told_to_be_in_each_tile():
    told = said("<TextSymbolizer><Label>x</Label></TextSymbolizer>").untold
    assert ["in each tile" in one.what for one in told] == [True]


@pytest.mark.parametrize("name", ["fonctions", "geoserver_etiquettes", "qgis_polygones", "qgis_symboles"])
@pytest.mark.parametrize("geometry", ["Point", "LineString", "Polygon", "Unknown"])
def test_styles_of_qgis_and_geoserver_have_a_layer_for_each_symbolizer(name, geometry):
    from layers.styles.expressions import property_names
    from layers.styles.sld import read_sld

    style = read_sld(STYLES / f"{name}.sld")
    fields = dict.fromkeys(property_names(style.parts), "string")
    found = said_file(STYLES / f"{name}.sld", geometry, fields)
    symbolizers = [s for part in style.parts for rule in part.rules for s in rule.symbolizers]
    assert len(found.layers) >= len(symbolizers)
    assert all("not drawn" not in told.what for told in found.untold)


def test_labels_of_areas_are_drawn_from_points_where_the_tiles_have_some():
    label = "<TextSymbolizer><Label>x</Label></TextSymbolizer>"
    found = said(fill("#ff0000"), graphic(MARK.format("circle"), "<Size>9</Size>"), label, labels="c-labels")
    assert [layer["source-layer"] for layer in found.layers] == ["c", "c-labels", "c-labels"]
    assert [layer["type"] for layer in found.layers] == ["fill", "circle", "symbol"]
    assert found.untold == ()
