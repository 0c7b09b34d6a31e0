"""The actions of a transaction (OGC 09-025r2, 15.2; 04-094, 12.2; 02-058, 11.2) as changes of a layer's features."""

import base64
import binascii
from collections.abc import Iterator
from typing import Any

import shapely

from layers.crs import urn
from layers.errors import FilterError, UnknownLayerError, UnknownPropertyError, WithheldLayerError
from layers.filters import build
from layers.filters.fes import local, reference
from layers.filters.gml_geometry import is_geometry, read_geometry
from layers.filters.tree import Condition
from layers.sources.edits import Edit
from layers.sources.geometry import KINDS
from server.errors import InvalidParameterError, MissingParameterError
from server.wfs.asked import Asked
from server.wfs.dialect import WFS10
from server.wfs.errors import InvalidValueError, OperationParsingError
from server.wfs.feature_type import FeatureType, feature_type
from server.wfs.names import xml_name

XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"


def edits_of(asked: Asked, element: Any) -> Iterator[Edit]:
    """The changes that an element of a transaction asks for."""
    handle = element.get("handle", "")
    match local(element):
        case "Insert":
            for feature in element:
                yield _whole(asked, "insert", feature, element.get("srsName", ""), handle, None)
        case "Replace":
            kind = _type(asked, local(element[0])) if len(element) else None
            if kind is None:
                raise OperationParsingError("Replace holds a feature and a Filter", "Replace")
            condition = _filter(asked, kind, element)
            yield _whole(asked, "replace", element[0], element.get("srsName", ""), handle, condition)
        case "Update":
            yield _update(asked, element, handle)
        case "Delete":
            kind = _type(asked, element.get("typeName", ""))
            yield Edit("delete", kind.layer, filter=_filter(asked, kind, element), handle=handle)
        case "Native" if element.get("safeToIgnore", "").lower() not in ("true", "1"):
            raise InvalidParameterError("there are no Native actions", "Native")
        case "Native" | "LockId" | "LockID":
            return
        case name:
            raise OperationParsingError(f"there is no action {name[:60]!r}", name[:60])


def _type(asked: Asked, name: str) -> FeatureType:
    if not name:
        raise MissingParameterError("typeName")
    return feature_type(asked.registry, name, asked.theme)


def _whole(asked: Asked, action: str, feature: Any, srs_name: str, handle: str, condition: Condition | None) -> Edit:
    """An edit that brings a whole feature."""
    try:
        kind = _type(asked, local(feature))
    except WithheldLayerError:
        raise
    except UnknownLayerError as error:
        raise InvalidValueError(str(error), local(feature)[:60]) from None
    values: dict[str, Any] = {}
    shape, crs = None, ""
    for element in feature:
        name = _field(kind, element)
        if name is None and len(element):
            shape, crs = _shape(asked, element, kind, srs_name)
        elif name:
            values[name] = _value(element, kind, name)
    return Edit(action, kind.layer, values, shape, crs, with_shape=True, filter=condition, handle=handle)


def _field(kind: FeatureType, element: Any) -> str | None:
    """The field that an element of a feature holds; None is the geometry, "" is nothing that is kept."""
    name = local(element)
    if str(element.tag).startswith("{http://www.opengis.net/gml"):
        return kind.standard.get(name, "")
    try:
        return kind.property_name(name, parameter="property")
    except UnknownPropertyError as error:
        raise InvalidValueError(str(error), name[:60]) from None


def _update(asked: Asked, element: Any, handle: str) -> Edit:
    kind = _type(asked, element.get("typeName", ""))
    values: dict[str, Any] = {}
    shape, crs, with_shape = None, "", False
    for item in (child for child in element if local(child) == "Property"):
        parts = {local(part): part for part in item}
        found = parts.get("ValueReference", parts.get("Name"))
        if found is None:
            raise OperationParsingError("a Property has a name", "Property")
        text = reference(found)
        if text.startswith("gml:") and text.removeprefix("gml:") not in kind.standard:
            raise InvalidValueError(f"{text[:60]!r} is not kept with these features", text[:60])
        name = kind.property_name(text, parameter="valueReference")
        value = parts.get("Value")
        if name is not None:
            values[name] = None if value is None else _value(value, kind, name)
        elif local_name(text) not in kind.geometries.values():
            raise InvalidValueError(f"{text[:60]!r} cannot be set", "valueReference")
        else:
            with_shape = True
            srs_name = element.get("srsName", "")
            shape, crs = _shape(asked, value, kind, srs_name, local_name(text)) if value is not None else (None, "")
    condition = _filter(asked, kind, element)
    return Edit("update", kind.layer, values, shape, crs, with_shape=with_shape, filter=condition, handle=handle)


def _value(element: Any, kind: FeatureType, name: str) -> Any:
    """A value in the type of its field; None for a nil one, or one without text where text is not what it holds."""
    found = next(field.type for field in kind.facts.fields if field.name == name)
    text = "".join(element.itertext())
    if element.get(XSI_NIL, "").strip() in ("true", "1"):
        return None
    if len(element):
        raise InvalidValueError(f"the value of {name!r} is not plain text", xml_name(name))
    if found == "string":
        return text
    if not text.strip():
        return None
    try:
        if found == "binary":
            return base64.b64decode(text, validate=True)
        return build.literal(text.strip(), found).value
    except (FilterError, binascii.Error):
        message = f"{text[:80]!r} is not a value of {name!r}, which is of type {found}"
        raise InvalidValueError(message, xml_name(name)) from None


def local_name(reference: str) -> str:
    """The name of a value reference without path and prefix."""
    return reference.rpartition("/")[2].rpartition(":")[2]


def _shape(asked: Asked, element: Any, kind: FeatureType, srs_name: str, name: str = "") -> tuple[Any, str]:
    """The shape in an element and its CRS; None where it is empty. `name` is that of the geometry's property."""
    found = [child for child in element.iter() if child is not element and is_geometry(child)]
    if not found:
        return None, ""
    own = kind.facts.crs if asked.dialect is WFS10 else urn(kind.facts.crs)
    name = name or local(element)
    try:
        shape, crs = read_geometry(found[0], srs_name or own, heights=True)
    except FilterError as error:
        raise InvalidValueError(str(error), name) from None
    kinds = kind.kinds(name)
    if kinds and KINDS[shapely.get_type_id(shape)] not in kinds:
        raise InvalidValueError(f"{name} takes {', '.join(kinds)}, not {KINDS[shapely.get_type_id(shape)]}", name)
    return shape, crs


def _filter(asked: Asked, kind: FeatureType, element: Any) -> Condition:
    from lxml import etree

    from server.kvp import Params
    from server.wfs.parameters import filter_of

    found = next((child for child in element if local(child) == "Filter"), None)
    if found is None:
        raise MissingParameterError("Filter")
    text = etree.tostring(found, encoding="unicode", with_tail=False)
    tree: Condition = filter_of(asked, Params([("FILTER", text)]), kind)
    return tree
