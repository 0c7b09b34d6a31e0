"""What vector tiles say of themselves: `vector_layers` of TileJSON 3.0 and MBTiles 1.3, archives' metadata."""

import json
from typing import Any

from layers.facts import Field
from layers.registry import Layer
from tiles.archives.archive import ArchiveInfo
from tiles.limits import LevelLimits
from tiles.stamp import vector_stamp
from tiles.vector.fields import labels_of, vector_fields

REACH = 8
"""Pixels (256 a side) around a tile from which features are read: tippecanoe keeps 5."""
_TYPES = {"integer": "Number", "real": "Number", "boolean": "Boolean"}


def vector_layers(layer: Layer, levels: tuple[LevelLimits, ...]) -> list[dict[str, Any]]:
    """The layers of the tiles, with their fields and types (TileJSON 3.0, 3.3; MBTiles 1.3, vector_layers)."""
    first, last, labels = levels[0].z, levels[-1].z, labels_of(layer)
    found = [_described(layer, layer.id, vector_fields(layer), (first, last))]
    if labels is not None:
        found.append(_described(layer, labels.name, labels.fields, (min(max(labels.first, first), last), last)))
    return found


def _described(layer: Layer, name: str, fields: tuple[Field, ...], zooms: tuple[int, int]) -> dict[str, Any]:
    return {
        "id": name,
        "description": layer.definition.title.get("fr"),
        "minzoom": zooms[0],
        "maxzoom": zooms[1],
        "fields": {field.name: _TYPES.get(field.type, "String") for field in fields},
    }


def vector_archive_info(layer: Layer, grid_id: str, levels: tuple[LevelLimits, ...]) -> ArchiveInfo:
    """What an archive of vector tiles says of itself."""
    attribution = layer.definition.attribution
    return ArchiveInfo(
        name=layer.definition.title.get("fr") or layer.id,
        format="pbf",
        bounds=layer.geographic_extent,
        grid=grid_id,
        attribution=attribution.title if attribution else "",
        stamp=vector_stamp(layer),
        json=json.dumps({"vector_layers": vector_layers(layer, levels)}, ensure_ascii=False),
    )
