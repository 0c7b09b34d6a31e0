"""The registry's YAML as models: what may be written in `service.yaml` and `layers/*.yaml`.

The JSON Schema for editors is generated from here (`garrigue check --schema`). Facts that the data itself
tells (CRS, extent, fields, bands) are not here: see `layers.facts`.
"""

import re
from mimetypes import guess_type
from typing import Annotated, Any, Literal, Self

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Discriminator,
    Field,
    GetJsonSchemaHandler,
    Tag,
    WithJsonSchema,
    field_validator,
    model_validator,
)
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

_PASSWORDS = (
    re.compile(r"^[a-z]+://[^/?#]*?:([^/?#]*)@", re.IGNORECASE),
    re.compile(r"[?&]password=([^&#]*)", re.IGNORECASE),
    re.compile(r"(?<![A-Za-z])password\s*=\s*('(?:[^'\\]|\\.)*'|[^\s&]*)", re.IGNORECASE),
)


def passwords_in(address: str) -> set[str]:
    """What stands in a database's address in the place of a password, as it is written there."""
    return {match[1].strip("'") for pattern in _PASSWORDS for match in pattern.finditer(address)} - {""}


LAYER_ID = re.compile(r"[a-z][a-z0-9_]*")


class Model(BaseModel):
    """Frozen, and nothing undeclared is let in."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Text(Model):
    """Words in French and English; one of them is enough."""

    fr: str = ""
    en: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"fr": value, "en": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told that a plain string does as well."""
        return {"anyOf": [handler(core), {"type": "string"}]}

    def get(self, language: str) -> str:
        """The words in a language ("fr" or "en"), else in the other."""
        return (self.en or self.fr) if language == "en" else (self.fr or self.en)

    def __bool__(self) -> bool:
        return bool(self.fr or self.en)


class Link(Model):
    """An address with what it gives."""

    url: str
    title: str = ""
    format: str = "text/xml"
    type: str = "ISO19115:2003"


