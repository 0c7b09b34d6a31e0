"""pygeoapi's configuration, generated from the registry. Texts stay in both languages: pygeoapi chooses."""

from pathlib import Path
from typing import Any

from layers.crs import CRS84, uri
from layers.model import Text
from layers.registry import Layer, Registry
from server.ogcapi.corrections import CONFORMANCE
from server.ogcapi.names import LANGUAGES, collections, crs_uris, field_title, fields
from server.ogcapi.times import stamps
from server.ogcapi.words import words
from server.portal.pages import static_version
from server.urls import BASE

TEMPLATES = Path(__file__).parent / "templates"
DEFAULT_ITEMS = 100


def configuration(registry: Registry) -> dict[str, Any]:
    """The whole configuration, as pygeoapi would read it from YAML. Addresses start with `BASE`."""
    service = registry.service
    return {
        "server": {
            "url": f"{BASE}/ogcapi",
            "encoding": "utf-8",
            "languages": list(LANGUAGES[service.language]),
            "pretty_print": False,
            "gzip": False,
            "limits": {
                "default_items": min(DEFAULT_ITEMS, service.limits.features),
                "max_items": service.limits.features,
                "on_exceed": "throttle",
            },
            "templates": {"path": str(TEMPLATES)},
            "locale_dir": str(TEMPLATES / "locale"),
        },
        "logging": {"level": "CRITICAL"},
        "metadata": _metadata(registry),
        "garrigue": {
            "base": BASE,
            "version": static_version(),
            "conformance": list(CONFORMANCE),
            "words": words(),
        },
        "resources": {name: _resource(registry, layer) for name, layer in collections(registry).items()},
    }


def _metadata(registry: Registry) -> dict[str, Any]:
    service = registry.service
    contact = service.contact
    return {
        "identification": {
            "title": _text(service.title),
            "description": _text(service.abstract or service.title),
            "keywords": list(service.keywords),
            "keywords_type": "theme",
            "terms_of_service": service.access_constraints,
            "url": f"{BASE}/",
        },
        "license": {"name": service.access_constraints, "url": f"{BASE}/"},
        "provider": {"name": contact.organization, "url": contact.site or f"{BASE}/"},
        "contact": {
            "name": contact.person or contact.organization,
            "position": contact.position,
            "address": contact.address,
            "city": contact.city,
            "postalcode": contact.postal_code,
            "country": contact.country,
            "phone": contact.phone,
            "email": contact.email,
            "url": contact.site or f"{BASE}/",
        },
    }


def _resource(registry: Registry, layer: Layer) -> dict[str, Any]:
    definition = layer.definition
    return {
        "type": "collection",
        "title": _text(definition.title),
        "description": _text(definition.abstract or definition.title),
        "keywords": list(definition.keywords),
        "extents": {"spatial": {"bbox": list(layer.geographic_extent), "crs": uri(CRS84)}},
        "links": [],
        "times": " – ".join(stamps(layer.times) or ()),
        "fields": {field.name: _names(layer, field.name) for field in fields(layer)},
        "values": {field.name: _values(layer, field.name) for field in fields(layer)},
        "providers": [
            {
                "type": "feature",
                "name": "server.ogcapi.provider.LayerProvider",
                "data": layer.id,
                "crs": crs_uris(registry, layer),
                "storage_crs": uri(CRS84),
                "time_field": definition.time.attribute if definition.time else None,
            }
        ],
    }


def _names(layer: Layer, field: str) -> dict[str, str]:
    return {language: field_title(layer, field, language) for language in LANGUAGES}


def _values(layer: Layer, field: str) -> list[dict[str, Any]]:
    """The values that a field may have, each with what it means."""
    alias = layer.definition.fields.get(field)
    return [{"code": code, "label": _text(label)} for code, label in (alias.values if alias else {}).items()]


def _text(text: Text) -> dict[str, str]:
    return {"fr": text.get("fr"), "en": text.get("en")}
