"""What a query's selections mean in a registry: the layer, its style by its own name, its default time and values."""

from collections.abc import Iterable
from dataclasses import replace

from layers.facts import VectorFacts
from layers.query import Selection
from layers.registry import Layer, Registry


def selected(registry: Registry, selections: Iterable[Selection]) -> list[tuple[Layer, Selection]]:
    """Layers with their selections made exact. Raises UnknownLayerError, UnknownStyleError."""
    return [_exact(registry.layer(selection.layer), selection) for selection in selections]


def _exact(layer: Layer, selection: Selection) -> tuple[Layer, Selection]:
    default = (layer.default_time,) if layer.default_time else ()
    exact = replace(selection, layer=layer.id, style=layer.style(selection.style), time=selection.time or default)
    # A selection that is narrowed already was asked with its dimensions (WMS); tiles ask for the default ones.
    if not layer.definition.other_dimensions or exact.filter is not None or exact.ranges:
        return layer, exact
    return layer, _by_default(layer, exact)


def _by_default(layer: Layer, selection: Selection) -> Selection:
    """The selection of the default of each dimension beside time that has one."""
    from layers.filters import both, property_is_one_of  # it brings pyarrow along: few layers have dimensions

    for declared in layer.definition.other_dimensions.values():
        if declared.default is None:
            continue
        if isinstance(layer.facts, VectorFacts) and declared.attribute:
            kinds = {field.name: field.type for field in layer.facts.fields}
            one_of = property_is_one_of(declared.attribute, declared.default.split(","), kinds[declared.attribute])
            selection = replace(selection, filter=both(one_of, selection.filter))
        elif declared.extent:
            half = float(declared.extent.split("/")[2]) / 2
            ends = [float(number) for number in declared.default.split("/")[:2]]
            selection = replace(selection, ranges=((ends[0] - half, ends[-1] + half),))
    return selection
