"""What the data of a layer tells by itself, read once when the registry is compiled.

Frozen and plain, so that they travel as JSON to processes that must not open the data (or import what opens it).
"""

from dataclasses import dataclass
from typing import Any

from layers.crs import BBox


@dataclass(frozen=True, slots=True)
class Field:
    """A field of a vector layer; `type` is one of string, integer, real, boolean, date, datetime, time, binary.

    `width` is 32 for whole numbers that the data bounds to so many bits, else 0.
    """

    name: str
    type: str
    nullable: bool = True
    width: int = 0


@dataclass(frozen=True, slots=True)
class VectorFacts:
    """A vector source: CRS id, extent (x first, in that CRS), geometry, fields, number of features.

    `geometry` is one of Point, LineString, Polygon, MultiPoint, MultiLineString, MultiPolygon, Unknown;
    `drawn` and `drawn_layer` name the file (and layer) that Mapnik draws: the source itself, or a copy;
    `dimensions` has the values of each dimension but time, ascending, by its name.
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
    dimensions: tuple[tuple[str, tuple[str, ...]], ...] = ()


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


Facts = VectorFacts | RasterFacts | CascadeFacts

FACTS: dict[str, Any] = {kind.__name__: kind for kind in (VectorFacts, RasterFacts, CascadeFacts)}
