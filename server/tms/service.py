"""Tiles by address: XYZ and its TileJSON below `/tiles`, TMS 1.0.0 below `/tms`."""

from collections.abc import Mapping

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from layers.registry import Layer
from server.context import Context
from server.engine.tile_response import error_response, tile_response
from server.errors import NotFoundError, ServiceError
from server.tile_path import parse
from server.tms.documents import service, tile_map, tms_grids
from server.tms.tile_json import tile_json, vector_tile_json
from server.urls import BASE
from tiles.grids import DOUBLED

VECTOR = ".mvt"
"""After a layer's id in the address of a TileJSON: that of its vector tiles."""


def routes(_context: Context) -> list[Route]:
    """The addresses that these protocols answer."""
    return [
        Route("/tms/1.0.0", tile_map_service),
        Route("/tms/1.0.0/", tile_map_service),
        Route("/tms/1.0.0/{layer}@{grid}", tile_map_resource),
        Route("/tms/{rest:path}", tile),
        Route("/tiles/{layer}.json", tile_json_resource),
        Route("/tiles/{rest:path}", tile),
    ]


async def tile(request: Request) -> Response:
    """A tile; what is none is answered 404, never by an image or HTML."""
    try:
        asked = parse(request.url.path, request.url.query)
        if asked is None:
            raise NotFoundError(f"there is no tile at {request.url.path[:200]!r}")
        return await tile_response(request, asked)
    except ServiceError as error:
        return error_response(error, "xyz")


async def tile_map_service(request: Request) -> Response:
    """The TileMapService resource."""
    return _document(request, service(_context(request).registry), "text/xml")


async def tile_map_resource(request: Request) -> Response:
    """The TileMap resource of a layer on a grid."""
    try:
        layer, name = _layer(request), request.path_params["grid"]
        registry = _context(request).registry
        for grid in tms_grids(layer, registry):
            if name in (grid.id, *grid.aliases):
                return _document(request, tile_map(registry, layer, grid), "text/xml")
        raise NotFoundError(f"the layer {layer.id} has no grid {name[:100]!r}")
    except ServiceError as error:
        return error_response(error, "tms")


async def tile_json_resource(request: Request) -> Response:
    """The TileJSON of a layer, of its tiles for fine screens, or of its vector tiles."""
    try:
        layer, vector = _layer(request), request.path_params["layer"].endswith(VECTOR)
        registry = _context(request).registry
        doubled = DOUBLED if request.path_params["layer"].endswith(DOUBLED) else ""
        body = vector_tile_json(registry, layer) if vector else tile_json(registry, layer, doubled)
        if body is None:
            what = "vector tiles" if vector else f"tiles on PM{doubled} (Web Mercator), the only grid of TileJSON"
            raise NotFoundError(f"the layer {layer.id} has no {what}")
        return _document(request, body, "application/json")
    except ServiceError as error:
        return error_response(error, "xyz")


def _context(request: Request) -> Context:
    context: Context = request.app.state.context
    return context


def _layer(request: Request) -> Layer:
    layers: Mapping[str, Layer] = _context(request).registry.layers
    name = request.path_params["layer"].removesuffix(VECTOR).removesuffix(DOUBLED)
    if name not in layers:
        raise NotFoundError(f"there is no layer {name[:100]!r}")
    return layers[name]


def _document(request: Request, body: bytes, media_type: str) -> Response:
    base = _context(request).base(request)
    return Response(
        body.replace(BASE.encode(), base.encode()), media_type=media_type, headers={"Cache-Control": "no-cache"}
    )
