"""What takes work to find out of layers, and holds as long as their registry: worked out when it is compiled, once for
every process that tells it."""

from dataclasses import replace
from types import MappingProxyType

from layers.extents import extents
from layers.legend import legend_size
from layers.query import LegendQuery
from layers.registry import Layer, Registry

LANGUAGES = ("fr", "en")


def measured(registry: Registry) -> Registry:
    """The registry, its layers with their boxes in every served CRS and the sizes of their legends."""
    boxes = extents(registry)
    layers = {
        layer.id: replace(layer, boxes=boxes[layer.id], legends=_legends(registry, layer))
        for layer in registry.layers.values()
    }
    return replace(registry, layers=MappingProxyType(layers))


def _legends(registry: Registry, layer: Layer) -> dict[str, dict[str, tuple[int, int]]]:
    return {
        language: {style: legend_size(registry, LegendQuery(layer.id, style, language)) for style in layer.styles}
        for language in LANGUAGES
    }
