"""MapLibre styles and their sprites, rendered ahead for every layer that has vector tiles."""

from collections.abc import Iterator

from layers.maplibre.sprite import sprite
from layers.registry import Layer, Registry
from server.documents import Document
from server.styles.style import said, style_document
from tiles.table import vector_grid

RATIOS = {"": 1, "@2x": 2}
"""Ends of a sprite's name, and pixels for one of the style."""


def documents(registry: Registry) -> Iterator[Document]:
    """`styles/{layer}.json`, `styles/{layer}/{style}.json`, and `sprites/{layer}/{style}[@2x].json` and `.png`."""
    for layer in registry.layers.values():
        if vector_grid(layer, registry) is not None:
            yield from layer_documents(registry, layer)


def layer_documents(registry: Registry, layer: Layer) -> Iterator[Document]:
    """The documents of a layer; the style without a name is the default one."""
    for name in layer.styles:
        body = style_document(registry, layer, name)
        yield Document(f"styles/{layer.id}/{name}.json", "application/json", body)
        if name == layer.default_style:
            yield Document(f"styles/{layer.id}.json", "application/json", body)
        pictures = said(layer, name).pictures
        for end, ratio in RATIOS.items() if pictures else ():
            index, sheet = sprite(pictures, ratio)
            yield Document(f"sprites/{layer.id}/{name}{end}.json", "application/json", index)
            yield Document(f"sprites/{layer.id}/{name}{end}.png", "image/png", sheet)
