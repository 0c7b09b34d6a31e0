"""Features as files to download: written aside by OGR or pyarrow, batch by batch, sent, and deleted.

Nothing larger than a batch is held in memory, whatever the size of the file.
"""

import json
import tempfile
import zipfile
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely
from pyogrio import set_gdal_config_options
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import write_arrow

from layers.crs import CRS84, proj_crs
from layers.errors import SourceError
from layers.facts import VectorFacts
from layers.sources.batch import geometry, ids, properties
from layers.sources.geometry import shapes
from server.wfs.by_geometry import by_geometry
from server.wfs.shapefile import short_names
from server.wfs.values import texts

CHUNK = 256 * 1024
_UNQUOTED = str.maketrans(dict.fromkeys('"<>&', "_"))


@dataclass(frozen=True, slots=True)
class Features:
    """What goes into a file: batches as a source gives them, in a CRS, of a layer."""

    batches: Iterable[pa.RecordBatch]
    facts: VectorFacts
    crs: str
    layer: str
    fields: tuple[str, ...]
    has_geometry: bool


def sent(parts: Sequence[Features], write: Callable[..., Path]) -> Iterator[bytes]:
    """The bytes of the file that `write` makes; the file is gone at the end, and when nobody reads on.

    `write` takes the first part, a folder, and more parts where its format has tables.
    """
    features, *more = parts
    with tempfile.TemporaryDirectory(prefix="garrigue-wfs-") as folder:
        try:
            path = write(features, Path(folder), *more)
        except (DataSourceError, DataLayerError, OSError, pa.ArrowException) as error:
            raise SourceError(f"layer {features.layer}: cannot be written: {error}") from None
        with path.open("rb") as file:
            while chunk := file.read(CHUNK):
                yield chunk


def geopackage(features: Features, folder: Path, *more: Features) -> Path:
    """A GeoPackage with a table for each part."""
    path = folder / f"{features.layer}.gpkg"
    for part in (features, *more):
        _ogr(part, path, "GPKG", kept=("binary",))
    return path


def flatgeobuf(features: Features, folder: Path) -> Path:
    """A FlatGeobuf with its index; what has no place is not in the index, and so not in the file."""
    return _ogr(features, folder / f"{features.layer}.fgb", "FlatGeobuf", kept=("binary",), placed=True)


def kml(features: Features, folder: Path) -> Path:
    """KML 2.2, in degrees; a feature without a field that is called so has its id as its name."""
    # OGR writes names into attributes as they are, and by default refuses a polygon that crosses itself.
    names = {name: name.translate(_UNQUOTED) for name in features.fields}
    set_gdal_config_options({"LIBKML_STRICT_COMPLIANCE": False})
    named = "" if "name" in {name.lower() for name in features.fields} else "Name"
    return _ogr(features, folder / f"{features.layer}.kml", "LIBKML", names=names, named=named)


def spreadsheet(features: Features, folder: Path, driver: str) -> Path:
    """A sheet with the properties, and the geometry as text where it is a point's two numbers."""
    path = folder / f"{features.layer}.{driver.lower()}"
    reader = _reader(features, (), as_text=True)
    write_arrow(reader, path, driver=driver, layer=features.layer)
    return path


def xlsx(features: Features, folder: Path) -> Path:
    """A workbook of Office Open XML."""
    return spreadsheet(features, folder, "XLSX")


def ods(features: Features, folder: Path) -> Path:
    """A workbook of OpenDocument."""
    return spreadsheet(features, folder, "ODS")


def shapefile(features: Features, folder: Path) -> Path:
    """A zip with a Shapefile for each type of geometry, in UTF-8 (.cpg), and a table of the names that do not fit."""
    names = short_names([id_name(features.fields), *features.fields])
    inside = folder / "shp"
    inside.mkdir()
    for part in by_geometry(features, folder):
        _ogr(part, inside / f"{part.layer}.shp", "ESRI Shapefile", names=names)
    table = "".join(f'"{name.replace(chr(34), chr(34) * 2)}",{short}\n' for name, short in names.items())
    (inside / "fields.csv").write_text(f"name,field\n{table}", encoding="utf-8")
    path = folder / f"{features.layer}.zip"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        for file in sorted(inside.iterdir()):
            archive.write(file, file.name)
    return path


def geoparquet(features: Features, folder: Path) -> Path:
    """GeoParquet 1.1 with WKB."""
    import pyarrow.parquet as pq

    path = folder / f"{features.layer}.parquet"
    reader = _reader(features, ("binary", "time"))
    crs = None if features.crs == CRS84 else json.loads(proj_crs(features.crs).to_json())
    column = {"encoding": "WKB", "geometry_types": []} | ({"crs": crs} if crs else {})
    name = _geometry_name(features.fields)
    geo = {"version": "1.1.0", "primary_column": name, "columns": {name: column}}
    schema = reader.schema.with_metadata({"geo": json.dumps(geo)} if features.has_geometry else None)
    with pq.ParquetWriter(path, schema, compression="zstd") as writer:
        for batch in reader:
            writer.write_batch(batch)
    return path


def id_name(fields: Iterable[str]) -> str:
    """The name of the column with the features' ids, one that no field has."""
    taken = {field.lower() for field in fields}
    return next(name for name in ("id", "gml_id", "feature_id", "_id") if name not in taken)


def _geometry_name(fields: Iterable[str]) -> str:
    taken = {field.lower() for field in fields}
    return next(name for name in ("geometry", "geom", "the_geom", "_geometry") if name not in taken)


