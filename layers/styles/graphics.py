"""Graphics as Mapnik's MarkersSymbolizer and PolygonPatternSymbolizer: marks, SVG with parameters, pictures."""

import base64
import binascii
import re
from dataclasses import dataclass
from functools import lru_cache
from io import BytesIO
from itertools import groupby
from math import cos, radians, sin
from pathlib import Path
from urllib.parse import parse_qsl, unquote

from lxml import etree
from PIL import Image, UnidentifiedImageError

from layers.styles import model, symbols, xml
from layers.styles.color import hex_color
from layers.styles.expressions import Expression, number, text
from layers.styles.mapnik_expression import UndrawableError
from layers.styles.marks import Outline, outlines
from layers.styles.paint import METRES, PIXELS, Drawing, attributes, color, fixed, opacity, plain, size
from layers.styles.patterns import SIDES, Paint, Random, dense, hatch, is_hatch, randomly, scattered

DEFAULT_SIZE = 6.0
HATCH_SPACING = 8.0
"""Pixels between lines of a hatch whose size is not told."""
_RANDOM = (("tile-size", "256"), ("symbol-count", "16"), ("seed", "0"))
"""Options of a random fill, and what GeoServer takes where they are not there."""
_MOST_RANDOM = 1000
"""Marks in a tile of a random fill, at the most."""
_LINES = {"cross": "plus", "x": "times"}
_NOMINAL = 20.0
LARGEST = 1024.0
"""Pixels of a repeated mark and its cell, at the most."""
_BRUSH = re.compile(r"brush://dense([1-7])", re.I)
_PARAMETER = re.compile(r"param\(([\w-]+)\)(?:\s+([^\"';]*))?")
_OPACITIES = ("opacity", "fill-opacity", "stroke-opacity")
_ABOVE_ONE = re.compile(r"\s*[1-9]\d*(\.\d*)?\s*")
_OFTEN = {"fill": "#000000", "fill-opacity": "1", "outline": "#000000", "outline-opacity": "1", "outline-width": "1"}


@dataclass(frozen=True, slots=True)
class Symbol:
    """A file that Mapnik draws: its own size in pixels, and paint that replaces what is inside."""

    path: str
    width: float
    height: float
    scale: str | None = None
    fill: str | None = None
    stroke: str | None = None
    stroke_width: str | None = None


def markers(graphic: model.Graphic, unit: str, drawing: Drawing, **more: str | None) -> str:
    """MarkersSymbolizer of the first symbol that can be drawn; `more` are further attributes (placement, spacing)."""
    symbol = first_symbol(graphic, unit, drawing)
    given = {"allow_overlap": "true", "ignore_placement": "true", "placement": "point", **more}
    drawn = attributes(
        file=symbol.path,
        fill=symbol.fill,
        stroke=symbol.stroke,
        stroke_width=symbol.stroke_width,
        opacity=opacity(graphic.opacity, drawing),
        transform=_transform(graphic, symbol, unit, drawing) or None,
        **given,
    )
    return f"<MarkersSymbolizer{drawn}/>"


def _transform(graphic: model.Graphic, symbol: Symbol, unit: str, drawing: Drawing) -> str:
    """Displacement, then rotation about the anchor, then size: read from right to left."""
    steps = []
    if any(number(d) != 0 for d in graphic.displacement):
        x, y = (size(d, unit, drawing) for d in graphic.displacement)
        steps.append(f"translate({x}, -1*({y}))")
    if number(graphic.rotation) != 0:
        steps.append(f"rotate({size(graphic.rotation, 'px', drawing)})")
    if symbol.scale:
        steps.append(f"scale({symbol.scale})")
    anchor = [fixed(a, "the anchor point", drawing, 0.5) for a in graphic.anchor]
    if anchor != [0.5, 0.5]:
        steps.append(
            f"translate({plain((0.5 - anchor[0]) * symbol.width)}, {plain((anchor[1] - 0.5) * symbol.height)})"
        )
    return " ".join(steps)


