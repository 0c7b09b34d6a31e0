"""Filters: read from FES and CQL into one tree, pushed down as SQL where that is exact, else decided vectorised."""

from collections.abc import Iterable

from layers.filters.build import Names, one_of
from layers.filters.sql import push_down, quoted
from layers.filters.tree import Condition, Property, ResourceId, both, is_spatial, properties_of, reach
from layers.filters.vectorised import matches

__all__ = [
    "Condition",
    "Names",
    "ResourceId",
    "both",
    "is_spatial",
    "matches",
    "properties_of",
    "property_is_one_of",
    "push_down",
    "quoted",
    "reach",
    "read_cql",
    "read_fes",
]


def property_is_one_of(name: str, values: Iterable[str], kind: str) -> Condition:
    """The condition that a field has one of these values, given as text."""
    return one_of(Property(name, kind), values)


def read_fes(text: bytes, names: Names) -> Condition:
    """The tree of a FES 2.0 or 1.1 filter. Raises FilterError, UnknownPropertyError."""
    from layers.filters.fes import read

    return read(text, names)


def read_cql(text: str, names: Names) -> Condition:
    """The tree of a CQL, ECQL or CQL2 text. Raises FilterError, UnknownPropertyError."""
    from layers.filters.cql import read

    return read(text, names)
