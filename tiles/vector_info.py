"""What vector tiles say of themselves: `vector_layers` of TileJSON 3.0 and MBTiles 1.3, archives' metadata."""

import json
from typing import Any

from layers.facts import Field, VectorFacts
from layers.registry import Layer
from tiles.archive import ArchiveInfo
from tiles.limits import LevelLimits
from tiles.stamp import vector_stamp

REACH = 8
"""Pixels (256 a side) around a tile from which features are read: tippecanoe keeps 5."""
_TYPES = {"integer": "Number", "real": "Number", "boolean": "Boolean"}


def vector_fields(layer: Layer) -> tuple[Field, ...]:
    """The fields that are in the tiles: those that are shown, as long as a tile can hold their values."""
    assert isinstance(layer.facts, VectorFacts)
    hidden = {name for name, one in layer.definition.fields.items() if one.hidden}
    return tuple(field for field in layer.facts.fields if field.name not in hidden and field.type != "binary")


def vector_layers(layer: Layer, levels: tuple[LevelLimits, ...]) -> list[dict[str, Any]]:
    """The one layer of the tiles, with its fields and their types (TileJSON 3.0, 3.3; MBTiles 1.3, vector_layers)."""
    return [
        {
            "id": layer.id,
            "description": layer.definition.title.get("fr"),
            "minzoom": levels[0].z,
            "maxzoom": levels[-1].z,
            "fields": {field.name: _TYPES.get(field.type, "String") for field in vector_fields(layer)},
        }
    ]


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
