"""The tiles of a registry as a plain table: what the front must know to answer or refuse a tile by itself."""

from typing import Any, NamedTuple

from layers.registry import Layer, Registry
from tiles.format import tile_format
from tiles.grids import Grid, GridError, doubled, grid, grids
from tiles.limits import limits, vector_limits
from tiles.stamp import tile_stamp, vector_stamp


class MatrixSet(NamedTuple):
    """A grid by one of its names. Clients that know EPSG:3857 without asking write its levels `EPSG:3857:{z}`."""

    name: str
    grid: Grid

    def matrix(self, z: int) -> str:
        """The identifier of a level."""
        return f"{self.name}:{z}" if ":" in self.name else str(z)


def layer_grids(layer: Layer, registry: Registry) -> tuple[Grid, ...]:
    """The grids of a layer as declared, in order, those left out whose CRS its extent cannot reach."""
    return tuple(dict.fromkeys(item.grid for item in matrix_sets(layer, registry)))


def matrix_sets(layer: Layer, registry: Registry) -> tuple[MatrixSet, ...]:
    """The grids of a layer by the names that it declares, in order: one grid may be there by several names."""
    found = (MatrixSet(name, grid(name, registry.config)) for name in dict.fromkeys(layer.definition.tiles.grids))
    return tuple(item for item in found if limits(layer, item.grid))


def layer_grid(layer: Layer, registry: Registry, name: str) -> Grid | None:
    """The grid of a name as asked, if the layer has it or one that shares its tiles; None otherwise."""
    try:
        asked = grid(name, registry.config)
    except GridError:
        return None
    return asked if any(item.stored == asked.stored for item in layer_grids(layer, registry)) else None


def tile_table(registry: Registry) -> dict[str, Any]:
    """JSON: `prefix` of layer names, `grids` (by id, for Grid.from_json) and `layers`, each with

    name, theme, access (groups), styles, times, default_time, extensions, media_type, stamps (by style),
    limits: {stored grid: {level: [x0, y0, x1, y1]}}, and vector: {stamp, limits: {level: [x0, y0, x1, y1]}}.
    """
    layers = {layer.id: _entry(layer, registry) for layer in registry.layers.values()}
    used = {item for layer in registry.layers.values() for item in layer_grids(layer, registry)}
    return {
        "prefix": f"{registry.service.namespace.prefix}:",
        "grids": {item.id: item.to_json() for item in _siblings(used, registry)},
        "layers": layers,
    }


def _entry(layer: Layer, registry: Registry) -> dict[str, Any]:
    kind = tile_format(layer)
    return {
        "name": layer.name,
        "theme": layer.theme,
        "access": list(layer.definition.access),
        "styles": list(layer.styles),
        "times": list(layer.times),
        "default_time": layer.default_time or "",
        "extensions": list(kind.extensions),
        "media_type": kind.media_type,
        "stamps": {style: tile_stamp(layer, style) for style in layer.styles},
        "limits": _limits(layer, registry),
        "vector": _vector(layer, registry),
    }


def vector_grid(layer: Layer, registry: Registry) -> Grid | None:
    """The Web Mercator grid of a layer's vector tiles; None where it has none."""
    if not layer.is_vector or layer.definition.tiles.vector is False:
        return None
    return next((item for item in layer_grids(layer, registry) if item.stored == "PM"), None)


def _vector(layer: Layer, registry: Registry) -> dict[str, Any]:
    tiling = vector_grid(layer, registry)
    levels = vector_limits(layer, tiling) if tiling else ()
    return {"stamp": vector_stamp(layer), "limits": {str(level.z): list(level[1:]) for level in levels}}


def _limits(layer: Layer, registry: Registry) -> dict[str, dict[str, list[int]]]:
    found: dict[str, dict[str, list[int]]] = {}
    for item in layer_grids(layer, registry):
        found.setdefault(item.stored, {}).update({str(level.z): list(level[1:]) for level in limits(layer, item)})
    return found


def _siblings(used: set[Grid], registry: Registry) -> list[Grid]:
    stored = {item.stored for item in used}
    known = (item for single in grids(registry.config).values() for item in (single, doubled(single)))
    return [item for item in known if item.stored in stored]
