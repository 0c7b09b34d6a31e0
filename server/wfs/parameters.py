"""What the parameters of a query say, one function a parameter; any mistake is raised as the standard's code."""

import math
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from layers.crs import CRS84, BBox, Crs, Spelling, is_geographic, parse_crs, swap, urn
from layers.errors import FilterError, UnknownCrsError, hint
from layers.query import FeatureQuery
from server.errors import InvalidParameterError, MissingParameterError
from server.kvp import Params
from server.wfs.asked import Asked
from server.wfs.dialect import WFS10, WFS20, Dialect
from server.wfs.errors import OperationProcessingError, OptionNotSupportedError
from server.wfs.feature_type import FeatureType, feature_type
from server.wfs.formats import advertised, format_of
from server.wfs.gml import Notation
from server.wfs.names import plain_name

_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+\- ]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class Query:
    """A query of a request: the feature type, what is asked of it, the CRS as it was asked."""

    kind: FeatureType
    features: FeatureQuery
    crs: Crs
    dialect: Dialect = WFS20

    @property
    def notation(self) -> Notation:
        """How coordinates are written: EPSG:n x first, URN and URI in the authority's order."""
        computed = self.crs.id != self.kind.facts.crs
        digits = is_geographic(self.crs.id) if computed else None
        name = gml2_name(self.crs) if self.dialect is WFS10 else self.crs.text
        return Notation(name, self.crs.swapped(short_is_authority=False), digits, self.dialect.gml_version)


def gml2_name(crs: Crs) -> str:
    """The name of a CRS in GML 2, which promises x first; one with the authority's order stays as it was asked."""
    if crs.authority_order:
        return crs.text
    return f"http://www.opengis.net/gml/srs/epsg.xml#{'4326' if crs.id == CRS84 else crs.id.rpartition(':')[2]}"


def output_format(asked: Asked) -> str:
    """The key of the format that is asked, `gml` where none is."""
    text = asked.params.text("OUTPUTFORMAT")
    if not text:
        return "gml"
    # An unescaped plus sign arrives as a blank.
    name = re.sub(r"\s*;\s*", ";", text.lower().replace("gml xml", "gml+xml").replace("geo json", "geo+json"))
    found = format_of(name, asked.dialect)
    if found is None:
        names = advertised(asked.dialect)
        message = f"OUTPUTFORMAT={text[:100]!r} is not one of {', '.join(names)}{hint(text[:100], names)}"
        raise InvalidParameterError(message, "outputFormat")
    return found


def check_resolve(params: Params) -> None:
    """Only local references could be resolved, and there are none (09-025r2, 7.6.4)."""
    text = params.text("RESOLVE", "none")
    if text.lower() not in ("none", "local"):
        raise InvalidParameterError(f"RESOLVE={text[:60]!r} is not one of none, local", "resolve")


def result_type(params: Params) -> str:
    """`results` or `hits`."""
    text = params.text("RESULTTYPE", "results").lower()
    if text not in ("results", "hits"):
        raise InvalidParameterError(f"RESULTTYPE={text[:60]!r} is not one of results, hits", "resultType")
    return text


def count(asked: Asked, *, whole: bool = False) -> int:
    """COUNT (or MAXFEATURES), at most what the service allows for a page, which is also the default (CountDefault).

    Before 2.0 there are no pages, and so the answer is whole, as that is which is a file (`whole`).
    """
    most = 2**53 if whole or not asked.dialect.paged else asked.registry.service.limits.features
    name = "COUNT" if asked.params.text("COUNT") else "MAXFEATURES"
    if not asked.params.text(name):
        return most
    return min(_whole(asked.params, name, "count"), most)


def start_index(asked: Asked) -> int:
    """STARTINDEX, from 0."""
    return _whole(asked.params, "STARTINDEX", "startIndex") if asked.params.text("STARTINDEX") else 0


def _whole(params: Params, name: str, locator: str) -> int:
    try:
        return params.integer(name, 0, maximum=2**53)
    except InvalidParameterError as error:
        raise InvalidParameterError(error.message, locator) from None


def type_names(params: Params) -> list[str]:
    """TYPENAMES, or TYPENAME as older clients write it."""
    return [name for name in params.items_of("TYPENAMES") or params.items_of("TYPENAME") if name]


