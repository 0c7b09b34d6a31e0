"""What the data of a layer tells by itself, read once when the registry is compiled.

Frozen and plain, so that they travel as JSON to processes that must not open the data (or import what opens it).
"""

from dataclasses import dataclass
from typing import Any

from layers.crs import BBox

LISTED = ("string", "integer", "real")
"""Types of fields that may have a list of values."""


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a vector layer; `type` is one of string, integer, real, boolean, date, datetime, time, binary.

    `width` is 32 for whole numbers that the data bounds to so many bits, else 0. `nullable` is true too where the data
    itself puts a value in. `title` is what the data says of the field, `values` are those that it allows, each with
    what it means; none where any may stand.
    """

    name: str
    type: str
    nullable: bool = True
    width: int = 0
    title: str = ""
    values: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class VectorFacts:
    """A vector source: CRS id, extent (x first, in that CRS), geometry, fields, number of features.

    `geometry` is one of Point, LineString, Polygon, MultiPoint, MultiLineString, MultiPolygon, Unknown;
    `drawn` and `drawn_layer` name the file (and layer) that Mapnik draws: the source itself, or a copy;
    `curved` where some of its geometries are curves, `encoding` that of its text where the file does not tell it;
    `dimensions` has the values of each dimension but time, ascending, by its name; `copies` the CRSs in which there is
    a copy to draw from, each with its file; `comment` is what the data says of itself.
    """

    crs: str
    extent: BBox
    geometry: str
    has_z: bool
    fields: tuple[Field, ...]
    count: int
    driver: str
    path: str
    layer: str
    key: str | None = None
    times: tuple[str, ...] = ()
    drawn: str = ""
    drawn_layer: str = ""
    curved: bool = False
    encoding: str | None = None
    dimensions: tuple[tuple[str, tuple[str, ...]], ...] = ()
    copies: tuple[tuple[str, str], ...] = ()
    comment: str = ""


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a database: its field's name, its type, whether the database fills it in where nothing is given.

    `native` is the bare name of the type, beneath its domain where it has one; `type` its name as SQL takes it.
    `required`: it holds no null; `fixed`: the database alone fills it in.
    """

    name: str
    native: str
    type: str
    filled: bool = False
    required: bool = False
    fixed: bool = False


@dataclass(frozen=True, slots=True)
class PostgisFacts(VectorFacts):
    """A PostGIS source. `path` is the address as declared (no password), `layer` its table's name as declared.

    `relation` is SQL that stands after FROM, `view` true where it is no table; `place` is the geometry's column,
    `shape` the expression that makes a plain geometry of it, `stored` the one that makes it of a plain geometry (`{}`),
    `srid` the database's number of its CRS.
    """

    relation: str = ""
    view: bool = False
    place: str = ""
    shape: str = ""
    stored: str = "{}"
    srid: int = 0
    columns: tuple[Column, ...] = ()

    def column(self, name: str) -> Column:
        """The column of a field."""
        return next(one for one in self.columns if one.name == name)


@dataclass(frozen=True, slots=True)
class Band:
    """A band of a raster: numpy's name of its type, what it shows (red, gray, palette, alpha …), nodata, range."""

    dtype: str
    interpretation: str
    nodata: float | None
    minimum: float | None = None
    maximum: float | None = None
    description: str = ""


@dataclass(frozen=True, slots=True)
class RasterFacts:
    """A raster source: CRS id, extent, pixel size in units of the CRS, bands, the file that is opened.

    `path` is what GDAL opens: the file, or the GTI index of a mosaic.
    """

    crs: str
    extent: BBox
    resolution: tuple[float, float]
    bands: tuple[Band, ...]
    path: str
    files: int = 1
    times: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class CascadeFacts:
    """Another server's layer: CRS id and extent as declared, or the whole of the CRS."""

    crs: str
    extent: BBox


Facts = VectorFacts | PostgisFacts | RasterFacts | CascadeFacts

FACTS: dict[str, Any] = {kind.__name__: kind for kind in (VectorFacts, PostgisFacts, RasterFacts, CascadeFacts)}
