"""`layers/*.yaml`: layers and their themes."""

import re
from typing import Annotated, Any, Literal, Self

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from layers.model.service import Group
from layers.model.source import Source, VectorSource
from layers.model.words import Attribution, Bytes, Link, Model, Text


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
    values: dict[Code, Text] = Field(default_factory=dict)

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
    styles: dict[str, str] = Field(default_factory=dict)
    time: Time | None = None
    elevation: Elevation | None = None
    dimensions: dict[DimensionName, Dimension] = Field(default_factory=dict)
    fields: dict[str, FieldAlias] = Field(default_factory=dict)
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
