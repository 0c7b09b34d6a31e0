"""The OpenAPI 3.0 definition, every reference inside it (OGC 17-069r4, 9).

pygeoapi's own refers to schemas on the web, which validators cannot follow offline, opens every layer to write it,
and declares parameters that are not there.
"""

from typing import Any

import orjson

from layers.registry import Layer, Registry
from server.ogcapi import tiles_openapi
from server.ogcapi.config import DEFAULT_ITEMS
from server.ogcapi.names import RESERVED, collections, crs_uris, field_title, fields, json_type
from server.urls import BASE

type Json = dict[str, Any]

_GEOJSON = "application/geo+json"
_F, _LANG = {"$ref": "#/components/parameters/f"}, {"$ref": "#/components/parameters/lang"}


def definition(registry: Registry, language: str) -> bytes:
    """The document. Its addresses start with `BASE`."""
    return orjson.dumps(
        {
            "openapi": "3.0.3",
            "info": _info(registry, language),
            "servers": [{"url": f"{BASE}/ogcapi", "description": registry.service.title.get(language)}],
            "tags": [{"name": "service"}, {"name": "tiles"}]
            + [_tag(layer, language) for layer in collections(registry).values()],
            "paths": _paths(registry, language),
            "components": {
                "parameters": _parameters(registry),
                "responses": _responses(),
                "schemas": _schemas(),
            },
        }
    )


def _info(registry: Registry, language: str) -> Json:
    service = registry.service
    contact = {"name": service.contact.organization or service.title.get(language)}
    contact |= {"email": service.contact.email} if service.contact.email else {}
    return {
        "title": service.title.get(language),
        "description": (service.abstract or service.title).get(language),
        "contact": contact,
        "license": {"name": service.access_constraints},
        "version": "1.0.0",
        "x-keywords": list(service.keywords),
    }


def _tag(layer: Layer, language: str) -> Json:
    return {"name": layer.id, "description": layer.definition.title.get(language)}


def _paths(registry: Registry, language: str) -> Json:
    names = list(collections(registry))
    paths: Json = {
        "/": _operation("getLandingPage", "Landing page", "LandingPage"),
        "/conformance": _operation("getConformance", "Conformance classes", "Conformance"),
        "/api": _operation("getApi", "This document", "Api"),
        "/collections": _operation("getCollections", "Feature collections", "Collections"),
    }
    paths |= tiles_openapi.paths(registry)
    if not names:
        return paths
    for name, layer in collections(registry).items():
        paths |= _collection_paths(registry, name, layer, language)
    return paths


def _collection_paths(registry: Registry, name: str, layer: Layer, language: str) -> Json:
    title = layer.definition.title.get(language)
    path, id_ = f"/collections/{name}", _camel(name)
    crs = {"$ref": "#/components/parameters/crs"} if crs_uris(registry, layer) else {}
    return {
        path: _operation(f"describe{id_}", title, "Collection", tag=name, missing=True),
        f"{path}/queryables": _operation(f"get{id_}Queryables", title, "Schema", tag=name, missing=True),
        f"{path}/schema": _operation(f"get{id_}Schema", title, "Schema", tag=name, missing=True),
        f"{path}/items": _operation(
            f"get{id_}Features", title, "Features", _items_parameters(layer, language), tag=name, missing=True
        ),
        f"{path}/items/{{featureId}}": _operation(
            f"get{id_}Feature",
            title,
            "Feature",
            [{"$ref": "#/components/parameters/featureId"}, crs, _F, _LANG],
            tag=name,
            missing=True,
        ),
    }


def _items_parameters(layer: Layer, language: str) -> list[Json]:
    shown = [field for field in fields(layer) if field.name not in RESERVED]
    return [{"$ref": f"#/components/parameters/{name}"} for name in RESERVED] + [
        {
            "name": field.name,
            "in": "query",
            "description": field_title(layer, field.name, language),
            "required": False,
            "schema": json_type(field),
            "style": "form",
            "explode": False,
        }
        for field in shown
    ]


def _operation(
    id_: str,
    summary: str,
    response: str,
    parameters: list[Json] | None = None,
    *,
    tag: str = "service",
    missing: bool = False,
) -> Json:
    responses = {"200": response, "400": "InvalidParameter", "500": "ServerError"}
    if missing:
        responses["404"] = "NotFound"
    return {
        "get": {
            "tags": [tag],
            "summary": summary,
            "operationId": id_,
            "parameters": parameters or [_F, _LANG],
            "responses": {code: {"$ref": f"#/components/responses/{responses[code]}"} for code in sorted(responses)},
        }
    }


def _camel(name: str) -> str:
    return "".join(part.capitalize() for part in name.split("_"))


