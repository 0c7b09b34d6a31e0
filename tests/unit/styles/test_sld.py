"""Reading SLD 1.0.0 and 1.1.0."""

from pathlib import Path

import pytest

from layers.styles import StyleError, read_sld
from layers.styles.expressions import And, Property, property_names
from layers.styles.mapnik import drawn
from layers.styles.model import LinePlacement, PolygonSymbolizer, TextSymbolizer
from support.style_maps import LINE, NAMESPACES, SQUARE, at, extent, fill, picture, sld

DATA = Path(__file__).parents[2] / "data/styles"
SHARED = Path(__file__).parents[4] / "shared/data/landcover/ocs2d_sld"
CONFIG = Path(__file__).parents[3] / "config/styles"
FILL = "<PolygonSymbolizer><Fill/></PolygonSymbolizer>"
POINT = "<PointSymbolizer><Graphic>{}</Graphic></PointSymbolizer>"


def test_a_qgis_export_gives_titles_scales_filters_and_symbolizers():
    style = read_sld(DATA / "qgis_polygones.sld")
    first, other = style.parts[0].rules
    assert (style.title, style.abstract, style.warnings) == ("Zones d’activité", "Un résumé", ())
    assert (first.title, first.min_scale, first.max_scale) == ('L\'été "chaud" & sec', 1000, 25000)
    assert isinstance(first.filter, And)
    assert property_names(style.parts) == {"libellé d'usage", "aire"}
    assert other.is_else
    assert isinstance(other.symbolizers[0], PolygonSymbolizer)
    assert other.symbolizers[0].fill is not None
    assert other.symbolizers[0].fill.graphic is not None


def test_a_label_keeps_text_between_its_fields():
    style = read_sld(DATA / "geoserver_etiquettes.sld")
    symbolizer = style.parts[0].rules[0].symbolizers[1]
    assert isinstance(symbolizer, TextSymbolizer)
    assert isinstance(symbolizer.placement, LinePlacement)
    assert symbolizer.priority == Property("rang")
    assert [getattr(a, "value", getattr(a, "name", "")) for a in symbolizer.label.arguments] == ["nom", " (", "no", ")"]


@pytest.mark.parametrize("path", sorted(DATA.glob("*.sld")) + sorted(CONFIG.glob("*.sld")), ids=lambda p: p.name)
def test_styles_of_the_tests_and_of_the_demo_are_drawn_whole(path):
    from layers.mapnik_env import mapnik

    style = read_sld(path)
    found = drawn(style, "s")
    xml = "".join(text for _, text in (*found.styles, *found.labels))
    mapnik.load_map_from_string(mapnik.Map(8, 8), f"<Map>{found.font_sets}{xml}</Map>", True)
    assert style.warnings == ()