def query(asked: Asked, params: Params, values: Mapping[str, Any] | None = None) -> Query:
    """An ad hoc query (09-025r2, 7.9.2), or one that a stored query makes of its parameters' `values`."""
    kind = _kind(asked, params)
    crs = crs_of(asked, params, kind)
    box = bbox(params, kind, asked.dialect)
    asked_filter = filter_of(asked, params, kind, values)
    if asked_filter is not None and box is not None and params.text("FILTER"):
        raise InvalidParameterError("BBOX and FILTER exclude each other", "bbox")
    ids = _own_ids(asked, params, kind)
    names, with_geometry = properties(params, kind)
    features = FeatureQuery(
        layer=kind.layer.id,
        crs=crs.id,
        bbox=box[0] if box else None,
        bbox_crs=box[1] if box else None,
        ids=ids,
        filter=asked_filter,
        properties=names,
        sort_by=sort_by(params, kind),
        geometry=with_geometry,
    )
    return Query(kind, features, crs, asked.dialect)


def _kind(asked: Asked, params: Params) -> FeatureType:
    names = type_names(params)
    if len(names) > 1:
        raise OptionNotSupportedError(
            "several names in one list ask for a join, which is not supported: write (first)(second)", "typeNames"
        )
    if names:
        return feature_type(asked.registry, names[0], asked.theme)
    ids = resource_ids(params)
    if not ids:
        raise MissingParameterError("typeNames")
    # The type of a feature is told by its id.
    return feature_type(asked.registry, ids[0].rpartition(".")[0] or ids[0], asked.theme)


def crs_of(asked: Asked, params: Params, kind: FeatureType) -> Crs:
    """SRSNAME as it is written, if it is served; the layer's own CRS where it is absent."""
    text = params.text("SRSNAME")
    if not text and asked.dialect is WFS10:
        return Crs(kind.facts.crs, Spelling.SHORT, kind.facts.crs)
    if not text:
        return Crs(kind.facts.crs, Spelling.URN, urn(kind.facts.crs))
    crs = parse_crs(text[:200], parameter="srsName")
    if crs.id not in (*asked.registry.crs_ids, kind.facts.crs):
        raise UnknownCrsError(text, asked.registry.service.crs, parameter="srsName")
    return crs


def bbox(params: Params, kind: FeatureType, dialect: Dialect = WFS20) -> tuple[BBox, str] | None:
    """The box, x first, and its CRS: the fifth item, else the layer's own (09-025r2, 7.9.2; 06-121r3, 10.2.3).

    In 1.0 x stands first (02-058, 14.3.3).
    """
    text = params.text("BBOX")
    if not text:
        return None
    parts = text.split(",")
    if len(parts) not in (4, 5):
        raise InvalidParameterError(f"BBOX={text[:200]!r} is not four numbers and a CRS", "bbox")
    numbers = [_number(part) for part in parts[:4]]
    own = kind.facts.crs if dialect is WFS10 else urn(kind.facts.crs)
    spelled = parts[4] if len(parts) == 5 else own
    crs = parse_crs(spelled[:200], parameter="bbox")
    box: BBox = (numbers[0], numbers[1], numbers[2], numbers[3])
    if crs.swapped(short_is_authority=False):
        box = swap(box)
    if box[0] > box[2] or box[1] > box[3]:
        message = f"BBOX={text[:200]!r}: the minimum of each axis comes first and is not above the maximum"
        raise InvalidParameterError(message, "bbox")
    return box, crs.id


def _number(text: str) -> float:
    text = text.strip().replace(" ", "+")
    value = float(text) if _NUMBER.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise InvalidParameterError(f"BBOX: {text[:60]!r} is not a number", "bbox")
    return value


