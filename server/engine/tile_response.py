"""A tile as HTTP answers it, in the engine: found in the table, read or drawn in a render process."""

import gzip
import logging
from functools import lru_cache
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response

from layers.errors import GarrigueError
from layers.registry import Registry
from server.context import Context
from server.encodings import reads_gzip
from server.errors import ServiceError, ows_report
from server.stale_tile import FAILED, stale_headers
from server.tile_path import TileRequest, cache_control
from server.tile_table import TileTable, exception_form, json_error
from tiles.address import TileAddress
from tiles.archives.archive import tile_id
from tiles.table import tile_table

log = logging.getLogger("garrigue.tiles")


class TileFailedError(ServiceError):
    """The tile exists but its source or the store fails now; clients should come back."""

    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": "30"}


async def tile_response(request: Request, asked: TileRequest) -> Response:
    """The tile, or 304 where the client has it. Raises ServiceError."""
    context: Context = request.app.state.context
    found = table_of(context.registry).find(asked)
    try:
        data, current, made = await context.run(_vector_tile if found.packed else _tile, context.store, found.address)
    except GarrigueError as error:
        log.error("%s: %s", found.address, error)
        raise TileFailedError("the tile cannot be made now") from None
    headers = {"ETag": f'"{tile_id(data)}"', "Cache-Control": cache_control(request.url.query)}
    if not current:
        headers |= stale_headers(made, FAILED)
    if found.packed:
        headers["Vary"] = "Accept-Encoding"
        if reads_gzip(request.headers.get("accept-encoding", "")):
            headers["Content-Encoding"] = "gzip"
        else:
            data, headers["ETag"] = gzip.decompress(data), f'"{tile_id(data)}-plain"'
    if headers["ETag"] in request.headers.get("if-none-match", ""):
        headers.pop("Content-Encoding", "")
        return Response(status_code=304, headers=headers)
    return Response(data, media_type=found.media_type, headers=headers)


def error_response(error: ServiceError, form: str) -> Response:
    """An error in the form of the protocol: an OWS report for WMTS, JSON for XYZ and TMS."""
    headers = {"Cache-Control": "no-store", **error.headers}
    if exception_form(form) == "ows":
        return Response(ows_report(error), error.status, headers, "text/xml")
    return Response(json_error(error), error.status, headers, "application/json")


def table_of(registry: Registry) -> TileTable:
    """The table of a registry, made once."""
    return _table(_Key(registry))


class _Key:
    """A registry as a key: two are equal where their versions are."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and other.registry.version == self.registry.version

    def __hash__(self) -> int:
        return hash(self.registry.version)


@lru_cache(maxsize=8)
def _table(key: _Key) -> TileTable:
    return TileTable(tile_table(key.registry))


def _tile(registry: Registry, store: Path, address: TileAddress) -> tuple[bytes, bool, int]:
    """`tiles.cache.make_tile`, imported by the render process alone."""
    from tiles.cache import make_tile

    return make_tile(registry, store, address)


def _vector_tile(registry: Registry, store: Path, address: TileAddress) -> tuple[bytes, bool, int]:
    """`tiles.vector.cache.make_vector_tile`, imported by the render process alone."""
    from tiles.vector.cache import make_vector_tile

    return make_vector_tile(registry, store, address)
