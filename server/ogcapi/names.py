"""Names that parameters, documents and the OpenAPI definition share."""

from typing import Any

from layers.crs import CRS84, uri
from layers.domains import domain
from layers.facts import Field, VectorFacts
from layers.registry import Layer, Registry

RESERVED = (
    "f",
    "lang",
    "bbox",
    "bbox-crs",
    "crs",
    "datetime",
    "limit",
    "offset",
    "sortby",
    "properties",
    "filter",
    "filter-lang",
    "filter-crs",
    "skipGeometry",
    "resulttype",
)
"""Parameters of /items; a field of one of these names can be asked in `filter` only."""

LANGUAGES = {"fr": ("fr", "en"), "en": ("en", "fr")}

_JSON_TYPES: dict[str, dict[str, str]] = {
    "integer": {"type": "integer"},
    "real": {"type": "number"},
    "boolean": {"type": "boolean"},
    "date": {"type": "string", "format": "date"},
    "datetime": {"type": "string", "format": "date-time"},
    "time": {"type": "string", "format": "time"},
}


def collections(registry: Registry) -> dict[str, Layer]:
    """The layers that are feature collections, by id."""
    return {name: layer for name, layer in registry.layers.items() if layer.is_vector}


def fields(layer: Layer) -> tuple[Field, ...]:
    """The fields that are shown."""
    assert isinstance(layer.facts, VectorFacts)
    aliases = layer.definition.fields
    return tuple(f for f in layer.facts.fields if not (f.name in aliases and aliases[f.name].hidden))


def field_title(layer: Layer, name: str, language: str) -> str:
    """How a field is called in a language."""
    alias = layer.definition.fields.get(name)
    return (alias.title.get(language) if alias else "") or name


def enumeration(layer: Layer, name: str, language: str) -> dict[str, Any]:
    """JSON Schema of the values that a field may have: a list, and each with its meaning where one is declared."""
    assert isinstance(layer.facts, VectorFacts)
    field = next((field for field in layer.facts.fields if field.name == name), None)
    found = domain(layer, field) if field else {}
    if not found:
        return {}
    codes = {value: label.get(language) for value, label in found.items()}
    told: dict[str, Any] = {"enum": list(codes)}
    if any(codes.values()):
        told["oneOf"] = [{"const": code, "title": label or str(code)} for code, label in codes.items()]
    return told


def json_type(field: Field) -> dict[str, str]:
    """JSON Schema of a field's values."""
    return dict(_JSON_TYPES.get(field.type, {"type": "string"}))


def crs_uris(registry: Registry, layer: Layer) -> list[str]:
    """The CRSs of a collection: the default, the one it is stored in, what is served (18-058r1, 6.2)."""
    return [uri(crs) for crs in dict.fromkeys((CRS84, layer.crs, *registry.crs_ids))]
