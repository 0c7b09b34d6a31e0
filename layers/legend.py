"""Legends: a swatch for each rule, drawn by Mapnik with the rule's own symbolizers, and its title to the right of it.

Rules of one title are one entry, painted one upon the other (a road's edge and its surface). Raster colour maps become
a ramp or a list of classes. Sizes are pixels; `dpi` scales everything, 90.71 being the standard's 0.28 mm pixel.
"""

import base64
import json
from collections.abc import Iterable
from dataclasses import dataclass, replace
from functools import lru_cache
from io import BytesIO
from pathlib import Path
from typing import Any

from PIL import Image, ImageDraw, ImageFont

from layers.errors import RequestError
from layers.facts import RasterFacts, VectorFacts
from layers.query import STANDARD_DPI, LegendQuery
from layers.registry import Layer, Registry
from layers.styles import model
from layers.styles.color import rgb
from layers.styles.load import style_of
from layers.styles.swatch import has_swatch, swatch

WIDTH, HEIGHT = 20, 20
_FONT_SIZE, _MARGIN, _GAP, _BETWEEN = 11.5, 3, 7, 4
_MOST_LETTERS = 70
_INK = (38, 42, 46, 255)


@dataclass(frozen=True, slots=True)
class Entry:
    """A line of a legend: its words, and rules to draw or a colour (red, green, blue, alpha)."""

    label: str
    rules: tuple[model.Rule, ...] = ()
    color: tuple[int, int, int, int] | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """What is drawn where: entries, size of a swatch, height of a line, scale, whether the colours run together."""

    entries: tuple[Entry, ...]
    swatch: tuple[int, int]
    line: int
    factor: float
    ramp: bool
    words: bool
    style: model.Style
    width: int
    height: int


def legend(registry: Registry, query: LegendQuery) -> bytes:
    """A PNG.

    Raises UnknownLayerError, UnknownStyleError, and RequestError for a rule that the style has not.
    """
    layout = _layout(registry, query)
    picture = Image.new("RGBA", (layout.width, layout.height), (255, 255, 255, 0 if query.transparent else 255))
    _draw(picture, layout)
    encoded = BytesIO()
    picture.save(encoded, "PNG")
    return encoded.getvalue()


def legend_json(registry: Registry, query: LegendQuery) -> bytes:
    """The same as JSON, in the form of QGIS Server: a node for the layer, a symbol with a PNG in base64 an entry."""
    layer, layout = registry.layer(query.layer), _layout(registry, query)
    symbols = [{"title": entry.label, "icon": _base64(_swatch(entry, layout))} for entry in layout.entries]
    title = layer.definition.title.get(query.language)
    node = {"type": "layer", "layerName": layer.name, "title": title, "symbols": symbols}
    return json.dumps({"title": "", "nodes": [node]}, ensure_ascii=False).encode()


def _base64(picture: Image.Image) -> str:
    encoded = BytesIO()
    picture.save(encoded, "PNG")
    return base64.b64encode(encoded.getvalue()).decode()


def legend_size(registry: Registry, query: LegendQuery) -> tuple[int, int]:
    """Width and height of what `legend` gives, without drawing it."""
    layout = _layout(registry, query)
    return layout.width, layout.height


def entries(layer: Layer, style: model.Style, language: str, scale: float | None = None) -> tuple[Entry, ...]:
    """The lines of a style's legend, in its order."""
    title = layer.definition.title.get(language)
    if isinstance(layer.facts, RasterFacts) or style.raster is not None:
        return _raster_entries(layer, style, title)
    if not isinstance(layer.facts, VectorFacts):
        return (Entry(title),)
    shown = [r for part in style.parts for r in part.rules if has_swatch(r) and _at(r, scale)]
    lines = tuple(Entry(label, tuple(_together(rules))) for label, rules in _grouped(shown).items())
    return tuple(replace(e, label=title) if not e.label and len(lines) == 1 else e for e in lines)


