"""The parameters of a request, read and checked before pygeoapi sees them (OGC 17-069r4, 7.15; 18-058r1, 6.2).

Names are case-sensitive, and one that the resource does not have is an error (17-069r4, 7.6.1).
"""

import math
from collections.abc import Iterable, Mapping

from layers.crs import CRS84, BBox, is_geographic, north_first, parse_crs, swap, uri
from layers.errors import UnknownCrsError, hint
from layers.filters import both
from layers.query import FeatureQuery
from layers.registry import Layer, Registry
from server.errors import InvalidParameterError
from server.ogcapi import filters, times
from server.ogcapi.asked import Asked
from server.ogcapi.config import DEFAULT_ITEMS
from server.ogcapi.names import RESERVED, crs_uris, fields

COMMON = ("f", "lang")
FORMATS = ("json", "html")


def check(params: Mapping[str, str], allowed: Iterable[str]) -> None:
    """Raises InvalidParameterError for a name that is not allowed, and for a format that is not served."""
    allowed = tuple(allowed)
    for name in params:
        if name not in allowed:
            shown = ", ".join(allowed[:20])
            message = f"{name[:100]!r} is not a parameter of this resource: {shown}{hint(name[:100].lower(), allowed)}"
            raise InvalidParameterError(message, name[:100])
    if params.get("f", "json") not in FORMATS:
        raise InvalidParameterError(f"f={params['f'][:100]!r} is not one of {', '.join(FORMATS)}", "f")


def items(registry: Registry, layer: Layer, params: Mapping[str, str]) -> Asked:
    """What `/items` is asked. Raises InvalidParameterError, UnknownCrsError, FilterError."""
    names = {field.name: field for field in fields(layer)}
    check(params, (*RESERVED, *names))
    crs = _crs(registry, layer, params, "crs")
    asked = Asked(registry, crs=crs, hits=params.get("resulttype") == "hits")
    if params.get("resulttype", "results") not in ("results", "hits"):
        raise InvalidParameterError("resulttype is not one of results, hits", "resulttype")
    chosen = times.selected(layer.times, params["datetime"]) if "datetime" in params else None
    bbox_crs = _crs(registry, layer, params, "bbox-crs")
    sides = _bbox(params, bbox_crs)
    asked.nothing = chosen == () and bool(layer.times)
    asked.query = FeatureQuery(
        layer=layer.id,
        crs=crs,
        bbox=sides[0] if len(sides) == 1 else None,
        bbox_crs=bbox_crs,
        filter=_filter(layer, params, sides, bbox_crs),
        properties=_properties(params, tuple(names)),
        sort_by=tuple(_sort_by(params, tuple(names))),
        time=() if chosen is None or len(chosen) == len(layer.times) else chosen,
        limit=_limit(params, registry.service.limits.features),
        offset=_integer(params, "offset", 0),
        geometry=not _boolean(params, "skipGeometry"),
    )
    return asked


def item(registry: Registry, layer: Layer, params: Mapping[str, str], identifier: str) -> Asked:
    """What `/items/{id}` is asked."""
    check(params, (*COMMON, "crs"))
    crs = _crs(registry, layer, params, "crs")
    shown = tuple(field.name for field in fields(layer))
    query = FeatureQuery(layer=layer.id, crs=crs, ids=(identifier,), properties=shown, limit=1)
    return Asked(registry, query, crs)


def _crs(registry: Registry, layer: Layer, params: Mapping[str, str], name: str) -> str:
    """Canonical id of a CRS of the collection's list; CRS84 where none is asked."""
    if name not in params:
        return CRS84
    allowed = crs_uris(registry, layer)
    if params[name] in allowed:
        return parse_crs(params[name]).id
    try:
        crs = parse_crs(params[name].strip("[]"), parameter=name)
    except UnknownCrsError:
        raise UnknownCrsError(params[name], allowed, parameter=name) from None
    if uri(crs.id) not in allowed:
        raise UnknownCrsError(params[name], allowed, parameter=name)
    return crs.id