def first_symbol(graphic: model.Graphic, unit: str, drawing: Drawing) -> Symbol:
    """The first symbol of a graphic that can be drawn. Raises UndrawableError."""
    reasons = []
    for symbol in graphic.symbols:
        try:
            drawn = (
                _mark(symbol, graphic, unit, drawing)
                if isinstance(symbol, model.Mark)
                else _external(symbol, graphic, unit, drawing)
            )
        except UndrawableError as error:
            reasons.append(str(error))
            continue
        if reasons:
            drawing.complain(f"{'; '.join(reasons)}: the next symbol is drawn instead")
        return drawn
    raise UndrawableError("; ".join(reasons))


def _mark(mark: model.Mark, graphic: model.Graphic, unit: str, drawing: Drawing) -> Symbol:
    shape = outlines(mark.name)
    if shape is None:
        raise UndrawableError(f"the mark {mark.name!r}")
    wanted = DEFAULT_SIZE if graphic.size is None else number(graphic.size)
    whole = wanted * PIXELS[unit] if wanted is not None and unit in PIXELS else _NOMINAL
    scale = None
    if graphic.size is not None and (wanted is None or unit in METRES):
        scale = f"1.0*({size(graphic.size, unit, drawing)})/{_NOMINAL:g}"
    fill, stroke = mark.fill, mark.stroke
    if fill is None and stroke is None:
        fill, stroke = model.Fill(), model.Stroke()
    width, own_width = (0.0, None) if stroke is None else _stroke_width(stroke, graphic.size, unit, drawing, scale)
    side = whole * max(1.42, 1.42 / graphic.aspect) + 2 * width + 2
    body = "".join(
        f'<path d="{"".join(_path(o, whole, graphic.aspect, side) for o in outlines_)}"'
        f"{_fill_of(fill if closed else None, drawing)}{_stroke_of(stroke, width, drawing)}/>"
        for closed, outlines_ in groupby(shape, lambda o: o.closed)
    )
    fill_ink, stroke_ink = (
        None if p is None or text(p.color) is not None else color(p.color, drawing) for p in (fill, stroke)
    )
    return Symbol(symbols.svg(side, side, body), whole, whole / graphic.aspect, scale, fill_ink, stroke_ink, own_width)


def _stroke_width(
    stroke: model.Stroke, whole: Expression | None, unit: str, drawing: Drawing, scale: str | None
) -> tuple[float, str | None]:
    """The width of a mark's stroke in its file, and what replaces it where a feature decides.

    A mark that is enlarged has a stroke that keeps its own width, as the standard has it (05-077r4, 11.3.2).
    """
    width, side = number(stroke.width), number(whole)
    if width is None and text(stroke.width) is not None:
        raise UndrawableError(f"{text(stroke.width)!r} is not a number")
    if scale is None and width is not None:
        return max(width, 0.0) * PIXELS.get(unit, 1.0), None
    if scale is None or whole is None:
        return 1.0, size(stroke.width, unit, drawing)
    if width is not None and side:
        return max(width, 0.0) / side * _NOMINAL, None
    if width == 0:
        return 0.0, None
    # Both are of one unit, which goes out of their ratio.
    parts = (size(one, "px", drawing) for one in (stroke.width, whole))
    return 1.0, "{}*({})/({})".format(_NOMINAL, *parts)


def _path(outline: Outline, whole: float, aspect: float, side: float) -> str:
    high = whole / aspect
    corners = (f"{side / 2 + x * whole:.3f} {side / 2 - y * high:.3f}" for x, y in outline.points)
    return f"M{'L'.join(corners)}{'z' if outline.closed else ''}"


def _fill_of(fill: model.Fill | None, drawing: Drawing) -> str:
    if fill is None:
        return ' fill="none"'
    if fill.graphic is not None:
        drawing.complain("a GraphicFill within a mark: a plain fill is drawn")
    ink = color(fill.color, drawing) if text(fill.color) is not None else "#808080"
    return f' fill="{ink}" fill-opacity="{plain(fixed(fill.opacity, "a mark's fill-opacity", drawing, 1.0))}"'


def _stroke_of(stroke: model.Stroke | None, width: float, drawing: Drawing) -> str:
    if stroke is None or width <= 0:
        return ' stroke="none"'
    ink = color(stroke.color, drawing) if text(stroke.color) is not None else "#000000"
    opaque = plain(fixed(stroke.opacity, "a mark's stroke-opacity", drawing, 1.0))
    dashes = f' stroke-dasharray="{",".join(map(plain, stroke.dashes))}"' if stroke.dashes else ""
    join, cap = stroke.join.replace("mitre", "miter"), stroke.cap
    return (
        f' stroke="{ink}" stroke-opacity="{opaque}" stroke-width="{plain(width)}" stroke-linejoin="{join}"'
        f' stroke-linecap="{cap}"{dashes}'
    )


