"""Overviews: copies of a vector layer that its tiles are seeded from, in the grid's CRS, coarser for coarser levels.

Reprojecting features and reading what no pixel shows is most of what drawing small scales costs. Overviews draw the
same pictures, but for what a pixel cannot tell (`tiles.overview.generalise`), and are kept in the store (`store`).
"""

import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import numpy as np
from xxhash import xxh3_64_hexdigest

from layers.crs import BBox
from layers.facts import VectorFacts
from layers.query import Selection
from layers.registry import Layer, Registry
from tiles.grids import Grid
from tiles.limits import limits
from tiles.overview import store as overview_store
from tiles.overview.recipe import Keep, Recipe, recipe
from tiles.picture import Block
from tiles.seeding.plan import Plan

VERSION = "3"
"""Changes with the way in which overviews are made."""
BLOCKS, LEVELS = 32, 4
"""Blocks and levels from which overviews are worth while: they cost as much as reading the features four times."""
MANY = 20_000
"""Features from which they are where the data is in the grid's CRS already."""
REACH = 192
"""Pixels around a block from which symbols and labels may reach into it, with a tile's own buffer."""

type Files = Mapping[int, Path]
"""The file that a level is drawn from."""


@contextmanager
def overviews(registry: Registry, store: Path, plan: Plan, tiling: Grid, todo: list[Block]) -> Iterator[Files]:
    """The files to draw blocks from, made where they are missing and worth while; none where the source is drawn.

    Raises SourceError.
    """
    layer = registry.layers[plan.layer]
    folder = _folder(layer, store, plan, tiling, todo) if todo and _is_possible(layer, plan.style) else None
    if folder is None:
        yield {}
        return
    with overview_store.held(folder) as files:
        yield files


def drawn_from(registry: Registry, layer_id: str, tiling: Grid, file: Path) -> Registry:
    """The registry with a layer drawn from an overview."""
    from tiles.overview.files import NAME

    layer = registry.layers[layer_id]
    assert isinstance(layer.facts, VectorFacts)
    facts = replace(layer.facts, crs=tiling.crs, extent=layer.extent_in(tiling.crs), drawn=str(file), drawn_layer=NAME)
    source = layer.definition.source.model_copy(update={"encoding": None})
    definition = layer.definition.model_copy(update={"source": source})
    stamp = f"{layer.stamp}@{file.parent.name}/{file.stem}"
    own = replace(layer, facts=facts, definition=definition, stamp=stamp)
    return replace(registry, layers=MappingProxyType({**registry.layers, layer_id: own}))


def _folder(layer: Layer, store: Path, plan: Plan, tiling: Grid, todo: list[Block]) -> Path | None:
    recipes = _recipes(layer, plan.style, tiling)
    parent, kept = overview_store.place(store, layer.id, tiling.stored), _digest(layer, plan.style, tiling, recipes)
    box, fields = _box(tiling, todo, plan), _fields(layer, plan.style)
    found = overview_store.find(parent, f"{layer.data_stamp}-{kept}", box)
    if found or not _is_worthwhile(layer, tiling, todo):
        return found

    def write(wanted: BBox | None, folder: Path) -> dict[int, str]:
        return _write(layer, tiling, recipes, fields, wanted, folder)

    return overview_store.make(parent, layer.data_stamp, kept, box, write)


def _is_possible(layer: Layer, style: str) -> bool:
    """Where Mapnik would show the same from a copy: what is decided by the source's own engine it would not.

    A style that reads dates is drawn from the source: Mapnik leaves them out of a copy too.
    """
    from layers.sources.drawn import is_of_data

    if not isinstance(layer.facts, VectorFacts) or layer.definition.other_dimensions:
        return False
    if is_of_data(layer, Selection(layer.id, style)):
        return False
    if layer.definition.time is None:
        return True
    name = layer.definition.time.attribute
    return any(field.name == name and field.type in ("string", "integer") for field in layer.facts.fields)


def _is_worthwhile(layer: Layer, tiling: Grid, todo: list[Block]) -> bool:
    assert isinstance(layer.facts, VectorFacts)
    many = len(todo) >= BLOCKS and len({block.z for block in todo}) >= LEVELS
    return many and (layer.crs != tiling.crs or layer.facts.count >= MANY)


def _recipes(layer: Layer, style: str, tiling: Grid) -> dict[int, Recipe]:
    """By level; what is told apart at a level is told apart at finer ones too, which it is made from."""
    from layers.styles.load import look_for

    look = look_for(layer, Selection(layer.id, style))
    found: dict[int, Recipe] = {}
    told = Recipe(Keep.LOOK)
    for level in limits(layer, tiling):
        own = recipe(layer, look, tiling.shown_scale(level.z))
        told = told.joined(own)
        found[level.z] = Recipe(own.keep, told.splits)
    return found


def _digest(layer: Layer, style: str, tiling: Grid, recipes: Mapping[int, Recipe]) -> str:
    """Of what is kept: two styles that need the same have the same."""
    what = {
        "version": VERSION,
        "source": layer.definition.source.model_dump_json(),
        "fields": sorted(_fields(layer, style)),
        "crs": tiling.crs,
        "levels": [[z, tiling.cell_sizes[z], one.keep, sorted(one.splits.items())] for z, one in recipes.items()],
    }
    return xxh3_64_hexdigest(json.dumps(what).encode())


def _fields(layer: Layer, style: str) -> frozenset[str]:
    from layers.render import fields_of

    time = layer.definition.time
    return fields_of(layer, style) | ({time.attribute} if time and time.attribute else set())


def _box(tiling: Grid, todo: list[Block], plan: Plan) -> BBox | None:
    """The box that all blocks see, in the grid's CRS; None for the whole layer."""
    if plan.area is None:
        return None
    boxes = np.array([tiling.tiles_bbox(*block) for block in todo])
    margins = np.array([tiling.reach(block.z, REACH) for block in todo])
    left, bottom = (boxes[:, :2] - margins[:, None]).min(axis=0)
    right, top = (boxes[:, 2:] + margins[:, None]).max(axis=0)
    return float(left), float(bottom), float(right), float(top)


def _write(
    layer: Layer, tiling: Grid, recipes: Mapping[int, Recipe], fields: frozenset[str], box: BBox | None, folder: Path
) -> dict[int, str]:
    """The file's name of each level: its own, or that of a finer one where its own would hardly be smaller."""
    from tiles.overview.files import write_deep, write_level

    deep = folder / "deep.fgb"
    exact = Keep.ALL in {one.keep for one in recipes.values()}
    write_deep(layer, tiling.crs, fields, box, deep, 0.0 if exact else tiling.cell_sizes[max(recipes)])
    names: dict[int, str] = {}
    finest = dict.fromkeys(Keep, deep)
    for z in sorted(recipes, reverse=True):
        keep, file = recipes[z].keep, folder / f"{z}.fgb"
        if keep is not Keep.ALL and write_level(finest[keep], tiling.crs, recipes[z], tiling.cell_sizes[z], file):
            # a level that needs more cannot be made of it
            finest |= {other: file for other in Keep if other >= keep}
        names[z] = finest[keep].name
    return names
