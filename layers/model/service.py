"""`service.yaml`: what is true of the whole service."""

from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from layers.model.words import Bytes, Link, Model, Text


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
    parameters: dict[ParameterName, QueryParameter] = Field(default_factory=dict)
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
    stored_queries: dict[QueryId, StoredQuery] = Field(default_factory=dict)
    manage_stored_queries: ManagedQueries | None = None

    @model_validator(mode="after")
    def _whom_to_ask(self) -> Self:
        if self.inspire and self.inspire.embedded and not (self.contact.organization and self.contact.email):
            raise ValueError("inspire with metadata_date needs contact.organization and contact.email")
        return self
