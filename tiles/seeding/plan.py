"""What to seed, block by block: the tiles of a layer on a grid, within levels and an area."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from xxhash import xxh3_64_hexdigest

from layers.errors import GarrigueError
from layers.registry import Layer, Registry
from tiles.address import VECTOR, TileAddress
from tiles.area import Area, AreaError, read_area
from tiles.grids import Grid, GridError, grid
from tiles.limits import LevelLimits, limits, vector_limits
from tiles.picture import Block
from tiles.stamp import tile_stamp, vector_stamp
from tiles.table import layer_grid, layer_grids, vector_grid

SIDE = 8
"""Tiles of a block's side: one drawing, one transaction, and always within one archive."""


class LevelError(GarrigueError):
    """Levels that are not numbers, or none of the layer's."""


class NoVectorTilesError(GarrigueError):
    """A layer that has no vector tiles, with why."""


@dataclass(frozen=True, slots=True)
class Deep:
    """Levels from `first` on are made inside `area` only."""

    first: int
    area: Area


@dataclass(frozen=True, slots=True)
class Plan:
    """Tiles of one layer, style, time and grid; areas are in the grid's CRS, `area` None for all that the layer has."""

    layer: str
    style: str
    time: str
    grid: str
    stamp: str
    levels: tuple[LevelLimits, ...]
    area: Area | None
    warnings: tuple[str, ...] = ()
    deep: Deep | None = None

    @property
    def id(self) -> str:
        """The same for the same work: names, levels, areas, and what the tiles depend on."""
        area = _wkb(self.area) + (str(self.deep.first).encode() + _wkb(self.deep.area) if self.deep else b"")
        names = "|".join((self.layer, self.style, self.time, self.grid, self.stamp, *map(str, self.levels)))
        return xxh3_64_hexdigest(names.encode() + area)

    def area_at(self, z: int) -> Area | None:
        """Where tiles of a level are made; None for everywhere."""
        if self.deep is None or z < self.deep.first:
            return self.area
        if self.area is None:
            return self.deep.area
        return Area(shapely.intersection(self.area.geometry, self.deep.area.geometry), self.area.crs)

    def address(self, z: int, x: int, y: int) -> TileAddress:
        """The address of a tile."""
        return TileAddress(self.layer, self.style, self.time, self.grid, z, x, y)


def make_vector_plans(
    registry: Registry,
    layer_id: str,
    *,
    grids: Sequence[str] = (),
    time: str = "",
    levels: tuple[int, int] | None = None,
    area: Area | None = None,
    deep: Deep | None = None,
) -> list[Plan]:
    """The same for the vector tiles of a layer, made in one go: with a deep area that of its levels is another.

    `grids` are those asked, of which there is one. Raises NoVectorTilesError besides.
    """
    whole = make_vector_plan(registry, layer_id, time=time, levels=levels, area=area)
    for name in grids:
        if grid(name, registry.config).stored != grid(whole.grid, registry.config).stored:
            raise NoVectorTilesError(f"the vector tiles of {layer_id} are on the grid {whole.grid}, not on {name!r}")
    if deep is None:
        return [whole]
    first, last = whole.levels[0].z, whole.levels[-1].z
    joined = replace(whole, deep=Deep(deep.first, deep.area.to(grid(whole.grid, registry.config).crs)))
    parts = [(first, min(deep.first - 1, last)), (max(deep.first, first), last)]
    found = ((part, joined.area_at(part[0])) for part in parts if part[0] <= part[1])
    return [
        make_vector_plan(registry, layer_id, time=time, levels=part, area=where)
        for part, where in found
        if where is None or not shapely.is_empty(where.geometry)
    ]


def make_vector_plan(
    registry: Registry,
    layer_id: str,
    *,
    time: str = "",
    levels: tuple[int, int] | None = None,
    area: Area | None = None,
) -> Plan:
    """The same for the vector tiles of a layer, which have one grid and no style. Raises NoVectorTilesError besides."""
    layer = registry.layer(layer_id)
    tiling = vector_grid(layer, registry)
    if tiling is None:
        raise NoVectorTilesError(_why_none(layer))
    chosen, told = _levels(layer, tiling, vector_limits(layer, tiling), levels)
    where = area.to(tiling.crs) if area else None
    if where:
        _meets(layer, tiling, where)
        told += where.warnings
    return Plan(layer.id, VECTOR, _time(layer, time), tiling.id, vector_stamp(layer), chosen, where, told)


def _why_none(layer: Layer) -> str:
    if not layer.is_vector:
        return f"the layer {layer.id} has no features of which vector tiles could be made"
    if layer.definition.tiles.vector is False:
        return f"the layer {layer.id} is declared without vector tiles (tiles.vector: false)"
    return f"the layer {layer.id} is on no grid of Web Mercator (tiles.grids: [PM]), the one of vector tiles"


def _wkb(area: Area | None) -> bytes:
    return bytes(shapely.to_wkb(shapely.normalize(area.geometry))) if area else b""


