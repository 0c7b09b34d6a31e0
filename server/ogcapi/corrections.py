"""What pygeoapi's JSON documents leave out or get wrong, put right."""

from typing import Any

from layers.crs import CRS84, uri
from layers.facts import VectorFacts
from layers.registry import Layer, Registry
from server.ogcapi import times
from server.ogcapi.names import collections as feature_collections
from server.ogcapi.names import crs_uris, enumeration, field_title
from server.ogcapi.words import title
from server.urls import BASE
from tiles.table import vector_grid

_FEATURES = "http://www.opengis.net/spec/ogcapi-features"
_COMMON = "http://www.opengis.net/spec/ogcapi-common"
_TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"
_TMS = "http://www.opengis.net/spec/tms/2.0/conf"
CONFORMANCE = (
    f"{_COMMON}-1/1.0/conf/core",
    f"{_COMMON}-1/1.0/conf/landing-page",
    f"{_COMMON}-1/1.0/conf/json",
    f"{_COMMON}-1/1.0/conf/html",
    f"{_COMMON}-1/1.0/conf/oas30",
    f"{_COMMON}-2/1.0/conf/collections",
    f"{_FEATURES}-1/1.0/conf/core",
    f"{_FEATURES}-1/1.0/conf/oas30",
    f"{_FEATURES}-1/1.0/conf/html",
    f"{_FEATURES}-1/1.0/conf/geojson",
    f"{_FEATURES}-2/1.0/conf/crs",
    f"{_FEATURES}-3/1.0/conf/queryables",
    f"{_FEATURES}-3/1.0/conf/queryables-query-parameters",
    f"{_FEATURES}-3/1.0/conf/filter",
    f"{_FEATURES}-3/1.0/conf/features-filter",
    *(f"{_TILES}/{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets", "png", "jpeg", "mvt")),
    *(f"{_TMS}/{name}" for name in ("tilematrixset", "json-tilematrixset", "json-tilematrixsetlimits")),
    f"{_TMS}/json-tilesetmetadata",
    "http://www.opengis.net/spec/cql2/1.0/conf/cql2-text",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-cql2",
    "http://www.opengis.net/spec/cql2/1.0/conf/advanced-comparison-operators",
    "http://www.opengis.net/spec/cql2/1.0/conf/case-insensitive-comparison",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/spatial-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/temporal-functions",
    "http://www.opengis.net/spec/cql2/1.0/conf/basic-spatial-operators",
)
"""The classes that are served. (JSON-LD and writing, which pygeoapi would add, are not.)

The last is what `basic-spatial-functions` was called in CQL2's drafts: QGIS up to 3.40 knows it by that name.
"""

_SHAPES = {
    "Point": "point",
    "LineString": "linestring",
    "Polygon": "polygon",
    "MultiPoint": "multipoint",
    "MultiLineString": "multilinestring",
    "MultiPolygon": "multipolygon",
}
_OGC = "http://www.opengis.net/def/rel/ogc/1.0"


def landing(document: dict[str, Any], language: str) -> dict[str, Any]:
    """The landing page without links to what is not served (processes, tiling schemes, JSON-LD)."""
    kept = ("about", "self", "alternate", "service-desc", "service-doc", "conformance", "data")
    links = [link for link in document["links"] if link["rel"] in kept and link["type"] != "application/ld+json"]
    for link in links:
        link["title"] = title(link["title"], language)
        link["href"] = link["href"].replace("/ogcapi/openapi", "/ogcapi/api").replace("/ogcapi?f=", "/ogcapi/?f=")
    words = {"fr": "Grilles de tuiles", "en": "Tile matrix sets"}[language]
    href = f"{BASE}/ogcapi/tileMatrixSets"
    links.append({"rel": f"{_OGC}/tiling-schemes", "type": "application/json", "title": words, "href": href})
    return {**document, "links": links}


