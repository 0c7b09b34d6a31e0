"""The files of overviews: FlatGeobuf in a grid's CRS, read and written batch by batch, shapes made by threads."""

import os
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import chain
from pathlib import Path

import numpy as np
import pyarrow as pa
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import open_arrow, read_arrow, write_arrow

from layers.crs import BBox
from layers.errors import SourceError
from layers.query import FeatureQuery
from layers.registry import Layer
from layers.sources import open_features
from layers.sources.geometry import move
from layers.sources.geometry import shapes as decoded
from tiles.overview.generalise import generalised, simplified
from tiles.overview.occupied import Occupied
from tiles.overview.recipe import Recipe

GEOMETRY = "garrigue_geometry"
"""A name that no field of the data has."""
NAME = "overview"
BATCH = 32_768
"""Features of a batch: with their shapes some tens of megabytes. The file keeps neighbours together."""
SAMPLE = 10_000
GAIN = 0.85
"""What a file must be of the one that it is made from: else it is not worth its place."""


def write_deep(
    layer: Layer, crs: str, fields: frozenset[str], box: BBox | None, file: Path, pixel: float = 0.0
) -> None:
    """All features that a box (in the CRS) meets, with the fields that are drawn by, and where they are (`Occupied`).

    Shapes are as simple as pixels of a size (units of the CRS) show them; 0 leaves them as they are.
    Raises SourceError.
    """
    query = FeatureQuery(layer.id, layer.crs, box, crs if box else None, properties=tuple(sorted(fields)))
    occupied = Occupied(box or layer.extent_in(crs))

    def plain(batch: pa.RecordBatch) -> pa.RecordBatch:
        return _plain(batch, layer.crs, crs, occupied, pixel)

    if not _write(_parallel(plain, open_features(layer).features(query)), crs, file):
        raise SourceError(f"layer {layer.id}: no features where tiles are to be made")
    try:
        occupied.save(file.parent)
    except OSError as error:
        raise SourceError(f"an overview cannot be written at {file.parent}: {error.strerror}") from None


def write_level(finer: Path, crs: str, recipe: Recipe, pixel: float, file: Path) -> bool:
    """A file made of a finer one for pixels of a size (units of the CRS); False where it is not worth while.

    Raises SourceError.
    """
    if not _is_worthwhile(finer, recipe, pixel):
        return False
    with open_arrow(str(finer), batch_size=BATCH, use_pyarrow=True) as (_, reader):
        return _write(_parallel(lambda batch: generalised(batch, recipe, pixel), _read_batches(reader)), crs, file)


def _is_worthwhile(finer: Path, recipe: Recipe, pixel: float) -> bool:
    """By features from the middle of the file."""
    count = _count(finer)
    _, table = read_arrow(str(finer), skip_features=max(0, (count - SAMPLE) // 2), max_features=SAMPLE)
    before = next(_read_batches(table.combine_chunks().to_batches()), None)
    return before is not None and _size(generalised(before, recipe, pixel)) < GAIN * _size(before)


def _count(file: Path) -> int:
    from pyogrio import read_info

    return int(read_info(str(file), force_feature_count=True)["features"])


def _size(batch: pa.RecordBatch) -> int:
    """What drawing costs, in bytes of shapes: a feature costs as much as a small one's shape has."""
    return sum(len(shape) + 96 for shape in batch.columns[-1].to_pylist())


def _plain(batch: pa.RecordBatch, source: str, target: str, occupied: Occupied, pixel: float) -> pa.RecordBatch:
    """In another CRS, without ids and heights: the id is a batch's first column, the geometry its last."""
    shapes = move(shapely.force_2d(decoded(batch.columns[-1])), source, target)
    there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    shapes = shapes[there]
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    occupied.add(bounds)
    if pixel:
        shapes = simplified(shapes, bounds, pixel)
    wkb = pa.array(shapely.to_wkb(shapes, output_dimension=2, flavor="iso"), pa.binary())
    columns = [*batch.take(pa.array(there)).columns[1:-1], wkb]
    return pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names[1:-1], GEOMETRY])


def _read_batches(batches: Iterable[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """As they were written: FlatGeobuf does not keep the geometry's name; it comes last."""
    for batch in batches:
        columns = [*batch.columns[:-1], batch.columns[-1].cast(pa.binary())]
        yield pa.RecordBatch.from_arrays(columns, names=[*batch.schema.names[:-1], GEOMETRY])


def _parallel(
    make: Callable[[pa.RecordBatch], pa.RecordBatch], batches: Iterable[pa.RecordBatch]
) -> Iterator[pa.RecordBatch]:
    """What is made of each batch, in their order, a few at a time: GEOS works without Python's lock."""
    workers = os.cpu_count() or 1
    waiting: deque[Future[pa.RecordBatch]] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for batch in batches:
            waiting.append(pool.submit(make, batch))
            if len(waiting) > workers:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()


def _write(batches: Iterator[pa.RecordBatch], crs: str, file: Path) -> bool:
    first = next((batch for batch in batches if batch.num_rows), None)
    if first is None:
        return False
    reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
    try:
        write_arrow(
            reader, str(file), layer=NAME, driver="FlatGeobuf", geometry_name=GEOMETRY, geometry_type="Unknown", crs=crs
        )
    except (DataSourceError, DataLayerError, OSError) as error:
        raise SourceError(f"an overview cannot be written at {file}: {error}") from None
    return True
