"""What the OpenAPI definition says of OGC API – Tiles (OGC 20-057, 13; operation ids of its table 22)."""

from typing import Any

from layers.registry import Registry
from server.tile_path import VECTOR_TYPE
from tiles.table import layer_grids, vector_grid

type Json = dict[str, Any]

_INDEX = {"type": "integer", "minimum": 0}
_TEXT = {"type": "string"}
_DESCRIPTIONS = {
    "mapCollectionId": "A layer that has tiles",
    "vectorTilesCollectionId": "A layer that has vector tiles",
    "tileMatrixSetId": "A tile matrix set, as listed by /tileMatrixSets",
    "tileMatrix": "The level",
    "tileRow": "The row, counted from the north",
    "tileCol": "The column, counted from the west",
}


def paths(registry: Registry) -> Json:
    """The paths of tile matrix sets, and of the tilesets of every layer that has some."""
    names = [layer.id for layer in registry.layers.values() if layer_grids(layer, registry)]
    place = "/collections/{mapCollectionId}/map/tiles"
    known = {"mapCollectionId": {"type": "string", "enum": names}}
    one = known | {"tileMatrixSetId": _TEXT}
    index = one | {"tileMatrix": _TEXT, "tileRow": _INDEX, "tileCol": _INDEX}
    found = {
        "/tileMatrixSets": _get("getTileMatrixSetsList", "Tile matrix sets", {}),
        "/tileMatrixSets/{tileMatrixSetId}": _get("getTileMatrixSet", "A tile matrix set", {"tileMatrixSetId": _TEXT}),
    }
    if names:
        found[place] = _get(".collection.map.getTileSetsList", "Tilesets of a layer", known)
        found[f"{place}/{{tileMatrixSetId}}"] = _get(".collection.map.getTileSet", "A tileset", one)
        found[f"{place}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"] = _get(
            ".collection.map.getTile", "A tile", index, ("image/png", "image/jpeg", "image/webp")
        )
    return found | _vector_paths(registry)


def _vector_paths(registry: Registry) -> Json:
    names = [layer.id for layer in registry.layers.values() if vector_grid(layer, registry)]
    if not names:
        return {}
    place = "/collections/{vectorTilesCollectionId}/tiles"
    known = {"vectorTilesCollectionId": {"type": "string", "enum": names}}
    one = known | {"tileMatrixSetId": _TEXT}
    index = one | {"tileMatrix": _TEXT, "tileRow": _INDEX, "tileCol": _INDEX}
    tile = f"{place}/{{tileMatrixSetId}}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return {
        place: _get(".collection.vector.getTileSetsList", "Vector tilesets of a layer", known),
        f"{place}/{{tileMatrixSetId}}": _get(".collection.vector.getTileSet", "A vector tileset", one),
        tile: _get(".collection.vector.getTile", "A vector tile", index, (VECTOR_TYPE,)),
    }


def _get(id_: str, summary: str, path: Json, types: tuple[str, ...] = ("application/json",)) -> Json:
    tile = types[0] != "application/json"
    schema = {"type": "string", "format": "binary"} if tile else {"type": "object"}
    parameters = [_parameter(name, "path", schema_) for name, schema_ in path.items()]
    parameters += [_parameter("datetime", "query", _TEXT)] if tile else []
    answers = {"200": {"description": summary, "content": {name: {"schema": schema} for name in types}}}
    answers["404"] = {"$ref": "#/components/responses/NotFound"}
    operation = {"tags": ["tiles"], "summary": summary, "operationId": id_, "parameters": parameters}
    return {"get": operation | {"responses": answers}}


def _parameter(name: str, place: str, schema: Json) -> Json:
    described = {"description": _DESCRIPTIONS[name]} if name in _DESCRIPTIONS else {}
    return {"name": name, "in": place, "required": place == "path", "schema": schema} | described
