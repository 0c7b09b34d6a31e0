"""The WMS's door: `/wms` for everything, `/themes/{theme}/wms` for one theme; GET, and POST with a form."""

from collections.abc import Awaitable, Callable
from importlib import import_module

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.errors import GarrigueError, hint
from server.context import Context
from server.errors import (
    InvalidParameterError,
    MissingParameterError,
    OperationNotSupportedError,
    ServiceError,
)
from server.kvp import Params
from server.theme import check_theme
from server.wms import exceptions, parameters
from server.wms.parameters import Asked

type Operation = Callable[[Context, Asked], Awaitable[Response]]

OPERATIONS = {
    "GetCapabilities": "get_capabilities",
    "GetMap": "get_map",
    "GetFeatureInfo": "get_feature_info",
    "GetLegendGraphic": "get_legend_graphic",
    "DescribeLayer": "describe_layer",
    "GetStyles": "get_styles",
    "DescribeFeatureType": "describe_feature_type",
}
"""The function of each operation, in the module of its name: imported when it is first asked."""

_OLD_NAMES = {"capabilities": "GetCapabilities", "map": "GetMap", "feature_info": "GetFeatureInfo"}
_BY_NAME = {name.lower(): name for name in OPERATIONS} | _OLD_NAMES


def routes(_context: Context) -> list[Route]:
    """The addresses that this service answers."""
    methods = ["GET", "POST"]
    return [Route("/wms", wms, methods=methods), Route("/themes/{theme}/wms", wms, methods=methods)]


async def wms(request: Request) -> Response:
    """Answers any WMS request; whatever is wrong with it is told in the form of its version."""
    context: Context = request.app.state.context
    params = Params([])
    try:
        params = await parameters.read(request, context.registry.service.limits.body)
        theme, version = request.path_params.get("theme"), parameters.negotiated(params)
        asked = Asked(context.registry, theme, params, version, context.base(request), _sent(request))
        return await operation(asked)(context, asked)
    except (ServiceError, GarrigueError) as error:
        return await exceptions.refused(error, params)


def _sent(request: Request) -> tuple[str, bytes] | None:
    return (request.scope["path"], request.scope["query_string"]) if request.method == "GET" else None


def operation(asked: Asked) -> Operation:
    """The function of the operation that is asked. Raises OperationNotSupportedError."""
    check_theme(asked.registry, asked.theme)
    service = asked.params.text("SERVICE", "WMS")
    if service.upper() != "WMS":
        raise InvalidParameterError(f"SERVICE={service[:100]!r} is not WMS", "SERVICE")
    text = asked.params.text("REQUEST")
    if not text:
        raise MissingParameterError("REQUEST")
    name = _BY_NAME.get(text.lower())
    if name is None:
        allowed = ", ".join(OPERATIONS)
        message = f"REQUEST={text[:100]!r} is not one of {allowed}{hint(text[:100], OPERATIONS)}"
        raise OperationNotSupportedError(message, "REQUEST")
    module = import_module(f"server.wms.{OPERATIONS[name]}")
    found: Operation = getattr(module, OPERATIONS[name])
    return found
