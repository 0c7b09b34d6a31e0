"""GetLegendGraphic: the legend of a layer's style (OGC 05-078r4, 12; OGC 02-070, 10.5)."""

from starlette.responses import Response

from layers import legend
from server.context import Context
from server.errors import InvalidParameterError, MissingParameterError
from server.wms import parameters, selections
from server.wms.errors import InvalidFormatError
from server.wms.get_capabilities import language
from server.wms.parameters import Asked

MAX_AGE = 3600
JSON = "application/json"


async def get_legend_graphic(context: Context, asked: Asked) -> Response:
    """The picture, or with FORMAT=application/json its rules in words, made in a render process."""
    query = legend_query(asked)
    body = await context.run(legend.legend, query)
    return Response(body, media_type="image/png", headers={"Cache-Control": f"public, max-age={MAX_AGE}"})
