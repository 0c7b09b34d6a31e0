"""OGC API – Tiles (OGC 20-057) for vector tiles: the tilesets of every layer that has them, as JSON."""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

from layers.facts import VectorFacts
from layers.registry import Layer, Registry
from server.errors import NotFoundError
from server.ogcapi.names import field_title, json_type
from server.ogcapi.tiles import REGISTERED, REL, URI, Json, by_name, extents, grid_address, grid_name, link
from server.tile_path import VECTOR_TYPE
from server.urls import BASE
from tiles.grids import Grid
from tiles.limits import LevelLimits, vector_limits
from tiles.table import vector_grid
from tiles.vector.fields import labels_of, vector_fields
from tiles.vector.info import vector_layers

_WORDS = {
    "tilesets": {"fr": "Jeux de tuiles vectorielles", "en": "Vector tilesets"},
    "grid": {"fr": "La grille", "en": "The tile matrix set"},
    "tile": {"fr": "Une tuile", "en": "A tile"},
    "json": {"fr": "Ce document en JSON", "en": "This document as JSON"},
    "tilejson": {"fr": "TileJSON", "en": "TileJSON"},
    "style": {"fr": "Style MapLibre", "en": "MapLibre style"},
}
_DIMENSIONS = {"Point": 0, "LineString": 1, "Polygon": 2}


def tilesets(registry: Registry, layer_id: str) -> Json:
    """`/collections/{id}/tiles`: the list of one tileset (20-057, 9). Raises NotFoundError."""
    layer, grid = _found(registry, layer_id)
    listed = _head(registry, layer, grid) | {"links": _links(registry, layer, grid)[:2]}
    words = _WORDS["tilesets"][registry.service.language]
    return {"tilesets": [listed], "links": [link("self", address(layer), words)]}


def tileset(registry: Registry, layer_id: str, name: str) -> Json:
    """`/collections/{id}/tiles/{tms}`: the tileset's metadata (20-057, 8.2; 17-083r4, 7.2). Raises NotFoundError."""
    layer, grid = _found(registry, layer_id)
    by_name((grid,), name)
    levels = vector_limits(layer, grid)
    about: Json = {
        **extents(layer, grid, levels),
        "layers": _layers(registry, layer, levels),
        "mediaTypes": [VECTOR_TYPE],
        "links": _links(registry, layer, grid),
    }
    if declared := layer.definition.attribution:
        about["attribution"] = declared.title
    return _head(registry, layer, grid) | about


def addresses(registry: Registry) -> Iterator[tuple[str, Json]]:
    """Every document by its path below the service's address."""
    for layer in registry.layers.values():
        if (grid := vector_grid(layer, registry)) is not None:
            yield f"ogcapi/collections/{layer.id}/tiles", tilesets(registry, layer.id)
            yield f"ogcapi/collections/{layer.id}/tiles/{grid_name(grid)}", tileset(registry, layer.id, grid.id)


def address(layer: Layer) -> str:
    """Where the list of tilesets of a layer is."""
    return f"{BASE}/ogcapi/collections/{quote(layer.id)}/tiles"


def _found(registry: Registry, layer_id: str) -> tuple[Layer, Grid]:
    layer = registry.layers.get(layer_id)
    grid = vector_grid(layer, registry) if layer else None
    registry.check_withheld(layer_id)
    if layer is None or grid is None:
        raise NotFoundError(f"there is no collection {layer_id[:100]!r} with vector tiles")
    return layer, grid


def _head(registry: Registry, layer: Layer, grid: Grid) -> Json:
    found: Json = {
        "title": layer.definition.title.get(registry.service.language) or layer.id,
        "dataType": "vector",
        "crs": "http://www.opengis.net/def/crs/EPSG/0/3857",
        "tileMatrixSetDefinition": grid_address(grid),
    }
    return found | ({"tileMatrixSetURI": f"{URI}/{grid_name(grid)}"} if grid_name(grid) in REGISTERED else {})


def _layers(registry: Registry, layer: Layer, levels: tuple[LevelLimits, ...]) -> list[Json]:
    """The layers of the tiles, with the schemas of their features (17-083r4, 7.2.2)."""
    assert isinstance(layer.facts, VectorFacts)
    kinds = {layer.id: layer.facts.geometry.removeprefix("Multi")}
    fields = {layer.id: vector_fields(layer)}
    if (labels := labels_of(layer)) is not None:
        kinds[labels.name], fields[labels.name] = "Point", labels.fields
    language = registry.service.language
    found: list[Json] = []
    for told in vector_layers(layer, levels):
        schema = {f.name: json_type(f) | {"title": field_title(layer, f.name, language)} for f in fields[told["id"]]}
        one: dict[str, Any] = {
            "id": told["id"],
            "title": layer.definition.title.get(language) or layer.id,
            "dataType": "vector",
            "minTileMatrix": str(told["minzoom"]),
            "maxTileMatrix": str(told["maxzoom"]),
            "propertiesSchema": {"type": "object", "properties": schema},
        }
        dimension = _DIMENSIONS.get(kinds[told["id"]])
        found.append(one if dimension is None else one | {"geometryDimension": dimension})
    return found


def _links(registry: Registry, layer: Layer, grid: Grid) -> list[Json]:
    words = {name: titles[registry.service.language] for name, titles in _WORDS.items()}
    place = f"{address(layer)}/{quote(grid_name(grid))}"
    template = f"{place}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return [
        link("self", place, words["json"]),
        link(f"{REL}/tiling-scheme", grid_address(grid), words["grid"]),
        link("item", template, words["tile"], VECTOR_TYPE) | {"templated": True},
        link("describedby", f"{BASE}/tiles/{quote(layer.id)}.mvt.json", words["tilejson"]),
        *(link("stylesheet", *_style(layer, name, words["style"])) for name in layer.styles),
    ]


def _style(layer: Layer, name: str, words: str) -> tuple[str, str, str]:
    """Address, title and media type of a style (OGC 20-009, Annex A)."""
    address = f"{BASE}/styles/{quote(layer.id)}/{quote(name, safe='')}.json"
    return address, f"{words} ({name})", "application/vnd.mapbox.style+json"
