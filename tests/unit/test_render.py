from dataclasses import replace

import numpy as np
import pytest
from pyproj import Transformer

from layers import model
from layers.crs import transform_bbox
from layers.encode import to_array
from layers.errors import SourceError, UnknownLayerError, UnknownStyleError
from layers.mapnik_env import mapnik
from layers.query import MapQuery, Selection
from layers.registry import Registry
from layers.render import draw, render_map, warm
from layers.styles.sld import read_sld
from support.data import X0, Y0
from support.style_maps import fill, sld

WORLD = (X0, Y0, X0 + 1000.0, Y0 + 1000.0)
RED, BLUE = (192, 57, 43, 255), (41, 128, 185, 255)
DOT = "<PointSymbolizer><Graphic><Mark><WellKnownName>circle</WellKnownName></Mark></Graphic></PointSymbolizer>"
CRSS = ("EPSG:2154", "EPSG:3857", "EPSG:4326", "OGC:CRS84", "EPSG:4171", "EPSG:4258", "EPSG:3035", "EPSG:32631")
CRSS += tuple(f"EPSG:{code}" for code in range(3942, 3951))


def stroke(color, width):
    """A line symbolizer with mitred corners."""
    given = {"stroke": color, "stroke-width": width, "stroke-linejoin": "mitre"}
    inside = "".join(f'<CssParameter name="{name}">{value}</CssParameter>' for name, value in given.items())
    return f"<LineSymbolizer><Stroke>{inside}</Stroke></LineSymbolizer>"


def asked(*layers, bbox=WORLD, crs="EPSG:2154", size=(200, 200), **more):
    selections = tuple(Selection(item) if isinstance(item, str) else item for item in layers)
    return MapQuery(selections, crs, bbox, *size, **{"transparent": True, **more})


def pixels(registry, *layers, **more):
    return to_array(draw(registry, asked(*layers, **more)))


def with_layer(registry: Registry, name: str, **changes) -> Registry:
    """The registry with one layer declared otherwise."""
    layer = registry.layers[name]
    other = replace(layer, definition=layer.definition.model_copy(update=changes), stamp=f"{layer.stamp}{changes}")
    return replace(registry, layers={**registry.layers, name: other})


def test_the_style_s_rules_colour_the_halves(registry):
    picture = pixels(registry, "parcelle")
    assert tuple(picture[100, 40]) == RED
    assert tuple(picture[100, 160]) == BLUE


@pytest.mark.parametrize("crs", CRSS)
def test_every_crs_puts_a_border_where_proj_does(registry, crs):
    bbox = transform_bbox(WORLD, "EPSG:2154", crs)
    picture = pixels(registry, "parcelle", crs=crs, bbox=bbox, size=(400, 400))
    y = Y0 + 550
    x, y = Transformer.from_crs("EPSG:2154", crs, always_xy=True).transform(X0 + 500, y)
    column, row = (x - bbox[0]) / (bbox[2] - bbox[0]) * 400, (bbox[3] - y) / (bbox[3] - bbox[1]) * 400
    line = picture[int(row)].astype(int)
    reds = np.nonzero(np.abs(line - RED).max(axis=1) < 40)[0]
    assert abs(reds.max() + 1 - column) <= 1.5
    assert np.abs(line[int(column) + 8] - BLUE).max() <= 8


@pytest.mark.parametrize("source", [2154, 3857, 4326, 4171, 4258, 3035, 27572, *range(3942, 3951)])
@pytest.mark.parametrize("target", [2154, 3857, 4326, 4258, 3943])
def test_mapnik_transforms_as_pyproj_does_x_first(source, target):
    x, y = Transformer.from_crs(4326, source, always_xy=True).transform(2.5, 44.0)
    expected = Transformer.from_crs(source, target, always_xy=True).transform(x, y)
    one, other = (mapnik.Projection(f"epsg:{code}") for code in (source, target))
    found = mapnik.ProjTransform(one, other).forward(mapnik.Coord(x, y))
    assert (found.x, found.y) == pytest.approx(expected, rel=1e-9)


def test_points_in_degrees_lie_on_a_lambert_map(registry):
    picture = pixels(registry, Selection("arbre", time=("2023",)), size=(1000, 1000))
    assert picture[499, 20, 3] > 0
    assert picture[500 - round(300 * np.sin(8)), 20 + 8 * 19, 3] > 0


def test_time_shows_only_its_features(registry):
    one, other, both = (
        pixels(registry, Selection("arbre", time=time), size=(500, 500))[..., 3] > 0
        for time in (("2020",), ("2023",), ("2020", "2023"))
    )
    assert one.any()
    assert other.any()
    assert not (one & other).all()
    assert (both == (one | other)).mean() > 0.999
    assert (pixels(registry, "arbre", size=(500, 500))[..., 3] > 0).sum() == other.sum()


def test_layers_are_drawn_in_their_order(registry):
    below, above = pixels(registry, "parcelle", "ortho"), pixels(registry, "ortho", "parcelle")
    assert tuple(above[100, 40]) == RED
    assert tuple(below[100, 40]) == tuple(pixels(registry, "ortho")[100, 40])


@pytest.mark.parametrize("name", ["parcelle", "relief"])
def test_opacity_thins_a_layer(registry, name):
    solid = pixels(registry, name)
    thin = pixels(registry, Selection(name, opacity=0.5))
    shown = solid[..., 3] == 255
    assert shown.any()
    assert np.abs(thin[shown][:, 3].astype(int) - 128).max() <= 1


