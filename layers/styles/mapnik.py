"""A style as Mapnik's XML.

`drawn` gives everything that a `<Map>` needs of a style. Labels are in styles of their
own, last: drawn after everything else, by priority. A renderer puts `font_sets` and the styles into its map, and names
the styles in its layers (those of `labels` in layers after all others, if labels are to lie on top of everything). It
calls `mapnik.render`, or where `ground_units` is true `mapnik.render_with_vars(map, image, {"metre": m}, factor)`, m
being pixels in a metre on the ground, over the factor. The factor is dpi × 0.28 / 25.4.
"""

from collections.abc import Iterator, Mapping
from contextlib import nullcontext
from dataclasses import dataclass, field, replace
from functools import lru_cache
from types import MappingProxyType
from xml.sax.saxutils import escape

from layers.styles import graphics, labels, model, shapes, symbols
from layers.styles.choices import branches
from layers.styles.derived import DATA, Derived, split
from layers.styles.expressions import (
    Comparison,
    Expression,
    Filter,
    Function,
    Literal,
    Not,
    Or,
    number,
    property_names,
)
from layers.styles.mapnik_expression import Fields, UndrawableError, condition
from layers.styles.paint import GROUND, METRES, PIXELS, Drawing, attributes, color, opacity, plain, size

NOTHING_KNOWN: Mapping[str, str] = MappingProxyType({})
SCALE_TOLERANCE = 1e-3
"""Both limits of a rule are taken this much smaller, so that a map at a nominal 1:25 000 is on one side for sure."""

PRIORITY_CLASSES = (1.0, 10.0, 100.0, 300.0, 1e3, 3e3, 1e4, 3e4, 1e5, 1e6)
"""Mapnik places labels in the order of the data; where a field tells the priority, the greatest classes go first."""

_COMPOSITIONS = frozenset(
    [
        "multiply",
        "screen",
        "overlay",
        "darken",
        "lighten",
        "color-dodge",
        "color-burn",
        "hard-light",
        "soft-light",
        "difference",
        "exclusion",
        "src-over",
        "src-atop",
        "dst-out",
        "dst-in",
        "src-in",
        "plus",
        "xor",
        "hue",
        "saturation",
        "color",
        "value",
    ]
)


@dataclass(frozen=True, slots=True)
class Drawn:
    """Mapnik's XML of a style: (name, `<Style>`) in painter's order, `<FontSet>`s, the fields that it reads.

    `sources` tells of the styles that are not drawn of the data as it is.
    """

    styles: tuple[tuple[str, str], ...]
    labels: tuple[tuple[str, str], ...]
    font_sets: str
    fields: frozenset[str]
    ground_units: bool
    warnings: tuple[model.StyleWarning, ...]
    sources: Mapping[str, Derived]


@dataclass(slots=True)
class _Rules:
    """The rules of one FeatureTypeStyle as they come: drawn, and labels by priority."""

    painted: list[str] = field(default_factory=list)
    text: dict[float, list[str]] = field(default_factory=dict)
    has_paint: bool = False


@dataclass(slots=True)
class _Compiler:
    fields: Fields
    base: str
    warnings: list[model.StyleWarning] = field(default_factory=list)
    faces: set[tuple[str, ...]] = field(default_factory=set)
    rule: model.Rule = field(default_factory=model.Rule)
    line: int = 0

    def complain(self, what: str) -> None:
        warning = model.StyleWarning(self.rule.label, self.line, what)
        if warning not in self.warnings:
            self.warnings.append(warning)

    @property
    def drawing(self) -> Drawing:
        return Drawing(self.fields, self.base, self.complain)


def drawn(style: model.Style, name: str, fields: Fields = NOTHING_KNOWN) -> Drawn:
    """Everything that Mapnik needs; `fields` maps the source's fields to their types (`layers.facts.Field`).

    Raises StyleLimitError where a client's style needs too many files.
    """
    with symbols.of_client() if style.foreign else nullcontext():
        return _drawn(style, name, fields)


def _drawn(style: model.Style, name: str, fields: Fields) -> Drawn:
    compiler = _Compiler(fields, style.base)
    painted: list[tuple[str, str]] = []
    text: list[tuple[float, int, str, str]] = []
    sources: dict[str, Derived] = {}
    for index, (source, part) in enumerate(_sources(style, compiler)):
        rules = _part(part, compiler)
        if rules.has_paint:
            painted.append((f"{name}-{index}", _style(f"{name}-{index}", part, rules.painted, compiler)))
            sources[f"{name}-{index}"] = source
        for priority, xml in rules.text.items():
            label_name = f"{name}-{index}-labels{plain(priority)}"
            text.append((-priority, index, label_name, _style(label_name, part, xml, compiler)))
            sources[label_name] = source
    everything = "".join(xml for _, xml in painted) + "".join(xml for *_, xml in text)
    return Drawn(
        styles=tuple(painted),
        labels=tuple((n, xml) for _, _, n, xml in sorted(text)),
        font_sets="".join(_font_set(faces) for faces in sorted(compiler.faces)),
        fields=property_names(style.parts) | {name for source in sources.values() for name, _ in source.order},
        ground_units=GROUND in everything,
        warnings=tuple(compiler.warnings),
        sources={name: source for name, source in sources.items() if source != DATA},
    )


