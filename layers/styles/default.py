"""The look of a layer that has no style."""

from functools import lru_cache

from layers.styles.expressions import Literal
from layers.styles.model import (
    FeatureTypeStyle,
    Fill,
    Graphic,
    LineSymbolizer,
    Mark,
    PointSymbolizer,
    PolygonSymbolizer,
    RasterSymbolizer,
    Rule,
    Stroke,
    Style,
    Symbolizer,
)

_GREEN, _DARK, _ORANGE, _WHITE = (Literal(c) for c in ("#8fb07a", "#52703f", "#b8642f", "#ffffff"))


@lru_cache(maxsize=32)
def default_style(geometry: str) -> Style:
    """A style for a geometry type of `layers.facts.VectorFacts`; anything else ("Raster") is drawn as a raster."""
    kind = geometry.removeprefix("Multi")
    symbolizers: dict[str, tuple[Symbolizer, ...]] = {
        "Point": (_point(),),
        "LineString": (_line(),),
        "Polygon": (_polygon(),),
        "Raster": (RasterSymbolizer(),),
    }
    chosen = symbolizers.get(kind)
    if chosen is not None:
        return _style(tuple(_rule(s) for s in chosen))
    return Style("default", "", "", tuple(FeatureTypeStyle((_rule(s),)) for s in (_polygon(), _line(), _point())))


def _style(rules: tuple[Rule, ...]) -> Style:
    return Style("default", "", "", (FeatureTypeStyle(rules),))


def _rule(symbolizer: Symbolizer) -> Rule:
    return Rule(name="default", symbolizers=(symbolizer,))


def _point() -> PointSymbolizer:
    mark = Mark("circle", Fill(_ORANGE), Stroke(_WHITE, width=Literal(1.2)))
    return PointSymbolizer(Graphic((mark,), size=Literal(9)))


def _line() -> LineSymbolizer:
    return LineSymbolizer(Stroke(_DARK, width=Literal(1.6), join="round", cap="round"))


def _polygon() -> PolygonSymbolizer:
    border = Stroke(_DARK, width=Literal(0.7), join="round")
    return PolygonSymbolizer(Fill(_GREEN, Literal(0.75)), border)