def _grouped(rules: list[model.Rule]) -> dict[str, list[model.Rule]]:
    """Rules by what the legend calls them; one without a title goes with the titled ones of the same filter."""
    labels = {rule.filter: rule.title for rule in rules if rule.title and not rule.is_else}
    grouped: dict[str, list[model.Rule]] = {}
    for rule in rules:
        same = None if rule.title or rule.is_else else labels.get(rule.filter)
        name = rule.name if rule.name != "default" else ""
        grouped.setdefault(same or rule.title or name, []).append(rule)
    return grouped


def _at(rule: model.Rule, scale: float | None) -> bool:
    if scale is None:
        return True
    return (rule.min_scale or 0.0) <= scale < (rule.max_scale or float("inf"))


def _together(rules: list[model.Rule]) -> Iterable[model.Rule]:
    """Of rules of one title, those drawn at one scale: the one at which most of them are, the largest of such."""
    starts = sorted({r.min_scale or 0.0 for r in rules})
    sets = [[r for r in rules if _at(r, start)] for start in starts]
    return max(sets, key=len)


def _raster_entries(layer: Layer, style: model.Style, title: str) -> tuple[Entry, ...]:
    symbolizer = style.raster
    if symbolizer is None or symbolizer.color_map is None:
        return (Entry(title, color=(128, 128, 128, 255)) if _one_band(layer) else Entry(title),)
    stops = [s for s in symbolizer.color_map.stops if s.opacity > 0 or s.label]
    kind = symbolizer.color_map.kind
    return tuple(
        Entry(s.label or ("" if kind == "ramp" and _labelled(stops) else _number(s.value)), color=_rgba(s, symbolizer))
        for s in (reversed(stops) if kind == "ramp" else stops)
    )


def _labelled(stops: list[model.ColorStop]) -> bool:
    return any(s.label for s in stops)


def _one_band(layer: Layer) -> bool:
    return isinstance(layer.facts, RasterFacts) and len(layer.facts.bands) < 3


def _rgba(stop: model.ColorStop, symbolizer: model.RasterSymbolizer) -> tuple[int, int, int, int]:
    return (*rgb(stop.color), round(255 * stop.opacity * symbolizer.opacity))


def _number(value: float) -> str:
    return "" if abs(value) == float("inf") else f"{value:g}".replace("-", "−")


def _layout(registry: Registry, query: LegendQuery) -> Layout:
    layer = registry.layer(query.layer)
    style: model.Style = query.look or style_of(layer, layer.style(query.style))
    lines = entries(layer, style, query.language, query.scale)
    found = tuple(e for e in lines if query.only is None or e.label in query.only)
    factor = query.dpi / STANDARD_DPI
    side = (round((query.size[0] or WIDTH) * factor), round((query.size[1] or HEIGHT) * factor))
    ramp = style.raster is not None and style.raster.color_map is not None and style.raster.color_map.kind == "ramp"
    if query.rule is not None:
        one = (_of_rule(found, style, query.rule),)
        return Layout(one, side, side[1], factor, False, False, style, *side)
    line = side[1] if ramp else side[1] + round(_BETWEEN * factor)
    margin, gap = round(_MARGIN * factor), round(_GAP * factor)
    text = max((round(_length(_short(e.label), factor) + 0.5) for e in found), default=0)
    width = side[0] + 2 * margin + (gap + text if text else 0)
    height = max(len(found) * line - (0 if ramp else round(_BETWEEN * factor)), 1) + 2 * margin
    return Layout(found, side, line, factor, ramp, True, style, width, height)


def _of_rule(found: tuple[Entry, ...], style: model.Style, name: str) -> Entry:
    for part in style.parts:
        for rule in part.rules:
            if name in (rule.name, rule.title) and has_swatch(rule):
                return Entry(name, (rule,))
    for entry in found:
        if entry.label == name:
            return entry
    allowed = [r.name or r.title for p in style.parts for r in p.rules if has_swatch(r)]
    raise RequestError(name, allowed, parameter="rule")


