"""The features of a layer as tippecanoe reads them: a FlatGeobuf in degrees, longitude first, with plain values."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from layers.crs import CRS84, BBox
from layers.errors import SourceError
from layers.query import FeatureQuery
from layers.registry import Layer
from tiles.vector_info import vector_fields


def write_features(layer: Layer, time: str, box: BBox | None, file: Path) -> bool:
    """Write the features that meet a box (degrees; None for all); False where there is none. Raises SourceError."""
    import pyarrow as pa
    from pyogrio.errors import DataSourceError
    from pyogrio.raw import write_arrow

    batches = _batches(layer, time, box)
    first = next(batches, None)
    if first is None:
        return False
    file.unlink(missing_ok=True)
    reader = pa.RecordBatchReader.from_batches(first.schema, chain([first], batches))
    try:
        write_arrow(
            reader, str(file), layer=layer.id, driver="FlatGeobuf", geometry_name="geometry", geometry_type="Unknown",
            crs="EPSG:4326", layer_options={"SPATIAL_INDEX": "NO"},
        )  # fmt: skip
    except (DataSourceError, OSError) as error:
        raise SourceError(f"the features of {layer.id} cannot be copied to {file}: {error}") from None
    return True


def _batches(layer: Layer, time: str, box: BBox | None) -> Iterator[Any]:
    from layers.sources import open_features

    names = tuple(field.name for field in vector_fields(layer))
    times = (time,) if time else ()
    query = FeatureQuery(layer.id, CRS84, box, CRS84 if box else None, properties=names, time=times)
    for batch in open_features(layer).features(query):
        plain = _plain(batch)
        if plain.num_rows:
            yield plain


def _plain(batch: Any) -> Any:
    """Properties that tiles can hold, and geometries that are there."""
    import pyarrow as pa
    import pyarrow.compute as pc

    from layers.sources.batch import geometry, properties

    columns = {name: _value(column) for name, column in properties(batch, has_geometry=True).items()}
    columns["geometry"] = geometry(batch).cast(pa.binary())
    found = pa.RecordBatch.from_arrays(list(columns.values()), names=list(columns))
    return found.filter(pc.is_valid(columns["geometry"]))


def _value(column: Any) -> Any:
    """Numbers, booleans and text as they are; dates and times as ISO 8601 writes them."""
    import pyarrow as pa
    import pyarrow.compute as pc

    kind = column.type
    if pa.types.is_boolean(kind) or pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return column
    if pa.types.is_timestamp(kind):
        zone = "Z" if kind.tz else ""
        return pc.strftime(column.cast(pa.timestamp("s", tz=kind.tz), safe=False), f"%Y-%m-%dT%H:%M:%S{zone}")
    if pa.types.is_date(kind) or pa.types.is_time(kind) or pa.types.is_large_string(kind):
        return column.cast(pa.string())
    return column