@pytest.mark.skipif(not SHARED.is_dir(), reason="the land cover styles are not beside the project (../shared/data)")
def test_every_land_cover_style_of_the_platform_is_read_and_loaded():
    from layers.mapnik_env import mapnik

    files = sorted(SHARED.glob("*/*.sld"))
    for path in files:
        style = read_sld(path)
        found = drawn(style, "s")
        mapnik.load_map_from_string(mapnik.Map(8, 8), f"<Map>{''.join(x for _, x in found.styles)}</Map>", True)
        assert all(len(rule.symbolizers) > 0 for part in style.parts for rule in part.rules), path
        assert style.warnings == (), path
    assert len(files) == 32


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"<a><b></a>", "line 1: not well-formed XML"),
        (b"<a/>", "a is not a StyledLayerDescriptor"),
        (f"<StyledLayerDescriptor {NAMESPACES}/>".encode(), "there is no UserStyle"),
        (b'<!DOCTYPE a [<!ENTITY e "x">]><a>&e;</a>', "document type declaration is not allowed"),
        (b'<!DOCTYPE a [<!ENTITY e SYSTEM "file:///etc/passwd">]><a>&e;</a>', "not allowed"),
        (b"<a>" * 120 + b"</a>" * 120, "deep"),
        (b" " * 4_000_001, "bytes"),
        (sld("\n<MaxScaleDenominator>un</MaxScaleDenominator>"), "line 1: MaxScaleDenominator='un' is not a number"),
        (sld("\n\n<ogc:Filter/>"), "line 3: an empty Filter"),
        (sld("<ogc:Filter><ogc:PropertyIsEqualTo/></ogc:Filter>"), "has 0 operands, not 2"),
        (sld("<RasterSymbolizer><ColorMap type='x'/></RasterSymbolizer>"), "is not one of ramp, intervals, values"),
        (sld("<PolygonSymbolizer uom='ell'/>"), "uom='ell' is not one of"),
    ],
)
def test_what_is_no_style_is_refused_with_its_line(body, message):
    with pytest.raises(StyleError, match=r".") as caught:
        read_sld(body)
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        (POINT.format("<Mark><WellKnownName>licorne</WellKnownName></Mark>"), "the mark 'licorne': not drawn"),
        (
            POINT.format('<ExternalGraphic><OnlineResource xlink:href="http://a.b/c.svg"/></ExternalGraphic>'),
            "the remote graphic http://a.b/c.svg: not drawn",
        ),
        (
            POINT.format('<ExternalGraphic><OnlineResource xlink:href="/etc/passwd"/></ExternalGraphic>'),
            "the graphic '/etc/passwd': files are not read for this style: not drawn",
        ),
        (
            "<ogc:Filter><ogc:BBOX/></ogc:Filter><PolygonSymbolizer><Fill/></PolygonSymbolizer>",
            "BBOX is not a known expression in the filter: the rule is not drawn",
        ),
        (
            "<ogc:Filter><ogc:PropertyIsEqualTo><ogc:Function name='area'/><ogc:Literal>1</ogc:Literal>"
            f"</ogc:PropertyIsEqualTo></ogc:Filter>{FILL}",
            "the function area in the filter: the rule is not drawn",
        ),
        (
            "<TextSymbolizer><Label>a</Label><VendorOption name='partials'>true</VendorOption></TextSymbolizer>",
            "the vendor option partials='true'",
        ),
        (f"<LegendGraphic/>{FILL}", "LegendGraphic is not drawn"),
        ("<Abstract>a</Abstract>", "the rule has no symbolizer: it draws nothing"),
        (POINT.replace("<Graphic>{}</Graphic>", ""), "a PointSymbolizer without a Graphic: a square is drawn"),
        ("<RainbowSymbolizer/>", "RainbowSymbolizer is not drawn"),
        (POINT.format("<Mark><InlineContent/></Mark>"), "InlineContent of Mark is not drawn"),
        (POINT.format("<Mark/><Blur>2</Blur>"), "Blur of Graphic is not drawn"),
        (
            "<PolygonSymbolizer><Fill><CssParameter name='fil'>#ff0000</CssParameter></Fill></PolygonSymbolizer>",
            "the parameter 'fil' of Fill",
        ),
        (
            "<LineSymbolizer><Stroke><CssParameter name='stroke-dasharray'><ogc:PropertyName>a</ogc:PropertyName>"
            "</CssParameter></Stroke></LineSymbolizer>",
            "stroke-dasharray cannot depend on the feature here: its default is used",
        ),
        (
            "<LineSymbolizer><Stroke><GraphicStroke><Graphic><Mark/></Graphic><InitialGap>4</InitialGap>"
            "</GraphicStroke></Stroke></LineSymbolizer>",
            "InitialGap of GraphicStroke is not drawn",
        ),
        (
            "<TextSymbolizer><Label>a</Label><LabelPlacement><LinePlacement><IsAligned>false</IsAligned>"
            "</LinePlacement></LabelPlacement></TextSymbolizer>",
            "IsAligned of LinePlacement is not drawn",
        ),
        (
            "<RasterSymbolizer><ImageOutline><LineSymbolizer/></ImageOutline></RasterSymbolizer>",
            "ImageOutline of RasterSymbolizer is not drawn",
        ),
        (
            "<TextSymbolizer><Label>a</Label><Font><CssParameter name='font-family'>Licorne</CssParameter></Font>"
            "</TextSymbolizer>",
            "the font 'Licorne' is not installed: DejaVu Sans Book is used",
        ),
    ],
)
def test_what_is_used_and_not_drawn_is_told_by_rule_and_line(rule, what):
    style = read_sld(sld(f"<Name>R</Name>\n\n{rule}"))
    assert [(w.rule, w.what) for w in style.warnings] == [("R", what)]
    line = 1 if what.startswith("the rule") or "the rule is not drawn" in what else 3
    assert str(style.warnings[0]).startswith(f"line {line}: rule 'R': ")


def test_what_lies_beside_the_rules_is_told_too():
    body = sld("<PolygonSymbolizer><Fill/></PolygonSymbolizer>").replace(
        b"<FeatureTypeStyle>", b"<Background><Fill/></Background><FeatureTypeStyle><Transformation/>"
    )
    told = [warning.what for warning in read_sld(body).warnings]
    assert told == ["Background of UserStyle is not drawn", "Transformation of FeatureTypeStyle is not drawn"]