def collections(document: dict[str, Any], registry: Registry, language: str) -> dict[str, Any]:
    """Every collection put right, and the CRSs that all of them have (OGC 18-058r1, 6.2.1)."""
    known = feature_collections(registry)
    found = [collection(item, registry, known[item["id"]], language) for item in document["collections"]]
    common = [uri(crs) for crs in dict.fromkeys((CRS84, *registry.crs_ids))]
    return {"links": _served(document["links"], language), "crs": common, "collections": found}


def collection(document: dict[str, Any], registry: Registry, layer: Layer, language: str) -> dict[str, Any]:
    """The collection with its times, its storage CRS, and where else the layer is served."""
    document["crs"] = crs_uris(registry, layer)
    document["storageCrs"] = uri(layer.crs)
    if spans := times.stamps(layer.times):
        document["extent"]["temporal"] = {
            "interval": [list(spans)],
            "trs": "http://www.opengis.net/def/uom/ISO-8601/0/Gregorian",
        }
    if layer.definition.attribution:
        document["attribution"] = layer.definition.attribution.title
    links = [link for link in _served(document["links"], language) if link["rel"] != "root"]
    document["links"] = links + list(_elsewhere(layer, registry, language))
    return document


def schema(document: dict[str, Any], layer: Layer, language: str) -> dict[str, Any]:
    """The schema or queryables with titles and the layer's own geometry type (OGC 23-058r2, 7)."""
    document["$schema"] = "https://json-schema.org/draft/2020-12/schema"
    document["additionalProperties"] = False
    for name, described in document["properties"].items():
        described["title"] = field_title(layer, name, language)
        described |= enumeration(layer, name, language)
    assert isinstance(layer.facts, VectorFacts)
    titles = {"fr": "Géométrie", "en": "Geometry"}
    document["properties"]["geometry"] = {
        "title": titles[language],
        "x-ogc-role": "primary-geometry",
        "format": f"geometry-{_SHAPES.get(layer.facts.geometry, 'any')}",
    }
    if layer.definition.time and layer.definition.time.attribute in document["properties"]:
        document["properties"][layer.definition.time.attribute]["x-ogc-role"] = "primary-instant"
    return document


def content_crs(crs: str) -> dict[str, str]:
    """The header that tells the CRS of the coordinates (OGC 18-058r1, 6.4)."""
    return {"Content-Crs": f"<{uri(crs)}>"}


def _elsewhere(layer: Layer, registry: Registry, language: str) -> list[dict[str, str]]:
    home = f"{BASE}/ogcapi"
    collection_ = f"{home}/collections/{layer.id}"
    words = {"fr": ("Accueil", "Collections", "Schéma", "Jeux de tuiles", "Légende", "Jeux de tuiles vectorielles"),
             "en": ("Home", "Collections", "Schema", "Tilesets", "Legend", "Vector tilesets")}[language]  # fmt: skip
    found = [
        ("root", "application/json", words[0], f"{home}/"),
        ("parent", "application/json", words[1], f"{home}/collections"),
        ("describedby", "application/schema+json", words[2], f"{collection_}/schema"),
        (f"{_OGC}/tilesets-map", "application/json", words[3], f"{collection_}/map/tiles"),
        ("http://www.opengis.net/def/rel/ogc/0.0/legend", "image/png", words[4], _legend(layer)),
    ]
    if vector_grid(layer, registry):
        found.append((f"{_OGC}/tilesets-vector", "application/json", words[5], f"{collection_}/tiles"))
    found += [("about", link.format, link.title or link.type, link.url) for link in layer.definition.metadata]
    return [{"rel": rel, "type": type_, "title": title, "href": href} for rel, type_, title, href in found]


def _legend(layer: Layer) -> str:
    return f"{BASE}/wms?service=WMS&version=1.3.0&request=GetLegendGraphic&format=image/png&layer={layer.id}"


def _served(links: list[dict[str, Any]], language: str) -> list[dict[str, Any]]:
    """The links without those to formats that are not served, titled in a language."""
    left = ("application/ld+json", "text/csv")
    kept = (link for link in links if link["type"].partition(";")[0] not in left)
    return [{**link, "title": title(link["title"], language)} for link in kept]
