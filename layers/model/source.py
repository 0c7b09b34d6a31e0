"""`source` of a layer: where its data is."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Discriminator, Field, Tag, field_validator, model_validator

from layers.model.words import Model

_PASSWORDS = (
    re.compile(r"^[a-z]+://[^/?#]*?:([^/?#]*)@", re.IGNORECASE),
    re.compile(r"[?&]password=([^&#]*)", re.IGNORECASE),
    re.compile(r"(?<![A-Za-z])password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]*)", re.IGNORECASE),
)


def passwords_in(address: str) -> set[str]:
    """What stands in a database's address in the place of a password, as it is written there."""
    return {match[1].strip("'") for pattern in _PASSWORDS for match in pattern.finditer(address)} - {""}


class VectorSource(Model):
    """A vector file and a layer in it (GeoPackage, FlatGeobuf, Shapefile, GeoJSON, GeoParquet).

    `geometry: Unknown` keeps a file that takes any type of geometry from being known by the types that it has now.
    """

    vector: str
    layer: str | None = None
    key: str | None = None
    crs: str | None = None
    encoding: str | None = None
    geometry: Literal["Unknown"] | None = None


class PostgisSource(Model):
    """A table or a view of a PostgreSQL database with PostGIS.

    `postgis` is an address (`postgresql://…`), the name of a service of libpq, or its `name=value` words; a password
    is not written here. `count: unknown` leaves numbers of matching features out where they are too dear.
    """

    postgis: str = Field(min_length=1)
    table: str = Field(min_length=1)
    key: str | None = None
    geometry: str | None = None
    crs: str | None = None
    count: Literal["exact", "unknown"] = "exact"
    timeout: int = Field(30, ge=1, le=3600)

    @field_validator("postgis")
    @classmethod
    def _no_password(cls, value: str) -> str:
        if not all(re.fullmatch(r"\$\{\w+\}", text) for text in passwords_in(value)):
            raise ValueError(
                "a password is not written here: write ${NAME} in its place for a variable of the environment, "
                "or leave it to libpq (~/.pgpass, PGPASSWORD, a service)"
            )
        return value


Bound = float | Annotated[str, Field(pattern=r"^\d{1,2}(\.\d+)?%$|^100%$")]
"""A value, or a percentile of all values ("2%")."""


class RasterSource(Model):
    """A raster file, or a glob of many that make one mosaic."""

    raster: str
    bands: tuple[int, ...] | None = None
    variable: str | None = None
    nodata: float | None = None
    crs: str | None = None
    resampling: Literal["nearest", "bilinear", "cubic", "average"] = "bilinear"
    stretch: tuple[Bound, Bound] | None = None

    @model_validator(mode="after")
    def _of_one_kind(self) -> Self:
        if self.stretch and isinstance(self.stretch[0], str) != isinstance(self.stretch[1], str):
            raise ValueError("stretch is two values, or two percentiles such as [2%, 98%]")
        return self

    @property
    def limits(self) -> tuple[float, float] | None:
        """The values that are black and white, where they are declared."""
        return None if self.stretch is None or self.percentiles else (float(self.stretch[0]), float(self.stretch[1]))

    @property
    def percentiles(self) -> tuple[float, float] | None:
        """The percentiles of each band that are black and white, where they are declared."""
        if self.stretch is None or not isinstance(self.stretch[0], str):
            return None
        low, high = (float(str(bound).removesuffix("%")) for bound in self.stretch)
        return low, high


class WmsSource(Model):
    """Layers of another WMS, cascaded and cached through MapProxy."""

    wms: str
    layers: tuple[str, ...]
    styles: tuple[str, ...] = ()
    version: Literal["1.1.1", "1.3.0"] = "1.3.0"
    format: str = "image/png"
    crs: str = "EPSG:3857"
    extent: tuple[float, float, float, float] | None = None
    transparent: bool = True


class TileSource(Model):
    """Tiles of another server by an address with {z}, {x}, {y} (XYZ) or MapProxy's names (WMTS)."""

    xyz: str
    grid: str = "PM"
    levels: str | None = None
    format: str = "image/png"
    extent: tuple[float, float, float, float] | None = None


class WmtsSource(Model):
    """A layer of another WMTS, by its KVP or RESTful address."""

    wmts: str
    layer: str
    style: str = ""
    matrix_set: str = "PM"
    grid: str = "PM"
    format: str = "image/png"
    extent: tuple[float, float, float, float] | None = None


class OgcApiSource(Model):
    """A collection's map or tiles of another OGC API."""

    ogcapi: str
    collection: str
    grid: str = "PM"
    format: str = "image/png"
    extent: tuple[float, float, float, float] | None = None


SOURCES: dict[str, type[Model]] = {
    "vector": VectorSource,
    "postgis": PostgisSource,
    "raster": RasterSource,
    "wms": WmsSource,
    "wmts": WmtsSource,
    "xyz": TileSource,
    "ogcapi": OgcApiSource,
}


def source_kind(value: Any) -> str | None:
    """Which of the keys of SOURCES tells the kind; None where none or several do."""
    names = value if isinstance(value, dict) else type(value).model_fields if isinstance(value, Model) else ()
    kinds = [kind for kind in SOURCES if kind in names]
    return kinds[0] if len(kinds) == 1 else None


Source = Annotated[
    Annotated[VectorSource, Tag("vector")]
    | Annotated[PostgisSource, Tag("postgis")]
    | Annotated[RasterSource, Tag("raster")]
    | Annotated[WmsSource, Tag("wms")]
    | Annotated[WmtsSource, Tag("wmts")]
    | Annotated[TileSource, Tag("xyz")]
    | Annotated[OgcApiSource, Tag("ogcapi")],
    Discriminator(
        source_kind,
        custom_error_type="source_kind",
        custom_error_message=f"exactly one of {', '.join(SOURCES)} tells the kind of source",
    ),
]
