"""A style as the layers of a MapLibre style: a layer for each symbolizer of each rule, labels last.

Symbolizers are painted one after the other over all features, where SLD paints feature by feature. A rule's scales are
the layer's zooms; where others decide whether it is drawn (ElseFilter, ruleEvaluation=first) it is cut into layers at
the zooms where these begin and end.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from layers.maplibre.areas import line, polygon
from layers.maplibre.drawing import Painted, Picture, Sheet
from layers.maplibre.labels import label
from layers.maplibre.middle import in_the_middle
from layers.maplibre.points import is_plain_circle, point
from layers.maplibre.words import Json
from layers.maplibre.zoom import DEEPEST, Piece, Span, pieces, span
from layers.styles import model
from layers.styles.choices import Branch, branches
from layers.styles.mapnik_expression import UndrawableError


@dataclass(frozen=True, slots=True)
class Tiles:
    """What is drawn: the source and its layer, its geometry and fields, the scales (least, greatest) that it has.

    `geometry` is one of `layers.facts.VectorFacts`; `fields` are those that the tiles have, with their types; `labels`
    is the layer with a point in the middle of each feature, "" where the tiles have none.
    """

    source: str
    geometry: str
    fields: Mapping[str, str]
    scales: tuple[float | None, float | None] = (None, None)
    labels: str = ""

    def layer_of(self, symbolizer: model.Symbolizer) -> str:
        """The layer of the tiles that a symbolizer is drawn from."""
        return self.labels if self.labels and in_the_middle(symbolizer) else self.source


@dataclass(frozen=True, slots=True)
class Said:
    """A style said: MapLibre's layers, pictures of the sprite by name, stacks of fonts, and what could not be said."""

    layers: tuple[dict[str, Any], ...]
    pictures: Mapping[str, Picture]
    fonts: frozenset[tuple[str, ...]]
    untold: tuple[model.StyleWarning, ...]


@dataclass(slots=True)
class _Saying:
    """A style while it is said."""

    tiles: Tiles
    base: str
    untold: list[model.StyleWarning] = field(default_factory=list)
    rule: model.Rule = field(default_factory=model.Rule)
    line: int = 0
    painted: list[dict[str, Any]] = field(default_factory=list)
    labels: list[tuple[float, int, dict[str, Any]]] = field(default_factory=list)

    def complain(self, what: str) -> None:
        told = model.StyleWarning(self.rule.label, self.line, what)
        if told not in self.untold:
            self.untold.append(told)


def say(style: model.Style, tiles: Tiles) -> Said:
    """The layers of a style over vector tiles; raster symbolizers have none."""
    saying = _Saying(tiles, style.base)
    sheet = Sheet(tiles.geometry.removeprefix("Multi"), tiles.fields, style.base, saying.complain)
    for part in style.parts:
        saying.rule, saying.line = model.Rule(), part.line
        if order := model.option(part.options, "sortBy"):
            saying.complain(f"sortBy {order!r}: features are painted in the order of the tiles")
        if composite := model.option(part.options, "composite"):
            saying.complain(f"composite {composite!r}")
        _part(part, saying, sheet)
    # MapLibre places the labels of the last layer first, Mapnik those of the first rule.
    ranked = sorted(saying.labels, key=lambda found: (found[0], -found[1]))
    layers = [*saying.painted, *(layer for *_, layer in ranked)]
    named = tuple({"id": f"{tiles.source}-{index}", **layer} for index, layer in enumerate(layers, 1))
    return Said(named, sheet.pictures, frozenset(sheet.fonts), tuple(saying.untold))


def _part(part: model.FeatureTypeStyle, saying: _Saying, sheet: Sheet) -> None:
    first = model.option(part.options, "ruleEvaluation") == "first"
    rules = [rule for rule in part.rules if model.option(rule.options, "inclusion") != "legendOnly"]
    spans = [span(saying.tiles.scales, (rule.min_scale, rule.max_scale)) for rule in rules]
    for index, (rule, own) in enumerate(zip(rules, spans, strict=True)):
        saying.rule, saying.line = rule, rule.line
        if own is None:
            continue
        others = [
            (found, other.filter)
            for at, (other, found) in enumerate(zip(rules, spans, strict=True))
            if found and not other.is_else and (rule.is_else or (first and at < index))
        ]
        try:
            _rule(rule, pieces(own, others), saying, sheet)
        except UndrawableError as error:
            saying.complain(f"{error} in the filter: the rule is not drawn")


