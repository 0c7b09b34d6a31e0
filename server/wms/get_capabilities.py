"""GetCapabilities: what the service offers, in the version that is negotiated (OGC 06-042, 7.2)."""

from starlette.responses import Response

from server.context import Context
from server.urls import BASE
from server.wms.documents import CAPABILITIES_TYPES, capabilities_of
from server.wms.parameters import Asked, language


async def get_capabilities(_context: Context, asked: Asked) -> Response:
    """The document, rendered once for a registry; FORMAT that is not offered means the default one (6.5)."""
    body = capabilities_of(asked.registry, asked.theme, asked.version, language(asked))
    return Response(
        body.replace(BASE.encode(), asked.base.encode()),
        media_type=CAPABILITIES_TYPES[asked.version],
        headers={"Cache-Control": "no-cache"},
    )
