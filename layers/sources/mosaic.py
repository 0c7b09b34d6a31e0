"""Mosaics: thousands of raster files read as one, through GDAL's tile index (GTI) over a GeoPackage.

The index keeps what each file's header told, with the file's size and time: made again, it reads only the headers of
files that changed. It is written beside the old one and swapped, so that a reader sees one or the other.
"""

import hashlib
import json
import os
import sqlite3
import struct
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape, quoteattr

import rasterio
from rasterio.errors import RasterioError

from layers import model
from layers.crs import BBox
from layers.errors import SourceError
from layers.sources.datasets import quietly, reading

THREADS = 8
"""Readers of headers: most of the time is spent waiting for the disk, or for another machine's."""

_TABLES = """
CREATE TABLE gpkg_spatial_ref_sys (srs_name TEXT NOT NULL, srs_id INTEGER PRIMARY KEY, organization TEXT NOT NULL,
  organization_coordsys_id INTEGER NOT NULL, definition TEXT NOT NULL, description TEXT);
CREATE TABLE gpkg_contents (table_name TEXT PRIMARY KEY, data_type TEXT NOT NULL, identifier TEXT UNIQUE,
  description TEXT DEFAULT '', last_change DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  min_x DOUBLE, min_y DOUBLE, max_x DOUBLE, max_y DOUBLE, srs_id INTEGER);
CREATE TABLE gpkg_geometry_columns (table_name TEXT PRIMARY KEY, column_name TEXT NOT NULL,
  geometry_type_name TEXT NOT NULL, srs_id INTEGER NOT NULL, z TINYINT NOT NULL, m TINYINT NOT NULL);
CREATE TABLE gpkg_extensions (table_name TEXT, column_name TEXT, extension_name TEXT NOT NULL,
  definition TEXT NOT NULL, scope TEXT NOT NULL);
CREATE TABLE gpkg_metadata (id INTEGER PRIMARY KEY, md_scope TEXT NOT NULL, md_standard_uri TEXT NOT NULL,
  mime_type TEXT NOT NULL, metadata TEXT NOT NULL);
CREATE TABLE gpkg_metadata_reference (reference_scope TEXT NOT NULL, table_name TEXT, column_name TEXT,
  row_id_value INTEGER, timestamp DATETIME NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ','now')),
  md_file_id INTEGER NOT NULL, md_parent_id INTEGER);
CREATE TABLE files (fid INTEGER PRIMARY KEY, geom POLYGON, location TEXT NOT NULL, size INTEGER, mtime INTEGER,
  header TEXT);
CREATE VIRTUAL TABLE rtree_files_geom USING rtree(id, minx, maxx, miny, maxy);
INSERT INTO gpkg_extensions VALUES ('files', 'geom', 'gpkg_rtree_index',
  'http://www.geopackage.org/spec120/', 'write-only');
INSERT INTO gpkg_extensions VALUES ('gpkg_metadata', NULL, 'gpkg_metadata',
  'http://www.geopackage.org/spec120/', 'read-write');
INSERT INTO gpkg_extensions VALUES ('gpkg_metadata_reference', NULL, 'gpkg_metadata',
  'http://www.geopackage.org/spec120/', 'read-write');
"""


@dataclass(frozen=True, slots=True)
class Header:
    """What a raster file tells: CRS (WKT), extent, pixel size, and of each band its type, use and nodata."""

    crs: str
    extent: BBox
    resolution: tuple[float, float]
    dtypes: tuple[str, ...]
    interpretations: tuple[str, ...]
    nodata: tuple[float | None, ...]
    masked: bool


@dataclass(frozen=True, slots=True)
class File:
    """A file of a mosaic, as it was when its header was read."""

    location: str
    size: int
    mtime: int
    header: Header


@dataclass(frozen=True, slots=True)
class Mosaic:
    """An index and what all its files have in common."""

    path: Path
    header: Header
    files: int


def index(source: model.RasterSource, config: Path, store: Path, locations: Iterable[str]) -> Mosaic:
    """Make or renew the index of files under STORE/indexes. Raises SourceError naming the file that does not fit.

    Where no file changed nothing is written: the store may be read-only.
    """
    path = store.resolve() / "indexes" / f"{_name(source, config)}.gti.gpkg"
    known = _known(path)
    files = _read_headers(sorted(locations), known)
    first = files[0]
    for file in files[1:]:
        _check_alike(first, file)
    header = _common(files)
    if list(known.values()) != files:
        _write(path, header, files)
    return Mosaic(path, header, len(files))


