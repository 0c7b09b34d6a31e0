"""What a vector file tells of itself: `describe` reads it once, when the registry is compiled.

`Features` (layers.sources.features) reads its features. GeoParquet goes through pyarrow
(`layers.sources.geoparquet`), everything else through OGR.
"""

import sqlite3
import warnings
from codecs import getincrementaldecoder
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from glob import escape
from pathlib import Path
from typing import Any

import numpy as np
import pyogrio
import pyproj
import shapely
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import open_arrow
from pyproj.exceptions import CRSError

from layers import model
from layers.crs import parse_crs
from layers.errors import SourceError, UnknownCrsError, hint
from layers.facts import LISTED, Field, VectorFacts
from layers.sources.copies import DRAWN
from layers.sources.features import Features
from layers.sources.flatgeobuf import read_rightly
from layers.sources.geometry import everywhere, shapes
from layers.sources.gpkg_schema import described_columns
from layers.sources.straight import has_curves, straight

__all__ = ["Features", "describe", "source_path"]

_TYPES = {
    "OFTInteger": "integer",
    "OFTInteger64": "integer",
    "OFTReal": "real",
    "OFTDate": "date",
    "OFTDateTime": "datetime",
    "OFTTime": "time",
    "OFTBinary": "binary",
}
_SIMPLE = ("Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")
_LOOSE = frozenset({"ESRI Shapefile", "GeoJSON", "GeoJSONSeq", "TopoJSON"})
_FAMILIES = {0: "Point", 1: "LineString", 2: "LineString", 3: "Polygon", 4: "Point", 5: "LineString", 6: "Polygon"}


def describe(source: model.VectorSource, config: Path, *, time_attribute: str | None = None) -> VectorFacts:
    """CRS, extent, geometry, fields, count of a declared source; `config` is where relative paths start.

    Raises SourceError with what is wrong and what is there instead.
    """
    path = source_path(source, config)
    if path.lower().endswith((".parquet", ".geoparquet")):
        from layers.sources.geoparquet import describe as describe_parquet

        return describe_parquet(source, path, time_attribute=time_attribute)
    return _describe(source, path, time_attribute)


def source_path(source: model.VectorSource, config: Path) -> str:
    """Absolute path of the file; GDAL's /vsi… paths stay as written."""
    if source.vector.startswith("/vsi"):
        return source.vector
    path = (config / source.vector).resolve()
    if not path.exists():
        near = [p.name for p in path.parent.iterdir()] if path.parent.is_dir() else []
        raise SourceError(f"{source.vector}: there is no such file{hint(path.name, near)}")
    return str(path)


def _describe(source: model.VectorSource, path: str, time_attribute: str | None) -> VectorFacts:
    layer = _layer_name(source, path)
    info = _read_info(path, layer, source.encoding)
    if info["driver"] == "FlatGeobuf":
        read_rightly(path)
    fields = tuple(_fields(info, path, layer))
    check_attribute(time_attribute, fields, "time.attribute")
    kind, has_z, curved = _geometry(info, path, layer)
    encoding = source.encoding or _encoding(info, Path(path))
    crs = _crs_id(source, info["crs"])
    return VectorFacts(
        crs=crs,
        extent=_extent(info["total_bounds"], crs),
        geometry=source.geometry or kind,
        has_z=has_z,
        fields=fields,
        count=int(info["features"]),
        driver=str(info["driver"]),
        path=path,
        layer=layer,
        key=_key(source, info, fields, path, layer),
        times=_times(time_attribute, path, layer, encoding),
        drawn="" if curved or info["driver"] not in DRAWN else path,
        drawn_layer=layer,
        curved=curved,
        encoding=encoding,
    )


def _layer_name(source: model.VectorSource, path: str) -> str:
    try:
        with _quietly():
            layers = [str(name) for name, geometry in pyogrio.list_layers(path) if geometry is not None]
    except DataSourceError as error:
        raise SourceError(f"{source.vector}: cannot be opened: {error}") from None
    if source.layer is None:
        if not layers:
            raise SourceError(f"{source.vector}: none of its layers has geometries")
        if len(layers) > 1:
            raise SourceError(f"{source.vector}: `layer` must say which of its layers: {', '.join(layers)}")
        return layers[0]
    if source.layer not in layers:
        raise SourceError(
            f"{source.vector}: no layer {source.layer!r}; there is {', '.join(layers)}{hint(source.layer, layers)}"
        )
    return source.layer


