"""Symbolizers from XML, SLD 1.0.0 (CssParameter) and SE 1.1.0 (SvgParameter) alike."""

import base64
import binascii
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from lxml import etree

from layers.styles import model, xml
from layers.styles.expressions import Expression, Literal, number, text
from layers.styles.read_expression import value_of
from layers.styles.read_raster import raster_symbolizer

UNITS = {
    "": "px",
    "http://www.opengeospatial.org/se/units/pixel": "px",
    "http://www.opengis.net/def/uom/ogc/1.0/pixel": "px",
    "http://www.opengeospatial.org/se/units/metre": "metre",
    "http://www.opengeospatial.org/se/units/foot": "foot",
    "http://www.opengeospatial.org/se/units/mm": "mm",
}
_PEN_DASHES: frozenset[tuple[float, ...]] = frozenset(((4, 2), (1, 2), (4, 2, 1, 2), (4, 2, 1, 2, 1, 2)))
"""Qt's dashed pens, which QGIS writes as they are: lengths in widths of the line, between square caps."""
XLINK = "{http://www.w3.org/1999/xlink}"


def symbolizer(element: etree._Element) -> model.Symbolizer | None:
    """The symbolizer that an element is; None where it is none that is known."""
    reader = _READERS.get(xml.name(element))
    return None if reader is None else reader(element)


def options(element: etree._Element) -> model.Options:
    """The vendor options directly under an element."""
    return tuple((c.get("name", ""), (c.text or "").strip()) for c in xml.children(element, "VendorOption"))


def _common(element: etree._Element) -> dict[str, Any]:
    geometry = xml.child(element, "Geometry")
    unit = UNITS.get(element.get("uom", "").strip())
    if unit is None:
        unit = {"metre": "metre", "meter": "metre", "foot": "foot", "mm": "mm", "pixel": "px"}.get(
            element.get("uom", "")
        )
    if unit is None:
        raise xml.StyleError(
            f"uom={element.get('uom')!r} is not one of {', '.join(u for u in UNITS if u)}", xml.line(element)
        )
    return {
        "geometry": value_of(geometry) if geometry is not None and len(geometry) else None,
        "unit": unit,
        "options": options(element),
        "line": xml.line(element),
    }


def _parameters(element: etree._Element) -> dict[str, Expression]:
    given = {c.get("name", "").strip(): value_of(c) for c in xml.children(element, "CssParameter", "SvgParameter")}
    return {name: value for name, value in given.items() if value != Literal("")}


def _value(element: etree._Element | None, name: str, default: Expression) -> Expression:
    """What an element holds; the default where it is absent or empty."""
    found = xml.child(element, name)
    value = default if found is None else value_of(found)
    return default if value == Literal("") else value


def _pair(element: etree._Element | None, names: tuple[str, str], default: tuple[Expression, Expression]) -> Any:
    return (_value(element, names[0], default[0]), _value(element, names[1], default[1]))


_ANCHOR = ("AnchorPointX", "AnchorPointY")
_SHIFT = ("DisplacementX", "DisplacementY")
_NO_SHIFT = (model.ZERO, model.ZERO)


def fill(element: etree._Element | None) -> model.Fill | None:
    """A Fill: colour or graphic."""
    if element is None:
        return None
    given = _parameters(element)
    picture = xml.child(element, "GraphicFill", "Graphic")
    return model.Fill(
        color=given.get("fill", Literal("#808080")),
        opacity=given.get("fill-opacity", model.ONE),
        graphic=None if picture is None else graphic(picture),
    )


