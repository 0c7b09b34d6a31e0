"""What styles ask and their MapLibre styles cannot say, for `garrigue check`."""

from collections.abc import Iterator

from layers.errors import Problem
from layers.registry import Layer, Registry
from layers.styles.load import style_of
from server.styles.style import said
from tiles.table import vector_grid


def untold(registry: Registry) -> Iterator[Problem]:
    """A warning for each thing, but those that the pictures have not either: these are told already."""
    for layer in registry.layers.values():
        if vector_grid(layer, registry) is not None:
            yield from _of_layer(layer)


def _of_layer(layer: Layer) -> Iterator[Problem]:
    declared = layer.definition.styles
    for name in layer.styles:
        known = {(warning.line, warning.what) for warning in style_of(layer, name).warnings}
        key, file = (f"styles.{name}", declared[name]) if declared else ("style", layer.definition.style or "default")
        for warning in said(layer, name).untold:
            if (warning.line, warning.what) not in known:
                message = f"{file}: {warning} (in vector tiles)"
                yield Problem(f"layers/{layer.theme}.yaml", None, layer.id, key, message)