class Logo(Model):
    """A picture by its address; its size is in pixels."""

    url: str
    width: int | None = Field(None, ge=1)
    height: int | None = Field(None, ge=1)
    format: str = ""

    @model_validator(mode="before")
    @classmethod
    def _from_string(cls, value: Any) -> Any:
        return {"url": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told that the address alone does as well."""
        return {"anyOf": [handler(core), {"type": "string"}]}

    @property
    def media_type(self) -> str:
        """As declared, else as the address ends."""
        return self.format or guess_type(self.url.partition("?")[0])[0] or "image/png"


class Attribution(Model):
    """Who is to be named with the layer."""

    title: str
    url: str | None = None
    logo: Logo | None = None


class Contact(Model):
    """Who answers for the service (OGC 06-042, ContactInformation; OGC 06-121r9, ServiceProvider)."""

    organization: str = ""
    person: str = ""
    position: str = ""
    email: str = ""
    phone: str = ""
    address: str = ""
    city: str = ""
    postal_code: str = ""
    country: str = ""
    site: str = ""


class Namespace(Model):
    """Prefix and URI of the WFS feature types."""

    prefix: str = Field("garrigue", pattern=r"^[A-Za-z_][A-Za-z0-9_.-]*$")
    uri: str = "https://garrigue.example/ns"


def _bytes(value: Any) -> Any:
    match = re.fullmatch(r"(\d+(?:\.\d+)?) ?([kMGT]B)", str(value))
    return round(float(match[1]) * 1000 ** ("kMGT".index(match[2][0]) + 1)) if match else value


Bytes = Annotated[
    int,
    Field(ge=0),
    BeforeValidator(_bytes),
    WithJsonSchema(
        {"anyOf": [{"type": "integer", "minimum": 0}, {"type": "string", "pattern": r"^\d+(\.\d+)? ?[kMGT]B$"}]}
    ),
]
"""Bytes, or as "500 GB"."""


class Limits(Model):
    """The most that one request may ask."""

    width: int = Field(4096, ge=16, le=20000)
    height: int = Field(4096, ge=16, le=20000)
    layers: int = Field(30, ge=1, le=1000)
    frames: int = Field(100, ge=2, le=1000)
    frame_pixels: int = Field(30_000_000, ge=10_000)
    features: int = Field(10000, ge=1)
    info_features: int = Field(100, ge=1)
    body: int = Field(4_000_000, ge=1000)
    seconds: int = Field(60, ge=1)


Hours = Annotated[str, Field(pattern=r"^([01]\d|2[0-3]):[0-5]\d-([01]\d|2[0-4]):[0-5]\d$")]


class Engine(Model):
    """When the heavy process may run: idle seconds until it stops, hours in which it sleeps.

    `missing_tile` is what a tile that was never made is answered by meanwhile: 503, 204, a transparent picture, or
    the part of the nearest tile above it, enlarged.
    """

    idle: int = Field(600, ge=1)
    sleep: tuple[Hours, ...] = ()
    timezone: str = "Europe/Paris"
    missing_tile: Literal["error", "empty", "blank", "parent"] = "error"
    processes: int = Field(2, ge=1, le=64)


class Identity(Model):
    """The headers in which a trusted proxy tells who asks: a user, and their groups with commas or semicolons."""

    user: str = Field("X-Remote-User", pattern=r"^[A-Za-z0-9-]+$")
    groups: str = Field("X-Remote-Groups", pattern=r"^[A-Za-z0-9-]+$")


Group = Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
"""A name for those who may reach a layer, as keys and proxies tell it."""


ParameterType = Literal["string", "integer", "real", "boolean", "date", "datetime", "geometry"]


class QueryParameter(Model):
    """A parameter of a stored query: its type, what it means, its value where none is given."""

    type: ParameterType = "string"
    title: Text = Text()
    abstract: Text = Text()
    default: str | None = None

    @field_validator("default", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return str(value).lower() if isinstance(value, bool) else str(value) if value is not None else None


QueryId = Annotated[str, Field(pattern=r"^[^\s<>\"'&,]{1,200}$")]
ParameterName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class StoredQuery(Model):
    """A query of WFS that the service keeps: over these layers, with a filter (CQL2 text or FES) of its parameters.

    A parameter stands in the filter as `{name}`, where a value stands.
    """

    title: Text
    abstract: Text = Text()
    parameters: dict[ParameterName, QueryParameter] = {}
    layers: tuple[str, ...] = Field(min_length=1)
    filter: str = ""


class ManagedQueries(Model):
    """Who may create and drop stored queries, anybody where no groups are named, and how many there may be."""

    groups: tuple[Group, ...] = ()
    most: int = Field(100, ge=1, le=10_000)

    @model_validator(mode="before")
    @classmethod
    def _true(cls, value: Any) -> Any:
        return {} if value is True else value


class Exports(Model):
    """Files of WFS that are estimated to be larger are made aside, and kept for some hours; at most so many at once."""

    larger_than: Bytes = 200_000_000
    most: int = Field(20, ge=1, le=1000)
    hours: int = Field(24, ge=1, le=24 * 30)


IsoDate = Annotated[str, BeforeValidator(str), Field(pattern=r"^\d{4}-\d\d-\d\d$")]


class Specification(Model):
    """A specification that a service is measured by, the date of its publication, and how far it conforms."""

    title: Text
    date: IsoDate
    degree: Literal["conformant", "notConformant", "notEvaluated"] = "notEvaluated"
    url: str | None = None


class Inspire(Model):
    """What the INSPIRE view service tells of itself: `url` of its record in a catalogue, or the record's elements.

    With `metadata_date` the elements stand in the capabilities: one of the other dates, conformity, themes.
    """

    url: str | None = None
    format: str = "application/vnd.iso.19139+xml"
    metadata_date: IsoDate | None = None
    created: IsoDate | None = None
    published: IsoDate | None = None
    revised: IsoDate | None = None
    conformity: tuple[Specification, ...] = ()
    keywords: tuple[Text, ...] = ()

    @property
    def embedded(self) -> bool:
        """True where the elements stand in the capabilities (scenario 2)."""
        return self.metadata_date is not None

    @model_validator(mode="after")
    def _one(self) -> Self:
        if self.url is None and not self.embedded:
            raise ValueError("url of the service's record, or metadata_date with the record's elements")
        if self.embedded and not (self.created or self.published or self.revised):
            raise ValueError("one of created, published, revised goes with metadata_date")
        return self


class Service(Model):
    """`service.yaml`: what is true of the whole service.

    `free_space` is how much of the store's disk is left free: with less, no tile is written any more.
    """

    title: Text = Text(fr="Géoservices Garrigue", en="Garrigue geoservices")
    abstract: Text = Text()
    keywords: tuple[str, ...] = ()
    contact: Contact = Contact()
    fees: str = "none"
    access_constraints: str = "none"
    public_url: str | None = Field(None, pattern=r"^https?://[^\s<>\"']+$")
    trusted_proxies: tuple[str, ...] = ()
    identity: Identity | None = None
    crs: tuple[str, ...] = ("EPSG:2154", "EPSG:3857", "EPSG:4326", "CRS:84")
    namespace: Namespace = Namespace()
    limits: Limits = Limits()
    engine: Engine = Engine()
    language: Literal["fr", "en"] = "fr"
    inspire: Inspire | None = None
    inspire_download: Link | None = None
    sld_hosts: tuple[str, ...] = ()
    free_space: Bytes = 256_000_000
    exports: Exports = Exports()
    stored_queries: dict[QueryId, StoredQuery] = {}
    manage_stored_queries: ManagedQueries | None = None

    @model_validator(mode="after")
    def _whom_to_ask(self) -> Self:
        if self.inspire and self.inspire.embedded and not (self.contact.organization and self.contact.email):
            raise ValueError("inspire with metadata_date needs contact.organization and contact.email")
        return self


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


class Time(Model):
    """Where the dates of a layer are: an attribute of its features, or the dimension of its raster."""

    attribute: str | None = None
    dimension: str | None = None
    default: str = "latest"
    current: bool = False
    nearest: bool = True

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.attribute is None) == (self.dimension is None):
            raise ValueError("exactly one of attribute, dimension")
        return self


class Dimension(Model):
    """A dimension beside time (OGC 06-042, annex C): values of an attribute of features, or what a raster's pixels are.

    `extent` is "least/greatest/resolution" of the first band's values: what is asked of it hides all other pixels.
    """

    attribute: str | None = None
    extent: str | None = Field(None, pattern=r"^-?[\d.]+/-?[\d.]+/[\d.]+$")
    units: str = ""
    symbol: str = ""
    default: str | None = None
    multiple: bool = True
    nearest: bool = False

    @field_validator("default", mode="before")
    @classmethod
    def _text(cls, value: Any) -> Any:
        return f"{value:g}" if isinstance(value, int | float) else value

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.attribute is None) == (self.extent is None):
            raise ValueError("exactly one of attribute, extent")
        return self


class Elevation(Dimension):
    """The dimension ELEVATION, in metres above sea level unless told otherwise."""

    units: str = "CRS:88"
    symbol: str = "m"


DimensionName = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


Code = Annotated[str, Field(min_length=1, max_length=200)]


class FieldAlias(Model):
    """How a field is shown, or that it is not; the values that it may have: a list, or codes with their meanings."""

    title: Text = Text()
    hidden: bool = False
    values: dict[Code, Text] = {}

    @field_validator("values", mode="before")
    @classmethod
    def _listed(cls, value: Any) -> Any:
        if isinstance(value, list | tuple):
            return {_written(one): {} for one in value}
        return {_written(code): label for code, label in value.items()} if isinstance(value, dict) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, core: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        """Editors are told that a list does as well."""
        found = handler(core)
        described = handler.resolve_ref_schema(found)["properties"]["values"]
        plain = {"type": "array", "items": {"type": ["string", "number", "boolean"]}}
        described["anyOf"] = [{key: described.pop(key) for key in ("type", "additionalProperties")}, plain]
        return found


def _written(code: Any) -> str:
    """A code as XML and JSON write it, whatever YAML took it for."""
    return str(code).lower() if isinstance(code, bool) else str(code)


Levels = Annotated[str, Field(pattern=r"^\d{1,2}(-\d{1,2})?$")]


class Tiles(Model):
    """What is kept as tiles: grids, format, levels ("10-20"), and bytes at the most ("500 GB").

    `vector` is for layers of features in Web Mercator: None where they have vector tiles as a matter of course, False
    where they are not wanted, True or levels where they are.
    """

    grids: tuple[str, ...] = ("PM", "LAMB93_5cm")
    format: Literal["png", "png8", "jpeg", "webp"] | None = None
    levels: str | None = None
    meta: int = Field(4, ge=1, le=16)
    buffer: int = Field(64, ge=0, le=512)
    quota: Bytes | None = None
    vector: bool | Levels | None = None

    @field_validator("levels", mode="before")
    @classmethod
    def _levels(cls, value: Any) -> Any:
        if value is None:
            return value
        match = re.fullmatch(r"(\d{1,2})(?:-(\d{1,2}))?", str(value))
        if not match or (match[2] and int(match[1]) > int(match[2])):
            raise ValueError('levels are written "first-last", as "10-20"')
        return str(value)

    @field_validator("vector", mode="before")
    @classmethod
    def _vector(cls, value: Any) -> Any:
        return value if value is None or isinstance(value, bool) else cls._levels(value)


GeometryKind = Literal[
    "Point", "LineString", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon", "GeometryCollection"
]

ElementName = Annotated[str, Field(pattern=r"^[\p{L}_][\p{L}\p{N}_.-]*$")]


class Gml(Model):
    """Which fields are gml:name, gml:description, gml:identifier, and what the geometry's element is called in GML.

    `geometry` has one name, or one for each type of geometry where features of a layer have several.
    """

    name: str | None = None
    description: str | None = None
    identifier: str | None = None
    geometry: ElementName | dict[GeometryKind, ElementName] | None = None


EditOperation = Literal["insert", "update", "replace", "delete"]


class Edit(Model):
    """Which changes clients may make by transactions; `edit: true` means every one.

    `groups` may make them, everybody where none are named; or it tells the groups of an operation. `extent` is the
    box, in the layer's CRS, in which features must lie.
    """

    operations: tuple[EditOperation, ...] = ("insert", "update", "replace", "delete")
    groups: tuple[Group, ...] | dict[EditOperation, tuple[Group, ...]] = ()
    extent: tuple[float, float, float, float] | None = None

    @model_validator(mode="before")
    @classmethod
    def _true(cls, value: Any) -> Any:
        return {} if value is True else value

    def groups_of(self, operation: str) -> frozenset[str]:
        """The groups that an operation is kept for; none where it is for everybody."""
        if isinstance(self.groups, dict):
            return frozenset(group for name, groups in self.groups.items() if name == operation for group in groups)
        return frozenset(self.groups)


class DataSet(Model):
    """The identifier of a spatial data set that a layer is of (INSPIRE, unique resource identifier)."""

    code: str = Field(min_length=1, max_length=200)
    namespace: str = ""


class Layer(Model):
    """A layer as declared: everything that its data does not tell."""

    title: Text
    name: ElementName | None = None
    abstract: Text = Text()
    keywords: tuple[str, ...] = ()
    source: Source
    style: str | None = None
    styles: dict[str, str] = {}
    time: Time | None = None
    elevation: Elevation | None = None
    dimensions: dict[DimensionName, Dimension] = {}
    fields: dict[str, FieldAlias] = {}
    tiles: Tiles = Tiles()
    attribution: Attribution | None = None
    metadata: tuple[Link, ...] = ()
    edit: Edit | None = None
    inspire: DataSet | None = None
    gml: Gml = Gml()
    queryable: bool = True
    access: tuple[Group, ...] = ()
    copies: tuple[str, ...] = ()
    min_scale: float | None = None
    max_scale: float | None = None

    @model_validator(mode="after")
    def _style_or_styles(self) -> Self:
        if self.style and self.styles:
            raise ValueError("style and styles cannot both be given: the first of styles is the default")
        if {"time", "elevation"} & self.dimensions.keys():
            raise ValueError("time and elevation are keys of their own, not among dimensions")
        if self.copies and not isinstance(self.source, VectorSource):
            raise ValueError("copies are of vector files: a database changes without a file telling it")
        if self.copies and self.edit:
            raise ValueError("copies and edit cannot both be given: a change would not be drawn")
        return self

    @property
    def other_dimensions(self) -> dict[str, Dimension]:
        """Every dimension but time, by its name."""
        return {**({"elevation": self.elevation} if self.elevation else {}), **self.dimensions}


class Theme(Model):
    """What a file of layers is about (its key `theme`)."""

    title: Text
    abstract: Text = Text()
    keywords: tuple[str, ...] = ()
    metadata: tuple[Link, ...] = ()
