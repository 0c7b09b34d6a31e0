"""What a query's selections mean in a registry: the layer, its style by its own name, its default time."""

from collections.abc import Iterable
from dataclasses import replace

from layers.query import Selection
from layers.registry import Layer, Registry


def selected(registry: Registry, selections: Iterable[Selection]) -> list[tuple[Layer, Selection]]:
    """Layers with their selections made exact. Raises UnknownLayerError, UnknownStyleError."""
    return [_exact(registry.layer(selection.layer), selection) for selection in selections]


def _exact(layer: Layer, selection: Selection) -> tuple[Layer, Selection]:
    default = (layer.default_time,) if layer.default_time else ()
    return layer, replace(selection, layer=layer.id, style=layer.style(selection.style), time=selection.time or default)
