"""What a query of features asks of a source, in the source's own fields."""

from collections.abc import Mapping
from typing import Any

from layers import filters
from layers.query import FeatureQuery


def asked_filter(query: FeatureQuery, time_attribute: str | None, types: Mapping[str, str]) -> Any:
    """The query's filter, ids and times as one condition; None where there is none. `types` are those of the fields."""
    tree = query.filter
    if query.ids is not None:
        tree = filters.both(tree, filters.ResourceId(query.ids))
    if query.time and time_attribute:
        tree = filters.both(tree, filters.property_is_one_of(time_attribute, query.time, types[time_attribute]))
    return tree


def asked_fields(query: FeatureQuery, types: Mapping[str, str]) -> tuple[str, ...]:
    """The fields that are asked for, in the source's order."""
    return tuple(name for name in types if query.properties is None or name in query.properties)
