"""Graphics: MapLibre's circles, its symbols with pictures of the sprite, and patterns of fills."""

from dataclasses import replace
from pathlib import Path

from PIL import Image

from layers.maplibre.drawing import Painted, Picture, Sheet, given, length, no_blend, opacity, shift
from layers.maplibre.errors import UnsayableError
from layers.maplibre.words import Json, plain
from layers.styles import graphics, model, xml
from layers.styles.expressions import Expression, Function, Literal, number
from layers.styles.paint import METRES, PIXELS

_NOMINAL = 32.0
"""Pixels of a picture whose size a feature or the zoom tells."""


def point(symbolizer: model.PointSymbolizer, sheet: Sheet) -> Painted:
    """A circle where it is one, a picture else; of lines and polygons in their middle."""
    graphic, unit, mark = symbolizer.graphic, symbolizer.unit, symbolizer.graphic.symbols[0]
    no_blend(symbolizer.options, sheet)
    place = symbolizer.geometry.name if isinstance(symbolizer.geometry, Function) else "centroid"
    if place.lower() not in ("centroid", "interiorpoint", "pointonsurface"):
        raise UnsayableError(f"a geometry by the function {place}")
    if isinstance(mark, model.Mark) and is_plain_circle(symbolizer, sheet):
        return _circle(mark, graphic, unit, sheet)
    return icon(graphic, unit, sheet, overlap=not _alone(symbolizer))


def is_plain_circle(symbolizer: model.PointSymbolizer, sheet: Sheet) -> bool:
    """True for what a circle layer draws: it would draw one at every corner of lines and polygons."""
    mark = symbolizer.graphic.symbols[0]
    if sheet.geometry != "Point" or _alone(symbolizer) or not isinstance(mark, model.Mark):
        return False
    return _is_circle(mark, symbolizer.graphic)


def _alone(symbolizer: model.PointSymbolizer) -> bool:
    """True where graphics make way for each other."""
    return (model.option(symbolizer.options, "conflictResolution") or "").lower() == "true"


def icon(graphic: model.Graphic, unit: str, sheet: Sheet, *, overlap: bool = True) -> Painted:
    """A picture at points, and in the middle of lines and polygons."""
    layout = icon_layout(graphic, unit, sheet)
    if overlap:
        layout |= {"icon-allow-overlap": True, "icon-ignore-placement": True}
    if sheet.geometry == "LineString":
        sheet.complain("a graphic in the middle of a line: there is one in each tile that the line crosses")
        layout |= {"symbol-placement": "line-center", "icon-rotation-alignment": "viewport"}
    elif sheet.geometry != "Point":
        sheet.complain("a graphic in the middle of a polygon: there is one in each tile that it meets")
    return Painted("symbol", icon_paint(graphic, unit, sheet), layout)


def icon_layout(graphic: model.Graphic, unit: str, sheet: Sheet) -> dict[str, Json]:
    """The properties of a picture: which, how large, turned how, where its anchor is."""
    fixed = graphic.size is None or (number(graphic.size) is not None and unit in PIXELS)
    shown = graphic if fixed else replace(graphic, size=Literal(_NOMINAL))
    symbol = graphics.first_symbol(shown, unit if fixed else "px", sheet.mapnik)
    if symbol.fill or symbol.stroke:
        sheet.complain("the colour of a mark by the value of a field: gray is drawn")
    scale = float(symbol.scale or 1)
    picture = picture_of(symbol.path, scale)
    size = None if fixed or graphic.size is None else length(sheet.words.number(graphic.size), unit, 1 / _NOMINAL)
    turned = None if number(graphic.rotation) == 0 else sheet.words.number(graphic.rotation)
    anchor = [number(a) for a in graphic.anchor]
    offset = None
    if None in anchor:
        sheet.complain("the anchor point cannot depend on the feature: the middle is taken")
    elif anchor != [0.5, 0.5]:
        x, y = (a or 0.0 for a in anchor)
        offset = [plain((0.5 - x) * symbol.width * scale), plain((y - 0.5) * symbol.height * scale)]
    return given(icon_image=sheet.keep(picture), icon_size=size, icon_rotate=turned, icon_offset=offset, icon_padding=0)


def icon_paint(graphic: model.Graphic, unit: str, sheet: Sheet) -> dict[str, Json]:
    """How opaque a picture is, and how far away from its point."""
    moved = shift(graphic.displacement, unit, "the displacement of a graphic", sheet)
    return given(icon_opacity=opacity(graphic.opacity, sheet), icon_translate=moved)


