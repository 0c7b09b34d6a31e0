"""GetCapabilities: what the service offers, in the version that is negotiated (OGC 06-042, 7.2)."""

from starlette.responses import Response

from server.context import Context
from server.urls import BASE
from server.wms import drawing
from server.wms.parameters import Asked, language

CAPABILITIES_TYPES = {"1.3.0": "text/xml", "1.1.1": "application/vnd.ogc.wms_xml"}
KEPT = 64

type Key = tuple[str, str | None, str, str, bool]

_kept: dict[Key, bytes] = {}


async def get_capabilities(context: Context, asked: Asked) -> Response:
    """The document, rendered once for a registry; FORMAT that is not offered means the default one (6.5)."""
    tiled = asked.version == "1.1.1" and asked.params.text("TILED").upper() == "TRUE"
    key = (asked.registry.version, asked.theme, asked.version, language(asked), tiled)
    if key not in _kept:
        # Sizes of legends are among what is told: they are measured where drawing is at home.
        body = await context.run(drawing.capabilities, *key[1:])
        while len(_kept) >= KEPT:
            _kept.pop(next(iter(_kept)))
        _kept[key] = body
    return Response(
        _kept[key].replace(BASE.encode(), asked.base.encode()),
        media_type=CAPABILITIES_TYPES[asked.version],
        headers={"Cache-Control": "no-cache"},
    )