def stroke(element: etree._Element | None) -> model.Stroke | None:
    """A Stroke: colour, graphic along the line, or graphic within it."""
    if element is None:
        return None
    given = _parameters(element)
    along, within = xml.child(element, "GraphicStroke"), xml.child(element, "GraphicFill", "Graphic")
    cap = (text(given.get("stroke-linecap")) or "butt").strip()
    dashes = _dashes(element, given.get("stroke-dasharray"))
    if cap == "square" and dashes in _PEN_DASHES:
        dashes = tuple(dash * max(number(given.get("stroke-width")) or 1.0, 1.0) for dash in dashes)
    return model.Stroke(
        color=given.get("stroke", Literal("#000000")),
        opacity=given.get("stroke-opacity", model.ONE),
        width=given.get("stroke-width", model.ONE),
        join=(text(given.get("stroke-linejoin")) or "miter").strip(),
        cap=cap,
        dashes=dashes,
        dash_offset=number(given.get("stroke-dashoffset")) or 0.0,
        graphic_fill=None if within is None else graphic(within),
        graphic_stroke=None if along is None else _graphic_stroke(along, dashes),
    )


def _dashes(element: etree._Element, value: Expression | None) -> tuple[float, ...]:
    written = (text(value) or "").replace(",", " ").split()
    try:
        dashes = tuple(float(part) for part in written if written != ["none"])
    except ValueError as error:
        raise xml.StyleError(f"stroke-dasharray {text(value)!r} is not a list of numbers", xml.line(element)) from error
    if any(d < 0 for d in dashes) or not sum(dashes):
        return ()
    return dashes * 2 if len(dashes) % 2 else dashes


def _graphic_stroke(element: etree._Element, dashes: tuple[float, ...]) -> model.GraphicStroke:
    """Of GeoServer's dashes, of which each is a mark, the length tells how far it is from one to the next."""
    picture = xml.child(element, "Graphic")
    every = Literal(2 * sum(dashes) / len(dashes)) if dashes else model.ZERO
    return model.GraphicStroke(
        graphic=model.Graphic() if picture is None else graphic(picture),
        gap=_value(element, "Gap", every),
        initial_gap=_value(element, "InitialGap", model.ZERO),
    )


def graphic(element: etree._Element) -> model.Graphic:
    """A Graphic: marks and external graphics in order of preference."""
    symbols = tuple(
        _mark(c) if xml.name(c) == "Mark" else _external(c) for c in xml.children(element, "Mark", "ExternalGraphic")
    )
    size = xml.child(element, "Size")
    return model.Graphic(
        symbols=symbols or (model.Mark(fill=model.Fill(), stroke=model.Stroke()),),
        opacity=_value(element, "Opacity", model.ONE),
        size=None if size is None else value_of(size),
        rotation=_value(element, "Rotation", model.ZERO),
        anchor=_pair(xml.child(element, "AnchorPoint"), _ANCHOR, (model.HALF, model.HALF)),
        displacement=_pair(xml.child(element, "Displacement"), _SHIFT, _NO_SHIFT),
        aspect=_aspect(element),
    )


def _aspect(element: etree._Element) -> float:
    """QGIS's option `widthHeightFactor`: the width, which is the size, over the height."""
    written = model.option(options(element), "widthHeightFactor") or "1"
    try:
        return min(max(float(written), 0.01), 100.0)
    except ValueError as error:
        raise xml.StyleError(f"widthHeightFactor={written!r} is not a number", xml.line(element)) from error


def _mark(element: etree._Element) -> model.Mark | model.ExternalGraphic:
    told = xml.child(element, "WellKnownName")
    name = "" if told is None else (text(value_of(told)) or "").strip()
    if not name and xml.child(element, "OnlineResource") is not None:
        index = xml.text(element, "MarkIndex")
        found = _external(element)
        name = f"{found.href}#{index}" if index else found.href
        if not name.lower().startswith("ttf://"):
            return replace(found, href=name)
    return model.Mark(name or "square", fill(xml.child(element, "Fill")), stroke(xml.child(element, "Stroke")))


def _external(element: etree._Element) -> model.ExternalGraphic:
    online, inline = xml.child(element, "OnlineResource"), xml.child(element, "InlineContent")
    content = None
    if inline is not None:
        content = _inline(inline)
    href = "" if online is None else (online.get(f"{XLINK}href") or online.get("href") or "").strip()
    return model.ExternalGraphic(href, xml.text(element, "Format"), content)


