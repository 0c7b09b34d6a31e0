"""GetCapabilities: what the service offers, in the version that is negotiated (OGC 06-042, 7.2)."""

from starlette.responses import Response

from server.context import Context
from server.urls import BASE
from server.wms.capabilities import LANGUAGES
from server.wms.documents import CAPABILITIES_TYPES, capabilities_of
from server.wms.parameters import Asked


async def get_capabilities(_context: Context, asked: Asked) -> Response:
    """The document, rendered once for a registry; FORMAT that is not offered means the default one (6.5)."""
    body = capabilities_of(asked.registry, asked.theme, asked.version, language(asked))
    return Response(
        body.replace(BASE.encode(), asked.base.encode()),
        media_type=CAPABILITIES_TYPES[asked.version],
        headers={"Cache-Control": "no-cache"},
    )


def language(asked: Asked) -> str:
    """ "fr" or "en" for LANGUAGE in ISO 639-1 or 639-2/B; anything else means the service's own (INSPIRE TG, 4.2)."""
    text = asked.params.text("LANGUAGE").lower()
    codes = {code: ours for ours, code in LANGUAGES.items()} | {ours: ours for ours in LANGUAGES} | {"fra": "fr"}
    return codes.get(text, asked.registry.service.language)
