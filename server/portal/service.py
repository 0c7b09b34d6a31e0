"""The portal as the engine answers it where there is no front: `/`, `/themes/{theme}/`, `/static/…`."""

import asyncio
from typing import TYPE_CHECKING

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from xxhash import xxh3_64

from layers.errors import hint
from server.errors import NotFoundError, ServiceError
from server.portal.language import choose
from server.portal.static_files import files, media_type
from server.urls import BASE

if TYPE_CHECKING:
    from server.context import Context


def routes(_: "Context") -> list[Route]:
    """The addresses that the portal answers."""
    return [
        Route("/", page),
        Route("/themes/{theme}", page),
        Route("/themes/{theme}/", page),
        Route("/static/{path:path}", static),
    ]


async def page(request: Request) -> Response:
    """The start page, or the page of a theme, in the language that is asked or preferred."""
    context: Context = request.app.state.context
    registry, theme = context.registry, request.path_params.get("theme")
    if theme is not None and not (theme in registry.themes and registry.in_theme(theme)):
        return _failure(NotFoundError(f"there is no theme {theme[:100]!r}{hint(theme, registry.themes)}"))
    asked, accepted = request.query_params.get("lang", ""), request.headers.get("accept-language", "")
    language = choose(asked, accepted, registry.service.language)
    from server.portal.pages import index

    try:
        base = context.base(request)
    except ServiceError as error:
        return _failure(error)
    body = (await asyncio.to_thread(index, registry, language, theme)).replace(BASE.encode(), base.encode())
    headers = {"Content-Language": language, "Vary": "Accept-Language"}
    return _cached(request, body, "text/html; charset=utf-8", headers)


async def static(request: Request) -> Response:
    """A static file."""
    path = files().get(request.path_params["path"])
    if path is None:
        return _failure(NotFoundError(f"there is no file {request.path_params['path'][:100]!r}"))
    body = await asyncio.to_thread(path.read_bytes)
    return _cached(request, body, media_type(path.name), {"Cache-Control": "public, max-age=31536000"})


def _cached(request: Request, body: bytes, content_type: str, headers: dict[str, str]) -> Response:
    """The body with its ETag, or 304 where the client has it."""
    etag = f'"{xxh3_64(body).hexdigest()}"'
    headers = {**headers, "ETag": etag}
    if etag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    return Response(body, headers={**headers, "Content-Type": content_type})


def _failure(error: ServiceError) -> Response:
    return Response(f"{error.message}\n", error.status, {"Cache-Control": "no-store"}, "text/plain")
