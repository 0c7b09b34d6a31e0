"""GetFeatureInfo of WMTS: what lies under a pixel of a tile (OGC 07-057r7, 7.3)."""

from starlette.responses import Response

from layers.query import STANDARD_DPI, MapQuery, PointQuery, Selection
from server.context import Context
from server.engine.tile_response import table_of
from server.errors import InvalidParameterError, ServiceError
from server.kvp import Params
from server.tile_path import TileRequest
from server.wms.drawing import information
from server.wms.formats import INFO_FORMATS, info_format
from tiles.grids import grid


class PointOutOfRangeError(ServiceError):
    """I or J beyond the tile (OGC 07-057r7, table 38)."""

    code = "PointIJOutOfRange"
    status = 400


class NotQueryableError(ServiceError):
    """The layer is one without InfoFormat (OGC 07-057r7, table 26)."""

    code = "OperationNotSupported"
    status = 501


async def get_feature_info(context: Context, asked: TileRequest, params: Params) -> Response:
    """Features and values at the pixel I, J of a tile, in the format of InfoFormat; read in a render process."""

    registry = context.registry
    tile = table_of(registry).find(asked)
    layer = registry.layers[tile.address.layer]
    if not layer.definition.queryable:
        raise NotQueryableError(f"the layer {asked.layer} cannot be queried", "GetFeatureInfo")
    name = info_format(params.required("InfoFormat"))
    if name is None:
        raise InvalidParameterError(f"InfoFormat must be one of {', '.join(INFO_FORMATS)}", "InfoFormat")
    tiling = grid(tile.address.grid, registry.config)
    picture = MapQuery(
        layers=(Selection(layer.id, tile.address.style, (tile.address.time,) if tile.address.time else ()),),
        crs=tiling.crs,
        bbox=tiling.tile_bbox(asked.z, asked.x, asked.y),
        width=tiling.tile_size,
        height=tiling.tile_size,
        dpi=STANDARD_DPI * tiling.ratio,
    )
    limit = min(params.integer("FEATURE_COUNT", 10, minimum=1), registry.service.limits.info_features)
    query = PointQuery(picture, _pixel(params, "I", tiling.tile_size), _pixel(params, "J", tiling.tile_size), limit)
    body = await context.run(information, query, name, registry.service.language)
    # Without a charset: the type is to be the InfoFormat that was asked, to the letter; XML, JSON and HTML tell theirs.
    return Response(body, headers={"Content-Type": name, "Cache-Control": "no-cache"})


def _pixel(params: Params, name: str, size: int) -> int:
    params.required(name)
    try:
        return params.integer(name, maximum=size - 1)
    except ServiceError:
        raise PointOutOfRangeError(f"{name} is not a pixel of the tile: 0 to {size - 1}", name) from None