def _name(source: model.RasterSource, config: Path) -> str:
    return hashlib.sha256(f"{config.resolve()} {source.raster}".encode()).hexdigest()[:16]


def _known(path: Path) -> dict[str, File]:
    """Files of the last index by location; nothing where there is none or it cannot be read."""
    if not path.exists():
        return {}
    try:
        with closing(sqlite3.connect(f"{path.as_uri()}?mode=ro", uri=True)) as connection:
            rows = connection.execute("SELECT location, size, mtime, header FROM files").fetchall()
    except sqlite3.Error:
        return {}
    return {location: File(location, size, mtime, _header(json.loads(text))) for location, size, mtime, text in rows}


def _header(item: dict[str, Any]) -> Header:
    lists = {name: tuple(value) for name, value in item.items() if isinstance(value, list)}
    return Header(**{**item, **lists})


def _read_headers(locations: list[str], known: dict[str, File]) -> list[File]:
    with quietly(), ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(lambda location: _read_file(location, known.get(location)), locations))


def _read_file(location: str, known: File | None) -> File:
    status = os.stat(location)  # noqa: PTH116 - thousands of them: a Path each costs as much as the call
    if known and (known.size, known.mtime) == (status.st_size, status.st_mtime_ns):
        return known
    try:
        with reading(), rasterio.open(location) as dataset:
            if dataset.transform.is_identity:
                raise SourceError(f"{location}: it does not tell where it lies (no georeference, no world file)")
            return File(location, status.st_size, status.st_mtime_ns, read_header(dataset))
    except RasterioError as error:
        raise SourceError(f"{location}: cannot be opened as a raster: {error}") from None


def read_header(dataset: Any) -> Header:
    """The header of an open dataset."""
    left, bottom, right, top = dataset.bounds
    return Header(
        crs=dataset.crs.to_wkt() if dataset.crs else "",
        extent=(min(left, right), min(bottom, top), max(left, right), max(bottom, top)),
        resolution=tuple(abs(size) for size in dataset.res),
        dtypes=tuple(dataset.dtypes),
        interpretations=tuple(kind.name for kind in dataset.colorinterp),
        nodata=tuple(dataset.nodatavals),
        masked=any(rasterio.enums.MaskFlags.per_dataset in flags for flags in dataset.mask_flag_enums),
    )


_ALIKE = {"crs": "CRS", "dtypes": "band types", "interpretations": "bands", "nodata": "nodata"}


def _check_alike(first: File, other: File) -> None:
    for name, title in _ALIKE.items():
        mine, yours = getattr(first.header, name), getattr(other.header, name)
        # repr, because NaN is a common nodata and does not equal itself
        if repr(mine) != repr(yours) and not (name == "crs" and _same_crs(mine, yours)):
            raise SourceError(
                f"{other.location}: {title} {_short(yours)} where {first.location} has {_short(mine)}: "
                "the files of a mosaic must be alike"
            )


def _same_crs(one: str, other: str) -> bool:
    """True for two spellings of one CRS: software writes the same code with other names and digits."""
    if not (one and other):
        return False
    mine, yours = rasterio.crs.CRS.from_wkt(one), rasterio.crs.CRS.from_wkt(other)
    return bool(mine == yours) or (mine.to_epsg() is not None and mine.to_epsg() == yours.to_epsg())


def _short(value: Any) -> str:
    if not isinstance(value, str):
        return "/".join(map(str, value))
    crs = rasterio.crs.CRS.from_wkt(value) if value else None
    return (crs.to_string() if len(crs.to_string()) < 40 else value.split('"')[1]) if crs else "none"


def _common(files: list[File]) -> Header:
    """The first header with the extent of all and the finest pixel of any."""
    boxes = [file.header.extent for file in files]
    sizes = [file.header.resolution for file in files]
    item = asdict(files[0].header)
    item["extent"] = tuple(pick(box[axis] for box in boxes) for axis, pick in enumerate((min, min, max, max)))
    item["resolution"] = tuple(min(size[axis] for size in sizes) for axis in (0, 1))
    item["masked"] = any(file.header.masked for file in files)
    return Header(**item)


