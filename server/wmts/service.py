"""The WMTS's door: `/wmts` and `/themes/{theme}/wmts` by key-value pairs, and every RESTful address below."""

import logging

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.errors import GarrigueError, hint
from server.context import Context
from server.document_path import reads_xml
from server.engine.tile_response import TileFailedError, error_response, tile_response
from server.errors import (
    InvalidParameterError,
    MissingParameterError,
    NotFoundError,
    ServiceError,
)
from server.kvp import Params
from server.theme import check_theme
from server.tile_path import TileRequest, parse
from server.wmts.capabilities import OPERATIONS
from server.wmts.get_capabilities import get_capabilities
from server.wmts.info_path import parse_info

log = logging.getLogger("garrigue.wmts")

_BY_NAME = {name.lower(): name for name in OPERATIONS}


class NotAcceptableError(ServiceError):
    """None of the media types that the client accepts is given here."""

    code = "InvalidParameterValue"
    status = 406


def routes(_context: Context) -> list[Route]:
    """The addresses that this service answers."""
    places = ("/wmts", "/themes/{theme}/wmts")
    return [
        *(Route(place + end, wmts) for place in places for end in ("", "/")),
        *(Route(f"{place}/1.0.0/WMTSCapabilities.xml", document) for place in places),
        *(Route(f"{place}/{{rest:path}}", tile) for place in places),
    ]


async def wmts(request: Request) -> Response:
    """Answers any request by key-value pairs; what is wrong with it is told by an OWS exception report."""
    try:
        params = Params.parse(request.url.query)
        _known_theme(request)
        return await _operation(request, params)
    except ServiceError as error:
        return error_response(error, "kvp")
    except GarrigueError as error:
        log.error("%s", error)
        return error_response(TileFailedError("the data cannot be read now"), "kvp")


async def document(request: Request) -> Response:
    """The capabilities at their RESTful address; 406 to who reads no XML (OGC 07-057r7, 10.1)."""
    context: Context = request.app.state.context
    try:
        _known_theme(request)
        if not reads_xml(request.headers.get("accept", "")):
            raise NotAcceptableError("the capabilities are application/xml", "Accept")
        return get_capabilities(context.registry, _theme(request), Params([]), context.base(request))
    except ServiceError as error:
        return error_response(error, "wmts")


async def tile(request: Request) -> Response:
    """A tile, or what lies under a pixel of one, at its RESTful address; what is none is answered 404."""
    try:
        asked = parse(request.url.path, request.url.query)
        return await (_information(request) if asked is None else tile_response(request, asked))
    except ServiceError as error:
        return error_response(error, "wmts")
    except GarrigueError as error:
        log.error("%s", error)
        return error_response(TileFailedError("the data cannot be read now"), "wmts")


async def _information(request: Request) -> Response:
    """What lies under a pixel, at its RESTful address; everything that is wrong with one is 404."""
    found = parse_info(request.url.path)
    if found is None:
        raise NotFoundError(f"there is nothing at {request.url.path[:200]!r}")
    from server.wmts.get_feature_info import get_feature_info

    params = Params([("InfoFormat", found.format), ("I", found.i), ("J", found.j)])
    try:
        return await get_feature_info(request.app.state.context, found.tile, params)
    except ServiceError as error:
        error.status = 404 if error.status == 400 else error.status
        raise


async def _operation(request: Request, params: Params) -> Response:
    context: Context = request.app.state.context
    name = _checked(params)
    if name == "GetCapabilities":
        return get_capabilities(context.registry, _theme(request), params, context.base(request))
    version = params.required("Version")
    if version != "1.0.0":
        raise InvalidParameterError(f"VERSION={version[:60]!r} is not served; 1.0.0 is", "Version")
    asked = tile_request(params, _theme(request) or "")
    if name == "GetTile":
        return await tile_response(request, asked)
    from server.wmts.get_feature_info import get_feature_info

    return await get_feature_info(context, asked, params)


def _checked(params: Params) -> str:
    """The operation. Raises what OGC 07-057r7 asks where service or request are missing or unknown."""
    service = params.required("Service")
    if service.upper() != "WMTS":
        raise InvalidParameterError(f"SERVICE={service[:60]!r} is not WMTS", "Service")
    asked = params.required("Request")
    name = _BY_NAME.get(asked.lower())
    if name is None:
        message = f"REQUEST={asked[:60]!r} is not one of {', '.join(OPERATIONS)}{hint(asked[:60], OPERATIONS)}"
        raise InvalidParameterError(message, "Request")
    return name


def tile_request(params: Params, theme: str) -> TileRequest:
    """The tile that key-value pairs ask for (OGC 07-057r7, table 29). Raises ServiceError with the locator."""
    layer, grid, matrix = params.required("Layer"), params.required("TileMatrixSet"), params.required("TileMatrix")
    if "STYLE" not in params:
        raise MissingParameterError("Style")
    prefix, _, level = matrix.rpartition(":")
    if not (level.isascii() and level.isdigit() and len(level) <= 2) or prefix not in ("", grid):
        raise InvalidParameterError(f"TILEMATRIX={matrix[:60]!r} is not a level of {grid[:60]!r}", "TileMatrix")
    row, column = _index(params, "TileRow"), _index(params, "TileCol")
    ext = params.required("Format")
    style, time = params.text("Style"), params.text("Time")
    return TileRequest(layer, style, time, grid, int(level), column, row, ext, "kvp", theme)


def _index(params: Params, name: str) -> int:
    """A row or column; one that is not a whole number is invalid, one that is negative is out of range later on."""
    text = params.required(name)
    digits = text.removeprefix("-")
    if not (digits.isascii() and digits.isdigit() and len(digits) <= 10):
        raise InvalidParameterError(f"{name}={text[:60]!r} is not a whole number", name)
    return int(text)


def _theme(request: Request) -> str | None:
    theme: str | None = request.path_params.get("theme")
    return theme


def _known_theme(request: Request) -> None:
    check_theme(request.app.state.context.registry, _theme(request))
