"""TileJSON 3.0 of pictures and of vector tiles, which knows Web Mercator alone."""

import json
from typing import Any
from urllib.parse import quote
from xml.sax.saxutils import escape

from layers.registry import Layer, Registry
from server.urls import BASE
from tiles.format import tile_format
from tiles.limits import LevelLimits, limits, vector_limits
from tiles.stamp import tile_stamp, vector_stamp
from tiles.table import layer_grids, vector_grid
from tiles.vector.info import vector_layers


def tile_json(registry: Registry, layer: Layer, doubled: str = "") -> bytes | None:
    """`/tiles/{layer}.json`, of the default style and time; None where the layer is not on Web Mercator.

    With `doubled` being "@2x" `/tiles/{layer}@2x.json`, of the tiles for fine screens.
    """
    grid = next((item for item in layer_grids(layer, registry) if item.stored == f"PM{doubled}"), None)
    if grid is None:
        return None
    kind, stamp = tile_format(layer), tile_stamp(layer, layer.default_style)
    address = f"{BASE}/tiles/{quote(layer.id)}/{grid.id}/{{z}}/{{x}}/{{y}}.{kind.extension}?v={stamp}"
    return _written(registry, layer, address, limits(layer, grid), {"format": kind.mbtiles})


def vector_tile_json(registry: Registry, layer: Layer) -> bytes | None:
    """`/tiles/{layer}.mvt.json`, of the layer's default time; None where the layer has no vector tiles."""
    grid = vector_grid(layer, registry)
    if grid is None:
        return None
    levels = vector_limits(layer, grid)
    address = f"{BASE}/tiles/{quote(layer.id)}/{grid.id}/{{z}}/{{x}}/{{y}}.mvt?v={vector_stamp(layer)}"
    more = {"format": "pbf", "vector_layers": vector_layers(layer, levels)}
    return _written(registry, layer, address, levels, more)


def published_elsewhere(body: bytes, address: str, levels: tuple[LevelLimits, ...]) -> bytes:
    """The same of tiles that lie at another address, at these levels."""
    return _encoded(json.loads(body) | {"tiles": [address]} | _zooms(levels, json.loads(body)["center"]))


def _written(
    registry: Registry, layer: Layer, address: str, levels: tuple[LevelLimits, ...], more: dict[str, Any]
) -> bytes:
    language, attribution = registry.service.language, layer.definition.attribution
    west, south, east, north = layer.geographic_extent
    body = {
        "tilejson": "3.0.0",
        "name": layer.definition.title.get(language) or layer.id,
        "description": layer.definition.abstract.get(language),
        "attribution": escape(attribution.title) if attribution else "",
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [address],
        "bounds": [west, south, east, north],
        **_zooms(levels, [(west + east) / 2, (south + north) / 2]),
    }
    return _encoded(body | more)


def _zooms(levels: tuple[LevelLimits, ...], middle: list[float]) -> dict[str, Any]:
    first, last = levels[0].z, levels[-1].z
    return {"minzoom": first, "maxzoom": last, "center": [*middle[:2], (first + last) // 2]}


def _encoded(body: dict[str, Any]) -> bytes:
    return json.dumps(body, ensure_ascii=False).encode()