def _write(path: Path, header: Header, files: list[File]) -> None:
    fresh = path.with_name(f".{os.getpid()}.{path.name}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        fresh.unlink(missing_ok=True)
        with closing(sqlite3.connect(fresh)) as connection:
            connection.execute("PRAGMA application_id = 1196444487")  # "GPKG"
            connection.execute("PRAGMA user_version = 10200")
            connection.executescript(_TABLES)
            _write_layer(connection, header)
            _write_files(connection, files)
            connection.commit()
        fresh.replace(path)
    except (OSError, sqlite3.Error) as error:
        with suppress(OSError):
            fresh.unlink(missing_ok=True)
        raise SourceError(f"the index of the files cannot be written at {path}: {error}") from None


def _write_layer(connection: sqlite3.Connection, header: Header) -> None:
    connection.execute(
        "INSERT INTO gpkg_spatial_ref_sys VALUES ('files', 1, 'NONE', 1, ?, NULL)", (header.crs or "undefined",)
    )
    connection.execute(
        "INSERT INTO gpkg_contents (table_name, data_type, identifier, min_x, min_y, max_x, max_y, srs_id)"
        " VALUES ('files', 'features', 'files', ?, ?, ?, ?, 1)",
        header.extent,
    )
    connection.execute("INSERT INTO gpkg_geometry_columns VALUES ('files', 'geom', 'POLYGON', 1, 0, 0)")
    items = "".join(f"<MDI key={quoteattr(key)}>{escape(text)}</MDI>" for key, text in _options(header).items())
    document = f"<GDALMultiDomainMetadata><Metadata>{items}</Metadata></GDALMultiDomainMetadata>"
    connection.execute("INSERT INTO gpkg_metadata VALUES (1, 'dataset', 'http://gdal.org', 'text/xml', ?)", (document,))
    connection.execute(
        "INSERT INTO gpkg_metadata_reference (reference_scope, table_name, md_file_id) VALUES ('table', 'files', 1)"
    )


_GDAL_TYPES = {"uint8": "Byte", "int8": "Int8", "uint16": "UInt16", "int16": "Int16", "uint32": "UInt32"} | {
    "int32": "Int32", "uint64": "UInt64", "int64": "Int64", "float32": "Float32", "float64": "Float64",
}  # fmt: skip


def _options(header: Header) -> dict[str, str]:
    """What GTI would otherwise have to open a file for (GDAL's GTI driver, "metadata items")."""
    options = {
        "LOCATION_FIELD": "location",
        "SORT_FIELD": "location",
        "RESX": repr(header.resolution[0]),
        "RESY": repr(header.resolution[1]),
    } | dict(zip(("MINX", "MINY", "MAXX", "MAXY"), map(repr, header.extent), strict=True))
    if "palette" not in header.interpretations:  # a colour table is only found in a file
        options |= {
            "BAND_COUNT": str(len(header.dtypes)),
            "DATA_TYPE": ",".join(_GDAL_TYPES[dtype] for dtype in header.dtypes),
            "COLOR_INTERPRETATION": ",".join(header.interpretations),
        }
    if None not in header.nodata:
        options["NODATA"] = ",".join(repr(value) for value in header.nodata)
    elif "alpha" not in header.interpretations:
        options["MASK_BAND"] = "YES"
    return options


def _write_files(connection: sqlite3.Connection, files: list[File]) -> None:
    connection.executemany(
        "INSERT INTO files VALUES (?, ?, ?, ?, ?, ?)",
        (
            (fid, _polygon(file.header.extent), file.location, file.size, file.mtime, json.dumps(asdict(file.header)))
            for fid, file in enumerate(files, 1)
        ),
    )
    connection.executemany(
        "INSERT INTO rtree_files_geom VALUES (?, ?, ?, ?, ?)",
        ((fid, b[0], b[2], b[1], b[3]) for fid, b in ((n, file.header.extent) for n, file in enumerate(files, 1))),
    )


def _polygon(extent: BBox) -> bytes:
    """A rectangle as GeoPackage binary (OGC 12-128r18, 2.1.3), little endian, with its envelope."""
    left, bottom, right, top = extent
    head = struct.pack("<2sBBi4d", b"GP", 0, 3, 1, left, right, bottom, top)
    ring = struct.pack("<10d", left, bottom, right, bottom, right, top, left, top, left, bottom)
    return head + struct.pack("<BIII", 1, 3, 1, 5) + ring
