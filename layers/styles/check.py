"""What a style asks and is not drawn, told by rule and line."""

from collections.abc import Iterator

from layers.styles import model
from layers.styles.mapnik import drawn

_HONOURED = frozenset(
    option.lower()
    for option in [
        "ruleEvaluation",
        "sortBy",
        "composite",
        "inclusion",
        "graphic-margin",
        "placement",
        "autoWrap",
        "spaceAround",
        "repeat",
        "maxAngleDelta",
        "group",
        "minGroupDistance",
        "conflictResolution",
        "forceLeftToRight",
        "maxDisplacement",
        "displacementMode",
        "charSpacing",
        "followLine",
        "goodnessOfFit",
        "labelAllGroup",
        "removeOverlaps",
        "graphic-resize",
        "distance",
        "terrain",
        "azimuth",
        "altitude",
        "multidirectional",
        "polygonAlign",
        "underlineText",
        "strikethroughText",
        "random",
        "random-tile-size",
        "random-rotation",
        "random-symbol-count",
        "random-seed",
    ]
)
"""Vendor options that are drawn, or that ask for what Mapnik does anyway."""


def warnings_of(style: model.Style) -> Iterator[model.StyleWarning]:
    """Everything that is left out or drawn otherwise; field types are not known here."""
    yield from drawn(style, "style").warnings
    for part in style.parts:
        yield from _options("", part.line, part.options)
        for rule in part.rules:
            yield from _options(rule.label, rule.line, rule.options)
            for symbolizer in rule.symbolizers:
                yield from _options(rule.label, symbolizer.line, symbolizer.options)
                if isinstance(symbolizer, model.RasterSymbolizer):
                    yield from _raster(rule.label, symbolizer)


def _options(rule: str, line: int, options: model.Options) -> Iterator[model.StyleWarning]:
    for name, value in options:
        if name.lower() not in _HONOURED:
            yield model.StyleWarning(rule, line, f"the vendor option {name}={value!r}")
        elif name.lower() == "polygonalign" and value not in ("", "manual", "none"):
            yield model.StyleWarning(rule, line, f"the vendor option {name}={value!r}: labels lie level")


def _raster(rule: str, symbolizer: model.RasterSymbolizer) -> Iterator[model.StyleWarning]:
    enhancements = [symbolizer.contrast, *(c.contrast for c in symbolizer.channels)]
    if any(e is not None and e.method == "histogram" for e in enhancements):
        yield model.StyleWarning(rule, symbolizer.line, "Histogram is drawn as Normalize")
