"""Output formats: the names asked in requests, and what writes each."""

from dataclasses import dataclass

from server.wfs.dialect import WFS10, WFS11, WFS20, Dialect

GML = {
    WFS20.version: ("application/gml+xml; version=3.2", "text/xml; subtype=gml/3.2"),
    WFS11.version: ("text/xml; subtype=gml/3.1.1",),
    WFS10.version: ("GML2",),
}
"""The names of each version's own GML, its default first."""

GEOJSON = ("application/json", "application/geo+json")

STREAMED = ("csv", "dxf")
"""Formats that are sent while they are written: however large, nobody waits for the first byte."""

_GML_SPELLINGS = {
    "3.2": (
        "application/gml+xml;version=3.2",
        "application/gml+xml",
        "text/xml;subtype=gml/3.2",
        "text/xml;subtype=gml/3.2.1",
        "text/xml",
        "gml32",
        "gml3",
    ),
    "3.1": (
        "text/xml;subtype=gml/3.1.1",
        "text/xml",
        "text/gml;subtype=gml/3.1.1",
        "text/xml;subtype=gml/3.1",
        "gml3",
        "gml31",
        "application/gml+xml;version=3.1",
    ),
    "2": ("gml2", "text/xml", "text/xml;subtype=gml/2.1.2", "text/xml;subtype=gml/2"),
}
_JSON_SPELLINGS = ("application/json", "application/geo+json", "application/json;subtype=geojson", "geojson", "json")


@dataclass(frozen=True, slots=True)
class FileFormat:
    """A format to download: its key, advertised name, media type, the file's extension, other spellings.

    The function of this key in `server.wfs.files` writes it, or a module where it is STREAMED. `degrees`: it knows no
    CRS but longitude and latitude. `several`: it has tables, for features of several types; `most` features are held
    at most, any number where it is 0.
    """

    key: str
    name: str
    media_type: str
    extension: str
    spellings: tuple[str, ...] = ()
    degrees: bool = False
    several: bool = False
    most: int = 0


SHEET = 1_048_575
"""Rows of a sheet beneath its head."""

_FILES = (
    FileFormat("csv", "text/csv", "text/csv; charset=utf-8", "csv"),
    FileFormat(
        "geopackage",
        "application/geopackage+sqlite3",
        "application/geopackage+sqlite3",
        "gpkg",
        ("geopackage",),
        several=True,
    ),
    FileFormat("flatgeobuf", "application/flatgeobuf", "application/flatgeobuf", "fgb", ("flatgeobuf",)),
    FileFormat("shapefile", "SHAPE-ZIP", "application/zip", "zip", ("shapezip", "shp", "shapefile", "application/zip")),
    FileFormat(
        "geoparquet",
        "application/vnd.apache.parquet",
        "application/vnd.apache.parquet",
        "parquet",
        ("geoparquet", "application/parquet"),
    ),
    FileFormat(
        "kml",
        "application/vnd.google-earth.kml+xml",
        "application/vnd.google-earth.kml+xml",
        "kml",
        ("application/vnd.google-earth.kml xml",),
        degrees=True,
    ),
    FileFormat(
        "xlsx",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
        "xlsx",
        ("excel2007",),
        most=SHEET,
    ),
    FileFormat(
        "ods",
        "application/vnd.oasis.opendocument.spreadsheet",
        "application/vnd.oasis.opendocument.spreadsheet",
        "ods",
        most=SHEET,
    ),
    FileFormat("dxf", "application/dxf", "application/dxf", "dxf", ("image/vnd.dxf",)),
)
FILES = {form.key: form for form in _FILES}
_FILE_SPELLINGS = {
    text.lower(): form.key
    for form in _FILES
    for text in (form.key, form.name, form.extension, form.name.replace("+", " "), *form.spellings)
}


def advertised(dialect: Dialect) -> tuple[str, ...]:
    """The formats that a version's capabilities name; the first is the default."""
    return (*GML[dialect.version], *GEOJSON, *(form.name for form in _FILES))


def format_of(name: str, dialect: Dialect) -> str | None:
    """The key of a format (`gml`, `geojson`, one of FILES) by a name in lower case without blanks around semicolons."""
    if name in _GML_SPELLINGS[dialect.gml_version]:
        return "gml"
    return "geojson" if name in _JSON_SPELLINGS else _FILE_SPELLINGS.get(name)