def _external(symbol: model.ExternalGraphic, graphic: model.Graphic, unit: str, drawing: Drawing) -> Symbol:
    body, parameters = content(symbol, drawing.base)
    kept, extension, width, height = _drawable(body, tuple(parameters.items()), symbol.href)
    path = symbols.keep(kept, extension)
    scale = None
    if graphic.size is not None:
        wanted = number(graphic.size)
        if wanted is not None and unit in PIXELS:
            scale = plain(wanted * PIXELS[unit] / height)
        else:
            scale = f"1.0*({size(graphic.size, unit, drawing)})/{height:g}"
    return Symbol(path, width, height, scale)


def content(symbol: model.ExternalGraphic, base: str) -> tuple[bytes, dict[str, str]]:
    """The bytes of an external graphic and the parameters of its address. Remote ones are never fetched."""
    address, _, query = symbol.href.partition("?")
    parameters = dict(parse_qsl(query))
    if symbol.content is not None:
        return symbol.content, parameters
    if address.startswith(("base64:", "data:")):
        return _embedded(address), parameters
    if re.match(r"(?!file:)[a-zA-Z][a-zA-Z0-9+.-]+:", address):
        raise UndrawableError(f"the remote graphic {address}")
    if not base:
        raise UndrawableError(f"the graphic {address!r}: files are not read for this style")
    path = Path(base) / unquote(address.removeprefix("file://"))
    try:
        return path.read_bytes(), parameters
    except OSError:
        raise UndrawableError(f"the graphic {address!r}, which is not there") from None


def _embedded(address: str) -> bytes:
    head, _, data = address.partition("," if address.startswith("data:") else ":")
    try:
        return base64.b64decode(data) if "base64" in head else unquote(data).encode()
    except (binascii.Error, ValueError):
        raise UndrawableError("an embedded graphic that is not base64") from None


@lru_cache(maxsize=512)
def _drawable(body: bytes, parameters: tuple[tuple[str, str], ...], address: str) -> tuple[bytes, str, float, float]:
    """A copy that Mapnik draws, its extension, width and height."""
    if body.lstrip()[:1] == b"<":
        return _svg(body, dict(parameters), address)
    try:
        with Image.open(BytesIO(body)) as picture:
            stored = BytesIO()
            picture.convert("RGBA").save(stored, "PNG")
            return stored.getvalue(), "png", float(picture.width), float(picture.height)
    except (UnidentifiedImageError, OSError, ValueError):
        raise UndrawableError(f"the graphic {address!r}, whose format is not known") from None


def _svg(body: bytes, parameters: dict[str, str], address: str) -> tuple[bytes, str, float, float]:
    """QGIS's and GeoServer's SVG parameters put in, the canvas made the symbol's extent."""
    given = {**_OFTEN, **{k: v for k, v in parameters.items() if re.fullmatch(r"[#\w.,() -]*", v)}}
    given |= {"stroke": parameters.get("stroke", given["outline"])}
    asked = set(parameters)

    def put(match: re.Match[str]) -> str:
        name, default = match[1], match[2]
        return given.get(name, "") if name in asked or not default else default

    root = _without_doctype(_PARAMETER.sub(put, body.decode("utf-8", "replace")).encode(), address)
    x, y, width, height = _canvas(root)
    root.set("viewBox", f"{x:g} {y:g} {width:g} {height:g}")
    root.set("width", f"{width:g}")
    root.set("height", f"{height:g}")
    frame = etree.Element("{http://www.w3.org/2000/svg}path", {"visibility": "hidden"})
    frame.set("d", f"M{x:g} {y:g}h{width:g}v{height:g}h{-width:g}z")
    root.insert(0, frame)
    for element in root.iter(etree.Element):
        # Some of QGIS's own write 255, which Mapnik does not take for opaque.
        for name in (name for name in _OPACITIES if _ABOVE_ONE.fullmatch(element.get(name, ""))):
            element.set(name, "1")
    return etree.tostring(root), "svg", width, height


