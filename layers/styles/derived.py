"""What a part of a style is drawn of: the features, or the same in another order or with other geometries."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from layers.styles import model
from layers.styles.expressions import Expression, Function, walk

type Order = tuple[tuple[str, bool], ...]
"""Fields, the first first, and whether they ascend."""

AT_POINTS = frozenset(
    ("centroid", "interiorpoint", "pointonsurface", "startpoint", "endpoint", "start_point", "end_point")
)
"""Geometries of points that Mapnik finds by itself where it places a symbol."""
_LABELLED = frozenset(("centroid", "interiorpoint", "pointonsurface"))
_BORDERS = frozenset(("boundary", "exteriorring", "exterior_ring"))
_VERTICES = Function("vertices", ())
_SUBJECT = frozenset(("property",))


@dataclass(frozen=True, slots=True)
class Derived:
    """`order` is that of painting; `geometry` a function of the features' own; both empty for the data as it is."""

    order: Order = ()
    geometry: Expression | None = None


DATA = Derived()


def derived(style: model.Style) -> frozenset[Derived]:
    """All that the parts of a style are drawn of."""
    return frozenset(found for part in style.parts for found, _ in split(part))


def split(part: model.FeatureTypeStyle) -> Iterator[tuple[Derived, model.FeatureTypeStyle]]:
    """A part by what it is drawn of, each with its own symbolizers: painted one after the other."""
    order = order_of(part)
    geometries = dict.fromkeys(_geometry(s) for rule in part.rules for s in rule.symbolizers) or {None: None}
    for geometry in geometries:
        yield Derived(order, geometry), part if list(geometries) == [None] else _only(part, geometry)


def _only(part: model.FeatureTypeStyle, geometry: Expression | None) -> model.FeatureTypeStyle:
    rules = []
    for rule in part.rules:
        kept = (s for s in rule.symbolizers if _geometry(s) == geometry)
        mine = kept if geometry is None else map(_plain, kept)
        rules.append(replace(rule, symbolizers=tuple(mine)))
    return replace(part, rules=tuple(rules))


def _plain(symbolizer: model.Symbolizer) -> model.Symbolizer:
    """The symbolizer over a geometry that is made for it."""
    if isinstance(symbolizer, model.LineSymbolizer) and (marks := _on_vertices(symbolizer)) is not None:
        return model.PointSymbolizer(marks, None, symbolizer.unit, symbolizer.options, symbolizer.line)
    return replace(symbolizer, geometry=None)


def _on_vertices(symbolizer: model.LineSymbolizer) -> model.Graphic | None:
    """QGIS's marks on every vertex of a line."""
    marks = symbolizer.stroke.graphic_stroke
    told = model.option(symbolizer.options, "placement") == "points"
    return marks.graphic if marks is not None and told and not isinstance(symbolizer.geometry, Function) else None


def _geometry(symbolizer: model.Symbolizer) -> Expression | None:
    """The function that makes a symbolizer's geometry, None where it is the feature's or Mapnik finds it."""
    asked = symbolizer.geometry
    if isinstance(symbolizer, model.LineSymbolizer) and _on_vertices(symbolizer) is not None:
        return _VERTICES
    if not isinstance(asked, Function) or isinstance(symbolizer, model.RasterSymbolizer):
        return None
    name = asked.name.lower()
    if any(isinstance(inner, Function) and inner.name.lower() not in _SUBJECT for inner in walk(asked.arguments)):
        return asked
    match symbolizer:
        case model.PointSymbolizer():
            return None if name in AT_POINTS else asked
        case model.TextSymbolizer():
            return None if name in _LABELLED else asked
        case model.LineSymbolizer():
            return None if name in _BORDERS else asked
    return asked


def order_of(part: model.FeatureTypeStyle) -> Order:
    """GeoServer's `sortBy`: fields with A (the usual) or D, by commas."""
    written = (item.split() for item in (model.option(part.options, "sortBy") or "").split(","))
    return tuple((words[0], len(words) < 2 or words[1].upper() not in ("D", "DESC")) for words in written if words)
