"""Filter Encoding read into conditions: FES 2.0 (OGC 09-026r2) and 1.1, 1.0 (OGC 04-095, 02-059).

Entities, DTDs and the network are off. What lxml lets through is at most 256 elements deep.
"""

from collections.abc import Callable
from typing import Any

from lxml import etree

from layers.crs import urn
from layers.errors import FilterError, UnknownPropertyError
from layers.filters import build
from layers.filters.build import Names
from layers.filters.gml_geometry import is_geometry, read_geometry
from layers.filters.placeholders import fill, name_of
from layers.filters.tree import (
    Always,
    Condition,
    Expression,
    IsNull,
    Literal,
    Not,
    OfKind,
    ResourceId,
    all_of,
    any_of,
    checked,
)

NAMESPACES = ("http://www.opengis.net/fes/2.0", "http://www.opengis.net/ogc", "")

_COMPARISONS = {
    "PropertyIsEqualTo": "=",
    "PropertyIsNotEqualTo": "<>",
    "PropertyIsLessThan": "<",
    "PropertyIsGreaterThan": ">",
    "PropertyIsLessThanOrEqualTo": "<=",
    "PropertyIsGreaterThanOrEqualTo": ">=",
}
_SPATIAL = {"Equals", "Disjoint", "Intersects", "Touches", "Crosses", "Within", "Contains", "Overlaps"}
_ARITHMETIC = {"Add": "+", "Sub": "-", "Mul": "*", "Div": "/"}
_INHERITED = frozenset({"name", "description", "identifier"})
"""Properties that every GML feature may have; ours have those that their layer declares."""

_IDS = {"ResourceId": "rid", "FeatureId": "fid", "GmlObjectId": "id"}
_PARSER: dict[str, Any] = {
    "resolve_entities": False,
    "no_network": True,
    "load_dtd": False,
    "remove_comments": True,
    "remove_pis": True,
}


def read(text: bytes, names: Names) -> Condition:
    """The condition of a Filter element. Raises FilterError, UnknownPropertyError."""
    try:
        root = etree.fromstring(text, etree.XMLParser(**_PARSER))
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FilterError(f"the filter is not XML that can be read: {error}"[:300]) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise FilterError("a filter has no document type declaration")
    if local(root) != "Filter" or etree.QName(root).namespace not in (*NAMESPACES, None):
        raise FilterError(f"{root.tag!r} is not a Filter in the namespace {NAMESPACES[0]}")
    fill(root, names.values)
    found = list(root)
    if found and all(local(child) in _IDS for child in found):
        return _ids(found, names)
    if len(found) != 1:
        raise FilterError("a Filter holds one operator, or ids")
    return checked(_condition(found[0], names))


def local(element: Any) -> str:
    """The element's name without its namespace."""
    return str(etree.QName(element).localname)


def _ids(elements: list[Any], names: Names) -> Condition:
    texts: list[str] = []
    for element in elements:
        value = next((v for n, v in element.attrib.items() if etree.QName(n).localname == _IDS[local(element)]), "")
        if not value:
            raise FilterError(f"{local(element)} has no {_IDS[local(element)]}")
        texts.append(unescaped_id(value))
        names.check_id(texts[-1])
    return ResourceId(tuple(texts))


def unescaped_id(value: str) -> str:
    """The feature's id of a gml:id, whose characters that XML cannot hold are written `_xHHHH_`."""
    import re

    return re.sub(r"_x([0-9A-Fa-f]{4,6})_", lambda match: chr(min(int(match[1], 16), 0x10FFFF)), value)


def _condition(element: Any, names: Names) -> Condition:
    name = local(element)
    match name:
        case "And" | "Or":
            items = [_condition(child, names) for child in element]
            if len(items) < 2:
                raise FilterError(f"{name} takes two conditions or more")
            return all_of(items) if name == "And" else any_of(items)
        case "Not":
            items = [_condition(child, names) for child in element]
            if len(items) != 1:
                raise FilterError("Not takes one condition")
            return Not(items[0])
        case "ResourceId" | "FeatureId" | "GmlObjectId":
            return _ids([element], names)
    return _predicate(name)(element, names)


def _predicate(name: str) -> Callable[[Any, Names], Condition]:
    if name in _COMPARISONS:
        return _comparison
    if name in _SPATIAL:
        return _spatial
    if name in build.TEMPORAL:
        return _temporal
    found = {
        "PropertyIsLike": _like,
        "PropertyIsNull": _null,
        "PropertyIsNil": _null,
        "PropertyIsBetween": _between,
        "BBOX": _bbox,
        "DWithin": _distance,
        "Beyond": _distance,
    }.get(name)
    if found is None:
        raise FilterError(f"there is no operator {name[:60]!r}")
    return found


def _comparison(element: Any, names: Names) -> Condition:
    sides = _expressions(element, names, 2)
    match_case = element.get("matchCase", "true").strip().lower() not in ("false", "0")
    return build.comparison(_COMPARISONS[local(element)], sides[0], sides[1], match_case=match_case)


def _expressions(element: Any, names: Names, count: int) -> list[Expression]:
    found = [_expression(child, names) for child in element]
    if len(found) != count:
        raise FilterError(f"{local(element)} takes {count} expressions, not {len(found)}")
    return found


def reference(element: Any) -> str:
    """The name in a ValueReference, with `gml` for whatever prefix GML's namespace has there.

    A property is there once, so that the position 1 says nothing.
    """
    text = (element.text or "").strip().removesuffix("[1]")
    before, slash, step = text.rpartition("/")
    prefix, _, name = step.rpartition(":")
    if (element.nsmap.get(prefix) or "").startswith("http://www.opengis.net/gml"):
        step = f"gml:{name}"
    return f"{before}{slash}{step}"