def _without_doctype(body: bytes, address: str) -> etree._Element:
    """Drawing programs write the SVG document type, which needs nothing outside."""
    try:
        return xml.parse(re.sub(rb"<!DOCTYPE[^\[>]*>", b"", body, count=1))
    except xml.StyleError as error:
        raise UndrawableError(f"the graphic {address!r}, which is no SVG ({error})") from None


def _canvas(root: etree._Element) -> tuple[float, float, float, float]:
    box = (root.get("viewBox") or "").replace(",", " ").split()
    try:
        if len(box) == 4:
            x, y, width, height = (float(b) for b in box)
        else:
            x, y = 0.0, 0.0
            width, height = (float(re.sub(r"[a-z%]+$", "", root.get(k, "24"))) for k in ("width", "height"))
    except ValueError:
        return 0.0, 0.0, 24.0, 24.0
    return (x, y, width, height) if width > 0 and height > 0 else (0.0, 0.0, 24.0, 24.0)


def pattern(fill: model.Fill, unit: str, options: model.Options, drawing: Drawing) -> str:
    """PolygonPatternSymbolizer of a GraphicFill."""
    path, scale = first_tile(fill, unit, options, drawing)
    opaque = None if fill.graphic is None else opacity(fill.graphic.opacity, drawing)
    transform = f"scale({scale})" if scale else None
    return (
        f"<PolygonPatternSymbolizer{attributes(file=path, alignment='global', opacity=opaque, transform=transform)}/>"
    )


def first_tile(fill: model.Fill, unit: str, options: model.Options, drawing: Drawing) -> tuple[str, str | None]:
    """The file that a GraphicFill repeats, and how many times larger it is drawn. Raises UndrawableError."""
    graphic = fill.graphic
    if graphic is None:
        raise UndrawableError("a GraphicFill without a Graphic")
    reasons = []
    for symbol in graphic.symbols:
        try:
            found = _tile(symbol, graphic, unit, options, drawing)
        except UndrawableError as error:
            reasons.append(str(error))
            continue
        if reasons:
            drawing.complain(f"{'; '.join(reasons)}: the next symbol is drawn instead")
        return found
    raise UndrawableError("; ".join(reasons))


def _tile(
    symbol: model.Mark | model.ExternalGraphic,
    graphic: model.Graphic,
    unit: str,
    options: model.Options,
    drawing: Drawing,
) -> tuple[str, str | None]:
    if unit in METRES:
        drawing.complain("a GraphicFill in ground units is drawn in pixels")
    factor = PIXELS.get(unit, 1.0)
    if isinstance(symbol, model.ExternalGraphic):
        found = _external(symbol, graphic, "px", drawing)
        return found.path, found.scale
    name = symbol.name if symbol.fill else _LINES.get(symbol.name.strip().lower(), symbol.name)
    paint = _paint(symbol, factor, drawing)
    if (brush := _BRUSH.fullmatch(name)) is not None:
        return dense(int(brush[1]), paint), None
    shape = outlines(name)
    if shape is None:
        raise UndrawableError(f"the mark {name!r}")
    usual = HATCH_SPACING if is_hatch(name) else DEFAULT_SIZE
    whole = min(fixed(graphic.size, "the size of a GraphicFill", drawing, usual) * factor, LARGEST)
    turn = fixed(graphic.rotation, "the rotation of a GraphicFill", drawing, 0.0)
    if (random := _random(options)) is not None:
        return randomly(shape, whole, turn, random, paint), None
    around, apart = margins(options), _distance(options, factor)
    if is_hatch(name) and around == (0.0, 0.0) and apart is None:
        return hatch(name, max(whole, 2.0), turn, paint), None
    across, down = apart or (whole + around[0], whole + around[1])
    return scattered(shape, whole, (_cell(across), _cell(down)), turn, paint), None


