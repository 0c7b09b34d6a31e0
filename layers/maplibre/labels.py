"""Labels: MapLibre's symbols with text. Sizes of the font are pixels, offsets are parts of its size (ems)."""

from typing import Any

from layers.maplibre.drawing import Painted, Sheet, given, length, opacity, own_geometry, shift
from layers.maplibre.points import icon_layout, icon_paint
from layers.maplibre.words import Json, plain
from layers.styles import labels, model
from layers.styles.color import rgb
from layers.styles.expressions import Expression, number, text
from layers.styles.paint import PIXELS

_NO_WRAP = 1000
"""Ems of a line that is never broken; MapLibre breaks after ten unless told."""


def label(symbolizer: model.TextSymbolizer, sheet: Sheet) -> Painted:
    """A label, on its graphic where it has one."""
    own_geometry(symbolizer.geometry, sheet)
    font, unit, words = symbolizer.font, symbolizer.unit, sheet.words
    faces = labels.faces_of(font, sheet.mapnik)
    sheet.fonts.add(faces)
    layout: dict[str, Any] = given(
        text_field=words.text(symbolizer.label),
        text_font=list(faces),
        text_size=length(words.number(font.size), unit),
    )
    paint = given(text_color=words.color(symbolizer.fill.color), text_opacity=opacity(symbolizer.fill.opacity, sheet))
    paint |= _halo(symbolizer, sheet)
    layout |= _placed(symbolizer, sheet) | _optional(symbolizer)
    if "text-offset" not in layout and isinstance(symbolizer.placement, model.PointPlacement):
        moved = shift(symbolizer.placement.displacement, unit, "the displacement of a label", sheet)
        paint |= given(text_translate=moved)
    if symbolizer.graphic is not None:
        layout |= icon_layout(symbolizer.graphic, unit, sheet)
        paint |= icon_paint(symbolizer.graphic, unit, sheet)
    rank = number(symbolizer.priority) or 0.0
    if symbolizer.priority is not None and number(symbolizer.priority) is None:
        layout["symbol-sort-key"] = ["*", -1, words.number(symbolizer.priority)]
    return Painted("symbol", paint, layout, rank=rank)


def _halo(symbolizer: model.TextSymbolizer, sheet: Sheet) -> dict[str, Any]:
    halo = symbolizer.halo
    if halo is None:
        return {}
    radius, size = number(halo.radius), number(symbolizer.font.size)
    if radius is not None and size is not None and radius > size / 4:
        sheet.complain("a halo wider than a quarter of the letters' size: MapLibre draws a quarter")
    color = sheet.words.color(halo.fill.color)
    opaque = number(halo.fill.opacity)
    if opaque is None or (opaque < 1 and text(halo.fill.color) is None):
        sheet.complain("the opacity of a halo that depends on the feature: it is opaque")
    elif opaque < 1:
        color = f"rgba({', '.join(map(str, rgb(color)))}, {plain(max(opaque, 0))})"
    return given(text_halo_color=color, text_halo_width=length(sheet.words.number(halo.radius), symbolizer.unit))


def _placed(symbolizer: model.TextSymbolizer, sheet: Sheet) -> dict[str, Any]:
    placement = symbolizer.placement
    if isinstance(placement, model.LinePlacement):
        return _along(placement, symbolizer, sheet)
    if sheet.geometry != "Point":
        sheet.complain("a label in the middle of a feature: there is one in each tile that it meets")
    middle: dict[str, Any] = {}
    if sheet.geometry == "LineString":
        middle = {"symbol-placement": "line-center", "text-rotation-alignment": "viewport"}
    if placement is None:
        return middle
    return middle | given(
        text_anchor=_anchor(placement, sheet),
        text_rotate=None if number(placement.rotation) == 0 else sheet.words.number(placement.rotation),
        text_offset=_in_ems(placement.displacement, symbolizer),
    )


def _anchor(placement: model.PointPlacement, sheet: Sheet) -> str | None:
    x, y = (number(part) for part in placement.anchor)
    if x is None or y is None:
        sheet.complain("the anchor point of a label cannot depend on the feature")
        x, y = 0.0, 0.5
    across = "left" if x < 0.25 else "right" if x > 0.75 else ""
    up = "bottom" if y < 0.25 else "top" if y > 0.75 else ""
    return "-".join(filter(None, (up, across))) or None


def _in_ems(displacement: tuple[Expression, Expression], symbolizer: model.TextSymbolizer) -> Json:
    """A displacement in ems, y downwards; None where it is none, or not known beforehand."""
    size = number(symbolizer.font.size)
    x, y = (number(part) for part in displacement)
    if not size or x is None or y is None or (not x and not y):
        return None
    return [plain(round(x / size, 4)), plain(round(-y / size, 4))]


def _along(placement: model.LinePlacement, symbolizer: model.TextSymbolizer, sheet: Sheet) -> dict[str, Any]:
    if number(placement.initial_gap):
        sheet.complain("the InitialGap of a label")
    spacing = number(placement.gap) or labels.REPEAT
    offset = _in_ems((model.ZERO, placement.offset), symbolizer)
    if offset is None and number(placement.offset) != 0:
        sheet.complain("the PerpendicularOffset of a label whose size is not a number: it is on the line")
    return given(
        symbol_placement="line" if placement.repeated else "line-center",
        symbol_spacing=plain(max(spacing, 1.0)) if placement.repeated else None,
        text_offset=offset,
        text_max_angle=22.5,
        text_rotation_alignment=None if placement.aligned else "viewport",
    )


def _optional(symbolizer: model.TextSymbolizer) -> dict[str, Any]:
    """GeoServer's and QGIS's vendor options."""
    options = symbolizer.options
    found: dict[str, Any] = {}
    on_line = isinstance(symbolizer.placement, model.LinePlacement)
    size = (number(symbolizer.font.size) or 10.0) * PIXELS.get(symbolizer.unit, 1.0)
    if not on_line:
        wrap = labels.amount(options, "autoWrap") or 0
        found["text-max-width"] = plain(wrap / size) if wrap > 0 else _NO_WRAP
    if (space := labels.amount(options, "spaceAround")) is not None and space > 0:
        found["text-padding"] = plain(space)
    if (repeat := labels.amount(options, "repeat")) and on_line:
        found |= {"symbol-placement": "line", "symbol-spacing": plain(max(repeat, 1.0))}
    if (angle := labels.amount(options, "maxAngleDelta")) is not None and on_line:
        found["text-max-angle"] = plain(angle)
    if (model.option(options, "conflictResolution") or "").lower() == "false":
        found |= {"text-allow-overlap": True, "text-ignore-placement": True}
    if (model.option(options, "forceLeftToRight") or "").lower() == "false" and on_line:
        found["text-keep-upright"] = False
    if (room := labels.amount(options, "maxDisplacement")) and not on_line:
        found["text-variable-anchor"] = ["center", "left", "bottom", "top", "right"]
        found["text-radial-offset"] = plain(round(room / 2 / size, 4))
    if spacing := labels.amount(options, "charSpacing"):
        found["text-letter-spacing"] = plain(round(spacing / size, 4))
    return found
