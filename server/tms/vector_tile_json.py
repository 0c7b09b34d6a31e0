"""TileJSON 3.0 of vector tiles."""

import json
from urllib.parse import quote
from xml.sax.saxutils import escape

from layers.registry import Layer, Registry
from server.urls import BASE
from tiles.limits import vector_limits
from tiles.stamp import vector_stamp
from tiles.table import vector_grid
from tiles.vector_info import vector_layers


def vector_tile_json(registry: Registry, layer: Layer) -> bytes | None:
    """`/tiles/{layer}.mvt.json`, of the layer's default time; None where the layer has no vector tiles."""
    grid = vector_grid(layer, registry)
    if grid is None:
        return None
    levels, language = vector_limits(layer, grid), registry.service.language
    west, south, east, north = layer.geographic_extent
    attribution = layer.definition.attribution
    body = {
        "tilejson": "3.0.0",
        "name": layer.definition.title.get(language) or layer.id,
        "description": layer.definition.abstract.get(language),
        "attribution": escape(attribution.title) if attribution else "",
        "version": "1.0.0",
        "scheme": "xyz",
        "tiles": [f"{BASE}/tiles/{quote(layer.id)}/{grid.id}/{{z}}/{{x}}/{{y}}.mvt?v={vector_stamp(layer)}"],
        "minzoom": levels[0].z,
        "maxzoom": levels[-1].z,
        "bounds": [west, south, east, north],
        "center": [(west + east) / 2, (south + north) / 2, (levels[0].z + levels[-1].z) // 2],
        "format": "pbf",
        "vector_layers": vector_layers(layer, levels),
    }
    return json.dumps(body, ensure_ascii=False).encode()