def _random(options: model.Options) -> Random | None:
    """GeoServer's random fills: `random` (free, grid) and the options that go with it."""
    kind = (model.option(options, "random") or "none").lower()
    if kind not in ("free", "grid"):
        return None
    written = (model.option(options, f"random-{name}") or usual for name, usual in _RANDOM)
    try:
        side, count, seed = (int(float(value)) for value in written)
    except (ValueError, OverflowError):
        raise UndrawableError("a random fill with an option that is not a number") from None
    turned = (model.option(options, "random-rotation") or "none").lower() == "free"
    # A side that map tiles have a whole number of, with as many marks on the same area.
    fits = min(SIDES[1:], key=lambda one: abs(one - side))
    count = round(count * (fits / max(side, 1)) ** 2)
    return Random(kind == "grid", fits, min(max(count, 1), _MOST_RANDOM), seed, turned)


def _cell(side: float) -> float:
    return min(max(side, 2.0), LARGEST)


def _distance(options: model.Options, factor: float) -> tuple[float, float] | None:
    """QGIS's `distance`: from one mark to the next across and down."""
    try:
        across, down = (float(part) * factor for part in (model.option(options, "distance") or "").split(","))
    except ValueError:
        return None
    return (across, down) if across > 0 and down > 0 else None


def margins(options: model.Options) -> tuple[float, float]:
    """GeoServer's graphic-margin (top right bottom left, as CSS shortens it): what it adds across and down."""
    written = (model.option(options, "graphic-margin") or "").split()
    try:
        sides = [float(part) for part in written]
    except ValueError:
        return (0.0, 0.0)
    if not sides:
        return (0.0, 0.0)
    top = sides[0]
    right = sides[1] if len(sides) > 1 else top
    bottom = sides[2] if len(sides) > 2 else top
    left = sides[3] if len(sides) > 3 else right
    return (left + right, top + bottom)


def _paint(mark: model.Mark, factor: float, drawing: Drawing) -> Paint:
    fill, stroke = mark.fill, mark.stroke
    if fill is None and stroke is None:
        fill, stroke = model.Fill(), model.Stroke()
    width = 1.0 if stroke is None else fixed(stroke.width, "the stroke-width of a GraphicFill", drawing, 1.0)
    return Paint(
        fill=None if fill is None else _ink(fill.color, drawing),
        fill_opacity=1.0 if fill is None else fixed(fill.opacity, "fill-opacity of a GraphicFill", drawing, 1.0),
        stroke=None if stroke is None else _ink(stroke.color, drawing),
        stroke_opacity=1.0
        if stroke is None
        else fixed(stroke.opacity, "stroke-opacity of a GraphicFill", drawing, 1.0),
        width=(width or 1.0) * factor,
        dashes=() if stroke is None else tuple(d * factor for d in stroke.dashes),
    )


def _ink(expression: Expression, drawing: Drawing) -> str:
    found = hex_color(text(expression) or "")
    if found is None:
        drawing.complain("the colour of a GraphicFill cannot depend on the feature: gray is drawn")
        return "#808080"
    return found


def along(stroke: model.GraphicStroke, unit: str, options: model.Options, drawing: Drawing) -> str:
    """MarkersSymbolizer along a line (GraphicStroke); QGIS's option `placement` tells vertices and ends."""
    gap = fixed(stroke.gap, "the gap of a GraphicStroke", drawing, 0.0) * PIXELS.get(unit, 1.0)
    whole = fixed(stroke.graphic.size, "the size of a GraphicStroke", drawing, DEFAULT_SIZE) * PIXELS.get(unit, 1.0)
    places = {"firstPoint": "vertex-first", "lastPoint": "vertex-last"}
    if (model.option(options, "placement") or "") == "points":
        drawing.complain("marks on every vertex of a line: on the first and the last one alone")
        return "".join(markers(stroke.graphic, unit, drawing, placement=place) for place in places.values())
    if place := places.get(model.option(options, "placement") or ""):
        return markers(stroke.graphic, unit, drawing, placement=place)
    if (model.option(options, "placement") or "") == "centralPoint":
        return markers(stroke.graphic, unit, drawing, placement="point")
    turn = radians(fixed(stroke.graphic.rotation, "the rotation of a GraphicStroke", drawing, 0.0))
    # QGIS, which is who writes a gap, tells that from middle to middle; without one, marks touch each other.
    length = gap or whole * max(abs(cos(turn)), abs(sin(turn)), 0.1)
    return markers(stroke.graphic, unit, drawing, placement="line", spacing=plain(max(length, 1.0)))