def _sources(style: model.Style, compiler: _Compiler) -> Iterator[tuple[Derived, model.FeatureTypeStyle]]:
    """The parts of a style by what they are drawn of; a geometry that is not known is told, and not drawn."""
    for part in style.parts:
        for source, own in split(part):
            unknown = None if source.geometry is None else shapes.known(source.geometry)
            if unknown is None:
                known = tuple((n, up) for n, up in source.order if not compiler.fields or _is_field(n, compiler.fields))
                yield replace(source, order=known), own
                continue
            for rule in own.rules:
                for symbolizer in rule.symbolizers:
                    compiler.rule, compiler.line = rule, symbolizer.line
                    compiler.complain(f"a geometry by the function {unknown}: not drawn")


def _is_field(name: str, fields: Fields) -> bool:
    return name.lower() in {known.lower() for known in fields}


@lru_cache(maxsize=256)
def _font_set(faces: tuple[str, ...]) -> str:
    fonts = "".join(f"<Font{attributes(face_name=face)}/>" for face in faces)
    return f"<FontSet{attributes(name=labels.font_set_name(faces))}>{fonts}</FontSet>"


def _style(name: str, part: model.FeatureTypeStyle, rules: list[str], compiler: _Compiler) -> str:
    first = model.option(part.options, "ruleEvaluation") == "first"
    composition = (model.option(part.options, "composite") or "").split(",")[0].strip() or None
    if composition is not None and composition not in _COMPOSITIONS:
        compiler.rule, compiler.line = model.Rule(), part.line
        compiler.complain(f"composite {composition!r}")
        composition = None
    given = attributes(name=name, filter_mode="first" if first else None, comp_op=composition)
    return f"<Style{given}>{''.join(rules)}</Style>"


def _part(part: model.FeatureTypeStyle, compiler: _Compiler) -> _Rules:
    """Rules stay in their order; one without anything to draw is kept where an ElseFilter depends on it."""
    found = _Rules()
    has_else = any(rule.is_else for rule in part.rules)
    ranks = _priorities(part)
    for rule in part.rules:
        compiler.rule, compiler.line = rule, rule.line
        if model.option(rule.options, "inclusion") == "legendOnly":
            continue
        head = _scales(rule)
        try:
            own = "" if rule.filter is None else condition(rule.filter, compiler.fields)
        except UndrawableError as error:
            compiler.complain(f"{error} in the filter: the rule is not drawn")
            continue
        paint, text = _symbolizers(rule, part, own, head, compiler)
        found.has_paint |= bool(paint)
        keep = has_else and not rule.is_else
        found.painted += paint or ([_rule(own, head, "", is_else=False)] if keep and not _labels_all(rule) else [])
        for rank in ranks:
            silent = [_rule(own, head, "", is_else=False)] if keep else []
            xml = text.get(rank, silent)
            if xml:
                found.text.setdefault(rank, []).extend(xml)
    found.text = {rank: xml for rank, xml in found.text.items() if any(_NOTHING not in x for x in xml)}
    return found


def _labels_all(rule: model.Rule) -> bool:
    """True for the rule of labels that QGIS writes after those of symbols: it leaves the ElseFilter what it had."""
    return rule.filter is None and all(isinstance(s, model.TextSymbolizer) for s in rule.symbolizers)


def _priorities(part: model.FeatureTypeStyle) -> list[float]:
    """The ranks of the labels of a part, 0 where none or no number is given."""
    text = [s for r in part.rules for s in r.symbolizers if isinstance(s, model.TextSymbolizer)]
    ranks = {number(s.priority) or 0.0 for s in text}
    if any(s.priority is not None and number(s.priority) is None for s in text):
        ranks |= {*PRIORITY_CLASSES, 0.0}
    return sorted(ranks)


def _scales(rule: model.Rule) -> str:
    low, high = rule.min_scale, rule.max_scale
    xml = ""
    if low is not None and low > 0:
        xml += f"<MinScaleDenominator>{low * (1 - SCALE_TOLERANCE):.6f}</MinScaleDenominator>"
    if high is not None and high < 1e300:
        xml += f"<MaxScaleDenominator>{high * (1 - SCALE_TOLERANCE):.6f}</MaxScaleDenominator>"
    return xml