def _read_info(path: str, layer: str, encoding: str | None) -> dict[str, Any]:
    try:
        with _quietly():
            return dict(
                pyogrio.read_info(
                    path, layer=layer, encoding=encoding, force_feature_count=True, force_total_bounds=True
                )
            )
    except (DataSourceError, DataLayerError) as error:
        raise SourceError(f"{path}: layer {layer!r} cannot be read: {error}") from None


@contextmanager
def _quietly() -> Iterator[None]:
    """Without pyogrio's warning of measures (M), which are left out here."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Measured")
        yield


def _encoding(info: dict[str, Any], path: Path) -> str | None:
    """The encoding of a Shapefile that does not tell its own and is not UTF-8; OGR would give its bytes as they are."""
    found = str(info["encoding"])
    if info["driver"] != "ESRI Shapefile" or found.upper() == "UTF-8":
        return None
    table = next((file for file in path.parent.glob(f"{escape(path.stem)}.[dD][bB][fF]")), None)
    return found if table is None or not _is_utf8(table) else None


def _is_utf8(table: Path) -> bool:
    """True where the rows of a dBase table are UTF-8 (its header tells its own length in bytes 8 and 9)."""
    decoder = getincrementaldecoder("utf-8")()
    with table.open("rb") as file:
        file.seek(int.from_bytes(file.read(10)[8:], "little"))
        try:
            while chunk := file.read(1 << 20):
                decoder.decode(chunk)
            decoder.decode(b"", final=True)
        except UnicodeDecodeError:
            return False
    return True


def _fields(info: dict[str, Any], path: str, layer: str) -> Iterator[Field]:
    native = info["driver"] == "GPKG"
    required = _required_columns(path, layer) if native else frozenset()
    told = described_columns(path, layer) if native else {}
    for name, kind, subtype in zip(info["fields"], info["ogr_types"], info["ogr_subtypes"], strict=True):
        type_ = "boolean" if subtype == "OFSTBoolean" else _TYPES.get(kind, "string")
        width = 32 if kind == "OFTInteger" and type_ == "integer" else 0
        title, values = told.get(str(name), ("", ()))
        listed = values if type_ in LISTED else ()
        yield Field(str(name), type_, str(name) not in required, width, title, listed)


def _required_columns(path: str, layer: str) -> frozenset[str]:
    """Columns declared NOT NULL in a GeoPackage, which OGR's information leaves out."""
    with closing(sqlite3.connect(f"file:{_uri_path(path)}?mode=ro", uri=True)) as connection:
        rows = connection.execute('SELECT name FROM pragma_table_info(?) WHERE "notnull"', (layer,)).fetchall()
    return frozenset(name for (name,) in rows)


def _uri_path(path: str) -> str:
    return path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")


def check_attribute(name: str | None, fields: Iterable[Field], key: str) -> None:
    """Raises SourceError where a field that the layer's `key` names is not in the data."""
    names = [field.name for field in fields]
    if name is not None and name not in names:
        message = f"the data has no field {name!r}{hint(name, names)}; it has: {', '.join(names)}"
        raise SourceError(message, "source.key" if key == "key" else key)


def _geometry(info: dict[str, Any], path: str, layer: str) -> tuple[str, bool, bool]:
    """Geometry type, whether there is Z, whether there are curves; read where the format does not bind them."""
    declared = str(info["geometry_type"]).removeprefix("2.5D ").removeprefix("Measured ").removeprefix("3D ")
    kind, _, dimensions = declared.partition(" ")
    has_z = "Z" in dimensions or "2.5D" in str(info["geometry_type"]) or "3D" in str(info["geometry_type"])
    bound = _gpkg_type(path, layer).upper() if info["driver"] == "GPKG" else kind.upper()
    if bound in map(str.upper, _SIMPLE) and info["driver"] not in _LOOSE:
        return kind, has_z, False
    return _scan_geometry(path, layer)