def _parameters(registry: Registry) -> Json:
    most = registry.service.limits.features
    numbers = {"type": "array", "minItems": 4, "maxItems": 6, "items": {"type": "number"}}
    whole = {"type": "integer", "minimum": 0, "default": 0}
    limit = {"type": "integer", "minimum": 1, "maximum": most, "default": min(DEFAULT_ITEMS, most)}
    words = {"type": "array", "items": {"type": "string"}}
    address = {"type": "string", "format": "uri"}
    text = {"type": "string"}
    described = {
        "f": (_choice("json", "html"), "Format of the answer; it wins over the header Accept"),
        "lang": (_choice("fr", "en"), "Language of the answer; it wins over the header Accept-Language"),
        "bbox": (
            numbers,
            "Only features that meet this box: four numbers, or six with heights, in the order of bbox-crs",
        ),
        "bbox-crs": (address, "CRS of bbox; longitude and latitude by default"),
        "crs": (address, "CRS of the answer, in its authority's axis order; longitude and latitude by default"),
        "datetime": (
            text,
            "An instant or an interval (RFC 3339): 2024-05-01T00:00:00Z, 2024-01-01/2024-12-31, ../2024-12-31",
        ),
        "limit": (limit, "The most features of a page"),
        "offset": (whole, "How many features are left out before the page"),
        "sortby": (words, "Properties to sort by; -name for descending"),
        "properties": (words, "The properties of the answer; all by default"),
        "filter": (text, "A condition in CQL2"),
        "filter-lang": (_choice("cql2-text"), "Language of filter"),
        "filter-crs": (address, "CRS of the geometries in filter; longitude and latitude by default"),
        "skipGeometry": ({"type": "boolean", "default": False}, "true leaves the geometries out"),
        "resulttype": (_choice("results", "hits"), "hits: only how many match"),
    }
    found: Json = {
        name: {
            "name": name,
            "in": "query",
            "description": description,
            "required": False,
            "schema": schema,
            "style": "form",
            "explode": False,
        }
        for name, (schema, description) in described.items()
    }
    found["featureId"] = {"name": "featureId", "in": "path", "required": True, "schema": text}
    return found


def _choice(*values: str) -> Json:
    return {"type": "string", "enum": list(values), "default": values[0]}


def _responses() -> Json:
    json_ = {
        "LandingPage": "The landing page",
        "Conformance": "The conformance classes",
        "Collections": "The collections",
        "Collection": "The collection",
    }
    found = {name: _response(text, name[:1].lower() + name[1:]) for name, text in json_.items()}
    for name, text in (("InvalidParameter", "Wrong"), ("NotFound", "Not there"), ("ServerError", "Failed")):
        found[name] = _response(text, "exception", html=False)
    return found | {
        "Api": _response("This document", "object", "application/vnd.oai.openapi+json;version=3.0"),
        "Schema": _response("JSON Schema of the properties", "object", "application/schema+json"),
        "Features": _response("The features", "featureCollection", _GEOJSON),
        "Feature": _response("The feature", "feature", _GEOJSON),
    }


def _response(text: str, schema: str, media_type: str = "application/json", *, html: bool = True) -> Json:
    content: Json = {media_type: {"schema": {"$ref": f"#/components/schemas/{schema}"}}}
    if html:
        content["text/html"] = {"schema": {"type": "string"}}
    return {"description": text, "content": content}


def _schemas() -> Json:
    links = {"type": "array", "items": {"$ref": "#/components/schemas/link"}}
    text, whole, any_ = {"type": "string"}, {"type": "integer", "minimum": 0}, {"type": "object"}
    strings = {"type": "array", "items": text}
    features = {"type": "array", "items": {"$ref": "#/components/schemas/feature"}}
    found = {"type": "array", "items": {"$ref": "#/components/schemas/collection"}}
    identifier = {"oneOf": [text, {"type": "integer"}]}
    geometry = {"type": "object", "nullable": True, "properties": {"type": text}}
    return {
        "object": any_,
        "link": _object(("href", "rel"), href=text, rel=text, type=text, title=text, hreflang=text),
        "exception": _object(("code",), code=text, description=text, detail=text, status=whole, title=text, type=text),
        "landingPage": _object(("links",), title=text, description=text, links=links),
        "conformance": _object(("conformsTo",), conformsTo=strings),
        "collections": _object(("links", "collections"), links=links, collections=found, crs=strings),
        "collection": _object(
            ("id", "links"),
            id=text,
            title=text,
            description=text,
            keywords=strings,
            extent=any_,
            itemType=text,
            crs=strings,
            storageCrs=text,
            links=links,
        ),
        "featureCollection": _object(
            ("type", "features"),
            type={"type": "string", "enum": ["FeatureCollection"]},
            features=features,
            links=links,
            timeStamp={"type": "string", "format": "date-time"},
            numberMatched=whole,
            numberReturned=whole,
        ),
        "feature": _object(
            ("type", "geometry", "properties"),
            type={"type": "string", "enum": ["Feature"]},
            id=identifier,
            geometry=geometry,
            properties={"type": "object", "nullable": True},
            links=links,
        ),
    }


def _object(required: tuple[str, ...], **properties: Json) -> Json:
    return {"type": "object", "required": list(required), "properties": properties}