def along(stroke: model.GraphicStroke, unit: str, options: model.Options, sheet: Sheet) -> Painted:
    """A picture repeated along a line (GraphicStroke); the option `placement` of QGIS tells its middle."""
    place = model.option(options, "placement") or ""
    if place in ("firstPoint", "lastPoint", "points"):
        raise UnsayableError(f"a graphic at a line's {place}")
    if place == "centralPoint":
        sheet.complain("a graphic in the middle of a line: there is one in each tile that the line crosses")
    if unit in METRES:
        sheet.complain("the gap of a GraphicStroke in ground units is taken in pixels")
    gap, whole = number(stroke.gap), number(stroke.graphic.size)
    if gap is None or (whole is None and stroke.graphic.size is not None):
        sheet.complain("the spacing of a GraphicStroke cannot depend on the feature")
    if number(stroke.initial_gap):
        sheet.complain("the InitialGap of a GraphicStroke")
    spacing = max((gap or whole or graphics.DEFAULT_SIZE) * PIXELS.get(unit, 1.0), 1.0)
    layout = icon_layout(stroke.graphic, unit, sheet)
    layout |= {"symbol-placement": "line-center" if place == "centralPoint" else "line"}
    layout |= {"symbol-spacing": plain(spacing), "icon-allow-overlap": True, "icon-ignore-placement": True}
    return Painted("symbol", icon_paint(stroke.graphic, unit, sheet), layout)


def tiled(fill: model.Fill, unit: str, options: model.Options, sheet: Sheet) -> str:
    """The picture that a fill repeats."""
    path, scale = graphics.first_tile(fill, unit, options, sheet.mapnik)
    return sheet.keep(picture_of(path, float(scale or 1)))


def picture_of(path: str, scale: float) -> Picture:
    """A picture of a file's own size, or so many times larger."""
    width, height = _size(path)
    return Picture(path, max(round(width * scale), 1), max(round(height * scale), 1), scale)


def _size(path: str) -> tuple[float, float]:
    if not path.endswith(".svg"):
        with Image.open(path) as picture:
            return picture.size
    root = xml.parse(Path(path))
    return float(root.get("width", "0")), float(root.get("height", "0"))


def _is_circle(mark: model.Mark, graphic: model.Graphic) -> bool:
    plain_fill = mark.fill is None or mark.fill.graphic is None
    middle = [number(a) for a in graphic.anchor] == [0.5, 0.5]
    dashed = mark.stroke is not None and mark.stroke.dashes
    return mark.name.strip().lower() == "circle" and plain_fill and middle and not dashed


def _circle(mark: model.Mark, graphic: model.Graphic, unit: str, sheet: Sheet) -> Painted:
    fill, stroke, words = mark.fill, mark.stroke, sheet.words
    if fill is None and stroke is None:
        fill, stroke = model.Fill(), model.Stroke()
    size = graphics.DEFAULT_SIZE if graphic.size is None else words.number(graphic.size)
    width: Json = 0 if stroke is None else words.number(stroke.width)
    # A mark's stroke has its middle on the outline, MapLibre's lies outside of the circle.
    radius = max(size - width, 0) / 2 if isinstance(size, int | float) and isinstance(width, int | float) else None
    across = ["/", size if width == 0 else ["max", 0, ["-", size, width]], 2] if radius is None else plain(radius)
    moved = shift(graphic.displacement, unit, "the displacement of a graphic", sheet)
    paint = given(
        circle_radius=length(across, unit),
        circle_color=NO_FILL if fill is None else words.color(fill.color),
        circle_opacity=0 if fill is None else _both(fill.opacity, graphic, sheet),
        circle_translate=moved,
    )
    if stroke is not None and width != 0:
        paint |= given(
            circle_stroke_color=words.color(stroke.color),
            circle_stroke_width=length(width, unit),
            circle_stroke_opacity=_both(stroke.opacity, graphic, sheet),
        )
    return Painted("circle", paint)


NO_FILL = "#000000"


def _both(own: Expression, graphic: model.Graphic, sheet: Sheet) -> Json:
    """A paint's opacity times the graphic's."""
    found = [part for part in (opacity(own, sheet), opacity(graphic.opacity, sheet)) if part is not None]
    if len(found) < 2:
        return found[0] if found else None
    first, second = found
    numbers = isinstance(first, int | float) and isinstance(second, int | float)
    return plain(first * second) if numbers else ["*", first, second]