def make_plan(
    registry: Registry,
    layer_id: str,
    *,
    grid_name: str | None = None,
    style: str = "",
    time: str = "",
    levels: tuple[int, int] | None = None,
    area: Area | None = None,
    deep: Deep | None = None,
) -> Plan:
    """Check names and cut levels and area to what the layer has.

    Raises UnknownLayerError, UnknownStyleError, GridError, LevelError, AreaError.
    """
    layer = registry.layer(layer_id)
    tiling = _grid(layer, registry, grid_name)
    chosen, told = _levels(layer, tiling, limits(layer, tiling), levels)
    name = layer.style(style)
    where, depth = area.to(tiling.crs) if area else None, Deep(deep.first, deep.area.to(tiling.crs)) if deep else None
    for one in (where, depth.area if depth else None):
        if one:
            _meets(layer, tiling, one)
            told += one.warnings
    return Plan(layer.id, name, _time(layer, time), tiling.id, tile_stamp(layer, name), chosen, where, told, depth)


def read_levels(text: str) -> tuple[int, int]:
    """ "12-20" or "14". Raises LevelError."""
    match = re.fullmatch(r"([0-9]{1,2})(?:-([0-9]{1,2}))?", text.strip())
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
    if not first <= last <= 30:
        raise LevelError(f'levels are written "first-last", as in 12-20, not {text!r}')
    return first, last


def read_deep(text: str, registry: Registry | None = None) -> Deep:
    """ "20:AREA": levels from 20 on are made inside the area only. Raises LevelError, AreaError."""
    first, colon, area = text.partition(":")
    if not (colon and first.strip().isdigit() and area):
        raise LevelError(f"a deep area is written LEVEL:AREA, as in 20:centres.gpkg, not {text!r}")
    return Deep(int(first), read_area(area, registry))


def blocks(plan: Plan, tiling: Grid) -> Iterator[Block]:
    """The blocks of a plan, upper levels first: rectangles of at most 8 × 8 tiles that the area touches."""
    for level in plan.levels:
        area = plan.area_at(level.z)
        inside = _inside(level, tiling, area)
        if inside is None:
            continue
        for y in range(inside.y0 - inside.y0 % SIDE, inside.y1 + 1, SIDE):
            row = [
                Block(level.z, max(x, inside.x0), max(y, inside.y0), min(x + SIDE - 1, inside.x1), _end(y, inside))
                for x in range(inside.x0 - inside.x0 % SIDE, inside.x1 + 1, SIDE)
            ]
            yield from row if area is None else _touching(row, tiling, area.geometry)


def _end(y: int, inside: LevelLimits) -> int:
    return min(y + SIDE - 1, inside.y1)


def _touching(row: list[Block], tiling: Grid, geometry: shapely.Geometry) -> Iterator[Block]:
    shapely.prepare(geometry)
    boxes = np.array([tiling.tiles_bbox(*block) for block in row])
    touched = shapely.intersects(geometry, shapely.box(*boxes.T))
    yield from (block for block, yes in zip(row, touched, strict=True) if yes)


def _inside(level: LevelLimits, tiling: Grid, area: Area | None) -> LevelLimits | None:
    if area is None:
        return level
    if shapely.is_empty(area.geometry):
        return None
    found = tiling.tile_range(tuple(shapely.bounds(area.geometry)), level.z)
    if found is None:
        return None
    x0, y0 = max(found[0], level.x0), max(found[1], level.y0)
    x1, y1 = min(found[2], level.x1), min(found[3], level.y1)
    return LevelLimits(level.z, x0, y0, x1, y1) if x0 <= x1 and y0 <= y1 else None


def _grid(layer: Layer, registry: Registry, name: str | None) -> Grid:
    own = layer_grids(layer, registry)
    if name is None:
        if not own:
            raise GridError(f"the layer {layer.id} is on none of its grids")
        return own[0]
    found = layer_grid(layer, registry, name)
    if found is None:
        grid(name, registry.config)
        raise GridError(f"the layer {layer.id} has no grid {name!r}; it has {', '.join(item.id for item in own)}")
    return found


def _levels(
    layer: Layer, tiling: Grid, own: tuple[LevelLimits, ...], asked: tuple[int, int] | None
) -> tuple[tuple[LevelLimits, ...], tuple[str, ...]]:
    if asked is None:
        return own, ()
    chosen = tuple(level for level in own if asked[0] <= level.z <= asked[1])
    told = f"{layer.id} has levels {own[0].z} to {own[-1].z} on {tiling.id}"
    if not chosen:
        raise LevelError(f"{told}, none of {asked[0]} to {asked[1]}")
    cut = asked[0] < own[0].z or asked[1] > own[-1].z
    return chosen, (f"{told}: {asked[0]}-{asked[1]} is cut to {chosen[0].z}-{chosen[-1].z}",) if cut else ()


def _time(layer: Layer, asked: str) -> str:
    if not layer.times:
        if asked:
            raise LevelError(f"the layer {layer.id} has no time")
        return ""
    if asked in ("", "default"):
        return layer.default_time or ""
    if asked not in layer.times:
        raise LevelError(f"the layer {layer.id} has no time {asked!r}; it has {', '.join(layer.times)}")
    return asked


def _meets(layer: Layer, tiling: Grid, area: Area) -> None:
    extent = layer.extent_in(tiling.crs)
    if not shapely.intersects(area.geometry, shapely.box(*extent)):
        places = [", ".join(f"{value:.6g}" for value in box) for box in (shapely.bounds(area.geometry), extent)]
        raise AreaError(
            f"the area is off the layer {layer.id}: it spans {places[0]}, the layer {places[1]} ({tiling.crs})"
        )
