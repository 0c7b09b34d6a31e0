"""What a style needs of the features at a scale."""

from dataclasses import replace

import pytest

from layers.facts import Field, VectorFacts
from layers.registry import Layer
from layers.styles.expressions import And, Comparison, Function, IsNull, Literal, Property
from layers.styles.model import FeatureTypeStyle, Fill, Graphic, Mark, PointSymbolizer, Rule, Stroke, Style
from layers.styles.model import LineSymbolizer as Line
from layers.styles.model import PolygonSymbolizer as Polygon
from layers.styles.model import TextSymbolizer as Text
from tiles.overview.recipe import Keep, Recipe, recipe

FIELDS = (Field("height", "real"), Field("use", "string"), Field("width", "real"))


def style(*symbolizers, **rule):
    return Style("s", "", "", (FeatureTypeStyle((Rule(symbolizers=symbolizers, **rule),)),))


def facts(geometry="Polygon"):
    return VectorFacts("EPSG:2154", (0, 0, 1, 1), geometry, False, FIELDS, 1, "GPKG", "x", "x")


@pytest.fixture
def layer(tile_registry) -> Layer:
    return replace(tile_registry.layers["batiment"], facts=facts())


@pytest.mark.parametrize(
    ("symbolizer", "keep"),
    [
        (Polygon(fill=Fill(), stroke=Stroke()), Keep.LOOK),
        (Polygon(fill=Fill(opacity=Literal(0.5))), Keep.SHAPES),
        (Polygon(fill=Fill(graphic=Graphic())), Keep.SHAPES),
        (Polygon(fill=Fill(), stroke=Stroke(opacity=Literal("0.9"))), Keep.SHAPES),
        (Polygon(fill=Fill(), displacement=(Literal(1), Literal(0))), Keep.ALL),
        (Polygon(fill=Fill(), geometry=Function("buffer", (Property("geom"), Literal(2)))), Keep.ALL),
        (Polygon(fill=Fill(), options=(("composite", "multiply"),)), Keep.ALL),
        (Line(Stroke(dashes=(2.0, 2.0))), Keep.ALL),
        (Line(offset=Literal(2)), Keep.ALL),
        (Line(Stroke(width=Property("width"))), Keep.LOOK),
        (Text(label=Property("use")), Keep.ALL),
        (PointSymbolizer(), Keep.ALL),
    ],
)
def test_what_could_look_different_keeps_more(layer: Layer, symbolizer, keep: Keep) -> None:
    assert recipe(layer, style(symbolizer), 5e5).keep is keep


@pytest.mark.parametrize(
    ("graphic", "keep"),
    [
        (Graphic((Mark("circle", Fill()),), size=Literal(4)), Keep.LOOK),
        (Graphic((Mark("circle", Fill()),), size=Literal(24)), Keep.ALL),
        (Graphic((Mark("circle", Fill(opacity=Literal(0.4))),), size=Literal(4)), Keep.ALL),
        (Graphic((Mark("circle", Fill()),), size=Property("height")), Keep.ALL),
    ],
)
def test_one_small_opaque_point_may_stand_for_several(layer: Layer, graphic: Graphic, keep: Keep) -> None:
    points = replace(layer, facts=facts("Point"))
    assert recipe(points, style(PointSymbolizer(graphic)), 5e5).keep is keep


def test_rules_of_other_scales_and_of_the_legend_do_not_count(layer: Layer) -> None:
    assert recipe(layer, style(Text(), max_scale=1e4), 5e5).keep is Keep.LOOK
    assert recipe(layer, style(Text(), max_scale=1e4), 9e3).keep is Keep.ALL
    assert recipe(layer, style(Text(), options=(("inclusion", "legendOnly"),)), 9e3).keep is Keep.LOOK


def test_numbers_that_a_field_is_compared_with_part_its_values(layer: Layer) -> None:
    between = And((Comparison(">=", Property("height"), Literal("4")), Comparison("<", Property("height"), Literal(8))))
    found = recipe(layer, style(Polygon(fill=Fill()), filter=between), 5e5)
    assert dict(found.splits) == {"height": (4.0, 8.0)}
    unknown = IsNull(Property("height"))
    assert dict(recipe(layer, style(Polygon(fill=Fill()), filter=unknown), 5e5).splits) == {"height": ()}
    texts = Comparison("=", Property("use"), Literal("shop"))
    assert dict(recipe(layer, style(Polygon(fill=Fill()), filter=texts), 5e5).splits) == {"use": None}
    wide = style(Line(Stroke(width=Property("height"))), filter=between)
    assert dict(recipe(layer, wide, 5e5).splits) == {"height": None}


def test_a_filter_on_the_geometry_keeps_all(layer: Layer) -> None:
    large = Comparison(">", Function("area", (Property("geom"),)), Literal(100))
    assert recipe(layer, style(Polygon(fill=Fill()), filter=large), 5e5).keep is Keep.ALL


def test_recipes_joined_tell_apart_what_either_does() -> None:
    one, other = Recipe(Keep.LOOK, {"a": (1.0,), "b": None}), Recipe(Keep.ALL, {"a": (2.0,), "b": (3.0,), "c": ()})
    assert one.joined(other) == Recipe(Keep.LOOK, {"a": (1.0, 2.0), "b": None, "c": ()})
