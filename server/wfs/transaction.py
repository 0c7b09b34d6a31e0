"""Transaction (OGC 09-025r2, 15; 04-094, 12; 02-058, 11): Insert, Update, Replace, Delete, all of them or none."""

import base64
import binascii
import json
import os
import threading
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.crs import urn
from layers.errors import FilterError, UnknownLayerError, UnknownPropertyError
from layers.filters import build
from layers.filters.fes import local
from layers.filters.gml_geometry import is_geometry, read_geometry
from layers.filters.tree import Condition
from layers.sources.edits import Done, Edit, EditError, EditValueError, apply
from server.errors import InvalidParameterError, MissingParameterError, ServiceError
from server.wfs.asked import Asked
from server.wfs.dialect import WFS10, WFS11, WFS20
from server.wfs.errors import OperationParsingError
from server.wfs.feature_type import FeatureType, feature_type
from server.wfs.names import plain_name, xml_name
from server.wfs.xml_request import document

XSI_NIL = "{http://www.w3.org/2001/XMLSchema-instance}nil"
_JOURNAL = threading.Lock()


class InvalidValueError(ServiceError):
    """A value that the feature type cannot hold (09-025r2, table 3)."""

    code = "InvalidValue"
    status = 400


class EditRefusedError(ServiceError):
    """A change that was understood and is not made."""

    code = "OperationProcessingFailed"
    status = 403


async def transaction(asked: Asked) -> Response:
    """Makes the changes of the request's body and tells what they touched."""
    body = bytes(getattr(asked.request.state, "body", b"")) if asked.request is not None else b""
    if not body.lstrip().startswith(b"<"):
        raise OperationParsingError("a transaction is sent by POST, in XML")
    edits = [edit for element in document(body) for edit in _edits(asked, element)]
    try:
        done = await run_in_threadpool(apply, edits)
    except EditValueError as error:
        raise InvalidValueError(str(error), "Transaction") from None
    except EditError as error:
        raise EditRefusedError(str(error), "Transaction") from None
    if asked.store is not None and done:
        await run_in_threadpool(write_journal, asked.store, done)
    return Response(answer(asked, done).encode(), media_type="text/xml")


def _edits(asked: Asked, element: Any) -> Iterator[Edit]:
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
        case "Native" | "LockId":
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
    except UnknownLayerError as error:
        raise InvalidValueError(str(error), local(feature)[:60]) from None
    values: dict[str, Any] = {}
    shape, crs = None, ""
    for element in feature:
        name = _field(kind, local(element)) if _own(element) else ""
        if name is None and local(element) == kind.geometry:
            shape, crs = _shape(asked, element, kind, srs_name)
        elif name:
            values[name] = _value(element, kind, name)
    return Edit(action, kind.layer, values, shape, crs, with_shape=True, filter=condition, handle=handle)


def _field(kind: FeatureType, name: str) -> str | None:
    try:
        return kind.property_name(name, parameter="property")
    except UnknownPropertyError as error:
        raise InvalidValueError(str(error), name[:60]) from None


def _own(element: Any) -> bool:
    """False for what every GML feature has: name, description, boundedBy …"""
    return not str(element.tag).startswith("{http://www.opengis.net/gml")


def _update(asked: Asked, element: Any, handle: str) -> Edit:
    kind = _type(asked, element.get("typeName", ""))
    values: dict[str, Any] = {}
    shape, crs, with_shape = None, "", False
    for item in (child for child in element if local(child) == "Property"):
        parts = {local(part): part for part in item}
        reference = parts.get("ValueReference", parts.get("Name"))
        if reference is None:
            raise OperationParsingError("a Property has a name", "Property")
        text = (reference.text or "").strip()
        if (reference.nsmap.get(text.rpartition(":")[0]) or "").startswith("http://www.opengis.net/gml"):
            raise InvalidValueError(f"{text[:60]!r} is not kept with these features", text[:60])
        name = kind.property_name(text, parameter="valueReference")
        value = parts.get("Value")
        if name is not None:
            values[name] = None if value is None else _value(value, kind, name)
        elif text.rpartition(":")[2] != kind.geometry:
            raise InvalidValueError(f"{text[:60]!r} cannot be set", "valueReference")
        else:
            with_shape = True
            shape, crs = _shape(asked, value, kind, element.get("srsName", "")) if value is not None else (None, "")
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


