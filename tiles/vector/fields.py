"""What is in the vector tiles of a layer: its fields, and points for what styles put in the middle of polygons.

A polygon lies in several tiles, its point in one: a label at the point is written once, in the middle of the whole.
"""

from typing import NamedTuple

from layers.facts import Field, VectorFacts
from layers.registry import Layer


class Labels(NamedTuple):
    """The layer of points: its name, its fields, the first zoom at which a style draws there."""

    name: str
    fields: tuple[Field, ...]
    first: int


def vector_fields(layer: Layer) -> tuple[Field, ...]:
    """The fields that are in the tiles: those that are shown, as long as a tile can hold their values."""
    assert isinstance(layer.facts, VectorFacts)
    hidden = {name for name, one in layer.definition.fields.items() if one.hidden}
    return tuple(field for field in layer.facts.fields if field.name not in hidden and field.type != "binary")


def labels_of(layer: Layer) -> Labels | None:
    """The points of a layer of polygons; None where no style that can be read asks for some."""
    if not isinstance(layer.facts, VectorFacts) or layer.facts.geometry.removeprefix("Multi") != "Polygon":
        return None
    # Imported by need: the engine reads this module, and loads nothing that reads styles.
    from layers.maplibre.middle import middles
    from layers.styles import StyleError
    from layers.styles.load import style_of

    scales = (layer.definition.min_scale, layer.definition.max_scale)
    names: set[str] = set()
    zooms: list[float] = []
    for style in layer.styles:
        try:
            found = middles(style_of(layer, style), scales)
        except StyleError:
            continue
        if found is not None:
            names |= {name.lower() for name in found.fields}
            zooms.append(found.zoom)
    if not zooms:
        return None
    return Labels(
        f"{layer.id}-labels", tuple(f for f in vector_fields(layer) if f.name.lower() in names), int(min(zooms))
    )