@lru_cache(maxsize=16)
def _font(factor: float) -> ImageFont.FreeTypeFont:
    import importlib.util

    found = importlib.util.find_spec("mapnik")
    folder = Path(found.origin).parent if found and found.origin else Path()
    return ImageFont.truetype(folder / "lib/mapnik/fonts/DejaVuSans.ttf", _FONT_SIZE * factor)


@lru_cache(maxsize=20_000)
def _length(label: str, factor: float) -> float:
    """Pixels across: the same words are measured for every document of a language."""
    return float(_font(factor).getlength(label))


def _short(label: str) -> str:
    return label if len(label) <= _MOST_LETTERS else f"{label[: _MOST_LETTERS - 1]}…"


def _draw(picture: Image.Image, layout: Layout) -> None:
    margin = round(_MARGIN * layout.factor) if layout.words else 0
    if layout.ramp and layout.words:
        _draw_ramp(picture, layout, margin)
    for index, entry in enumerate(layout.entries):
        top = margin + index * layout.line
        if not layout.ramp or not layout.words:
            picture.alpha_composite(_swatch(entry, layout), (margin, top))
        if layout.words and entry.label:
            left = margin + layout.swatch[0] + round(_GAP * layout.factor)
            _write(picture, (left, top + layout.swatch[1] / 2), _short(entry.label), layout.factor)


def _write(picture: Image.Image, place: tuple[float, float], words: str, factor: float) -> None:
    """Blended in by hand: Pillow's own drawing would make the background of letters opaque."""
    mask = Image.new("L", picture.size)
    ImageDraw.Draw(mask).text(place, words, fill=255, font=_font(factor), anchor="lm")
    ink = Image.new("RGBA", picture.size, _INK)
    ink.putalpha(mask)
    picture.alpha_composite(ink)


def _swatch(entry: Entry, layout: Layout) -> Image.Image:
    width, height = layout.swatch
    if entry.rules:
        style = layout.style
        return swatch(entry.rules, width, height, layout.factor, style.base, foreign=style.foreign)
    if entry.color is not None:
        return _framed(Image.new("RGBA", (width, height), entry.color))
    return _framed(_imagery(width, height))


def _framed(picture: Image.Image) -> Image.Image:
    ImageDraw.Draw(picture).rectangle((0, 0, picture.width - 1, picture.height - 1), outline=(90, 96, 102, 255))
    return picture


def _imagery(width: int, height: int) -> Image.Image:
    """A sign for pictures: sky, a hill, a field."""
    picture = Image.new("RGBA", (width * 4, height * 4), (196, 219, 235, 255))
    draw = ImageDraw.Draw(picture)
    w, h = width * 4, height * 4
    draw.polygon(
        [(0, h * 0.75), (w * 0.4, h * 0.3), (w * 0.8, h * 0.75), (w, h * 0.6), (w, h), (0, h)], (122, 150, 104)
    )
    draw.polygon([(0, h), (0, h * 0.8), (w, h * 0.68), (w, h)], (178, 168, 112))
    draw.ellipse((w * 0.65, h * 0.14, w * 0.85, h * 0.34), (247, 213, 122))
    return picture.resize((width, height), Image.Resampling.LANCZOS)


def _draw_ramp(picture: Image.Image, layout: Layout, margin: int) -> None:
    """Colours running together from entry to entry, whose middles they pass."""
    width, height = layout.swatch[0], layout.line * len(layout.entries)
    colors = [e.color or (0, 0, 0, 0) for e in layout.entries]
    column: list[Any] = []
    for row in range(height):
        place = min(max((row + 0.5) / layout.line - 0.5, 0), len(colors) - 1)
        first = min(int(place), max(len(colors) - 2, 0))
        second, part = min(first + 1, len(colors) - 1), place - first
        column.append(tuple(round(a + (b - a) * part) for a, b in zip(colors[first], colors[second], strict=True)))
    strip = Image.new("RGBA", (1, height))
    strip.putdata(column)
    picture.alpha_composite(_framed(strip.resize((width, height), Image.Resampling.NEAREST)), (margin, margin))
