"""How an error is answered: as XML, or as a picture of the size that was asked (OGC 06-042, 7.3.3.11)."""

import logging

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.errors import GarrigueError, SourceError
from layers.formats import IMAGE_FORMATS
from server.errors import ServiceError
from server.kvp import Params
from server.wms import parameters
from server.wms.errors import CONTENT_TYPES, headers, report, told
from server.wms.formats import DRAWINGS, map_format

log = logging.getLogger(__name__)

_PICTURES = {
    "INIMAGE": True,
    "BLANK": False,
    "APPLICATION/VND.OGC.SE_INIMAGE": True,
    "APPLICATION/VND.OGC.SE_BLANK": False,
}
_PNG = IMAGE_FORMATS["image/png"]


async def refused(error: ServiceError | GarrigueError, params: Params) -> Response:
    """What went wrong, in the form of the request's version."""
    if isinstance(error, SourceError):
        log.error("%s", error)
    mistake = error if isinstance(error, ServiceError) else told(error)
    # A picture of an error may be large: it is made beside the loop.
    return await run_in_threadpool(answer, mistake, params, parameters.negotiated(params))


def answer(error: ServiceError, params: Params, version: str) -> Response:
    """The error in the form that EXCEPTIONS asks; only GetMap may ask for a picture."""
    asked = params.text("EXCEPTIONS").upper()
    if asked not in _PICTURES or params.text("REQUEST").lower() not in ("getmap", "map"):
        return Response(report(error, version), error.status, headers(error), CONTENT_TYPES[version])
    # Imported by need: Pillow is for this alone.
    from server.wms.error_picture import error_picture

    asked_format = map_format(params.text("FORMAT")) or _PNG
    chosen = _PNG if asked_format.name in DRAWINGS else asked_format
    body = error_picture(params, chosen, error.message if _PICTURES[asked] else "")
    # A picture's slot shows what comes with 200 only, in QGIS as in a browser's canvas.
    return Response(body, 200, headers(error), chosen.media_type)
