"""Names that stand for several layers: a theme is a group that draws its layers, where no layer has its name."""

from collections.abc import Iterable

from layers.facts import RasterFacts, VectorFacts
from layers.registry import Layer, Registry

_HEIGHT = {"Polygon": 1, "MultiPolygon": 1, "Unknown": 1, "LineString": 2, "MultiLineString": 2}
_ABOVE_ALL = 3


def by_theme(layers: Iterable[Layer]) -> dict[str, list[Layer]]:
    """Layers by their theme, in the order in which they are listed."""
    found: dict[str, list[Layer]] = {}
    for layer in layers:
        found.setdefault(layer.theme, []).append(layer)
    return found


def layer_names(registry: Registry) -> set[str]:
    """Every name that stands for one layer."""
    return {*registry.layers, *(layer.name for layer in registry.layers.values())}


def group_names(registry: Registry, theme: str | None) -> list[str]:
    """Themes that are groups."""
    taken = layer_names(registry)
    return [name for name in by_theme(registry.in_theme(theme)) if name not in taken]


def members(registry: Registry, theme: str | None, name: str) -> tuple[Layer, ...] | None:
    """The layers of a group from the lowest to the highest, or None where the name is none of a group's."""
    if name not in registry.themes or theme not in (None, name) or name in layer_names(registry):
        return None
    return tuple(sorted(registry.in_theme(name), key=_height)) or None


def _height(layer: Layer) -> int:
    """Pictures lie below areas, areas below lines, lines below points."""
    if isinstance(layer.facts, VectorFacts):
        return _HEIGHT.get(layer.facts.geometry, _ABOVE_ALL)
    return 0 if isinstance(layer.facts, RasterFacts) else -1
