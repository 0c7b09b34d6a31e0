"""A stored query (OGC 09-025r2, 14): what it is called, its parameters, and the queries that it stands for."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from layers import model
from layers.errors import FilterError
from layers.filters.build import literal
from layers.filters.placeholders import Bound, Geometry
from layers.registry import Registry
from server.errors import InvalidParameterError, MissingParameterError
from server.kvp import Params
from server.wfs import parameters
from server.wfs.asked import Asked
from server.wfs.feature_type import FeatureType, feature_type, feature_types
from server.wfs.parameters import Query

LANGUAGE = "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression"
LANGUAGES = (LANGUAGE, "urn:ogc:def:queryLanguage:OGC-WFS::WFS_QueryExpression")
"""The language of stored queries, in the spelling of the standard's text and that of its schema's examples."""

XSD = {
    "string": "xsd:string",
    "integer": "xsd:long",
    "real": "xsd:double",
    "boolean": "xsd:boolean",
    "date": "xsd:date",
    "datetime": "xsd:dateTime",
    "geometry": "gml:AbstractGeometryType",
}
"""The type that a description tells of a parameter."""

type Words = tuple[tuple[str, str], ...]
"""Texts, each with its language before it."""


def words(text: model.Text) -> Words:
    """The languages that a text has."""
    return tuple((language, said) for language, said in (("en", text.en), ("fr", text.fr)) if said)


@dataclass(frozen=True, slots=True)
class Parameter:
    """A parameter: `type` is one of XSD's keys, `xsd` how a description calls it; `default` where no value is given."""

    name: str
    type: str
    xsd: str
    titles: Words = ()
    abstracts: Words = ()
    default: str | None = None

    def value(self, params: Params) -> Bound:
        """The value that a request gives. Raises MissingParameterError, InvalidParameterError."""
        text = params.get(self.name, self.default)
        if text is None:
            raise MissingParameterError(self.name)
        if self.type == "geometry":
            return Geometry(text.strip())
        try:
            return literal(text if self.type == "string" else text.strip(), self.type).value
        except FilterError as error:
            raise InvalidParameterError(f"{self.name}: {error}", self.name) from None


@dataclass(frozen=True)
class StoredQuery(ABC):
    """What every stored query has. `private`: its text is not told; `whole`: its answers have no pages."""

    id: str
    titles: Words
    abstracts: Words = ()
    parameters: tuple[Parameter, ...] = ()
    private: bool = True
    whole: bool = False

    def values(self, params: Params) -> dict[str, Bound]:
        """The value of each parameter."""
        return {parameter.name: parameter.value(params) for parameter in self.parameters}

    @abstractmethod
    def returned(self, registry: Registry, theme: str | None) -> list[str]:
        """The names of the feature types that it may return."""

    @abstractmethod
    def queries(self, asked: Asked) -> list[Query]:
        """The queries that it stands for, with the values that the request gives."""

    def texts(self) -> Iterator[str]:
        """The XML of its queries, where they are told."""
        yield from ()


@dataclass(frozen=True)
class DeclaredQuery(StoredQuery):
    """A stored query of the registry."""

    layers: tuple[str, ...] = ()
    filter: str = ""

    @classmethod
    def of(cls, name: str, declared: model.StoredQuery) -> "DeclaredQuery":
        """The query as it is declared."""
        found = tuple(
            Parameter(key, one.type, XSD[one.type], words(one.title), words(one.abstract), one.default)
            for key, one in declared.parameters.items()
        )
        return cls(
            name,
            words(declared.title),
            words(declared.abstract),
            found,
            layers=declared.layers,
            filter=declared.filter,
        )

    def kinds(self, registry: Registry, theme: str | None) -> list[FeatureType]:
        """The feature types. Raises UnknownLayerError for one that is out of reach."""
        return [feature_type(registry, name, theme) for name in self.layers]

    def returned(self, registry: Registry, theme: str | None) -> list[str]:
        """The names of its feature types."""
        return [kind.name for kind in self.kinds(registry, theme)]

    @cached_property
    def _filter(self) -> list[tuple[str, str]]:
        text = self.filter.strip()
        return [("FILTER" if text.startswith("<") else "CQL_FILTER", text)] if text else []

    def queries(self, asked: Asked) -> list[Query]:
        """A query of each of its types, all with the one filter."""
        values, crs = self.values(asked.params), asked.params.text("SRSNAME")
        asking = [Params([("TYPENAMES", name), ("SRSNAME", crs), *self._filter]) for name in self.layers]
        return [parameters.query(asked, params, values) for params in asking]


@dataclass(frozen=True)
class ManagedQuery(StoredQuery):
    """A stored query that a client created: its wfs:Query elements, parsed, and the types that it told to return."""

    elements: tuple[Any, ...] = ()
    types: tuple[str, ...] = ()

    def returned(self, registry: Registry, theme: str | None) -> list[str]:
        """The types that it told, or else that its queries name; all where a parameter names them."""
        named = self.types or tuple(name for element in self.elements for name in type_names(element))
        if any("{" in name or name == ANY_TYPE for name in named):
            return [kind.name for kind in feature_types(registry, theme)]
        return [feature_type(registry, name, theme).name for name in named]

    def queries(self, asked: Asked) -> list[Query]:
        """Each query with the values in their places."""
        values = self.values(asked.params)
        shapes = {name: value for name, value in values.items() if isinstance(value, Geometry)}
        return [
            parameters.query(asked, params, shapes)
            for element in self.elements
            for params in _filled(asked, element, values)
        ]

    def texts(self) -> Iterator[str]:
        """The queries as they were created."""
        from lxml import etree

        return (etree.tostring(element, encoding="unicode", with_tail=False) for element in self.elements)


ANY_TYPE = "gml:AbstractFeature"
"""What a query of every feature type names (09-025r2, 7.9.2.4.1)."""


def type_names(element: Any) -> list[str]:
    """The names in a wfs:Query."""
    return str(element.get("typeNames") or element.get("typeName") or "").split()


def _filled(asked: Asked, element: Any, values: Mapping[str, Bound]) -> Iterator[Params]:
    """A wfs:Query as parameters, one set for each type where it is of any."""
    from copy import deepcopy

    from layers.filters.placeholders import fill
    from server.wfs.xml_request import query_parameters

    element = deepcopy(element)
    fill(element, values)
    pairs = list(query_parameters(element))
    if crs := asked.params.text("SRSNAME"):
        pairs = [("SRSNAME", crs), *pairs]
    if type_names(element) != [ANY_TYPE]:
        yield Params(pairs)
        return
    for kind in feature_types(asked.registry, asked.theme):
        yield Params([*pairs, ("TYPENAMES", kind.name)])
