"""Which rendered document a request asks for; None where the engine has to answer. Standard library only.

Only the plain forms that clients really send: whatever is unusual (sections, update sequences, a legend of another
size) is left to the protocol itself.
"""

from collections.abc import Sequence
from typing import NamedTuple

from server.errors import ServiceError
from server.kvp import Params
from server.portal.language import choose
from server.tile_table import TileTable


class Asked(NamedTuple):
    """A GET: its path, its query as sent, what the client prefers to read."""

    path: str
    query: str
    accept_language: str = ""
    accept: str = ""


_LANGUAGES = {"fre": "fr", "fra": "fr", "fr": "fr", "eng": "en", "en": "en"}
_LEGEND = frozenset(("SERVICE", "VERSION", "REQUEST", "LAYER", "STYLE", "FORMAT", "SLD_VERSION", "TRANSPARENT"))
_WFS_VERSIONS = {"2.0.0": "2.0.0", "2.0.2": "2.0.0", "1.1.0": "1.1.0", "1.0.0": "1.0.0"}


def document_key(asked: Asked, table: TileTable, language: str) -> str | None:
    """The key of the document, which may not be there; `language` is the service's own."""
    parts = asked.path.strip("/").split("/")
    prefix = ""
    if parts[0] == "themes" and len(parts) > 1:
        prefix, parts = f"themes/{parts[1]}/", parts[2:] or [""]
    match parts:
        case [""]:
            return _page(prefix, asked, language)
        case ["static" | "styles" | "sprites", _, *_] if not prefix:
            return "/".join(parts)
        case ["wms" | "wfs" | "wmts" as service]:
            return _by_pairs(service, prefix, asked.query, table)
        case ["wmts", "1.0.0", "WMTSCapabilities.xml"] if reads_xml(asked.accept):
            return f"{prefix}wmts/1.0.0/capabilities"
        case ["tms", "1.0.0", *rest] if not prefix and len(rest) < 2:
            return "/".join(parts)
        case (
            ["ogcapi", "tileMatrixSets", *_]
            | ["ogcapi", "collections", _, "map", "tiles", *_]
            | ["ogcapi", "collections", _, "tiles", *_]
        ):
            return "/".join(parts) if not prefix and asked.query in ("", "f=json") else None
        case ["tiles", name] if not prefix and name.endswith(".json"):
            return f"tiles/{name}"
    return None


def reads_xml(accept: str) -> bool:
    """False where a header Accept leaves no XML (RFC 9110, 12.5.1)."""
    return not accept.strip() or "xml" in accept or "*/*" in accept or "application/*" in accept or "text/*" in accept


def _page(prefix: str, asked: Asked, language: str) -> str:
    wanted = _params(asked.query).text("LANG")
    return f"portal/{prefix}index.{choose(wanted, asked.accept_language, language)}.html"


_OWN_ANSWER = {"UPDATESEQUENCE", "SECTIONS", "TILED"}
"""Parameters that make another document of one that is kept."""


def _by_pairs(service: str, prefix: str, query: str, table: TileTable) -> str | None:
    small = query.lower()
    # Most requests are of maps and features: it need not be read that they are for no document.
    if "capabilities" not in small and "legend" not in small:
        return None
    params = _params(query)
    if params.text("SERVICE", service).lower() != service or _OWN_ANSWER & set(params):
        return None
    request = params.text("REQUEST").lower()
    if service == "wms":
        if request == "getlegendgraphic":
            return _legend(params, table)
        return f"{prefix}wms/{_wms(params)}" if request in ("getcapabilities", "capabilities") else None
    if request != "getcapabilities" or "SERVICE" not in params or "ACCEPTFORMATS" in params:
        return None
    versions = params.items_of("ACCEPTVERSIONS")
    if service == "wfs":
        language = _LANGUAGES.get(params.text("LANGUAGE").lower())
        return _wfs(prefix, versions or [params.text("VERSION", "2.0.0")], f".{language}" if language else "")
    return f"{prefix}wmts/1.0.0/capabilities" if _accepts(versions, ("1.0.0",)) else None


def _wfs(prefix: str, versions: Sequence[str], language: str) -> str | None:
    """The first of the versions that is served (OGC 06-121r3, 7.3.2), in a language (".fr")."""
    found = next((_WFS_VERSIONS[version] for version in versions if version in _WFS_VERSIONS), None)
    return f"{prefix}wfs/{found}/capabilities{language}" if found else None


def _accepts(versions: Sequence[str], served: Sequence[str]) -> bool:
    return not versions or any(version in served for version in versions)


def _wms(params: Params) -> str:
    """Version and language of the capabilities (06-042, 6.2.4: the highest version that is not above the asked)."""
    version = params.text("VERSION") or params.text("WMTVER")
    found = "1.1.1" if version and version.isascii() and version < "1.3" else "1.3.0"
    language = _LANGUAGES.get(params.text("LANGUAGE").lower())
    return f"{found}/capabilities.{language}" if language else f"{found}/capabilities"


def _legend(params: Params, table: TileTable) -> str | None:
    if set(params) - _LEGEND or params.text("FORMAT", "image/png").lower() != "image/png":
        return None
    if params.text("TRANSPARENT", "TRUE").upper() != "TRUE":
        return None
    name, style = params.text("LAYER"), params.text("STYLE")
    layer = table.layers.get(name) or table.layers.get(name.removeprefix(table.prefix))
    if layer is None or style not in layer.styles | {"", "default"}:
        return None
    return f"wms/legend/{layer.id}/{style if style in layer.styles else layer.default_style}.png"


def _params(query: str) -> Params:
    try:
        return Params.parse(query)
    except ServiceError:
        return Params([])