def test_off_the_data_is_blank_or_the_background(registry):
    far = (X0 + 90000, Y0, X0 + 91000, Y0 + 1000)
    for layers in (("parcelle",), ("ortho", "relief"), ()):
        assert not pixels(registry, *layers, bbox=far).any()
        background = pixels(registry, *layers, bbox=far, transparent=False, background="#102030")
        assert (background == (16, 32, 48, 255)).all()


def test_jpeg_takes_the_background_though_transparent_was_asked(registry):
    far = (X0 + 90000, Y0, X0 + 91000, Y0 + 1000)
    assert (pixels(registry, "parcelle", bbox=far, format="image/jpeg")[..., 3] == 255).all()


@pytest.mark.parametrize("size", [(1, 1), (3, 900), (15, 15), (333, 111)])
@pytest.mark.parametrize("name", ["parcelle", "ortho"])
def test_every_size_is_exact_and_pixels_need_not_be_square(registry, name, size):
    image = draw(registry, asked(name, size=size, bbox=(X0 + 100, Y0 + 100, X0 + 400, Y0 + 900)))
    assert (image.width(), image.height()) == size
    assert to_array(image)[..., 3].all()


def test_resolution_scales_symbols(registry):
    thin, thick = (pixels(registry, "chemin", dpi=dpi)[..., 3].astype(int).sum() for dpi in (25.4 / 0.28, 254 / 0.28))
    assert thick > 5 * thin


@pytest.mark.parametrize("width", [0.4, 1, 3, 7.5])
@pytest.mark.parametrize("name", ["parcelle", "chemin"])
@pytest.mark.parametrize("dpi", [25.4 / 0.28, 200])
def test_a_line_beyond_the_border_reaches_as_far_into_the_picture_as_it_is_wide(registry, name, width, dpi):
    look = read_sld(sld(stroke("#ff0000", width)))
    # A path begins at X0, Y0 + 150, and rises: nearer than half its width to the upper border.
    top = Y0 + 150 - 0.3 * width
    bbox = (X0, top - 200, X0 + 200, top)
    around = (bbox[0] - 50, bbox[1] - 50, bbox[2] + 50, bbox[3] + 50)
    part = pixels(registry, Selection(name, look=look), bbox=bbox, size=(200, 200), dpi=dpi)
    whole = pixels(registry, Selection(name, look=look), bbox=around, size=(300, 300), dpi=dpi)
    assert part.any()
    # Where a line is cut differently its edge's pixels may differ by a few levels.
    assert np.abs(part.astype(int) - whole[50:250, 50:250])[..., 3].max() <= 8


def test_scale_limits_of_a_layer_hide_it(registry):
    query = asked("parcelle")
    assert query.scale_denominator == pytest.approx(5 / 0.00028)
    hidden = with_layer(registry, "parcelle", max_scale=10000.0)
    assert not to_array(draw(hidden, query)).any()
    assert to_array(draw(hidden, replace(query, dpi=query.dpi / 2))).any()


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857", "EPSG:4326", "OGC:CRS84"])
@pytest.mark.parametrize(("name", "mark"), [("parcelle", fill("#ff0000")), ("arbre", DOT)])
def test_scale_limits_of_a_rule_hold_in_every_crs(registry, name, mark, crs):
    query = asked(name, crs=crs, bbox=transform_bbox(WORLD, "EPSG:2154", crs))
    for factor, shown in ((1.02, True), (0.98, False)):
        limit = f"<MaxScaleDenominator>{query.scale_denominator * factor}</MaxScaleDenominator>"
        look = read_sld(sld(limit + mark))
        assert pixels(registry, Selection(name, look=look), crs=crs, bbox=query.bbox).any() == shown


def test_a_filter_shows_only_what_it_selects(registry):
    from layers.filters import Names, read_cql

    names = Names(registry.layers["parcelle"].facts, "parcelle", lambda name: None if name == "geom" else name)
    section = read_cql("section = 'B'", names)
    picture = pixels(registry, Selection("parcelle", filter=section))
    assert picture[100, 40, 3] == 0
    assert tuple(picture[100, 160]) == BLUE
    inexact = read_cql(f"INTERSECTS(geom, POINT({X0 + 150} {Y0 + 150}))", names)
    picture = pixels(registry, Selection("parcelle", filter=inexact))
    assert tuple(picture[170, 30]) == RED
    assert (picture[..., 3] > 0).sum() == pytest.approx(400, abs=50)


def test_what_is_not_known_is_said(registry):
    with pytest.raises(UnknownLayerError, match="parcele"):
        render_map(registry, asked("parcele"))
    with pytest.raises(UnknownStyleError):
        render_map(registry, asked(Selection("parcelle", style="nuit")))


def test_data_that_is_gone_is_a_source_error(registry):
    layer = registry.layers["chemin"]
    gone = replace(layer, facts=replace(layer.facts, drawn="/nowhere/chemin.fgb"), stamp="gone")
    broken = replace(registry, layers={**registry.layers, "chemin": gone})
    with pytest.raises(SourceError, match="chemin"):
        draw(broken, asked("chemin"))


def test_warming_draws_nothing_and_fails_not():
    warm()
    assert model.Service().limits.layers == 30
