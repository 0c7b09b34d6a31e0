"""Elements and parameters of a style that no reader takes up: told by rule and line, nothing is dropped in silence."""

from collections.abc import Iterator

from lxml import etree

from layers.styles import model, xml

_NAMED = frozenset(("Name", "Title", "Abstract", "Description", "VendorOption"))
_SYMBOLIZER = _NAMED | {"Geometry"}
_PARAMETERS = frozenset(("CssParameter", "SvgParameter"))
_SCALES = frozenset(("MinScaleDenominator", "MaxScaleDenominator"))
_SYMBOLIZERS = frozenset(
    ("PointSymbolizer", "LineSymbolizer", "PolygonSymbolizer", "TextSymbolizer", "RasterSymbolizer")
)
_HINTS = frozenset(("GeneralizeLine",))
"""What asks for a line that labels follow well, which is left to Mapnik."""
_CHANNEL = frozenset(("SourceChannelName", "ContrastEnhancement"))
_OPTIONS = frozenset(("VendorOption", "Parameter"))

CHILDREN: dict[str, frozenset[str]] = {
    "UserStyle": _NAMED | {"IsDefault", "FeatureTypeStyle", "CoverageStyle"},
    "FeatureTypeStyle": _NAMED | {"FeatureTypeName", "SemanticTypeIdentifier", "Rule"},
    "CoverageStyle": _NAMED | {"CoverageName", "SemanticTypeIdentifier", "Rule"},
    "Rule": _NAMED | {"Filter", "ElseFilter"} | _SCALES | _SYMBOLIZERS,
    "PointSymbolizer": _SYMBOLIZER | {"Graphic"},
    "LineSymbolizer": _SYMBOLIZER | {"Stroke", "PerpendicularOffset"},
    "PolygonSymbolizer": _SYMBOLIZER | {"Fill", "Stroke", "Displacement", "PerpendicularOffset"},
    "TextSymbolizer": _SYMBOLIZER | {"Label", "Font", "LabelPlacement", "Halo", "Fill", "Graphic", "Priority"},
    "RasterSymbolizer": _SYMBOLIZER
    | {"Opacity", "ChannelSelection", "ColorMap", "ContrastEnhancement", "ShadedRelief"},
    "Fill": _PARAMETERS | {"GraphicFill"},
    "Stroke": _PARAMETERS | {"GraphicFill", "GraphicStroke"},
    "Font": _PARAMETERS,
    "GraphicFill": frozenset(("Graphic",)),
    "GraphicStroke": frozenset(("Graphic", "Gap")),
    "Graphic": frozenset(("Mark", "ExternalGraphic", "Opacity", "Size", "Rotation", "AnchorPoint", "Displacement"))
    | {"VendorOption"},
    "Mark": frozenset(("WellKnownName", "Fill", "Stroke", "OnlineResource", "Format", "MarkIndex")),
    "ExternalGraphic": frozenset(("OnlineResource", "InlineContent", "Format")),
    "LabelPlacement": frozenset(("PointPlacement", "LinePlacement")),
    "PointPlacement": frozenset(("AnchorPoint", "Displacement", "Rotation")),
    "LinePlacement": _HINTS | frozenset(("PerpendicularOffset", "IsRepeated", "InitialGap", "Gap", "IsAligned")),
    "Halo": frozenset(("Radius", "Fill")),
    "ChannelSelection": frozenset(("RedChannel", "GreenChannel", "BlueChannel", "GrayChannel")),
    **dict.fromkeys(("RedChannel", "GreenChannel", "BlueChannel", "GrayChannel"), _CHANNEL),
    "ContrastEnhancement": frozenset(("Normalize", "Histogram", "Logarithmic", "Exponential", "None", "GammaValue")),
    **dict.fromkeys(("Normalize", "Histogram", "Logarithmic", "Exponential"), _OPTIONS),
    "ColorMap": frozenset(("ColorMapEntry", "Interpolate", "Categorize")),
    "ShadedRelief": frozenset(("ReliefFactor", "BrightnessOnly", "VendorOption")),
}
"""What is read under each element; elements that are not here are expressions, which tell for themselves."""

_STROKE = ("stroke", "stroke-opacity", "stroke-width", "stroke-linejoin", "stroke-linecap", "stroke-dasharray")
PARAMETERS: dict[str, frozenset[str]] = {
    "Fill": frozenset(("fill", "fill-opacity")),
    "Stroke": frozenset((*_STROKE, "stroke-dashoffset")),
    "Font": frozenset(("font-family", "font-size", "font-style", "font-weight")),
}
_FIXED = frozenset((*_STROKE[3:], "stroke-dashoffset", "font-style", "font-weight"))
"""Parameters that are the same for every feature."""

_IF = {"initialgap": ("", "0", "0.0"), "isaligned": ("", "true", "1")}
"""Elements that ask for something only with other values than these."""


def unread(style: etree._Element) -> Iterator[model.StyleWarning]:
    """What is used within a UserStyle (FeatureTypeStyle, CoverageStyle) and known to nobody."""
    for element in style.iter():
        kind = xml.name(element)
        if kind in CHILDREN:
            yield from _children(element, kind)
        if kind == "Rule" and not any(xml.name(item).endswith("Symbolizer") for item in element):
            yield _warning(element, "the rule has no symbolizer: it draws nothing")
        if kind == "PointSymbolizer" and xml.child(element, "Graphic") is None:
            yield _warning(element, "a PointSymbolizer without a Graphic: a square is drawn")
        if kind in PARAMETERS:
            yield from _parameters(element, kind)


def _children(element: etree._Element, kind: str) -> Iterator[model.StyleWarning]:
    for item in element:
        name = xml.name(item)
        if name == xml.UNWRITTEN:
            yield _warning(item, f"QGIS could not write it: {item.text}")
        elif name not in CHILDREN[kind]:
            yield _warning(item, f"{name} is not drawn" if kind == "Rule" else f"{name} of {kind} is not drawn")
        elif kind == "Graphic" and name == "VendorOption" and item.get("name") != "widthHeightFactor":
            yield _warning(item, f"the vendor option {item.get('name')}={(item.text or '').strip()!r}")
        elif name.lower() in _IF and (item.text or "").strip().lower() not in _IF[name.lower()]:
            yield _warning(item, f"{name} of {kind} is not drawn")


def _parameters(element: etree._Element, kind: str) -> Iterator[model.StyleWarning]:
    for item in xml.children(element, *_PARAMETERS):
        name = item.get("name", "").strip()
        if name not in PARAMETERS[kind]:
            yield _warning(item, f"the parameter {name!r} of {kind}")
        elif name in _FIXED and any(xml.name(part) != "Literal" for part in item):
            yield _warning(item, f"{name} cannot depend on the feature here: its default is used")


def _warning(element: etree._Element, what: str) -> model.StyleWarning:
    rule = next((up for up in (element, *element.iterancestors()) if xml.name(up) == "Rule"), None)
    about = xml.child(rule, "Description")
    label = xml.text(rule, "Title") or xml.text(about, "Title") or xml.text(rule, "Name")
    return model.StyleWarning(label, xml.line(element), what)
