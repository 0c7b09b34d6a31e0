"""Arrow batches as GeoJSON (RFC 7946; other CRSs in the authority's axis order, OGC 18-058r1, 6.3)."""

from base64 import b64encode
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import orjson
import pyarrow as pa
import shapely

from layers.crs import is_geographic, north_first
from layers.sources.batch import geometry, ids, properties

DECIMALS = {True: 8, False: 4}
"""Decimals of coordinates: degrees, metres."""


def geojson(batches: Iterable[pa.RecordBatch], crs: str) -> tuple[bytes, int]:
    """A JSON array of the features, and how many; geometries come x first in `crs`."""
    parts, count = [], 0
    for batch in batches:
        parts.append(orjson.dumps(list(_features(batch, crs)), default=_other)[1:-1])
        count += batch.num_rows
    return b"[" + b",\n".join(part for part in parts if part) + b"]", count


def _features(batch: pa.RecordBatch, crs: str) -> Iterator[dict[str, Any]]:
    placed = _has_geometry(batch)
    columns = properties(batch, has_geometry=placed)
    rows = pa.RecordBatch.from_pydict(columns).to_pylist() if columns else [{}] * batch.num_rows
    for key, shape, row in zip(ids(batch).to_pylist(), _geometries(batch, crs, placed=placed), rows, strict=True):
        yield {
            "type": "Feature",
            "id": key,
            "geometry": None if shape is None else orjson.Fragment(shape),
            "properties": row,
        }


def _has_geometry(batch: pa.RecordBatch) -> bool:
    """True where the last column is the geometry; only that of a query that asked for none may be a field's."""
    last = batch.num_columns - 1
    return last > 0 and batch.schema.names[last] == "geometry" and bool(pa.types.is_binary(batch.column(last).type))


def _geometries(batch: pa.RecordBatch, crs: str, *, placed: bool) -> Iterable[str | None]:
    if not placed:
        return [None] * batch.num_rows
    shapes = shapely.from_wkb(geometry(batch).to_numpy(zero_copy_only=False))
    decimals, swapped = DECIMALS[is_geographic(crs)], north_first(crs)

    def written(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        rounded = np.round(coordinates, decimals)
        return rounded[:, [1, 0, *range(2, rounded.shape[1])]] if swapped else rounded

    high = shapely.has_z(shapes)
    out = shapes.copy()
    out[~high] = shapely.transform(shapes[~high], written)
    out[high] = shapely.transform(shapes[high], written, include_z=True)
    out[shapely.is_empty(out)] = None
    return shapely.to_geojson(out).tolist()  # type: ignore[no-any-return]


def _other(value: Any) -> str:
    """What JSON has no type for: bytes as base64, anything else as its text."""
    return b64encode(value).decode() if isinstance(value, bytes) else str(value)
