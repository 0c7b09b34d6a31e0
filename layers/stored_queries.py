"""The stored queries that the registry declares, checked when it is compiled: each can be asked."""

import re
from collections.abc import Iterator, Mapping
from datetime import date, datetime

from layers import model
from layers.errors import RequestError, UnknownPropertyError, hint
from layers.facts import VectorFacts
from layers.filters import Names, read_cql, read_fes
from layers.filters.placeholders import Bound, Geometry, names_in
from layers.registry import Layer

_SAMPLES: dict[str, Bound] = {
    "string": "2000",
    "integer": 1,
    "real": 1.5,
    "boolean": True,
    "date": date(2000, 1, 1),
    "datetime": datetime(2000, 1, 1),
    "geometry": Geometry("POINT (0 0)"),
}
"""A value of each type of parameter, to read the filter with; the text is one that most fields can have."""

_QUOTED = re.compile(r"'(?:[^']|'')*'")


def mistakes(query: model.StoredQuery, layers: Mapping[str, Layer]) -> Iterator[tuple[str, str]]:
    """The key of each mistake and what it is."""
    text = query.filter.strip()
    fes = text.startswith("<")
    used = set(names_in(text if fes else _QUOTED.sub("", text)))
    for name in sorted(used - query.parameters.keys()):
        yield "filter", f"{{{name}}} is not one of the parameters{hint(name, query.parameters)}"
    for name in query.parameters.keys() - used:
        yield f"parameters.{name}", f"the filter has no {{{name}}}"
    for name in query.layers:
        layer = layers.get(name)
        if layer is None or not isinstance(layer.facts, VectorFacts):
            vectors = [one.id for one in layers.values() if one.is_vector]
            yield "layers", f"{name!r} is not a layer of features{hint(name, vectors)}"
        elif text and used <= query.parameters.keys():
            yield from _unread(query, text, layer)


def _unread(query: model.StoredQuery, text: str, layer: Layer) -> Iterator[tuple[str, str]]:
    values = {name: _SAMPLES[one.type] for name, one in query.parameters.items()}
    assert isinstance(layer.facts, VectorFacts)
    names = Names(layer.facts, layer.id, lambda name: _field(name, layer), values=values)
    try:
        if text.startswith("<"):
            read_fes(text.encode(), names)
        else:
            read_cql(text, names)
    except RequestError as error:
        yield "filter", f"over {layer.id}: {error}"


def _field(name: str, layer: Layer) -> str | None:
    """The field of a name, with or without a prefix; None for the geometry."""
    assert isinstance(layer.facts, VectorFacts)
    aliases, declared = layer.definition.fields, layer.definition.gml.geometry
    fields = [field.name for field in layer.facts.fields if not (field.name in aliases and aliases[field.name].hidden)]
    bare = name.rpartition("/")[2].rpartition(":")[2]
    for candidate in (name, bare):
        if candidate in fields:
            return candidate
    shapes = declared.values() if isinstance(declared, dict) else [declared] if declared else []
    if bare in ("geometry", "geom", "the_geom", "_geometry", *shapes):
        return None
    raise UnknownPropertyError(name, fields)