_NOTHING = '<PolygonSymbolizer fill-opacity="0"/>'
"""Mapnik forgets a rule without symbolizers, and would draw the ElseFilter's for its features."""


def _rule(filter_text: str, head: str, body: str, *, is_else: bool) -> str:
    choice = "<ElseFilter/>" if is_else else f"<Filter>{escape(filter_text)}</Filter>" if filter_text else ""
    return f"<Rule>{choice}{head}{body or _NOTHING}</Rule>"


def _symbolizers(
    rule: model.Rule, part: model.FeatureTypeStyle, own: str, head: str, compiler: _Compiler
) -> tuple[list[str], dict[float, list[str]]]:
    """Mapnik's rules of a rule: one for plain symbolizers that follow each other, one for each branch."""
    paint: list[str] = []
    text: dict[float, list[str]] = {}
    waiting = ""
    for symbolizer in rule.symbolizers:
        compiler.line = symbolizer.line
        if isinstance(symbolizer, model.RasterSymbolizer):
            continue
        if model.option(symbolizer.options, "inclusion") == "legendOnly":
            continue
        for filters, xml, rank in _branches(symbolizer, compiler):
            if filters is None and rank is None:
                waiting += xml
                continue
            made = _conditional(rule, part, own, head, filters or (), xml, compiler)
            if rank is not None:
                text.setdefault(rank, []).append(made)
                continue
            paint += [_rule(own, head, waiting, is_else=rule.is_else)] if waiting else []
            waiting = ""
            paint.append(made)
    paint += [_rule(own, head, waiting, is_else=rule.is_else)] if waiting else []
    return paint, text


def _branches(
    symbolizer: model.Symbolizer, compiler: _Compiler
) -> Iterator[tuple[tuple[Filter, ...] | None, str, float | None]]:
    """(conditions or None, XML, rank of a label or None) of each branch; what cannot be drawn is told."""
    try:
        found = branches(symbolizer)
    except UndrawableError as error:
        compiler.complain(f"{error}: not drawn")
        return
    for branch in found:
        try:
            xml, rank = _xml(branch.drawn, compiler)
        except UndrawableError as error:
            compiler.complain(f"{error}: not drawn")
            continue
        if rank is None and xml:
            yield branch.conditions or None, xml, None
        elif isinstance(branch.drawn, model.TextSymbolizer) and xml:
            for condition_of_rank, own_rank in _ranks(branch.drawn.priority):
                yield (*branch.conditions, *condition_of_rank), xml, own_rank


def _ranks(priority: Expression | None) -> Iterator[tuple[tuple[Filter, ...], float]]:
    """Conditions and ranks of a label: one where the priority is a number, else a class for each order of magnitude."""
    if priority is None or number(priority) is not None:
        yield (), number(priority) or 0.0
        return
    yield (Not(Comparison(">=", priority, Literal(PRIORITY_CLASSES[0]))),), 0.0
    for index, low in enumerate(PRIORITY_CLASSES):
        bounds: tuple[Filter, ...] = (Comparison(">=", priority, Literal(low)),)
        if index + 1 < len(PRIORITY_CLASSES):
            bounds += (Comparison("<", priority, Literal(PRIORITY_CLASSES[index + 1])),)
        yield bounds, low


def _conditional(
    rule: model.Rule,
    part: model.FeatureTypeStyle,
    own: str,
    head: str,
    filters: tuple[Filter, ...],
    xml: str,
    compiler: _Compiler,
) -> str:
    if not filters:
        return _rule(own, head, xml, is_else=rule.is_else)
    if model.option(part.options, "ruleEvaluation") == "first":
        compiler.complain("a choice within a style of ruleEvaluation=first: later rules may be drawn as well")
    parts = [own] if own else []
    if rule.is_else:
        others = [r.filter for r in part.rules if not r.is_else and r.filter is not None and _meet(r, rule)]
        parts += [condition(Not(Or(tuple(others))), compiler.fields)] if others else []
    parts += [text for f in filters if (text := condition(f, compiler.fields)) != "true"]
    return _rule(" and ".join(parts), head, xml, is_else=False)


def _meet(one: model.Rule, other: model.Rule) -> bool:
    """True where some scale is within both rules' limits."""
    low = max(one.min_scale or 0.0, other.min_scale or 0.0)
    return low < min(one.max_scale or float("inf"), other.max_scale or float("inf"))