def test_of_several_styles_the_named_one_or_the_default_is_taken():
    part = "<FeatureTypeStyle><Rule/></FeatureTypeStyle>"
    body = (
        f"<StyledLayerDescriptor {NAMESPACES}><NamedLayer><UserStyle><Name>a</Name>{part}</UserStyle>"
        f"<UserStyle><Name>b</Name><IsDefault>1</IsDefault>{part}</UserStyle></NamedLayer></StyledLayerDescriptor>"
    ).encode()
    assert read_sld(body).name == "b"
    assert read_sld(body, name="a").name == "a"


def test_the_rule_for_everything_else_is_read_as_qgis_writes_it():
    """QGIS 3.22 writes an ELSE of its rules as a comment on an expression that it does not understand."""
    said = "<!--Parser Error: \nsyntax error, unexpected ELSE - Expression was: ELSE-->"
    style = read_sld(sld(fill("#ff0000"), said + fill("#00ff00")))
    assert [rule.is_else for rule in style.parts[0].rules] == [False, True]
    assert style.warnings == ()


@pytest.mark.parametrize(
    ("rule", "what"),
    [
        ("<!--SymbolLayerV2 GradientFill not implemented yet-->" + fill("#ff0000"), "GradientFill not implemented yet"),
        ("<!--Parser Error: x - Expression was: $area > (2-->" + fill("#ff0000"), "Expression was: $area > (2"),
        ("<!-- Expression as GeoServer's users write it -->" + fill("#ff0000"), None),
        (
            "<TextSymbolizer><Label><!--Special columns - Expression was: $id--></Label></TextSymbolizer>",
            "what QGIS could not write (Special columns - Expression was: $id): not drawn",
        ),
    ],
)
def test_what_qgis_had_no_words_for_is_told(rule, what):
    found = [f"{w.line} {w.rule} {w.what}" for w in read_sld(sld(f"<Name>R</Name>\n{rule}")).warnings]
    assert [text.endswith(what) and text.startswith("2 R") for text in found] == ([True] if what else [])


def test_labels_of_all_features_leave_what_is_else_painted():
    """QGIS writes the labels of a layer as a last rule without a filter."""
    one = "<ogc:PropertyName>a</ogc:PropertyName><ogc:Literal>1</ogc:Literal>"
    asked = f"<ogc:PropertyIsEqualTo>{one}</ogc:PropertyIsEqualTo>"
    label = "<TextSymbolizer><Label><ogc:PropertyName>a</ogc:PropertyName></Label></TextSymbolizer>"
    style = sld(f"<ogc:Filter>{asked}</ogc:Filter>{fill('#ff0000')}", f"<ElseFilter/>{fill('#00ff00')}", label)
    assert [at(picture(style, SQUARE, {"a": a}), 12, 12) for a in (1, 2)] == ["#ff0000", "#00ff00"]


SPOT = {"type": "Point", "coordinates": [32, 32]}
ENV = '<ogc:Function name="env"><ogc:Literal>n</ogc:Literal><ogc:Literal>{}</ogc:Literal></ogc:Function>'


def test_what_a_client_of_geoserver_may_set_is_what_the_style_says():
    ink = f'<Fill><CssParameter name="fill">\n  #{ENV.format("FF0000")}\n</CssParameter></Fill>'
    mark = f"<Mark><WellKnownName>{ENV.format('circle')}</WellKnownName>{ink}</Mark><Size>{ENV.format(20)}</Size>"
    pixels = picture(sld(f"<PointSymbolizer><Graphic>{mark}</Graphic></PointSymbolizer>"), SPOT)
    assert extent(pixels) == (22, 22, 42, 42)
    assert (at(pixels), at(pixels, 24, 24)) == ("#ff0000", "")


def test_geoservers_generic_style_tells_geometries_apart():
    def only(function: str, value: object) -> str:
        return (
            f"<ogc:Filter><ogc:PropertyIsEqualTo>{function}<ogc:Literal>{value}</ogc:Literal></ogc:PropertyIsEqualTo>"
            "</ogc:Filter>"
        )

    dimension = '<ogc:Function name="dimension"><ogc:Function name="geometry"/></ogc:Function>'
    line = '<LineSymbolizer><Stroke><CssParameter name="stroke">#0000ff</CssParameter></Stroke></LineSymbolizer>'
    point = (
        '<PointSymbolizer><Graphic><Mark><Fill><CssParameter name="fill">#ff0000</CssParameter></Fill></Mark></Graphic>'
    )
    style = sld(
        only('<ogc:Function name="isCoverage"/>', "true") + "<RasterSymbolizer/>",
        only(dimension, 2) + fill("#00ff00"),
        only(dimension, 1) + line,
        f"<ElseFilter/>{point}</PointSymbolizer>",
        options='<VendorOption name="ruleEvaluation">first</VendorOption>',
    )
    assert [at(picture(style, shape)) for shape in (SQUARE, LINE, SPOT)] == ["#00ff00", "#0000ff", "#ff0000"]
