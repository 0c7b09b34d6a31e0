"""GeoParquet (1.0, 1.1) through pyarrow: OGR's wheel has no Parquet. WKB geometry columns only."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import shapely

from layers import model
from layers.crs import CRS84, BBox
from layers.errors import SourceError
from layers.facts import Field, VectorFacts
from layers.sources.features import BATCH, Features, Plan
from layers.sources.geometry import shapes
from layers.sources.vector import check_attribute, common_type, crs_id_of, declared_crs, iso_times

_GEOS_TYPES = {"Point": 0, "LineString": 1, "Polygon": 3, "MultiPoint": 4, "MultiLineString": 5, "MultiPolygon": 6}


def describe(source: model.VectorSource, path: str, *, time_attribute: str | None = None) -> VectorFacts:
    """CRS, extent, geometry, fields, count of a GeoParquet file. Raises SourceError."""
    try:
        with pq.ParquetFile(path) as file:
            return _facts(source, path, file, time_attribute)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{source.vector}: cannot be read as Parquet: {error}"[:300]) from None


def _facts(source: model.VectorSource, path: str, file: Any, time_attribute: str | None) -> VectorFacts:
    name, column = _geometry_column(source.vector, file)
    fields = tuple(_fields(file.schema_arrow, name))
    check_attribute(source.key, fields, "key")
    check_attribute(time_attribute, fields, "time.attribute")
    kinds, has_z, bbox = _geometry(file, name, column)
    if source.key:
        _check_key(source.key, file)
    return VectorFacts(
        crs=_crs(source, column),
        extent=bbox,
        geometry=kinds,
        has_z=has_z,
        fields=fields,
        count=int(file.metadata.num_rows),
        driver="Parquet",
        path=path,
        layer=Path(path).stem,
        key=source.key,
        times=iso_times(_values(file, time_attribute)) if time_attribute else (),
    )


def _geometry_column(shown: str, file: Any) -> tuple[str, dict[str, Any]]:
    """Name and description of the primary geometry column."""
    try:
        geo = json.loads((file.schema_arrow.metadata or {})[b"geo"])
        name = str(geo["primary_column"])
        column = dict(geo["columns"][name])
    except (KeyError, ValueError, TypeError):
        raise SourceError(f"{shown}: is Parquet, but not GeoParquet: it has no `geo` metadata") from None
    if str(column.get("encoding", "WKB")).upper() != "WKB":
        raise SourceError(f"{shown}: its geometry is encoded as {column['encoding']}, only WKB is read")
    return name, column


def _crs(source: model.VectorSource, column: dict[str, Any]) -> str:
    if source.crs:
        return declared_crs(source.crs)
    if "crs" not in column:
        return CRS84
    if column["crs"] is None:
        raise SourceError(f"{source.vector}: the file does not tell its CRS: declare `crs: EPSG:…`")
    code = column["crs"].get("id") or {}
    if code:
        return crs_id_of(f"{code.get('authority')}:{code.get('code')}", source.vector)
    return crs_id_of(json.dumps(column["crs"]), source.vector)


def _fields(schema: Any, geometry: str) -> Iterator[Field]:
    for field in schema:
        covering = pa.types.is_struct(field.type) and field.name == "bbox"
        if field.name != geometry and not covering:
            yield Field(field.name, _type(field.type), nullable=field.nullable)


def _type(kind: Any) -> str:
    is_a = pa.types
    tests = (
        ("boolean", is_a.is_boolean),
        ("integer", is_a.is_integer),
        ("real", lambda k: is_a.is_floating(k) or is_a.is_decimal(k)),
        ("date", is_a.is_date),
        ("datetime", is_a.is_timestamp),
        ("time", is_a.is_time),
        ("binary", lambda k: is_a.is_binary(k) or is_a.is_large_binary(k)),
    )
    return next((name for name, test in tests if test(kind)), "string")


def _check_key(key: str, file: Any) -> None:
    column = file.read(columns=[key])[key]
    if column.null_count or pc.count_distinct(column).as_py() != len(column):
        raise SourceError(f"key: {key!r} does not tell features apart: a value is there twice or empty")


def _values(file: Any, name: str) -> list[Any]:
    return list(pc.unique(file.read(columns=[name])[name]).to_pylist())


def _geometry(file: Any, name: str, column: dict[str, Any]) -> tuple[str, bool, BBox]:
    """Type, Z and extent: as the file tells, else from the features."""
    told = [text.partition(" ") for text in column.get("geometry_types", [])]
    box = column.get("bbox") or []
    if told and len(box) in (4, 6):
        half = len(box) // 2
        kinds = common_type([_GEOS_TYPES.get(kind, 7) for kind, _, _ in told])
        return kinds, any("Z" in rest for _, _, rest in told), (box[0], box[1], box[half], box[half + 1])
    found: set[int] = set()
    has_z = False
    bounds = np.array([[np.inf, np.inf, -np.inf, -np.inf]])
    for batch in file.iter_batches(batch_size=BATCH, columns=[name]):
        shown = shapes(batch.column(0))
        found.update(np.unique(shapely.get_type_id(shown)).tolist())
        has_z = has_z or bool(shapely.has_z(shown).any())
        bounds = np.vstack([bounds, shapely.bounds(shown)])
    low, high = np.nanmin(bounds, axis=0), np.nanmax(bounds, axis=0)
    return common_type(found), has_z, (float(low[0]), float(low[1]), float(high[2]), float(high[3]))


class ParquetFeatures(Features):
    """A `FeatureSource` over GeoParquet: filters are decided here; a feature's id is its row, or the declared key."""

    dialect = "none"

    def _read(self, plan: Plan, _sql: str | None) -> Iterator[pa.RecordBatch]:
        try:
            with pq.ParquetFile(self.facts.path) as file:
                name, _ = _geometry_column(self.facts.path, file)
                columns = [*plan.columns, *([name] if plan.geometry else [])]
                yield from self._rows(file, columns, plan)
        except (pa.ArrowException, OSError) as error:
            raise SourceError(f"layer {self.layer_id}: cannot be read: {error}") from None

    def _rows(self, file: Any, columns: list[str], plan: Plan) -> Iterator[pa.RecordBatch]:
        start = 0
        if not columns:
            columns = [next(iter(self.types))] if self.types else columns
        for batch in file.iter_batches(batch_size=BATCH, columns=columns):
            fids = pa.array(np.arange(start, start + batch.num_rows))
            start += batch.num_rows
            # iter_batches keeps the file's order of columns, whatever the one asked.
            ordered = batch.select([*plan.columns, *([columns[-1]] if plan.geometry else [])])
            arrays = [fids, *ordered.columns]
            yield self._conformed(pa.RecordBatch.from_arrays(arrays, names=["#fid", *ordered.schema.names]), plan)