def _xml(symbolizer: model.Symbolizer, compiler: _Compiler) -> tuple[str, float | None]:
    drawing = compiler.drawing
    match symbolizer:
        case model.PolygonSymbolizer():
            return _polygon(symbolizer, drawing), None
        case model.LineSymbolizer():
            return _line(symbolizer, drawing), None
        case model.PointSymbolizer():
            return _point(symbolizer, drawing), None
        case model.TextSymbolizer():
            found = labels.label(symbolizer, drawing)
            compiler.faces.add(found.faces)
            return found.xml, 0.0
    return "", None


def _polygon(symbolizer: model.PolygonSymbolizer, drawing: Drawing) -> str:
    xml, fill, unit = "", symbolizer.fill, symbolizer.unit
    moved = _moved(symbolizer, drawing)
    blend = _composition(symbolizer.options, drawing)
    if fill is not None and fill.graphic is not None:
        xml += graphics.pattern(fill, unit, symbolizer.options, drawing)
    elif fill is not None:
        ink = {"fill": color(fill.color, drawing), "fill_opacity": opacity(fill.opacity, drawing)}
        xml += f"<PolygonSymbolizer{attributes(**ink, geometry_transform=moved, comp_op=blend)}/>"
    if symbolizer.stroke is not None:
        xml += _stroke(symbolizer.stroke, symbolizer.offset, unit, symbolizer.options, drawing, moved)
    return xml


def _moved(symbolizer: model.PolygonSymbolizer, drawing: Drawing) -> str | None:
    if all(number(d) == 0 for d in symbolizer.displacement):
        return None
    x, y = (size(d, symbolizer.unit, drawing) for d in symbolizer.displacement)
    return f"translate({x}, -1*({y}))"


def _composition(options: model.Options, drawing: Drawing) -> str | None:
    name = (model.option(options, "composite") or "").split(",")[0].strip()
    if name and name not in _COMPOSITIONS:
        drawing.complain(f"composite {name!r}")
        return None
    return name or None


def _line(symbolizer: model.LineSymbolizer, drawing: Drawing) -> str:
    return _stroke(symbolizer.stroke, symbolizer.offset, symbolizer.unit, symbolizer.options, drawing, None)


def _stroke(
    stroke: model.Stroke,
    offset: Expression,
    unit: str,
    options: model.Options,
    drawing: Drawing,
    moved: str | None,
) -> str:
    if stroke.graphic_stroke is not None:
        if number(offset) != 0:
            drawing.complain("PerpendicularOffset of a GraphicStroke: it is drawn on the line")
        if stroke.dash_offset:
            drawing.complain("stroke-dashoffset of a GraphicStroke: the first mark lies half a gap from the start")
        return graphics.along(stroke.graphic_stroke, unit, options, drawing)
    if stroke.graphic_fill is not None:
        drawing.complain("a GraphicFill within a Stroke: a plain line is drawn")
    if number(stroke.width) == 0:
        return ""
    if unit in METRES and stroke.dashes:
        drawing.complain("dashes in ground units are drawn in pixels")
    factor = PIXELS.get(unit, 1.0)
    # Mapnik's offset is to the right of the line, the standard's (05-077r4, 11.1.4) to the left
    away = None if number(offset) == 0 else f"-1*({size(offset, unit, drawing)})"
    drawn_stroke = attributes(
        stroke=color(stroke.color, drawing),
        stroke_width=size(stroke.width, unit, drawing),
        stroke_opacity=opacity(stroke.opacity, drawing),
        stroke_linejoin={"mitre": "miter"}.get(stroke.join, stroke.join),
        stroke_linecap=stroke.cap,
        stroke_dasharray=",".join(plain(d * factor) for d in stroke.dashes) or None,
        stroke_dashoffset=plain(stroke.dash_offset * factor) if stroke.dashes and stroke.dash_offset else None,
        offset=away,
        geometry_transform=moved,
        comp_op=_composition(options, drawing),
    )
    return f"<LineSymbolizer{drawn_stroke}/>"


_PLACES = {
    "centroid": "point",
    "interiorpoint": "interior",
    "pointonsurface": "interior",
    "startpoint": "vertex-first",
    "endpoint": "vertex-last",
    "start_point": "vertex-first",
    "end_point": "vertex-last",
}


def _point(symbolizer: model.PointSymbolizer, drawing: Drawing) -> str:
    place, geometry = "interior", symbolizer.geometry
    if isinstance(geometry, Function):
        place = _PLACES[geometry.name.lower()]
    overlap = (model.option(symbolizer.options, "conflictResolution") or "").lower() == "true"
    more: dict[str, str | None] = {"placement": place, "comp_op": _composition(symbolizer.options, drawing)}
    if overlap:
        more |= {"allow_overlap": "false", "ignore_placement": "false"}
    return graphics.markers(symbolizer.graphic, symbolizer.unit, drawing, **more)
