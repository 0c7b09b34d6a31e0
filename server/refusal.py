"""An error in the form of the protocol that a path belongs to, for whoever cannot hand it to the protocol itself:
the front while the engine sleeps, the engine's last resort. Never HTML, never a stack trace. Standard library only.
"""

import json
from http import HTTPStatus
from typing import NamedTuple
from urllib.parse import parse_qsl

from server.errors import ServiceError, ows_report
from server.tile_table import json_error
from server.wms.errors import CONTENT_TYPES, report


class Refusal(NamedTuple):
    """Status, headers and body of an error."""

    status: int
    headers: dict[str, str]
    body: bytes


def refusal(error: ServiceError, path: str, query: str = "") -> Refusal:
    """The error as the protocol of this path tells it (WMS in the version that the query names)."""
    content_type, body = _told(error, protocol(path), query)
    return Refusal(error.status, {"Content-Type": content_type, "Cache-Control": "no-store", **error.headers}, body)


def protocol(path: str) -> str:
    """The protocol of a path: wms, wfs, wmts, tms, tiles, ogcapi, themes … or "" for the start page."""
    parts = path.split("/", 4)
    if len(parts) > 3 and parts[1] == "themes":
        return parts[3]
    return parts[1] if len(parts) > 1 else ""


def _told(error: ServiceError, name: str, query: str) -> tuple[str, bytes]:
    if name == "wms":
        version = _wms_version(query)
        return CONTENT_TYPES[version], report(error, version)
    if name == "wfs":
        return "text/xml", ows_report(error, "1.1.0", "2.0.0")
    if name in ("wmts", "csw"):
        return "text/xml", ows_report(error)
    if name in ("tiles", "tms"):
        return "application/json", json_error(error)
    return "application/json", _problem(error)


def _wms_version(query: str) -> str:
    try:
        pairs = {name.upper(): value for name, value in parse_qsl(query, max_num_fields=200)}
    except ValueError:
        return "1.3.0"
    asked = pairs.get("VERSION") or pairs.get("WMTVER") or "1.3.0"
    return "1.1.1" if asked < "1.3" else "1.3.0"


def _problem(error: ServiceError) -> bytes:
    """The members of RFC 9457 beside those of OGC 17-069r4, 7.5.1."""
    members = {
        "type": "about:blank",
        "title": HTTPStatus(error.status).phrase,
        "status": error.status,
        "code": error.code,
        "detail": error.message,
        "description": error.message,
    }
    return json.dumps(members, ensure_ascii=False).encode()
