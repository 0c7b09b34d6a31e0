"""Copies of vector data for drawing, as FlatGeobuf: where Mapnik cannot read the data itself (GeoParquet, curves), and
in other CRSs, since to reproject features takes as long as to draw them.

STORE/copies/{layer}-{stamp of the data}.fgb, …@{crs}.fgb; a copy of older data is not used, and is removed by the next
one.
"""

import os
from collections.abc import Mapping
from dataclasses import replace
from itertools import chain
from pathlib import Path
from typing import Any

from layers.errors import SourceError
from layers.facts import Facts, PostgisFacts, VectorFacts
from layers.query import FeatureQuery
from layers.registry import Layer

NAME = "copy"
DRAWN = ("GPKG", "FlatGeobuf", "ESRI Shapefile", "GeoJSON", "GeoJSONSeq")
"""The formats that Mapnik reads as we do."""

GEOMETRY = "garrigue_geometry"
"""A name that no field of the data has."""


def is_needed(facts: Facts) -> bool:
    """True where Mapnik does not draw the file itself."""
    return (
        isinstance(facts, VectorFacts)
        and not isinstance(facts, PostgisFacts)
        and (facts.curved or facts.driver not in DRAWN)
    )


def copy_path(store: Path, layer_id: str, data_stamp: str, crs: str = "") -> Path:
    """Where the copy of a layer's data is, or would be; in its own CRS, or in another one."""
    told = f"@{crs.replace(':', '').lower()}" if crs else ""
    return store.resolve() / "copies" / f"{layer_id}-{data_stamp}{told}.fgb"


def with_copy(facts: Facts, path: Path) -> Facts:
    """The facts, drawn from the copy where it is there."""
    if not isinstance(facts, VectorFacts) or not is_needed(facts):
        return facts
    return replace(facts, drawn=str(path) if path.exists() else "", drawn_layer=NAME)


def with_copies(facts: Facts, paths: Mapping[str, Path]) -> Facts:
    """The facts with those of the copies by CRS that are there."""
    copies = tuple((crs, str(path)) for crs, path in paths.items() if path.exists())
    return replace(facts, copies=copies) if isinstance(facts, VectorFacts) and facts.copies != copies else facts


def make(layer: Layer, store: Path, crs: str = "") -> Path:
    """Write the copy of a layer, in its own CRS or another one; copies of its older data are removed.

    Raises SourceError.
    """
    from pyogrio.errors import DataSourceError
    from pyogrio.raw import write_arrow

    assert isinstance(layer.facts, VectorFacts)
    path = copy_path(store, layer.id, layer.data_stamp, crs)
    part = path.with_suffix(f".{os.getpid()}.part.fgb")
    path.parent.mkdir(parents=True, exist_ok=True)
    found = plain_features(layer, FeatureQuery(layer.id, crs or layer.crs))
    if found is None:
        raise SourceError(f"layer {layer.id}: there are no features to copy")
    options = {"driver": "FlatGeobuf", "geometry_name": GEOMETRY, "geometry_type": "Unknown"}
    try:
        write_arrow(found, str(part), layer=NAME, crs=crs or layer.crs, **options)
        part.replace(path)
    except (DataSourceError, OSError) as error:
        raise SourceError(f"the copy of {layer.id} cannot be written at {path}: {error}") from None
    finally:
        part.unlink(missing_ok=True)
    for old in path.parent.glob(f"{layer.id}-*.fgb"):
        name, _, stamp = old.stem.partition("@")[0].rpartition("-")
        if name == layer.id and stamp != layer.data_stamp:
            old.unlink()
    return path


def plain_features(layer: Layer, query: FeatureQuery) -> Any:
    """Features as an Arrow stream without their ids, the geometry last; None where there are none."""
    import pyarrow as pa

    from layers.sources import open_features

    batches = open_features(layer).features(query)
    first = next(batches, None)
    if first is None:
        return None
    sample = _plain(first)
    return pa.RecordBatchReader.from_batches(sample.schema, chain([sample], map(_plain, batches)))


def _plain(batch: Any) -> Any:
    """Properties and geometry only, of what has one: the id is a batch's first column, the geometry its last."""
    import pyarrow as pa

    batch = batch.filter(batch.columns[-1].is_valid())
    columns = [*batch.columns[1:-1], batch.columns[-1].cast(pa.binary())]
    return pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names[1:-1], GEOMETRY])
