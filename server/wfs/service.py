"""The WFS's door: `/wfs` for everything, `/themes/{theme}/wfs` for one theme; GET, POST with XML or a form."""

import logging
from collections.abc import Awaitable, Callable
from importlib import import_module
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.errors import GarrigueError, SourceError, hint
from server.errors import (
    InvalidParameterError,
    MissingParameterError,
    OperationNotSupportedError,
    ServiceError,
)
from server.theme import check_theme
from server.wfs import aside
from server.wfs.asked import Asked
from server.wfs.body import read
from server.wfs.dialect import DIALECTS, Dialect, told_by
from server.wfs.errors import answer, told

if TYPE_CHECKING:
    from server.context import Context

log = logging.getLogger(__name__)

type Operation = Callable[[Asked], Awaitable[Response]]

OPERATIONS = {
    "GetCapabilities": ("capabilities", "get_capabilities"),
    "DescribeFeatureType": ("describe_feature_type", "describe_feature_type"),
    "GetFeature": ("get_feature", "get_feature"),
    "GetPropertyValue": ("get_property_value", "get_property_value"),
    "ListStoredQueries": ("stored_queries", "list_stored_queries"),
    "DescribeStoredQueries": ("stored_queries", "describe_stored_queries"),
    "CreateStoredQuery": ("manage_stored_queries", "create_stored_query"),
    "DropStoredQuery": ("manage_stored_queries", "drop_stored_query"),
    "LockFeature": ("lock_feature", "lock_feature"),
    "GetFeatureWithLock": ("lock_feature", "get_feature_with_lock"),
    "Transaction": ("transaction", "transaction"),
}
"""The module of each operation, imported when it is first asked, and its function there."""

VERSIONS = tuple(DIALECTS)

SINCE_2 = frozenset(
    {"GetPropertyValue", "ListStoredQueries", "DescribeStoredQueries", "CreateStoredQuery", "DropStoredQuery"}
)
"""Operations that the versions before 2.0 do not have."""

_BY_NAME = {name.lower(): name for name in OPERATIONS}


def routes(context: "Context | None") -> list[Route]:
    """The addresses that this service answers."""
    if context is not None:
        context.downloads.start()
        context.exports.sweep(context.everything.service.exports.hours)
    methods = ["GET", "POST"]
    own = [Route("/wfs", wfs, methods=methods), Route("/themes/{theme}/wfs", wfs, methods=methods)]
    return [*own, *aside.routes()]


async def wfs(request: Request) -> Response:
    """Answers any WFS request; whatever is wrong with it is told in an exception report."""
    context: Context = request.app.state.context
    dialect = told_by(request.scope["query_string"].decode("latin-1"))
    try:
        registry = context.registry
        theme = request.path_params.get("theme")
        check_theme(registry, theme)
        queries = await read(request, registry.service.limits.body)
        base, store = context.base(request), getattr(context, "store", None)
        beside = getattr(context, "downloads", None), getattr(context, "exports", None)
        asked = Asked(registry, theme, queries, base, request, store, *beside)
        dialect = DIALECTS.get(asked.params.text("VERSION"), dialect)
        return await operation(asked)(asked)
    except ServiceError as error:
        return answer(error, _spoken(request, dialect))
    except GarrigueError as error:
        if isinstance(error, SourceError):
            log.error("%s", error)
        return answer(told(error), _spoken(request, dialect))


def _spoken(request: Request, dialect: Dialect) -> Dialect:
    """The dialect of a request, by its body where it has one."""
    body = bytes(getattr(request.state, "body", b"")).decode("latin-1")
    return told_by(body) if body else dialect


def operation(asked: Asked) -> Operation:
    """The function of the operation that is asked."""
    service = asked.params.required("SERVICE")
    if service.upper() != "WFS":
        raise InvalidParameterError(f"SERVICE={service[:100]!r} is not WFS", "service")
    text = asked.params.text("REQUEST")
    if not text:
        raise MissingParameterError("request")
    name = _BY_NAME.get(text.lower())
    if name is None:
        allowed = ", ".join(OPERATIONS)
        raise OperationNotSupportedError(
            f"REQUEST={text[:100]!r} is not one of {allowed}{hint(text[:100], OPERATIONS)}", text[:100]
        )
    if name in SINCE_2 and asked.params.text("VERSION").startswith("1."):
        raise OperationNotSupportedError(f"{name} is an operation of WFS 2.0 only", name)
    if name != "GetCapabilities":
        _check_version(asked.params.text("VERSION"))
    module, function = OPERATIONS[name]
    found: Operation = getattr(import_module(f"server.wfs.{module}"), function)
    return found


def _check_version(text: str) -> None:
    """The version must be named (09-025r2, 7.6.2.4) and be one that is answered."""
    if not text:
        raise MissingParameterError("version")
    if text not in VERSIONS:
        raise InvalidParameterError(f"VERSION={text[:60]!r} is not one of {', '.join(VERSIONS)}", "version")
