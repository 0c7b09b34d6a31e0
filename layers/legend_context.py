"""Which entries of a legend occur in a picture: each is drawn alone, and is there where it left a mark."""

from dataclasses import replace

from layers.encode import to_array
from layers.facts import VectorFacts
from layers.legend import entries
from layers.query import MapQuery
from layers.registry import Registry
from layers.render import draw
from layers.styles import model
from layers.styles.load import look_for

MOST = 100
"""Entries of a legend that are looked for; of longer ones all are told."""


def occurring(registry: Registry, query: MapQuery, language: str) -> frozenset[str] | None:
    """Labels of the entries that a picture of one layer shows; None where they cannot be told apart.

    Raises UnknownLayerError, UnknownStyleError, SourceError.
    """
    selection = query.layers[0]
    layer = registry.layer(selection.layer)
    style = look_for(layer, selection)
    found = entries(layer, style, language, query.scale_denominator)
    if not isinstance(layer.facts, VectorFacts) or len(found) > MOST:
        return None
    seen: set[str] = set()
    for entry in found:
        alone = replace(selection, look=_alone(style, entry.rules))
        picture = draw(registry, replace(query, layers=(alone,), format="image/png", transparent=True))
        if to_array(picture)[..., 3].any():
            seen.add(entry.label)
    return frozenset(seen)


def _alone(style: model.Style, shown: tuple[model.Rule, ...]) -> model.Style:
    """The style with these rules only; the others stay without symbols, for the sake of ElseFilter."""
    parts = tuple(
        replace(part, rules=tuple(rule if rule in shown else replace(rule, symbolizers=()) for rule in part.rules))
        for part in style.parts
    )
    return replace(style, parts=parts)
