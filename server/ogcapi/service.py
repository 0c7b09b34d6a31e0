"""The OGC API's door: the addresses under /ogcapi. pygeoapi is imported with the first request (2 s)."""

import asyncio
from dataclasses import dataclass
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.errors import GarrigueError, RequestError, UnavailableError, UnknownLayerError, WithheldLayerError
from layers.registry import Registry
from server.access import CredentialsError
from server.context import Context
from server.errors import DataAwayError, InvalidParameterError, NotFoundError, ServiceError
from server.ogcapi import tiles_service
from server.ogcapi.errors import MethodNotAllowedError, answer
from server.ogcapi.negotiation import accepted
from server.urls import BASE

RESOURCES = {
    "": "landing",
    "/conformance": "conformance",
    "/api": "api",
    "/openapi": "api",
    "/collections": "collections",
    "/collections/{collection}": "collection",
    "/collections/{collection}/queryables": "queryables",
    "/collections/{collection}/schema": "schema",
    "/collections/{collection}/items": "items",
    "/collections/{collection}/items/{item}": "item",
}
"""Address below /ogcapi, and the function of `server.ogcapi.resources` that answers it."""

ALLOWED = "GET, HEAD, OPTIONS"
METHODS = ("GET", "HEAD", "OPTIONS", "POST", "PUT", "PATCH", "DELETE")


@dataclass(frozen=True, slots=True)
class Ask:
    """A request, as much of it as resources look at."""

    registry: Registry
    resource: str
    path: dict[str, str]
    params: dict[str, str]
    headers: dict[str, str]


def routes(context: Context) -> list[Route]:  # noqa: ARG001
    """The addresses that this service answers, with and without a slash at the end."""
    found = [
        Route(f"/ogcapi{path}{slash}", ogcapi, methods=METHODS, name=f"ogcapi:{name}")
        for path, name in RESOURCES.items()
        for slash in ("", "/")
    ]
    return [
        *found,
        *tiles_service.routes(),
        Route("/ogcapi/{rest:path}", nothing, methods=METHODS, name="ogcapi:nothing"),
    ]


async def ogcapi(request: Request) -> Response:
    """Answers any resource of the table; whatever is wrong is told as JSON, or as a page to who asked for one."""
    context: Context = request.app.state.context
    ask = Ask(
        context.registry,
        request.scope["route"].name.partition(":")[2],
        dict(request.path_params),
        dict(request.query_params),
        {
            "accept": accepted(request.headers.get("accept", "")),
            "accept-language": request.headers.get("accept-language", ""),
        },
    )
    if request.method == "OPTIONS":
        return Response(status_code=204, headers={"Allow": ALLOWED, "Access-Control-Allow-Methods": ALLOWED})
    if request.method not in ALLOWED:
        return answer(MethodNotAllowedError(request.method, ALLOWED))
    try:
        base = context.base(request)
    except ServiceError as error:
        return answer(error)
    return _based(await asyncio.to_thread(respond, ask), base)


async def nothing(request: Request) -> Response:
    """There is no such resource."""
    return answer(NotFoundError(f"there is nothing at {request.url.path[:200]!r}; start at /ogcapi"))


def respond(ask: Ask) -> Response:
    """The answer, with `BASE` for the address of the service."""
    from server.ogcapi import resources

    try:
        handler: Any = getattr(resources, ask.resource)
        found: Response = handler(ask)
    except ServiceError as error:
        return resources.failure(ask, error)
    except WithheldLayerError:
        return resources.failure(ask, CredentialsError())
    except UnknownLayerError as error:
        return resources.failure(ask, NotFoundError(str(error)))
    except RequestError as error:
        return resources.failure(ask, InvalidParameterError(str(error), error.parameter))
    except UnavailableError as error:
        return resources.failure(ask, DataAwayError(str(error)))
    except GarrigueError as error:
        resources.log.error("%s", error)
        return resources.failure(ask, ServiceError("the data cannot be read now"))
    return found


def _based(response: Response, base: str) -> Response:
    """The response with the address that was asked in place of `BASE`."""
    old, new = BASE.encode(), base.encode()
    response.body = bytes(response.body).replace(old, new)
    response.raw_headers = [(name, value.replace(old, new)) for name, value in response.raw_headers]
    response.headers["Content-Length"] = str(len(response.body))
    return response