def _expression(element: Any, names: Names) -> Expression:
    name = local(element)
    match name:
        case "ValueReference" | "PropertyName":
            return names.value_property(reference(element))
        case "Literal":
            return Literal("".join(element.itertext()))
        case "Add" | "Sub" | "Mul" | "Div":
            sides = _expressions(element, names, 2)
            return build.arithmetic(_ARITHMETIC[name], sides[0], sides[1])
        case "Function":
            return build.function(element.get("name", ""), [_expression(child, names) for child in element])
    raise FilterError(f"{name[:60]!r} is not an expression")


def _like(element: Any, names: Names) -> Condition:
    sides = _expressions(element, names, 2)
    if not isinstance(sides[1], Literal):
        raise FilterError("PropertyIsLike takes a property and a literal")
    return build.like(
        sides[0],
        str(sides[1].value),
        wildcard=element.get("wildCard", "%"),
        single=element.get("singleChar", "_"),
        escape=element.get("escapeChar", element.get("escape", "\\")),
        match_case=element.get("matchCase", "true").strip().lower() not in ("false", "0"),
    )


def _null(element: Any, names: Names) -> Condition:
    references = [child for child in element if local(child) in ("ValueReference", "PropertyName")]
    if len(references) != 1:
        raise FilterError(f"{local(element)} takes one property")
    name = reference(references[0])
    try:
        found = names.property(name)
    except UnknownPropertyError:
        if name.removeprefix("gml:") in _INHERITED and name.startswith("gml:"):
            return Always(True)
        raise
    kinds = names.kinds(name) if found is None else ()
    return any_of([IsNull(None), Not(OfKind(kinds))]) if kinds else IsNull(found)


def _between(element: Any, names: Names) -> Condition:
    parts = list(element)
    bounds = {local(part): part for part in parts}
    if len(parts) != 3 or not {"LowerBoundary", "UpperBoundary"} <= set(bounds):
        raise FilterError("PropertyIsBetween takes an expression, a LowerBoundary and an UpperBoundary")
    low = _expressions(bounds["LowerBoundary"], names, 1)[0]
    high = _expressions(bounds["UpperBoundary"], names, 1)[0]
    return build.between(_expression(parts[0], names), low, high)


def _operand(element: Any, names: Names) -> tuple[Any, str]:
    """The shape that a spatial operator compares the feature's with, and its CRS; its property must be the geometry."""
    if (name := _parameter(element)) in names.values:
        from layers.filters.cql_literals import geometry

        return geometry(names.values[name], names)
    geometries = []
    for child in element:
        if local(child) in ("ValueReference", "PropertyName"):
            if names.property(reference(child)) is not None:
                raise FilterError(f"{(child.text or '').strip()[:60]!r} is not a geometry")
        elif local(child) == "Literal":
            geometries.extend(list(child))
        elif is_geometry(child):
            geometries.append(child)
    if len(geometries) != 1:
        raise FilterError(f"{local(element)} takes a property and one geometry")
    return read_geometry(geometries[0], _default_crs(names))


def _parameter(element: Any) -> str:
    """The name of the stored query's parameter that stands for the operator's geometry; "" where one stands itself."""
    texts = [element.text, *(child.tail for child in element)]
    texts += [child.text for child in element if local(child) == "Literal"]
    return next((name for text in texts if (name := name_of(text or ""))), "")


def _default_crs(names: Names) -> str:
    """The CRS of a geometry that tells none: the layer's, in its authority's order unless x is said to be first."""
    return names.crs if names.crs and not names.swapped else urn(names.crs or names.facts.crs)


def _spatial(element: Any, names: Names) -> Condition:
    shape, crs = _operand(element, names)
    return _narrowed(element, names, build.spatial(local(element).lower(), shape, crs, names.facts))


def _bbox(element: Any, names: Names) -> Condition:
    shape, crs = _operand(element, names)
    return _narrowed(element, names, build.box(tuple(shape.bounds), crs, names.facts))


def _narrowed(element: Any, names: Names, condition: Condition) -> Condition:
    """A spatial condition, for the types of geometry that its property means."""
    found = [reference(child) for child in element if local(child) in ("ValueReference", "PropertyName")]
    return names.narrowed(found[0], condition) if found else condition


def _distance(element: Any, names: Names) -> Condition:
    measure = next((child for child in element if local(child) == "Distance"), None)
    try:
        length = float((measure.text or "") if measure is not None else "")
    except ValueError:
        raise FilterError(f"{local(element)} takes a Distance") from None
    shape, crs = _operand(element, names)
    unit = measure.get("uom", measure.get("units", "")) if measure is not None else ""
    found = build.distance(shape, crs, names.facts, length, unit, beyond=local(element) == "Beyond")
    return _narrowed(element, names, found)


def _temporal(element: Any, names: Names) -> Condition:
    references = [child for child in element if local(child) in ("ValueReference", "PropertyName")]
    others = [child for child in element if child not in references]
    if len(references) != 1 or len(others) != 1:
        raise FilterError(f"{local(element)} takes a property and a moment or a period")
    operand = names.value_property(reference(references[0]))
    texts = [text.strip() for text in others[0].itertext() if text.strip()]
    if local(others[0]) == "TimePeriod" and len(texts) == 2:
        return build.temporal(local(element), operand, texts[0], texts[1])
    if len(texts) == 1:
        return build.temporal(local(element), operand, texts[0], None)
    raise FilterError(f"{local(element)}: {local(others[0])[:40]!r} is neither a TimeInstant nor a TimePeriod")
