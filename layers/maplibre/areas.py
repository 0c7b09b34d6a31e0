"""Lines and polygons: MapLibre's line and fill layers."""

from collections.abc import Iterator

from layers.maplibre.drawing import Painted, Sheet, given, length, no_blend, opacity, own_geometry, shift
from layers.maplibre.points import along, tiled
from layers.maplibre.words import Json, plain
from layers.styles import model
from layers.styles.expressions import Expression, number

ONLY_POLYGONS = ["==", ["geometry-type"], "Polygon"]


def polygon(symbolizer: model.PolygonSymbolizer, sheet: Sheet) -> Iterator[Painted]:
    """A fill, then the stroke along the border."""
    fill, stroke, unit = symbolizer.fill, symbolizer.stroke, symbolizer.unit
    own_geometry(symbolizer.geometry, sheet)
    no_blend(symbolizer.options, sheet)
    moved = shift(symbolizer.displacement, unit, "the displacement of a polygon", sheet)
    if fill is not None:
        only = None if sheet.geometry == "Polygon" else ONLY_POLYGONS
        yield Painted("fill", given(**_ink(fill, unit, symbolizer.options, sheet), fill_translate=moved), only=only)
    if stroke is not None:
        yield from _stroke(stroke, symbolizer.offset, unit, symbolizer.options, moved, sheet)


def line(symbolizer: model.LineSymbolizer, sheet: Sheet) -> Iterator[Painted]:
    """A stroke along lines, or along the borders of polygons."""
    own_geometry(symbolizer.geometry, sheet)
    no_blend(symbolizer.options, sheet)
    yield from _stroke(symbolizer.stroke, symbolizer.offset, symbolizer.unit, symbolizer.options, None, sheet)


def _ink(fill: model.Fill, unit: str, options: model.Options, sheet: Sheet) -> dict[str, Json]:
    if fill.graphic is not None:
        return {"fill_pattern": tiled(fill, unit, options, sheet), "fill_opacity": opacity(fill.graphic.opacity, sheet)}
    return {"fill_color": sheet.words.color(fill.color), "fill_opacity": opacity(fill.opacity, sheet)}


def _stroke(
    stroke: model.Stroke, offset: Expression, unit: str, options: model.Options, moved: Json, sheet: Sheet
) -> Iterator[Painted]:
    if stroke.graphic_stroke is not None:
        if number(offset) != 0:
            sheet.complain("PerpendicularOffset of a GraphicStroke: it is drawn on the line")
        yield along(stroke.graphic_stroke, unit, options, sheet)
        return
    if stroke.graphic_fill is not None:
        sheet.complain("a GraphicFill within a Stroke: a plain line is drawn")
    if number(stroke.width) == 0:
        return
    width = sheet.words.number(stroke.width)
    # MapLibre's offset is to the right of the line, the standard's (05-077r4, 11.1.4) to the left.
    away = None if number(offset) == 0 else length(sheet.words.number(offset), unit, -1)
    join, cap = {"mitre": "miter"}.get(stroke.join, stroke.join), stroke.cap
    yield Painted(
        "line",
        given(
            line_color=sheet.words.color(stroke.color),
            line_width=length(width, unit),
            line_opacity=opacity(stroke.opacity, sheet),
            line_dasharray=_dashes(stroke, sheet),
            line_offset=away,
            line_translate=moved,
        ),
        given(line_join=join if join != "miter" else None, line_cap=cap if cap != "butt" else None),
    )


def _dashes(stroke: model.Stroke, sheet: Sheet) -> Json:
    """MapLibre counts dashes in widths of the line."""
    if not stroke.dashes:
        return None
    width = number(stroke.width)
    if width is None:
        sheet.complain("dashes of a line whose width depends on the feature: it is drawn without")
        return None
    if stroke.dash_offset:
        sheet.complain("stroke-dashoffset: dashes begin where the line does")
    return [plain(round(dash / width, 4)) for dash in stroke.dashes]