def filter_of(asked: Asked, params: Params, kind: FeatureType, values: Mapping[str, Any] | None = None) -> Any:
    """FILTER (FES 2.0) or CQL_FILTER as a tree in the layer's own names and CRS; None where there is none."""
    fes, cql = params.text("FILTER"), params.text("CQL_FILTER")
    if not fes and not cql:
        return None
    if fes and cql:
        raise InvalidParameterError("FILTER and CQL_FILTER exclude each other", "filter")
    from layers import filters

    language = params.text("FILTER_LANGUAGE")
    if language and language not in ("urn:ogc:def:query Language:OGC-FES:Filter", _FES_LANGUAGE):
        raise InvalidParameterError(f"FILTER_LANGUAGE={language[:80]!r} is not {_FES_LANGUAGE}", "filter_language")
    context = filters.Names(
        kind.facts,
        kind.layer.id,
        lambda name: kind.property_name(name, parameter="filter"),
        crs=kind.facts.crs if asked.dialect is WFS10 else "",
        others=frozenset(asked.registry.layers),
        values=values or {},
        kinds=kind.kinds,
    )
    from layers.filters.build import ForeignIdError, OperandError

    try:
        return filters.read_fes(fes.encode(), context) if fes else filters.read_cql(cql, context)
    except ForeignIdError as error:
        raise InvalidParameterError(str(error), "RESOURCEID") from None
    except OperandError as error:
        raise OperationProcessingError(str(error), "filter") from None
    except FilterError as error:
        raise InvalidParameterError(str(error), "filter" if fes else "cql_filter") from None


_FES_LANGUAGE = "urn:ogc:def:queryLanguage:OGC-FES:Filter"


GML_ID = "@gml:id"
"""The reference to a feature's own id."""


def with_value(found: Query, params: Params) -> tuple[Query, str | None]:
    """The query for one property only, of features that have it, and its field; None is the geometry, GML_ID the id."""
    from layers import filters
    from layers.filters.tree import IsNull, Not, OfKind, Property

    reference = params.text("VALUEREFERENCE")
    if reference.strip().removeprefix("./") == GML_ID or reference.strip().endswith(f"{found.kind.local}/{GML_ID}"):
        return replace(found, features=replace(found.features, properties=(), geometry=False)), GML_ID
    name = found.kind.property_name(reference, parameter="valueReference")
    kind = next((field.type for field in found.kind.fields if field.name == name), "")
    has_value: filters.Condition = Not(IsNull(Property(name, kind) if name is not None else None))
    if name is None and (kinds := found.kind.kinds(reference)):
        has_value = OfKind(kinds)
    features = replace(
        found.features,
        properties=(name,) if name is not None else (),
        geometry=name is None,
        filter=filters.both(found.features.filter, has_value),
    )
    return replace(found, features=features), name


def _own_ids(asked: Asked, params: Params, kind: FeatureType) -> tuple[str, ...] | None:
    """The ids, none of which may be of another type than is asked (09-025r2, 7.9.2.4); unknown ones find nothing."""
    ids = resource_ids(params)
    for text in ids or ():
        if text.rpartition(".")[0] in asked.registry.layers.keys() - {kind.layer.id}:
            raise InvalidParameterError(f"RESOURCEID={text[:80]!r} is no id of a feature of {kind.name}", "RESOURCEID")
    return ids


def resource_ids(params: Params) -> tuple[str, ...] | None:
    """RESOURCEID (or FEATUREID) as the features' own ids."""
    items = params.items_of("RESOURCEID") or params.items_of("FEATUREID")
    return tuple(plain_name(item) for item in items if item) if items else None


def properties(params: Params, kind: FeatureType) -> tuple[tuple[str, ...], bool]:
    """The fields to answer and whether the geometry is; all of them where PROPERTYNAME is absent."""
    items = [item.strip("() ") for item in params.items_of("PROPERTYNAME")]
    if not any(items) or "*" in items:
        return tuple(kind.elements), True
    found = [kind.property_name(item, parameter="propertyName") for item in items if item]
    return tuple(name for name in kind.elements if name in found), None in found


def sort_by(params: Params, kind: FeatureType) -> tuple[tuple[str, bool], ...]:
    """SORTBY: `name [ASC|DESC]` items, or `name+A`; the key breaks ties (09-025r2, 7.9.2)."""
    keys: list[tuple[str, bool]] = []
    for item in params.items_of("SORTBY"):
        name, _, order = item.replace("+", " ").strip().rpartition(" ")
        if order.upper() not in ("ASC", "DESC", "A", "D"):
            name, order = item.strip(), "ASC"
        field = kind.property_name(name, parameter="sortBy")
        if field is None:
            raise InvalidParameterError(f"SORTBY={name[:60]!r}: a geometry has no order", "sortBy")
        keys.append((field, not order.upper().startswith("D")))
    return tuple(keys)
