"""What a tile depends on, as one short text: a tile whose stamp is another one is stale."""

from pathlib import Path

from xxhash import xxh3_64

from layers.registry import Layer
from tiles.vector.fields import labels_of


def tile_stamp(layer: Layer, style: str) -> str:
    """16 hexadecimal digits that change with the data, the style's file and what of the definition is drawn.

    A title or a keyword changes nothing here: the tiles of a whole département must not be made again for it.
    """
    definition = layer.definition
    digest = xxh3_64(layer.data_stamp.encode())
    digest.update(definition.source.model_dump_json().encode())
    digest.update(definition.time.model_dump_json().encode() if definition.time else b"")
    digest.update(f"{definition.tiles.format}|{definition.min_scale}|{definition.max_scale}".encode())
    path = layer.styles.get(style, "")
    if path and Path(path).exists():
        digest.update(Path(path).read_bytes())
    return digest.hexdigest()


VECTOR_RECIPE = "3"
"""Changes with the way in which vector tiles are made."""


def vector_stamp(layer: Layer) -> str:
    """The same for vector tiles, which styles change only by what they put in the middle of polygons."""
    definition = layer.definition
    digest = xxh3_64(f"{VECTOR_RECIPE}|{layer.data_stamp}|{definition.tiles.vector}|{definition.tiles.levels}".encode())
    digest.update(definition.source.model_dump_json().encode())
    digest.update(definition.time.model_dump_json().encode() if definition.time else b"")
    digest.update("|".join(sorted(name for name, one in definition.fields.items() if one.hidden)).encode())
    if (labels := labels_of(layer)) is not None:
        digest.update("|".join((str(labels.first), *(field.name for field in labels.fields))).encode())
    return digest.hexdigest()