def _inline(element: etree._Element) -> bytes:
    if len(element):
        return bytes(etree.tostring(element[0], with_tail=False))
    try:
        return base64.b64decode(element.text or "")
    except (binascii.Error, ValueError) as error:
        raise xml.StyleError("InlineContent is not base64", xml.line(element)) from error


def _font(element: etree._Element | None) -> model.Font:
    if element is None:
        return model.Font()
    given = _parameters(element)
    families: list[str] = []
    for item in xml.children(element, "CssParameter", "SvgParameter"):
        if item.get("name") == "font-family":
            families.extend(part.strip().strip("'\"") for part in (text(value_of(item)) or "").split(","))
    return model.Font(
        families=tuple(f for f in families if f),
        size=given.get("font-size", Literal(10)),
        style=(text(given.get("font-style")) or "normal").strip().lower(),
        weight=(text(given.get("font-weight")) or "normal").strip().lower(),
    )


def _placement(element: etree._Element | None) -> model.PointPlacement | model.LinePlacement | None:
    if (at := xml.child(element, "PointPlacement")) is not None:
        return model.PointPlacement(
            anchor=_pair(xml.child(at, "AnchorPoint"), _ANCHOR, (model.ZERO, model.HALF)),
            displacement=_pair(xml.child(at, "Displacement"), _SHIFT, _NO_SHIFT),
            rotation=_value(at, "Rotation", model.ZERO),
        )
    if (along := xml.child(element, "LinePlacement")) is not None:
        return model.LinePlacement(
            offset=_value(along, "PerpendicularOffset", model.ZERO),
            repeated=xml.text(along, "IsRepeated").lower() in ("true", "1"),
            initial_gap=_value(along, "InitialGap", model.ZERO),
            gap=_value(along, "Gap", model.ZERO),
            aligned=xml.text(along, "IsAligned").lower() not in ("false", "0"),
        )
    return None


def _halo(element: etree._Element | None) -> model.Halo | None:
    if element is None:
        return None
    return model.Halo(
        radius=_value(element, "Radius", model.ONE),
        fill=fill(xml.child(element, "Fill")) or model.Fill(Literal("#ffffff")),
    )


def _point(element: etree._Element) -> model.PointSymbolizer:
    picture = xml.child(element, "Graphic")
    plain = model.Graphic((model.Mark("square", model.Fill(), model.Stroke()),), size=Literal(6))
    return model.PointSymbolizer(plain if picture is None else graphic(picture), **_common(element))


def _line(element: etree._Element) -> model.LineSymbolizer:
    paint = stroke(xml.child(element, "Stroke"))
    return model.LineSymbolizer(
        paint or model.Stroke(), offset=_value(element, "PerpendicularOffset", model.ZERO), **_common(element)
    )


def _polygon(element: etree._Element) -> model.PolygonSymbolizer:
    return model.PolygonSymbolizer(
        fill(xml.child(element, "Fill")),
        stroke(xml.child(element, "Stroke")),
        displacement=_pair(xml.child(element, "Displacement"), _SHIFT, _NO_SHIFT),
        offset=_value(element, "PerpendicularOffset", model.ZERO),
        **_common(element),
    )


def _text(element: etree._Element) -> model.TextSymbolizer:
    label, picture, priority = (xml.child(element, n) for n in ("Label", "Graphic", "Priority"))
    return model.TextSymbolizer(
        label=Literal("") if label is None else value_of(label),
        font=_font(xml.child(element, "Font")),
        placement=_placement(xml.child(element, "LabelPlacement")),
        halo=_halo(xml.child(element, "Halo")),
        fill=fill(xml.child(element, "Fill")) or model.Fill(Literal("#000000")),
        graphic=None if picture is None else graphic(picture),
        priority=None if priority is None else value_of(priority),
        **_common(element),
    )


def _raster(element: etree._Element) -> model.RasterSymbolizer:
    return raster_symbolizer(element, **_common(element))


_READERS: dict[str, Callable[[etree._Element], model.Symbolizer]] = {
    "PointSymbolizer": _point,
    "LineSymbolizer": _line,
    "PolygonSymbolizer": _polygon,
    "TextSymbolizer": _text,
    "RasterSymbolizer": _raster,
}
