"""Swatches: the symbolizers of rules drawn by Mapnik itself on a little made-up geometry."""

from dataclasses import fields, is_dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
from PIL import Image

from layers.styles import model
from layers.styles.choices import branches
from layers.styles.expressions import Expression, Literal, number, property_names
from layers.styles.mapnik import drawn
from layers.styles.mapnik_expression import UndrawableError

_UNKNOWN: dict[str, Expression] = {
    "color": Literal("#808080"),
    "size": Literal(10),
    "width": Literal(1.5),
    "rotation": Literal(0),
    "opacity": Literal(1),
    "gap": Literal(4),
    "offset": Literal(0),
}
"""What stands for a value that only a feature would tell."""


def swatch(
    rules: tuple[model.Rule, ...], width: int, height: int, scale_factor: float, base: str, *, foreign: bool = False
) -> Image.Image:
    """RGBA picture of width × height pixels: every rule's symbolizers but labels, in order."""
    pixels = _pixels(rules, width, height, round(scale_factor, 4), base, foreign=foreign)
    return Image.fromarray(pixels.copy(), "RGBA")


@lru_cache(maxsize=2048)
def _pixels(
    rules: tuple[model.Rule, ...], width: int, height: int, scale_factor: float, base: str, *, foreign: bool
) -> Any:
    from layers.mapnik_env import mapnik

    room = (width / scale_factor, height / scale_factor)
    kind = _kind(rules)
    plain = tuple(_plain(rule, room, _widest(rules)) for rule in rules)
    style = model.Style("swatch", "", "", (model.FeatureTypeStyle(plain),), base=base, foreign=foreign)
    found = drawn(style, "swatch")
    xml = "".join(text for _, text in found.styles)
    names = "".join(f"<StyleName>{name}</StyleName>" for name, _ in found.styles)
    source = (
        '<Datasource><Parameter name="type">csv</Parameter><Parameter name="inline">'
        f'wkt\n"{_geometry(kind, width, height)}"</Parameter></Datasource>'
    )
    drawing = mapnik.Map(width, height)
    layer = f'<Layer name="swatch" srs="epsg:3857">{names}{source}</Layer>' if names else ""
    mapnik.load_map_from_string(drawing, f'<Map srs="epsg:3857">{xml}{layer}</Map>')
    drawing.zoom_to_box(mapnik.Box2d(0, 0, width, height))
    picture = mapnik.Image(width, height)
    mapnik.render_with_vars(drawing, picture, {"metre": 1.0}, scale_factor)
    picture.demultiply()
    return np.frombuffer(picture.to_string(), np.uint8).reshape(height, width, 4)


def has_swatch(rule: model.Rule) -> bool:
    """True where the rule draws something beside labels, and is not kept out of the legend."""
    if model.option(rule.options, "inclusion") == "mapOnly":
        return False
    return any(_shown(s) for s in rule.symbolizers)


def _shown(symbolizer: model.Symbolizer) -> bool:
    hidden = model.option(symbolizer.options, "inclusion") == "mapOnly"
    return not hidden and not isinstance(symbolizer, model.TextSymbolizer | model.RasterSymbolizer)


def _kind(rules: tuple[model.Rule, ...]) -> str:
    found = {type(s) for rule in rules for s in rule.symbolizers if _shown(s)}
    if model.PolygonSymbolizer in found:
        return "polygon"
    return "line" if model.LineSymbolizer in found else "point"


def _geometry(kind: str, width: int, height: int) -> str:
    if kind == "polygon":
        x0, y0, x1, y1 = 1.5, 1.5, width - 1.5, height - 1.5
        return f"POLYGON(({x0} {y0},{x1} {y0},{x1} {y1},{x0} {y1},{x0} {y0}))"
    if kind == "line":
        middle = height // 2 + 0.5
        return f"LINESTRING(1 {middle},{width - 1} {middle})"
    return f"POINT({width / 2} {height / 2})"


def _plain(rule: model.Rule, room: tuple[float, float], widest: float) -> model.Rule:
    """The rule without its conditions, without choices, and no larger than the swatch."""
    symbolizers = []
    for symbolizer in rule.symbolizers:
        if not _shown(symbolizer):
            continue
        try:
            first = branches(symbolizer)[0].drawn
        except (UndrawableError, IndexError):
            continue
        symbolizers.append(_fitted(_known(first), room, widest))
    return model.Rule(name=rule.name, symbolizers=tuple(symbolizers), line=rule.line)


def _known(node: Any) -> Any:
    """Values that only a feature tells are put to something usual."""
    if isinstance(node, tuple):
        return tuple(_known(item) for item in node)
    if not is_dataclass(node) or isinstance(node, type):
        return node
    changed = {}
    for field in fields(node):
        value = getattr(node, field.name)
        usual = _UNKNOWN.get(field.name)
        changed[field.name] = usual if usual is not None and property_names(value) else _known(value)
    return replace(node, **changed)


def _fitted(symbolizer: model.Symbolizer, room: tuple[float, float], widest: float) -> model.Symbolizer:
    if isinstance(symbolizer, model.PointSymbolizer):
        graphic = symbolizer.graphic
        return replace(symbolizer, graphic=replace(graphic, size=_at_most(graphic.size, min(room) - 2)), unit="px")
    if isinstance(symbolizer, model.LineSymbolizer):
        return replace(
            symbolizer, stroke=_thin(symbolizer.stroke, room[1] * 0.55, widest), unit=_pixels_of(symbolizer.unit)
        )
    if isinstance(symbolizer, model.PolygonSymbolizer):
        stroke = (
            None
            if symbolizer.stroke is None
            else _thin(symbolizer.stroke, room[1] * 0.2, number(symbolizer.stroke.width) or 1)
        )
        return replace(symbolizer, stroke=stroke, unit=_pixels_of(symbolizer.unit))
    return symbolizer


def _pixels_of(unit: str) -> str:
    return unit if unit == "mm" else "px"


def _widest(rules: tuple[model.Rule, ...]) -> float:
    """The widest line: lines of a swatch are made thinner together, an edge stays wider than its surface."""
    lines = (s for rule in rules for s in rule.symbolizers if isinstance(s, model.LineSymbolizer))
    return max((number(s.stroke.width) or 1 for s in lines), default=1)


def _thin(stroke: model.Stroke, most: float, widest: float) -> model.Stroke:
    found = number(stroke.width)
    if found is None or widest <= most:
        return stroke
    return replace(stroke, width=Literal(round(found * most / widest, 2)))


def _at_most(size: Expression | None, most: float) -> Expression | None:
    found = number(size)
    return size if found is None or found <= most else Literal(round(most, 2))