def _rule(rule: model.Rule, found: list[Piece], saying: _Saying, sheet: Sheet) -> None:
    own = [] if rule.filter is None else [sheet.words.condition(rule.filter)]
    filters = [(p.span, [*own, *(["!", sheet.words.condition(f)] for f in p.without)]) for p in found]
    for symbolizer in rule.symbolizers:
        saying.line = symbolizer.line
        if model.option(symbolizer.options, "inclusion") == "legendOnly":
            continue
        for painted, conditions in _painted(symbolizer, saying, sheet):
            for part, asked in filters:
                layer = _layer(painted, part, [*asked, *conditions], rule)
                layer |= {"source": saying.tiles.source, "source-layer": saying.tiles.layer_of(symbolizer)}
                if painted.rank is None:
                    saying.painted.append(layer)
                else:
                    saying.labels.append((painted.rank, len(saying.labels), layer))


def _painted(symbolizer: model.Symbolizer, saying: _Saying, sheet: Sheet) -> Iterator[tuple[Painted, list[Json]]]:
    """What is painted of a symbolizer, each with its conditions; what cannot be is told."""
    if saying.tiles.layer_of(symbolizer) != saying.tiles.source:
        sheet = replace(sheet, geometry="Point")
    try:
        found = _branches(symbolizer, sheet)
    except UndrawableError as error:
        saying.complain(f"{error}: not drawn")
        return
    for branch in found:
        try:
            conditions = [sheet.words.condition(f) for f in branch.conditions]
            for painted in _of(branch.drawn, sheet):
                yield painted, conditions if painted.only is None else [*conditions, painted.only]
        except UndrawableError as error:
            saying.complain(f"{error}: not drawn")


def _branches(symbolizer: model.Symbolizer, sheet: Sheet) -> tuple[Branch[model.Symbolizer], ...]:
    """One for each picture that a choice may ask for; choices of numbers and colours are said as expressions."""
    match symbolizer:
        case model.PointSymbolizer() if not is_plain_circle(symbolizer, sheet):
            return branches(symbolizer)
        case model.PolygonSymbolizer(fill=model.Fill(graphic=model.Graphic())):
            return branches(symbolizer)
        case (
            model.PolygonSymbolizer(stroke=model.Stroke(graphic_stroke=model.GraphicStroke()))
            | model.LineSymbolizer(stroke=model.Stroke(graphic_stroke=model.GraphicStroke()))
            | model.TextSymbolizer(graphic=model.Graphic())
        ):
            return branches(symbolizer)
    return (Branch((), symbolizer),)


def _of(symbolizer: model.Symbolizer, sheet: Sheet) -> Iterator[Painted]:
    match symbolizer:
        case model.PolygonSymbolizer():
            yield from polygon(symbolizer, sheet)
        case model.LineSymbolizer():
            yield from line(symbolizer, sheet)
        case model.PointSymbolizer():
            yield point(symbolizer, sheet)
        case model.TextSymbolizer():
            yield label(symbolizer, sheet)
        case model.RasterSymbolizer():
            sheet.complain("a RasterSymbolizer: vector tiles have no pixels")


def _layer(painted: Painted, part: Span, asked: list[Json], rule: model.Rule) -> dict[str, Any]:
    layer: dict[str, Any] = {"type": painted.type}
    if rule.label:
        layer["metadata"] = {"garrigue:rule": rule.label}
    if part.low > 0:
        layer["minzoom"] = part.low
    if part.high < DEEPEST:
        layer["maxzoom"] = part.high
    asked = [condition for condition in asked if condition is not True]
    if asked:
        layer["filter"] = asked[0] if len(asked) == 1 else ["all", *asked]
    if painted.layout:
        layer["layout"] = dict(painted.layout)
    layer["paint"] = dict(painted.paint)
    return layer
