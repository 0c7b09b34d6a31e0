"""Which symbolizers are put in the middle of a feature, and what they need there."""

from typing import NamedTuple

from layers.maplibre.zoom import span
from layers.styles import model
from layers.styles.expressions import property_names


class Middles(NamedTuple):
    """The fields that a style asks for in the middle of features, and the first zoom at which it does."""

    fields: frozenset[str]
    zoom: float


def in_the_middle(symbolizer: model.Symbolizer) -> bool:
    """True for graphics, and for labels that are not along lines."""
    if isinstance(symbolizer, model.TextSymbolizer):
        return not isinstance(symbolizer.placement, model.LinePlacement)
    return isinstance(symbolizer, model.PointSymbolizer)


def middles(style: model.Style, scales: tuple[float | None, float | None]) -> Middles | None:
    """What a style needs there, of a layer drawn between these scales; None where it draws nothing there."""
    fields: frozenset[str] = frozenset()
    zooms: list[float] = []
    for part in style.parts:
        for rule in part.rules:
            shown = span(scales, (rule.min_scale, rule.max_scale))
            found = tuple(s for s in rule.symbolizers if in_the_middle(s))
            if shown is not None and found:
                # An ElseFilter asks for the fields of the other rules' filters.
                others = tuple(other.filter for other in part.rules)
                fields |= property_names(found) | property_names(others)
                zooms.append(shown.low)
    return Middles(fields, min(zooms)) if zooms else None
