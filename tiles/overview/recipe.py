"""What of a layer's features a style needs at a scale: all as they are, their shapes only roughly, or one of many.

A recipe is read off the style: whatever might look different when features are left out (labels, which give way to each
other; transparency, which adds up; large symbols) keeps them all.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import IntEnum

from layers.facts import VectorFacts
from layers.registry import Layer
from layers.styles import model
from layers.styles.expressions import Comparison, IsNull, Property, number, property_names, walk

SMALL = 8.0
"""Pixels of the largest point symbol of which one may stand for several within half a pixel."""


class Keep(IntEnum):
    """What is drawn from: `ALL` as it is, simpler shapes (`SHAPES`), one feature for many of half a pixel (`LOOK`)."""

    ALL = 0
    SHAPES = 1
    LOOK = 2


@dataclass(frozen=True, slots=True)
class Recipe:
    """`splits` tells which features look alike: by field, the numbers that part its values, None where each differs."""

    keep: Keep
    splits: Mapping[str, tuple[float, ...] | None] = field(default_factory=dict)

    def joined(self, other: "Recipe") -> "Recipe":
        """The same with features told apart as another recipe does too."""
        both: dict[str, tuple[float, ...] | None] = dict(self.splits)
        for name, parts in other.splits.items():
            own = both.get(name, ())
            both[name] = None if own is None or parts is None else tuple(sorted({*own, *parts}))
        return Recipe(self.keep, both)


def recipe(layer: Layer, style: model.Style, scale: float) -> Recipe:
    """The recipe of a style at a scale denominator."""
    assert isinstance(layer.facts, VectorFacts)
    parts = [(part, rule) for part in style.parts for rule in part.rules if _is_drawn(rule, scale)]
    kinds = {item.name: item.type for item in layer.facts.fields}
    keep = min((_keep(part, rule, layer.facts.geometry, kinds) for part, rule in parts), default=Keep.LOOK)
    splits = _splits([rule for _, rule in parts], kinds)
    time = layer.definition.time
    return Recipe(keep, {**splits, time.attribute: None} if time and time.attribute else splits)


def has_symbols(style: model.Style, scale: float) -> bool:
    """True where a style has symbols or labels at a scale: what lies beside a picture may reach into it."""
    rules = [rule for part in style.parts for rule in part.rules if _is_drawn(rule, scale)]
    kinds = (model.PointSymbolizer, model.TextSymbolizer, model.Graphic)
    return any(isinstance(node, kinds) for rule in rules for node in walk(rule))


def _is_drawn(rule: model.Rule, scale: float) -> bool:
    """With room for the tolerance that a drawing gives a rule's limits."""
    inside = (rule.min_scale or 0.0) * 0.99 <= scale < (rule.max_scale or float("inf")) * 1.01
    return inside and model.option(rule.options, "inclusion") != "legendOnly"


def _keep(part: model.FeatureTypeStyle, rule: model.Rule, geometry: str, kinds: Mapping[str, str]) -> Keep:
    if not property_names(rule) <= kinds.keys() or model.option(part.options, "composite"):
        return Keep.ALL  # it asks for the geometry itself, or mixes with what lies below
    return min((_symbolizer(one, geometry) for one in rule.symbolizers), default=Keep.LOOK)


def _symbolizer(one: model.Symbolizer, geometry: str) -> Keep:
    if one.geometry is not None or model.option(one.options, "composite"):
        return Keep.ALL
    match one:
        case model.PolygonSymbolizer():
            moved = any(number(d) != 0 for d in one.displacement) or number(one.offset) != 0
            return Keep.ALL if moved else min(_fill(one.fill), _stroke(one.stroke))
        case model.LineSymbolizer():
            return Keep.ALL if number(one.offset) != 0 else _stroke(one.stroke)
        case model.PointSymbolizer():
            return _point(one.graphic) if geometry in ("Point", "MultiPoint") else Keep.ALL
        case model.RasterSymbolizer():
            return Keep.LOOK
    return Keep.ALL


def _fill(fill: model.Fill | None) -> Keep:
    if fill is None:
        return Keep.LOOK
    return Keep.SHAPES if fill.graphic is not None or number(fill.opacity) != 1 else Keep.LOOK


def _stroke(stroke: model.Stroke | None) -> Keep:
    if stroke is None:
        return Keep.LOOK
    if stroke.graphic_stroke is not None or stroke.dashes:
        return Keep.ALL
    return Keep.LOOK if number(stroke.opacity) == 1 else Keep.SHAPES


def _point(graphic: model.Graphic) -> Keep:
    size, first = number(graphic.size), graphic.symbols[0]
    small = size is not None and size <= SMALL and isinstance(first, model.Mark)
    if not small or number(graphic.opacity) != 1 or not isinstance(first, model.Mark):
        return Keep.ALL
    return min(Keep.LOOK if _fill(first.fill) is Keep.LOOK else Keep.ALL, _stroke(first.stroke))


def _splits(rules: list[model.Rule], kinds: Mapping[str, str]) -> dict[str, tuple[float, ...] | None]:
    """Numbers that a field is compared with part its values; asked in any other way, each value is for itself."""
    found: dict[str, set[float] | None] = {}
    for rule in rules:
        compared = list(_compared(rule, kinds))
        asked = Counter(part.name for part in walk(rule) if isinstance(part, Property))
        for name, times in asked.items():
            known = found.setdefault(name, set())
            if times != sum(other == name for other, _ in compared):
                found[name] = None
            elif known is not None:
                known |= {value for other, value in compared if other == name and value is not None}
    return {name: None if parts is None else tuple(sorted(parts)) for name, parts in found.items()}


def _compared(rule: model.Rule, kinds: Mapping[str, str]) -> Iterator[tuple[str, float | None]]:
    """Fields with the numbers that they are compared with; None where only a value's absence is asked."""
    for part in walk(rule):
        if isinstance(part, IsNull) and isinstance(part.value, Property):
            yield part.value.name, None
        if not isinstance(part, Comparison):
            continue
        for one, other in ((part.left, part.right), (part.right, part.left)):
            if isinstance(one, Property) and kinds.get(one.name) in ("integer", "real"):
                value = number(other)
                if value is not None:
                    yield one.name, value
