"""The values that a field may have, where its layer declares a list of them (a domain list, a code list)."""

from collections.abc import Iterator, Mapping
from typing import Any

from layers import model
from layers.errors import FilterError, hint
from layers.facts import LISTED, Field, VectorFacts
from layers.filters.build import literal
from layers.filters.tree import In, IsNull, Not, Property, Value, all_of
from layers.query import FeatureQuery
from layers.registry import Layer
from layers.sources import open_features

SHOWN = 12
"""Values that a message names."""


def domain(layer: Layer, field: Field) -> dict[Value, model.Text]:
    """The values in the type of the field, each with what it means; empty where any value may stand."""
    declared = layer.definition.fields.get(field.name)
    return {literal(code, field.type).value: label for code, label in declared.values.items()} if declared else {}


def refused(layer: Layer, values: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """The field and the fault of each value that is not in its list; no value at all is no fault."""
    assert isinstance(layer.facts, VectorFacts)
    for field in layer.facts.fields:
        value = values.get(field.name)
        allowed = domain(layer, field) if value is not None else {}
        if allowed and value not in allowed:
            codes = list(layer.definition.fields[field.name].values)
            shown = ", ".join(codes[:SHOWN]) + (", …" if len(codes) > SHOWN else "")
            yield field.name, f"{field.name}={str(value)[:80]!r} is not one of {shown}{hint(str(value)[:80], codes)}"


def outside(layer: Layer) -> Iterator[tuple[str, str]]:
    """The key of each list that the data does not keep to, with a value that is not in it. Raises SourceError."""
    assert isinstance(layer.facts, VectorFacts)
    for field in layer.facts.fields if layer.definition.fields else ():
        if codes := domain(layer, field):
            known = Property(field.name, field.type)
            other = all_of([Not(IsNull(known)), Not(In(known, tuple(codes)))])
            query = FeatureQuery(layer.id, layer.crs, filter=other, properties=(field.name,), limit=1, geometry=False)
            for batch in open_features(layer).features(query):
                for value in batch.column(1).to_pylist():
                    yield f"fields.{field.name}.values", f"the data has {str(value)[:80]!r}, which is not in the list"


def mistakes(definition: model.Layer, field: Field) -> Iterator[tuple[str, str]]:
    """The key and the fault of each value of a declared list that the field cannot have."""
    declared = definition.fields.get(field.name)
    if declared and declared.values and field.type not in LISTED:
        yield (
            f"fields.{field.name}.values",
            f"a field of type {field.type} has no list of values, only {', '.join(LISTED)}",
        )
        return
    for code in declared.values if declared else ():
        try:
            literal(code, field.type)
        except FilterError as error:
            yield f"fields.{field.name}.values", str(error)
