"""GetCapabilities: what the service offers, in the version that is negotiated (OGC 06-042, 7.2)."""

import math
from urllib.parse import urlencode

from starlette.responses import Response

from server.access import asker
from server.context import Context
from server.urls import BASE
from server.wms import drawing
from server.wms.errors import CurrentUpdateSequenceError, InvalidUpdateSequenceError
from server.wms.parameters import Asked, language

CAPABILITIES_TYPES = {"1.3.0": "text/xml", "1.1.1": "application/vnd.ogc.wms_xml"}
KEPT = 64

type Key = tuple[str, str | None, str, str, bool]

_kept: dict[Key, bytes] = {}


async def get_capabilities(context: Context, asked: Asked) -> Response:
    """The document, rendered once for a registry; FORMAT that is not offered means the default one (6.5)."""
    _check_sequence(asked)
    tiled = asked.version == "1.1.1" and asked.params.text("TILED").upper() == "TRUE"
    key = (asked.registry.version, asked.theme, asked.version, language(asked), tiled)
    if key not in _kept:
        # A thousand layers take some dozen milliseconds, in which the engine's loop would answer nobody.
        body = await context.run(drawing.capabilities, asker().groups, *key[1:])
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[key] = body
    return Response(
        _with_key(_kept[key].replace(BASE.encode(), asked.base.encode()), asked),
        media_type=CAPABILITIES_TYPES[asked.version],
        headers={"Cache-Control": "no-cache"},
    )


def _with_key(body: bytes, asked: Asked) -> bytes:
    """The document with the key of who asked by `?apikey=` in its addresses: QGIS asks maps and legends at these."""
    if not (asker().known and asked.params.text("APIKEY")):
        return body
    key = urlencode({"apikey": asked.params.text("APIKEY")})
    service = "/wms?" if asked.theme is None else f"/themes/{asked.theme}/wms?"
    for address in {f'"{asked.base}{service}', f'"{asked.base}/wms?'}:
        body = body.replace(address.encode(), f"{address}{key}&amp;".encode())
    return body


def _check_sequence(asked: Asked) -> None:
    """Nothing for a document older than ours, or where there is no sequence (06-042, 7.2.3.5).

    Raises CurrentUpdateSequenceError, InvalidUpdateSequenceError.
    """
    text, updated = asked.params.text("UPDATESEQUENCE"), asked.registry.updated
    if not text or not updated:
        return
    try:
        known = float(text)
    except ValueError:
        known = math.inf
    if known == updated:
        raise CurrentUpdateSequenceError(f"UPDATESEQUENCE={updated} is the current one", "UPDATESEQUENCE")
    if not known < updated:
        message = f"UPDATESEQUENCE={text[:60]!r} is none that was ever given; {updated} is the current one"
        raise InvalidUpdateSequenceError(message, "UPDATESEQUENCE")
