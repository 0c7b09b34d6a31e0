"""The features of a layer as tippecanoe reads them: a FlatGeobuf in degrees, longitude first, with plain values."""

from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

from layers.crs import CRS84, BBox
from layers.errors import SourceError
from layers.query import FeatureQuery
from layers.registry import Layer
from tiles.vector.fields import Labels, vector_fields


def write_features(layer: Layer, time: str, box: BBox | None, file: Path) -> bool:
    """Write the features that meet a box (degrees; None for all); False where there is none. Raises SourceError."""
    import pyarrow as pa

    batches = _batches(layer, time, box)
    first = next(batches, None)
    if first is None:
        return False
    _write(pa.RecordBatchReader.from_batches(first.schema, chain([first], batches)), layer.id, "Unknown", file)
    return True


def write_labels(labels: Labels, features: Path, file: Path) -> None:
    """Write a point within each feature that was written, with the fields that are asked there. Raises SourceError."""
    import pyarrow as pa
    from pyogrio.raw import open_arrow

    names = [field.name for field in labels.fields]
    with open_arrow(features, columns=names, batch_size=20_000, use_pyarrow=True) as (_, reader):
        first = _points(reader.read_next_batch(), names)
        rest = (_points(batch, names) for batch in reader)
        _write(pa.RecordBatchReader.from_batches(first.schema, chain([first], rest)), labels.name, "Point", file)


def _points(batch: Any, names: list[str]) -> Any:
    import pyarrow as pa
    import shapely

    shapes = shapely.from_wkb(batch.column("wkb_geometry").to_numpy(zero_copy_only=False))
    points = pa.array(shapely.to_wkb(shapely.point_on_surface(shapes)), pa.binary())
    return pa.RecordBatch.from_arrays([*(batch.column(name) for name in names), points], names=[*names, "geometry"])


def _write(reader: Any, name: str, kind: str, file: Path) -> None:
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyogrio.raw import write_arrow

    file.unlink(missing_ok=True)
    try:
        write_arrow(
            reader, str(file), layer=name, driver="FlatGeobuf", geometry_name="geometry", geometry_type=kind,
            crs="EPSG:4326", layer_options={"SPATIAL_INDEX": "NO"},
        )  # fmt: skip
    except (DataSourceError, DataLayerError, OSError) as error:
        raise SourceError(f"the features of {name} cannot be copied to {file}: {error}") from None


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