def _ogr(
    features: Features,
    path: Path,
    driver: str,
    *,
    kept: tuple[str, ...] = (),
    names: dict[str, str] | None = None,
    placed: bool = False,
    named: str = "",
) -> Path:
    name = _geometry_name(features.fields)
    reader = _reader(features, kept, names=names, without=_WITHOUT.get(driver, ()), placed=placed, named=named)
    options: dict[str, Any] = {"layer_options": {"ENCODING": "UTF-8"}} if driver == "ESRI Shapefile" else {}
    if features.has_geometry:
        kind = f"{features.facts.geometry} Z" if features.facts.has_z else features.facts.geometry
        options |= {"geometry_name": name, "geometry_type": kind, "crs": features.crs}
    write_arrow(reader, path, driver=driver, layer=features.layer, append=path.exists(), **options)
    return path


_WITHOUT = {"ESRI Shapefile": ("moment", "boolean", "vast"), "LIBKML": ("moment", "boolean", "date")}
"""Types that a format has not, or writes in a way of its own."""


def _reader(
    features: Features,
    kept: tuple[str, ...],
    *,
    names: dict[str, str] | None = None,
    as_text: bool = False,
    without: tuple[str, ...] = (),
    placed: bool = False,
    named: str = "",
) -> pa.RecordBatchReader:
    """The batches as a file's rows: unique names, types that the format has, one family of geometries.

    `kept` are types that are else text, `without` those that the format has not. `as_text`: geometries as WKT;
    `placed`: only features with one. `named` is a column for the ids once more.
    """
    own, shape = id_name(features.fields), _geometry_name(features.fields)
    names = names or {}
    head = [names.get(name, name) for name in (own, *features.fields)] + [named][: bool(named)]
    narrow = {field.name for field in features.facts.fields if field.width == 32}

    def rows() -> Iterator[pa.RecordBatch]:
        for found in features.batches:
            batch = found
            if placed and features.has_geometry:
                batch = found.filter(pc.is_valid(geometry(found)))
            values = properties(batch, has_geometry=features.has_geometry)
            values |= {name: value.cast(pa.int32()) for name, value in values.items() if name in narrow}
            arrays = [ids(batch), *(_held(value, kept, without=without) for value in values.values())]
            if as_text:
                arrays = [_cell(value) for value in arrays]
            if named:
                arrays.append(ids(batch))
            if features.has_geometry:
                column = geometry(batch)
                arrays.append(_cell(wkt(column), whole=True) if as_text else _promoted(column, features.facts))
            yield pa.RecordBatch.from_arrays(arrays, names=[*head, *([shape] if features.has_geometry else [])])

    batches = rows()
    first = next(batches, None)
    if first is None:
        fields = [(name, pa.string()) for name in head]
        schema = pa.schema(
            [*fields, (shape, pa.string() if as_text else pa.binary())][: len(head) + features.has_geometry]
        )
        return pa.RecordBatchReader.from_batches(schema, iter(()))
    return pa.RecordBatchReader.from_batches(first.schema, _again(first, batches))


def _again(first: pa.RecordBatch, rest: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    yield first
    yield from rest


def _held(column: pa.Array, kept: tuple[str, ...], *, without: tuple[str, ...]) -> pa.Array:
    """The column in a type that the format has."""
    kind = column.type
    if pa.types.is_binary(kind) and "binary" not in kept:
        return texts(column)
    if pa.types.is_time(kind) and "time" not in kept:
        return texts(column)
    if ("moment" in without and pa.types.is_timestamp(kind)) or ("date" in without and pa.types.is_date(kind)):
        return texts(column)
    if "vast" in without and pa.types.is_floating(kind):
        # dBase has 24 digits: what has more would be cut to another number.
        return pc.if_else(pc.less(pc.abs(column), 1e23), column, None)
    return column.cast(pa.int8()) if "boolean" in without and pa.types.is_boolean(kind) else column


CELL = 32_767
"""Characters of a cell, at most: a workbook with more is taken for a damaged one."""


def _cell(column: pa.Array, *, whole: bool = False) -> pa.Array:
    """Text as a cell holds it: its beginning where it is too long, or nothing where it is of use only if `whole`."""
    if not pa.types.is_string(column.type):
        return column
    long = pc.greater(pc.utf8_length(column), CELL)
    if not pc.any(long).as_py():
        return column
    return pc.if_else(long, None if whole else pc.utf8_slice_codeunits(column, 0, CELL), column)


def wkt(column: pa.Array) -> pa.Array:
    """WKB as text, with the digits that a coordinate has."""
    return pa.array(shapely.to_wkt(shapes(column), rounding_precision=9, trim=True), pa.string())


_MULTIPLE = {
    "MultiPoint": (0, shapely.multipoints),
    "MultiLineString": (1, shapely.multilinestrings),
    "MultiPolygon": (3, shapely.multipolygons),
}


def _promoted(column: pa.Array, facts: VectorFacts) -> pa.Array:
    """Single geometries of a layer of multiple ones as such: a file's column has one type."""
    if facts.geometry not in _MULTIPLE:
        return column
    single, make = _MULTIPLE[facts.geometry]
    found = shapes(column)
    rows = (shapely.get_type_id(found) == single).nonzero()[0]
    if not len(rows):
        return column
    found[rows] = [make([shape]) for shape in found[rows]]
    return pa.array(shapely.to_wkb(found, flavor="iso"), pa.binary())