def _bbox(params: Mapping[str, str], crs: str) -> tuple[BBox, ...]:
    """The box, x first, in one or two parts; heights are left aside (17-069r4, 7.15.3)."""
    if "bbox" not in params:
        if "bbox-crs" in params:
            raise InvalidParameterError("bbox-crs is given without bbox", "bbox-crs")
        return ()
    text = params["bbox"]
    try:
        numbers = [float(part) for part in text.split(",")]
    except ValueError:
        numbers = []
    if len(numbers) not in (4, 6) or not all(map(math.isfinite, numbers)):
        raise InvalidParameterError(f"bbox={text[:100]!r} is not four or six numbers", "bbox")
    half = len(numbers) // 2
    box = (numbers[0], numbers[1], numbers[half], numbers[half + 1])
    box = swap(box) if north_first(crs) else box
    return _sides(box, crs, text)


def _sides(box: BBox, crs: str, text: str) -> tuple[BBox, ...]:
    """The box itself, or its two sides where it crosses the antimeridian (17-069r4, 7.15.3)."""
    west, south, east, north = box
    if south > north or (west > east and not is_geographic(crs)):
        raise InvalidParameterError(f"bbox={text[:100]!r} is upside down", "bbox")
    return (box,) if west <= east else ((west, south, 180.0, north), (-180.0, south, east, north))


def _filter(layer: Layer, params: Mapping[str, str], sides: tuple[BBox, ...], crs: str) -> object:
    filters.check(params.get("filter-lang", filters.LANGUAGES[0]))
    tree = None
    if "filter" in params:
        language = params.get("filter-lang", filters.LANGUAGES[0])
        tree = filters.read(layer, params["filter"], language, params.get("filter-crs", ""))
    for field in fields(layer):
        if field.name in params and field.name not in RESERVED:
            tree = both(tree, filters.equal(field, params[field.name]))
    return both(tree, filters.boxes(layer, sides, crs)) if len(sides) > 1 else tree


def _properties(params: Mapping[str, str], names: tuple[str, ...]) -> tuple[str, ...]:
    if "properties" not in params:
        return names
    asked = [name.strip() for name in params["properties"].split(",") if name.strip()]
    for name in asked:
        _known("properties", name, names)
    return tuple(asked)


def _sort_by(params: Mapping[str, str], names: tuple[str, ...]) -> Iterable[tuple[str, bool]]:
    """Each property and whether it ascends; `+` is a blank where it is not percent-encoded."""
    for part in params.get("sortby", "").split(","):
        name = part.strip().removeprefix("+").removeprefix("-")
        if part.strip():
            _known("sortby", name, names)
            yield name, not part.strip().startswith("-")


def _known(parameter: str, name: str, names: tuple[str, ...]) -> None:
    if name not in names:
        shown = ", ".join(names)
        raise InvalidParameterError(f"{parameter}={name[:100]!r} is not one of {shown}{hint(name, names)}", parameter)


def _limit(params: Mapping[str, str], maximum: int) -> int:
    """At least 1; more than the maximum is the maximum (17-069r4, 7.15.2)."""
    return min(_integer(params, "limit", DEFAULT_ITEMS, minimum=1), maximum)


def _integer(params: Mapping[str, str], name: str, default: int, *, minimum: int = 0) -> int:
    text = params.get(name)
    if text is None:
        return default
    if not (text.isascii() and text.isdigit()) or len(text) > 15 or int(text) < minimum:
        raise InvalidParameterError(f"{name}={text[:100]!r} is not a whole number from {minimum}", name)
    return int(text)


def _boolean(params: Mapping[str, str], name: str) -> bool:
    text = params.get(name, "false").lower()
    if text not in ("true", "false"):
        raise InvalidParameterError(f"{name}={text[:100]!r} is not true or false", name)
    return text == "true"
