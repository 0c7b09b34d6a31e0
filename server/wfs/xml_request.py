"""XML requests of WFS 2.0, 1.1 and 1.0 (OGC 09-025r2, 04-094, 02-058) as parameters, as in a query string.

Entities, DTDs and the network are off; the depth of the document is bounded by the parser.
"""

from collections.abc import Iterator
from typing import Any

from lxml import etree

from server.kvp import Params
from server.wfs.errors import OperationParsingError

WFS = "http://www.opengis.net/wfs/2.0"
OLD_WFS = "http://www.opengis.net/wfs"
FES = "http://www.opengis.net/fes/2.0"

_ATTRIBUTES = {
    "service": "SERVICE",
    "version": "VERSION",
    "outputformat": "OUTPUTFORMAT",
    "resulttype": "RESULTTYPE",
    "count": "COUNT",
    "maxfeatures": "COUNT",
    "startindex": "STARTINDEX",
    "resolve": "RESOLVE",
    "resolvedepth": "RESOLVEDEPTH",
    "updatesequence": "UPDATESEQUENCE",
    "valuereference": "VALUEREFERENCE",
    "handle": "HANDLE",
    "expiry": "EXPIRY",
    "lockaction": "LOCKACTION",
    "lockid": "LOCKID",
    "id": "ID",
}


RESERVED = frozenset({*_ATTRIBUTES.values(), "REQUEST", "STOREDQUERY_ID"}) - {"HANDLE", "ID"}
"""What a stored query's parameter cannot be called, for it is the request's own."""

_QUERIES = ("Query", "StoredQuery", "Lock")
_NEEDING = ("GetFeature", "GetPropertyValue", "GetFeatureWithLock")


def parse(body: bytes, address: Params) -> tuple[Params, ...]:
    """Parameters of each query of an XML request; those of the address come first and so count less."""
    root = document(body)
    name = etree.QName(root)
    if name.namespace not in (WFS, OLD_WFS):
        raise OperationParsingError(f"the document's root is in the namespace {name.namespace!r}, not {WFS}")
    common = [*address.raw, *_defaults(name.namespace), ("REQUEST", name.localname), *_attributes(root)]
    if name.namespace == OLD_WFS and not Params(common).text("VERSION").startswith("1."):
        # GDAL says 2.0.0 in the namespace of 1.1: it reads an answer in the words that it speaks.
        common.append(("VERSION", "1.1.0"))
    common += _lists(root)
    queries = [Params([*common, *query_parameters(child)]) for child in root if _local(child) in _QUERIES]
    if name.localname in _NEEDING and not queries:
        raise OperationParsingError("the request holds no wfs:Query and no wfs:StoredQuery", "Query")
    return tuple(queries) or (Params(common),)


def _defaults(namespace: str | None) -> list[tuple[str, str]]:
    """What the schema of WFS 1.1 says of attributes that are left out."""
    return [("SERVICE", "WFS"), ("VERSION", "1.1.0")] if namespace == OLD_WFS else []


def document(body: bytes) -> Any:
    """The root of an XML document from outside. Raises OperationParsingError."""
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, load_dtd=False, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise OperationParsingError(f"the XML cannot be read: {error}"[:300]) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise OperationParsingError("a document type declaration is not allowed")
    return root


def _local(element: Any) -> str:
    return str(etree.QName(element).localname) if isinstance(element.tag, str) else ""


def _attributes(root: Any) -> Iterator[tuple[str, str]]:
    for name, value in root.attrib.items():
        if parameter := _ATTRIBUTES.get(name.lower()):
            yield parameter, value


def _lists(root: Any) -> Iterator[tuple[str, str]]:
    """Lists of GetCapabilities, DescribeFeatureType and DescribeStoredQueries."""
    found: dict[str, list[str]] = {}
    for element in root.iter():
        text = (element.text or "").strip()
        match (_local(element), _local(element.getparent()) if element.getparent() is not None else ""):
            case ("Version", "AcceptVersions"):
                found.setdefault("ACCEPTVERSIONS", []).append(text)
            case ("Section", "Sections"):
                found.setdefault("SECTIONS", []).append(text)
            case ("OutputFormat", "AcceptFormats"):
                found.setdefault("ACCEPTFORMATS", []).append(text)
            case ("TypeName", "DescribeFeatureType"):
                found.setdefault("TYPENAMES", []).append(text)
            case ("StoredQueryId", "DescribeStoredQueries"):
                found.setdefault("STOREDQUERY_ID", []).append(text)
    for name, values in found.items():
        yield name, ",".join(values)


def query_parameters(element: Any) -> Iterator[tuple[str, str]]:
    """The parameters that a Query, a StoredQuery or a Lock tells."""
    if _local(element) == "StoredQuery":
        yield "STOREDQUERY_ID", element.get("id", "")
        for parameter in element:
            if _local(parameter) == "Parameter":
                yield _stored_parameter(parameter)
        return
    names = (element.get("typeNames") or element.get("typeName") or "").split()
    yield "TYPENAMES", ",".join(names)
    if element.get("srsName"):
        yield "SRSNAME", element.get("srsName")
    projected = [(child.text or "").strip() for child in element if _local(child) == "PropertyName"]
    if projected:
        yield "PROPERTYNAME", ",".join(projected)
    for child in element:
        if _local(child) == "Filter":
            yield "FILTER", etree.tostring(child, encoding="unicode", with_tail=False)
        elif _local(child) == "SortBy":
            yield "SORTBY", ",".join(_sort_keys(child))


def _stored_parameter(element: Any) -> tuple[str, str]:
    """Name and value of a stored query's parameter; a geometry stays XML."""
    name = element.get("name", "")
    if name.upper() in RESERVED:
        raise OperationParsingError(f"{name[:60]!r} is no name of a stored query's parameter", "Parameter")
    if len(element):
        return name, etree.tostring(element[0], encoding="unicode", with_tail=False)
    return name, (element.text or "").strip()


def _sort_keys(element: Any) -> Iterator[str]:
    for key in element:
        reference = "".join(part.text or "" for part in key if _local(part) in ("ValueReference", "PropertyName"))
        order = "".join(part.text or "" for part in key if _local(part) == "SortOrder").strip() or "ASC"
        yield f"{reference.strip()} {order}"
