"""A copy of a vector layer for the time of a seeding job: in the grid's CRS, with the fields that its style reads.

Reprojecting features is most of what drawing them at a small scale costs, and every level would do it again. The copy
draws the same pictures: the features come in the same order, their vertices are transformed as the drawing would.
"""

from dataclasses import replace
from itertools import chain
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from layers.crs import BBox
from layers.errors import SourceError
from layers.facts import VectorFacts
from layers.query import FeatureQuery
from layers.registry import Layer, Registry
from tiles.grids import Grid
from tiles.picture import Block
from tiles.plan import Plan

LEVELS = 4
"""Levels from which a copy is worth while: it costs about as much as reading the features three times."""
BLOCKS = 32
REACH = 192
"""Pixels around a block from which symbols and labels may reach into it, with a tile's own buffer."""


def is_worthwhile(layer: Layer, tiling: Grid, todo: list[Block]) -> bool:
    """True where a copy saves more than it costs, and Mapnik would show the same from it."""
    many = len(todo) >= BLOCKS and len({block.z for block in todo}) >= LEVELS
    return many and isinstance(layer.facts, VectorFacts) and layer.crs != tiling.crs and _time_is_text(layer)


def _time_is_text(layer: Layer) -> bool:
    """Dates are compared by the source's own engine, which a copy is not."""
    if layer.definition.time is None:
        return True
    assert isinstance(layer.facts, VectorFacts)
    name = layer.definition.time.attribute
    return any(field.name == name and field.type in ("string", "integer") for field in layer.facts.fields)


def copied(registry: Registry, tiling: Grid, plan: Plan, todo: list[Block], file: Path) -> Registry:
    """The registry with the plan's layer read from a copy at `file`, made here. Raises SourceError."""
    layer = registry.layers[plan.layer]
    _write(layer, tiling, _fields(layer, plan.style), _box(tiling, todo, plan), file)
    return with_copy(registry, plan.layer, tiling, file)


def with_copy(registry: Registry, layer_id: str, tiling: Grid, file: Path) -> Registry:
    """The registry with a layer drawn from a copy that is there."""
    layer = registry.layers[layer_id]
    assert isinstance(layer.facts, VectorFacts)
    facts = replace(
        layer.facts, crs=tiling.crs, extent=layer.extent_in(tiling.crs), drawn=str(file), drawn_layer="copy"
    )
    source = layer.definition.source.model_copy(update={"encoding": None})
    definition = layer.definition.model_copy(update={"source": source})
    own = replace(layer, facts=facts, definition=definition, stamp=f"{layer.stamp}@{file.stem}")
    return replace(registry, layers=MappingProxyType({**registry.layers, layer_id: own}))


def _fields(layer: Layer, style: str) -> frozenset[str]:
    from layers.render import fields_of

    time = layer.definition.time
    return fields_of(layer, style) | ({time.attribute} if time and time.attribute else set())


def _box(tiling: Grid, todo: list[Block], plan: Plan) -> BBox | None:
    """The box that all blocks see, in the grid's CRS; None for the whole layer."""
    if plan.area is None:
        return None
    boxes = np.array([tiling.tiles_bbox(*block) for block in todo])
    margins = np.array([REACH * tiling.cell_sizes[block.z] for block in todo])
    left, bottom = (boxes[:, :2] - margins[:, None]).min(axis=0)
    right, top = (boxes[:, 2:] + margins[:, None]).max(axis=0)
    return float(left), float(bottom), float(right), float(top)


def _write(layer: Layer, tiling: Grid, fields: frozenset[str], box: BBox | None, file: Path) -> None:
    import pyarrow as pa
    from pyogrio.errors import DataSourceError
    from pyogrio.raw import write_arrow

    from layers.sources import open_features

    query = FeatureQuery(layer.id, tiling.crs, box, tiling.crs if box else None, properties=tuple(sorted(fields)))
    batches = open_features(layer).features(query)
    first = next(batches, None)
    if first is None:
        raise SourceError(f"layer {layer.id}: no features where tiles are to be made")
    sample = _plain(first)
    file.parent.mkdir(parents=True, exist_ok=True)
    file.unlink(missing_ok=True)
    reader = pa.RecordBatchReader.from_batches(sample.schema, chain([sample], map(_plain, batches)))
    try:
        write_arrow(
            reader, str(file), layer="copy", driver="GPKG", geometry_name="geometry", geometry_type="Unknown",
            crs=tiling.crs, layer_options={"FID": "garrigue_fid"},
        )  # fmt: skip
    except (DataSourceError, OSError) as error:
        raise SourceError(f"the copy of {layer.id} cannot be written at {file}: {error}") from None


def _plain(batch: Any) -> Any:
    """Properties and geometry, without what Arrow says of them besides."""
    import pyarrow as pa

    names = [name for name in batch.schema.names if name != "id"]
    columns = [batch.column(name) for name in names]
    at = names.index("geometry")
    columns[at] = columns[at].cast(pa.binary())
    return pa.RecordBatch.from_arrays(columns, names=names)
