"""RasterSymbolizer from XML: colour maps as GeoServer and QGIS write them (SLD 1.0.0) and as SE 1.1.0 does."""

from typing import Any

from lxml import etree

from layers.styles import model, xml
from layers.styles.color import hex_color
from layers.styles.expressions import Function, Literal, number, text
from layers.styles.read_expression import expression, value_of
from layers.styles.relief import Relief

RELIEFS = ("hillshade", "slope")
KINDS = ("ramp", "intervals", "values")


def raster_symbolizer(element: etree._Element, **common: Any) -> model.RasterSymbolizer:
    """The symbolizer; geometry, unit, options and line are given."""
    opacity = xml.child(element, "Opacity")
    return model.RasterSymbolizer(
        opacity=_fraction(opacity),
        channels=_channels(xml.child(element, "ChannelSelection")),
        color_map=_color_map(xml.child(element, "ColorMap")),
        contrast=_contrast(xml.child(element, "ContrastEnhancement")),
        relief=_relief(element),
        **common,
    )


def _relief(element: etree._Element) -> Relief | None:
    """ShadedRelief, with QGIS's options; or the option `terrain` of the symbolizer itself: hillshade, slope."""
    shaded = xml.child(element, "ShadedRelief")
    options = {c.get("name", ""): (c.text or "").strip() for c in xml.children(element, "VendorOption")}
    kind = options.get("terrain") or ("hillshade" if shaded is not None else "")
    if not kind:
        return None
    if kind not in RELIEFS:
        raise xml.StyleError(f"terrain={kind!r} is not one of {', '.join(RELIEFS)}", xml.line(element))
    given = {c.get("name", ""): c for c in xml.children(element if shaded is None else shaded, "VendorOption")}
    angles = {name: _option(given, name) for name in ("azimuth", "altitude", "multidirectional")}
    usual = Relief()
    return Relief(
        kind,
        usual.factor if shaded is None else _number(shaded, "ReliefFactor", usual.factor),
        usual.azimuth if angles["azimuth"] is None else angles["azimuth"],
        usual.altitude if angles["altitude"] is None else angles["altitude"],
        several=bool(angles["multidirectional"]),
    )


def _fraction(element: etree._Element | None) -> float:
    if element is None:
        return 1.0
    found = number(value_of(element))
    if found is None:
        raise xml.StyleError(f"{xml.name(element)} is not a number", xml.line(element))
    return min(max(found, 0.0), 1.0)


def _number(element: etree._Element, name: str, default: float) -> float:
    written = xml.text(element, name)
    try:
        return float(written) if written else default
    except ValueError as error:
        raise xml.StyleError(f"{name}={written!r} is not a number", xml.line(element)) from error


def _channels(element: etree._Element | None) -> tuple[model.Channel, ...]:
    if element is None:
        return ()
    found = xml.children(element, "RedChannel", "GreenChannel", "BlueChannel", "GrayChannel")
    return tuple(model.Channel(_source(c), _contrast(xml.child(c, "ContrastEnhancement"))) for c in found)


def _source(element: etree._Element) -> str:
    name = xml.child(element, "SourceChannelName")
    return "1" if name is None else (text(value_of(name)) or "1").strip()


def _contrast(element: etree._Element | None) -> model.ContrastEnhancement | None:
    if element is None:
        return None
    method, source = "none", None
    for item in element:
        if xml.name(item).lower() in ("normalize", "histogram", "logarithmic", "exponential"):
            method, source = xml.name(item).lower(), item
    given = {} if source is None else {c.get("name"): c for c in xml.children(source, "VendorOption", "Parameter")}
    limits = {k: _option(given, k) for k in ("minValue", "maxValue")}
    algorithm = given.get("algorithm")
    return model.ContrastEnhancement(
        method=method,
        gamma=_number(element, "GammaValue", 1.0),
        minimum=limits["minValue"],
        maximum=limits["maxValue"],
        algorithm="StretchToMinimumMaximum" if algorithm is None else (algorithm.text or "").strip(),
    )


def _option(given: dict[Any, etree._Element], name: str) -> float | None:
    element = given.get(name)
    return None if element is None else number(value_of(element))


def _color_map(element: etree._Element | None) -> model.ColorMap | None:
    if element is None:
        return None
    if (function := xml.child(element, "Interpolate")) is not None:
        return _of_function(expression(function), "ramp", element)
    if (function := xml.child(element, "Categorize")) is not None:
        return _of_function(expression(function), "intervals", element)
    kind = (element.get("type") or "ramp").strip().lower()
    kind = {"linear": "ramp", "discrete": "intervals", "exact": "values"}.get(kind, kind)
    if kind not in KINDS:
        raise xml.StyleError(f"ColorMap type={kind!r} is not one of {', '.join(KINDS)}", xml.line(element))
    stops = tuple(_stop(c) for c in xml.children(element, "ColorMapEntry"))
    if not stops:
        raise xml.StyleError("a ColorMap without an entry", xml.line(element))
    return model.ColorMap(kind, tuple(sorted(stops, key=lambda s: s.value)))


def _stop(element: etree._Element) -> model.ColorStop:
    written = element.get("color", ""), element.get("quantity", "nan"), element.get("opacity", "1")
    color = hex_color(written[0])
    try:
        quantity = float("inf") if written[1].strip().lower() == "inf" else float(written[1])
        opacity = float(written[2])
    except ValueError as error:
        raise xml.StyleError(f"a colour map entry {written} is not made of numbers", xml.line(element)) from error
    if color is None or quantity != quantity:
        raise xml.StyleError(f"a colour map entry {written} lacks a colour or a quantity", xml.line(element))
    return model.ColorStop(quantity, color, min(max(opacity, 0.0), 1.0), element.get("label", ""))


def _of_function(function: object, kind: str, element: etree._Element) -> model.ColorMap:
    """SE's Interpolate (data, colour by turns) and Categorize (colour, threshold, colour …) of the raster's value."""
    if not isinstance(function, Function):
        raise xml.StyleError("a ColorMap that is no function", xml.line(element))
    items = [a.value for a in function.arguments[1:] if isinstance(a, Literal)]
    items = [i for i in items if str(i).strip().lower() not in ("color", "linear", "succeeding", "preceding")]
    values, colors = (items[::2], items[1::2]) if kind == "ramp" else ([*items[1::2], "inf"], items[::2])
    stops = []
    for value, color in zip(values, colors, strict=False):
        found = hex_color(str(color))
        if found is None:
            raise xml.StyleError(f"{color!r} in a ColorMap is no colour", xml.line(element))
        stops.append(model.ColorStop(float(str(value)), found))
    return model.ColorMap(kind, tuple(stops))