def _shape(asked: Asked, element: Any, kind: FeatureType, srs_name: str) -> tuple[Any, str]:
    """The shape in an element and its CRS; None where it is empty."""
    found = [child for child in element.iter() if child is not element and is_geometry(child)]
    if not found:
        return None, ""
    own = kind.facts.crs if asked.dialect is WFS10 else urn(kind.facts.crs)
    try:
        return read_geometry(found[0], srs_name or own, heights=True)
    except FilterError as error:
        raise InvalidValueError(str(error), kind.geometry) from None


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


def write_journal(store: Path, done: list[Done]) -> None:
    """A line of JSON for each change in STORE/journal/{layer}.jsonl: when, what, which features, where."""
    folder = store / "journal"
    folder.mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with _JOURNAL:
        for one in done:
            layer = one.edit.layer
            line = {"time": now, "operation": one.edit.kind, "ids": one.ids, "crs": layer.crs, "bbox": one.bbox}
            with (folder / f"{layer.id}.jsonl").open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())


def answer(asked: Asked, done: list[Done]) -> str:
    """The response of the version that was asked."""
    if asked.dialect is WFS10:
        return _answer_1_0(done)
    modern = asked.dialect is WFS20
    totals = {"Inserted": "insert", "Updated": "update", "Replaced": "replace", "Deleted": "delete"}
    if not modern:
        del totals["Replaced"]
    counts = {name: sum(len(one.ids) for one in done if one.edit.kind == kind) for name, kind in totals.items()}
    summary = "".join(f"<wfs:total{name}>{count}</wfs:total{name}>" for name, count in counts.items())
    results = "".join(_results_2_0(done)) if modern else _results_1_1(done)
    names = 'xmlns:fes="http://www.opengis.net/fes/2.0"' if modern else 'xmlns:ogc="http://www.opengis.net/ogc"'
    dialect = WFS20 if modern else WFS11
    return (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:TransactionResponse version="{dialect.version}" '
        f'xmlns:wfs="{dialect.wfs}" {names} xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" '
        f'xsi:schemaLocation="{dialect.wfs} {dialect.wfs_xsd}">\n'
        f"<wfs:TransactionSummary>{summary}</wfs:TransactionSummary>\n{results}</wfs:TransactionResponse>\n"
    )


def _named(done: Done) -> Iterator[str]:
    return (quoteattr(xml_name(plain_name(name))) for name in done.ids)


def _results_2_0(done: list[Done]) -> Iterator[str]:
    for name, action in (("Insert", "insert"), ("Update", "update"), ("Replace", "replace")):
        inside = "".join(
            f"<wfs:Feature{_handle(one)}><fes:ResourceId rid={text}/></wfs:Feature>"
            for one in done
            if one.edit.kind == action
            for text in _named(one)
        )
        if inside:
            yield f"<wfs:{name}Results>{inside}</wfs:{name}Results>\n"


def _results_1_1(done: list[Done]) -> str:
    inside = "".join(
        f"<wfs:Feature{_handle(one)}><ogc:FeatureId fid={text}/></wfs:Feature>"
        for one in done
        if one.edit.kind == "insert"
        for text in _named(one)
    )
    # The schema wants one even where nothing was inserted.
    inside = inside or '<wfs:Feature><ogc:FeatureId fid="none"/></wfs:Feature>'
    return f"<wfs:InsertResults>{inside}</wfs:InsertResults>\n"


def _handle(done: Done) -> str:
    return f" handle={quoteattr(done.edit.handle)}" if done.edit.handle else ""


def _answer_1_0(done: list[Done]) -> str:
    inserted = "".join(
        f"<wfs:InsertResult{_handle(one)}><ogc:FeatureId fid={text}/></wfs:InsertResult>"
        for one in done
        if one.edit.kind == "insert"
        for text in _named(one)
    )
    return (
        '<?xml version="1.0" encoding="UTF-8"?>\n<wfs:WFS_TransactionResponse version="1.0.0" '
        'xmlns:wfs="http://www.opengis.net/wfs" xmlns:ogc="http://www.opengis.net/ogc">\n'
        f"{inserted}<wfs:TransactionResult><wfs:Status><wfs:SUCCESS/></wfs:Status></wfs:TransactionResult>\n"
        "</wfs:WFS_TransactionResponse>\n"
    )
