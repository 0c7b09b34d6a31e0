"""FILTER and CQL_FILTER, one condition a layer, as GeoServer, QGIS and the OGC write them.

CQL_FILTER=a = 1;b = 2                            one a layer of LAYERS, by semicolons (GeoServer)
FILTER=(<Filter>…</Filter>)(<Filter>…</Filter>)   one a layer, in brackets (OGC 02-070)
FILTER=layer,other:"a" = 1;third:"b" = 2          by layers' names (QGIS)
"""

import re
from dataclasses import dataclass
from typing import Any

from layers.errors import FilterError, UnknownPropertyError
from layers.facts import VectorFacts
from layers.filters import Names, read_cql, read_fes
from layers.registry import Layer
from server.errors import InvalidParameterError
from server.wms.parameters import Asked

_BRACKETED = re.compile(r"\(\s*(<.*?Filter>|)\s*\)", re.DOTALL)

MOST_COLONS = 50
"""Places at which the names of layers are looked for to end."""

_GEOMETRIES = ("geometry", "geom", "the_geom", "wkb_geometry", "msgeometry", "shape")


@dataclass(frozen=True, slots=True)
class Condition:
    """A condition as it was written: FES if it is XML, else CQL; `parameter` is where it stood."""

    text: str
    parameter: str = "FILTER"

    def tree(self, layer: Layer) -> Any:
        """The condition in the terms of a layer; None where the layer has no features.

        Raises FilterError, UnknownPropertyError.
        """
        if not self.text or not layer.is_vector:
            return None
        try:
            return _read(self.text, layer)
        except (FilterError, UnknownPropertyError) as error:
            error.parameter = self.parameter
            raise


def conditions(asked: Asked, names: list[str]) -> list[Condition]:
    """The condition of each name of LAYERS. Raises InvalidParameterError."""
    text = asked.params.text("FILTER")
    if text.startswith(("<", "(")):
        return [Condition(part) for part in _parts(text, len(names))]
    if text:
        by_name = _by_name(text, names)
        return [Condition(by_name.get(name, "")) for name in names]
    parts = split(asked.params.text("CQL_FILTER"))
    if len(parts) == 1:
        parts *= len(names)
    if len(parts) != len(names):
        message = f"CQL_FILTER has {len(parts)} conditions for {len(names)} layers"
        raise InvalidParameterError(message, "CQL_FILTER")
    return [Condition(part, "CQL_FILTER") for part in parts]


def split(text: str) -> list[str]:
    """The parts between semicolons that are not inside quotes."""
    parts = re.split(r""";(?=(?:[^'"]|'[^']*'|"[^"]*")*$)""", text)
    return [part.strip() for part in parts]


def _parts(text: str, count: int) -> list[str]:
    parts = _BRACKETED.findall(text) if text.startswith("(") else [text]
    if len(parts) == 1:
        parts *= count
    if len(parts) != count:
        raise InvalidParameterError(f"FILTER has {len(parts)} conditions for {count} layers", "FILTER")
    return parts


def _by_name(text: str, names: list[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for part in split(text):
        listed, condition = _named_part(part, names)
        found |= dict.fromkeys(listed, condition)
    return found


def _named_part(part: str, names: list[str]) -> tuple[list[str], str]:
    """The layers before the colon, whose names may hold colons too, and the condition after it."""
    pieces = part.split(":")
    if len(pieces) < 2:
        raise InvalidParameterError(f"FILTER: {part[:100]!r} is not written layer:condition", "FILTER")
    for end in range(1, min(len(pieces), MOST_COLONS)):
        listed = [name.strip() for name in ":".join(pieces[:end]).split(",")]
        if set(listed) <= set(names):
            return listed, ":".join(pieces[end:]).strip()
    raise InvalidParameterError(f"FILTER: {pieces[0].strip()[:100]!r} is not one of LAYERS", "FILTER")


def _read(text: str, layer: Layer) -> Any:
    facts = layer.facts
    assert isinstance(facts, VectorFacts)
    names = Names(facts, layer.id, lambda name: _field(name, layer, facts))
    return read_fes(text.encode(), names) if text.startswith("<") else read_cql(text, names)


def _field(name: str, layer: Layer, facts: VectorFacts) -> str | None:
    """The field of a name, with or without a prefix or a path before it; None for the geometry."""
    bare = name.rpartition("/")[2].rpartition(":")[2]
    fields = [field.name for field in facts.fields if not _hidden(layer, field.name)]
    for candidate in (name, bare):
        if candidate in fields:
            return candidate
    if bare.lower() in _GEOMETRIES:
        return None
    raise UnknownPropertyError(name, fields)


def _hidden(layer: Layer, name: str) -> bool:
    alias = layer.definition.fields.get(name)
    return alias is not None and alias.hidden
