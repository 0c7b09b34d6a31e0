"""The doors of OGC API – Tiles below /ogcapi. Tiles of the store and documents rendered ahead never come here."""

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.registry import Registry
from server.context import Context
from server.engine.tile_response import tile_response
from server.errors import InvalidParameterError, NotFoundError, ServiceError
from server.ogcapi import tiles, vector_tiles
from server.ogcapi.errors import answer
from server.tile_path import parse
from server.urls import BASE

_MAP = ("/ogcapi/collections/{collection}/map/tiles", "/ogcapi/collections/{collection}/styles/{style}/map/tiles")

_VECTOR = "/ogcapi/collections/{collection}/tiles"


def routes() -> list[Route]:
    """The addresses of tile matrix sets, tilesets and tiles."""
    return [
        Route("/ogcapi/tileMatrixSets", tile_matrix_sets),
        Route("/ogcapi/tileMatrixSets/{tms}", tile_matrix_set),
        *(Route(place, tilesets) for place in _MAP),
        *(Route(f"{place}/{{tms}}", tileset) for place in _MAP),
        Route(_VECTOR, vector_tilesets),
        Route(f"{_VECTOR}/{{tms}}", vector_tileset),
        *(Route(f"{place}/{{tms}}/{{z}}/{{row}}/{{col}}", tile) for place in (*_MAP, _VECTOR)),
    ]


async def tile_matrix_sets(request: Request) -> Response:
    """The tile matrix sets of every layer."""
    return _document(request, tiles.tile_matrix_sets)


async def tile_matrix_set(request: Request) -> Response:
    """A tile matrix set."""
    return _document(request, lambda registry: tiles.tile_matrix_set(registry, request.path_params["tms"]))


async def tilesets(request: Request) -> Response:
    """The tilesets of a layer."""
    path = request.path_params
    return _document(request, lambda registry: tiles.tilesets(registry, path["collection"], path.get("style", "")))


async def tileset(request: Request) -> Response:
    """A tileset of a layer."""
    path = request.path_params
    return _document(
        request, lambda registry: tiles.tileset(registry, path["collection"], path["tms"], path.get("style", ""))
    )


async def vector_tilesets(request: Request) -> Response:
    """The vector tilesets of a layer."""
    return _document(request, lambda registry: vector_tiles.tilesets(registry, request.path_params["collection"]))


async def vector_tileset(request: Request) -> Response:
    """A vector tileset of a layer."""
    path = request.path_params
    return _document(request, lambda registry: vector_tiles.tileset(registry, path["collection"], path["tms"]))


async def tile(request: Request) -> Response:
    """A tile; 404 beyond the limits."""
    try:
        asked = parse(request.url.path, request.url.query)
        if asked is None:
            raise NotFoundError(f"there is no tile at {request.url.path[:200]!r}")
        return await tile_response(request, asked)
    except ServiceError as error:
        return answer(error)


def _document(request: Request, make: Callable[[Registry], tiles.Json]) -> Response:
    context: Context = request.app.state.context
    try:
        _check(request)
        body = tiles.written(make(context.registry)).replace(BASE.encode(), context.base(request).encode())
    except ServiceError as error:
        return answer(error)
    return Response(body, media_type="application/json", headers={"Cache-Control": "no-cache"})


def _check(request: Request) -> None:
    """Raises InvalidParameterError for what these documents have not: parameters, other formats than JSON."""
    for name, value in request.query_params.items():
        if name not in ("f", "lang"):
            raise InvalidParameterError(f"{name[:100]!r} is not a parameter of this resource: f, lang", name[:100])
        if name == "f" and value != "json":
            raise InvalidParameterError(f"f={value[:100]!r} is not served; json is", "f")
