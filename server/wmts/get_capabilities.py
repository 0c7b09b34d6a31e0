"""GetCapabilities of WMTS (OGC 07-057r7, 7.1; OGC 06-121r3, 7.3): versions, sections, update sequence."""

from starlette.responses import Response

from layers.registry import Registry
from server.errors import InvalidParameterError, MissingParameterError, ServiceError, VersionNegotiationError
from server.kvp import Params
from server.urls import BASE
from server.wms.documents import legend_sizes
from server.wmts.capabilities import SECTIONS, View, capabilities
from server.wmts.documents import CONTENT_TYPE


class InvalidUpdateSequenceError(ServiceError):
    """The update sequence asked is none that this service can have given (OGC 06-121r3, table 26)."""

    code = "InvalidUpdateSequence"
    status = 400


def get_capabilities(registry: Registry, theme: str | None, params: Params, base: str) -> Response:
    """The document or the sections asked, with the address that was asked in it."""
    versions = params.items_of("ACCEPTVERSIONS")
    if versions and "1.0.0" not in versions:
        raise VersionNegotiationError(f"none of {', '.join(versions)[:200]} is served; 1.0.0 is")
    sections = _sections(params)
    if _is_current(params.text("UPDATESEQUENCE"), registry):
        sections = ()
    body = capabilities(View(registry, theme, legend_sizes(registry)), sections)
    formats = [text.lower() for text in params.items_of("ACCEPTFORMATS")]
    media_type = next((text for text in formats if text in ("application/xml", "text/xml")), CONTENT_TYPE)
    return Response(
        body.replace(BASE.encode(), base.encode()), media_type=media_type, headers={"Cache-Control": "no-cache"}
    )


def _sections(params: Params) -> tuple[str, ...]:
    asked = params.items_of("SECTIONS")
    if not asked and "SECTIONS" in params:
        raise MissingParameterError("Sections")
    if not asked or "all" in (name.lower() for name in asked):
        return SECTIONS
    for name in asked:
        if name not in SECTIONS:
            raise InvalidParameterError(
                f"there is no section {name[:100]!r}; there are {', '.join(SECTIONS)}", "Sections"
            )
    return tuple(asked)


def _is_current(asked: str, registry: Registry) -> bool:
    """True where the client has this very document. Raises for a sequence that was never given."""
    current = str(registry.updated)
    if asked and (not asked.isdigit() or int(asked[:20]) > int(current)):
        raise InvalidUpdateSequenceError(f"updateSequence={asked[:100]!r} was never given; {current} is the last")
    return asked == current
