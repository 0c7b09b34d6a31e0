"""The parameters `filter`, `filter-lang` and those named like a field (OGC 19-079r2) as the tree that layers read."""

from layers import filters
from layers.crs import CRS84, BBox, Crs, parse_crs
from layers.errors import UnknownPropertyError
from layers.facts import Field, VectorFacts
from layers.filters import build
from layers.filters.tree import Condition, Literal, Property, any_of
from layers.registry import Layer
from server.errors import InvalidParameterError
from server.ogcapi.names import fields

GEOMETRY = "geometry"
LANGUAGES = ("cql2-text",)


def read(layer: Layer, text: str, language: str, crs: str) -> Condition:
    """The filter's tree; `crs` is that of its geometries, longitude and latitude where it is empty.

    Raises InvalidParameterError, FilterError, UnknownCrsError, UnknownPropertyError.
    """
    check(language)
    return filters.read_cql(text, _names(layer, parse_crs(crs or CRS84, parameter="filter-crs")))


def check(language: str) -> None:
    """Raises InvalidParameterError where the language is not served."""
    if language not in LANGUAGES:
        shown = ", ".join(LANGUAGES)
        raise InvalidParameterError(f"filter-lang={language[:100]!r} is not one of {shown}", "filter-lang")


def equal(field: Field, text: str) -> Condition:
    """The condition that a field has a value given as text (19-079r2, 6.5). Raises FilterError."""
    return build.comparison("=", Property(field.name, field.type), Literal(text))


def boxes(layer: Layer, sides: tuple[BBox, ...], crs: str) -> Condition:
    """The condition that a feature meets any of some boxes."""
    assert isinstance(layer.facts, VectorFacts)
    return any_of(build.box(side, crs, layer.facts) for side in sides)


def _names(layer: Layer, crs: Crs) -> build.Names:
    shown = [field.name for field in fields(layer)]

    def resolve(name: str) -> str | None:
        if name == GEOMETRY:
            return None
        if name not in shown:
            raise UnknownPropertyError(name, [*shown, GEOMETRY], parameter="filter")
        return name

    assert isinstance(layer.facts, VectorFacts)
    swapped = crs.swapped(short_is_authority=True)
    return build.Names(layer.facts, layer.id, resolve, crs.id, swapped)
