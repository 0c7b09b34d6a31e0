"""Which fields the rules of a style read."""

from collections.abc import Iterator
from dataclasses import dataclass, replace

from layers.styles import model
from layers.styles.derived import order_of
from layers.styles.expressions import property_names


@dataclass(frozen=True, slots=True)
class Asked:
    """What a rule, on its line, reads."""

    rule: str
    line: int
    fields: frozenset[str]


def fields_asked(style: model.Style) -> Iterator[Asked]:
    """Rule by rule; the names of geometries are none of fields."""
    for part in style.parts:
        if order := order_of(part):
            yield Asked("", part.line, frozenset(name for name, _ in order))
        for rule in part.rules:
            bare = tuple(replace(symbolizer, geometry=None) for symbolizer in rule.symbolizers)
            yield Asked(rule.label, rule.line, property_names((rule.filter, bare)))