def _gpkg_type(path: str, layer: str) -> str:
    """The type of a GeoPackage's column, which OGR's information tells without its curves."""
    with closing(sqlite3.connect(f"file:{_uri_path(path)}?mode=ro", uri=True)) as connection:
        sql = "SELECT geometry_type_name FROM gpkg_geometry_columns WHERE table_name = ?"
        row = connection.execute(sql, (layer,)).fetchone()
    return str(row[0]) if row else ""


def _scan_geometry(path: str, layer: str) -> tuple[str, bool, bool]:
    kinds: set[int] = set()
    has_z = curved = False
    with _quietly(), open_arrow(path, layer=layer, columns=[], use_pyarrow=True) as (meta, reader):
        for batch in reader:
            column = batch.column(meta["geometry_name"] or "wkb_geometry")
            curved = curved or has_curves(column)
            found = shapes(straight(column))
            kinds.update(np.unique(shapely.get_type_id(found)).tolist())
            has_z = has_z or bool(shapely.has_z(found).any())
    return common_type(kinds), has_z, curved


def common_type(kinds: Iterable[int]) -> str:
    """The narrowest type that holds GEOS's type ids: a family's single type, its Multi, or Unknown."""
    found = set(kinds) - {-1}
    families = {_FAMILIES.get(kind, "Unknown") for kind in found}
    if len(families) != 1 or "Unknown" in families:
        return "Unknown"
    family = families.pop()
    return f"Multi{family}" if found & {4, 5, 6} else family


def _crs_id(source: model.VectorSource, crs: str | None) -> str:
    if source.crs:
        return declared_crs(source.crs)
    if not crs:
        raise SourceError(f"{source.vector}: the file does not tell its CRS: declare `crs: EPSG:…`")
    return crs_id_of(crs, source.vector)


def declared_crs(text: str) -> str:
    """Canonical id of a declared CRS. Raises SourceError."""
    try:
        return parse_crs(text).id
    except UnknownCrsError as error:
        raise SourceError(f"crs: {error}") from None


def crs_id_of(text: str, name: str) -> str:
    """Canonical id of what a file says (EPSG:n, WKT, PROJJSON). Raises SourceError where it is none."""
    try:
        return parse_crs(text).id
    except UnknownCrsError:
        pass
    try:
        authority = pyproj.CRS.from_user_input(text).to_authority(min_confidence=60)
        return parse_crs(":".join(authority)).id if authority else _no_crs(name, text)
    except (CRSError, UnknownCrsError):
        return _no_crs(name, text)


def _no_crs(name: str, text: str) -> str:
    raise SourceError(f"{name}: its CRS has no EPSG code ({text[:80]!r}): declare `crs: EPSG:…`")


def _extent(bounds: Any, crs: str) -> tuple[float, float, float, float]:
    """Bounds of the features; of the CRS's area of use where there are none."""
    if bounds is not None and np.isfinite(bounds).all():
        return tuple(float(value) for value in bounds)  # type: ignore[return-value]
    return everywhere(crs)


def _key(
    source: model.VectorSource, info: dict[str, Any], fields: tuple[Field, ...], path: str, layer: str
) -> str | None:
    """The declared key, checked to tell every feature from the others; else the file's own fid column."""
    if source.key is None or source.key == info.get("fid_column"):
        return str(info["fid_column"]) or None if info["driver"] == "GPKG" else None
    check_attribute(source.key, fields, "key")
    seen: set[Any] = set()
    for value in _values(source.key, path, layer, source.encoding):
        if value is None or value in seen:
            raise SourceError(f"key: {source.key!r} does not tell features apart: {value!r} is there twice or empty")
        seen.add(value)
    return source.key


def _times(attribute: str | None, path: str, layer: str, encoding: str | None) -> tuple[str, ...]:
    if attribute is None:
        return ()
    return iso_times(_values(attribute, path, layer, encoding))


def iso_times(values: Iterable[Any]) -> tuple[str, ...]:
    """Distinct values as ISO 8601 text, ascending; whole numbers are years."""
    found = {value for value in values if value is not None}
    return tuple(sorted(value.isoformat() if hasattr(value, "isoformat") else str(value) for value in found))


def _values(name: str, path: str, layer: str, encoding: str | None) -> Iterator[Any]:
    with open_arrow(path, layer=layer, columns=[name], read_geometry=False, encoding=encoding, use_pyarrow=True) as (
        _,
        reader,
    ):
        for batch in reader:
            yield from batch.column(name).to_pylist()
