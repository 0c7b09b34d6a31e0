"""GML geometries (3.2, 3.1, 2.1) as shapes, x first whatever the order that their CRS's spelling means."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import shapely
from lxml import etree
from shapely.errors import GEOSException

from layers.crs import Crs, parse_crs
from layers.errors import FilterError
from layers.sources.straight import stroked

_SINGLE = {"Point", "LineString", "LinearRing", "Polygon", "Envelope", "Box", "Curve", "Surface", "PolygonPatch"}
_MULTIPLE = {
    "MultiPoint": shapely.MultiPoint,
    "MultiLineString": shapely.MultiLineString,
    "MultiCurve": shapely.MultiLineString,
    "MultiPolygon": shapely.MultiPolygon,
    "MultiSurface": shapely.MultiPolygon,
    "MultiGeometry": shapely.GeometryCollection,
}


def is_geometry(element: Any) -> bool:
    """True for an element that `read_geometry` reads."""
    return _local(element) in _SINGLE or _local(element) in _MULTIPLE


def read_geometry(element: Any, default_crs: str, *, heights: bool = False) -> tuple[Any, str]:
    """The shape and the id of its CRS; `default_crs` is the spelling of the one that is meant where none is named.

    Heights are left out unless they are asked.
    """
    if not is_geometry(element):
        raise FilterError(f"{_local(element)[:60]!r} is not a geometry that is read")
    crs = _crs(element, default_crs)
    try:
        shape = _shape(element)
    except (GEOSException, ValueError, TypeError, IndexError) as error:
        raise FilterError(f"the geometry {_local(element)} cannot be read: {error}"[:200]) from None
    if not heights:
        shape = shapely.force_2d(shape)
    if crs.swapped(short_is_authority=False):
        shape = shapely.transform(shape, _swapped, include_z=bool(shapely.has_z(shape)))
    return shape, crs.id


def _swapped(coordinates: Any) -> Any:
    return coordinates[:, [1, 0, *range(2, coordinates.shape[1])]]


def _crs(element: Any, default_crs: str) -> Crs:
    named = next((e.get("srsName") for e in element.iter() if isinstance(e.tag, str) and e.get("srsName")), None)
    return parse_crs((named or default_crs)[:200], parameter="srsName")


def _local(element: Any) -> str:
    return str(etree.QName(element).localname)


def _shape(element: Any) -> Any:
    name = _local(element)
    match name:
        case "Point":
            return shapely.Point(_positions(element)[0])
        case "LineString":
            return shapely.LineString(_positions(element))
        case "LinearRing":
            return shapely.LinearRing(_positions(element))
        case "Envelope" | "Box":
            corners = _positions(element)
            return _box(*corners[0][:2], *corners[1][:2])
        case "Polygon" | "PolygonPatch":
            return _polygon(element)
        case "Curve":
            return shapely.LineString(_curve(element))
        case "Surface":
            patches = [_polygon(part) for part in _inside(element, {"PolygonPatch"})]
            return patches[0] if len(patches) == 1 else shapely.MultiPolygon(patches)
    return _multi(element, name)


def _box(x0: float, y0: float, x1: float, y1: float) -> Any:
    """An envelope, which may have no area."""
    if x0 > x1 or y0 > y1:
        raise ValueError("the lower corner is not below the upper one")
    if x0 == x1 and y0 == y1:
        return shapely.Point(x0, y0)
    return shapely.LineString([(x0, y0), (x1, y1)]) if x0 == x1 or y0 == y1 else shapely.box(x0, y0, x1, y1)


def _multi(element: Any, name: str) -> Any:
    parts: list[Any] = []
    for child in element:
        if is_geometry(child):
            parts.append(_shape(child))
        else:
            parts.extend(_shape(inner) for inner in child if is_geometry(inner))
    flat = [single for part in parts for single in (part.geoms if hasattr(part, "geoms") else (part,))]
    return _MULTIPLE[name](flat)


def _polygon(element: Any) -> Any:
    outer = list(_inside(element, {"exterior", "outerBoundaryIs"}))
    holes = [_ring(part) for part in _inside(element, {"interior", "innerBoundaryIs"})]
    return shapely.Polygon(_ring(outer[0]), holes)


def _ring(element: Any) -> list[tuple[float, ...]]:
    """The positions of a boundary: a LinearRing's, or those of a Ring's curves one after the other."""
    curves = list(_inside(element, {"Curve", "LineString"}))
    return [place for one in curves for place in _curve(one)] if curves else _positions(element)


def _curve(element: Any) -> list[tuple[float, ...]]:
    """The positions of a curve, its arcs as chords (ISO 19136, 10.4.7). Raises ValueError for any other segment."""
    if _local(element) == "LineString":
        return _positions(element)
    found: list[tuple[float, ...]] = []
    for segments in _inside(element, {"segments"}):
        for segment in segments:
            found += _segment(segment)
    if not found:
        raise ValueError("it has no segments")
    return found


def _segment(element: Any) -> list[tuple[float, ...]]:
    places = _positions(element)
    match _local(element):
        case "LineStringSegment":
            return places
        case "Arc" | "ArcString" if len(places) >= 3 and len(places) % 2:
            return [tuple(place) for place in stroked(np.array(places)).tolist()]
    raise ValueError(f"a segment {_local(element)[:40]} of {len(places)} positions is not read")


def _inside(element: Any, names: set[str]) -> Iterator[Any]:
    return (child for child in element.iter() if isinstance(child.tag, str) and _local(child) in names)


def _positions(element: Any) -> list[tuple[float, ...]]:
    """Every position below an element, in order."""
    found: list[tuple[float, ...]] = []
    for part in element.iter():
        text = part.text or ""
        match _local(part):
            case "pos" | "lowerCorner" | "upperCorner":
                found.append(tuple(map(float, text.split())))
            case "posList":
                found.extend(_split([float(n) for n in text.split()], _dimension(part, element)))
            case "coordinates":
                found.extend(tuple(map(float, pair.split(","))) for pair in text.split())
            case "coord":
                found.append(tuple(float(child.text) for child in part))
    return found


def _dimension(part: Any, element: Any) -> int:
    for source in (part, element, *element.iterancestors()):
        if value := source.get("srsDimension") or source.get("dimension"):
            return int(value)
    return 2


def _split(numbers: list[float], dimension: int) -> Iterator[tuple[float, ...]]:
    if dimension not in (2, 3) or len(numbers) % dimension:
        raise ValueError(f"{len(numbers)} numbers are not positions of dimension {dimension}")
    return (tuple(numbers[place : place + dimension]) for place in range(0, len(numbers), dimension))
