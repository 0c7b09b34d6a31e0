"""GetMap: a picture of layers (OGC 06-042, 7.3; OGC 01-068r3, 7.2)."""

from starlette.responses import Response

from layers.query import MapQuery
from server.context import Context
from server.wms import drawing, parameters, selections, user_styles
from server.wms.errors import InvalidFormatError
from server.wms.formats import ANIMATIONS, DRAWINGS, MAP_FORMATS
from server.wms.known_maps import Known
from server.wms.parameters import Asked

MAX_AGE = 300


async def get_map(context: Context, asked: Asked) -> Response:
    """The picture that is asked, drawn in a render process."""
    parameters.required_version(asked.params)
    asked = await user_styles.styled(asked)
    layers = selections.named(asked)
    query = parameters.picture(asked, selections.drawn(layers), parameters.format_of(asked.params))
    _check_drawing(asked, query)
    if query.format in ANIMATIONS:
        from server.wms.frames import delay, frames

        body = await context.run(drawing.animation, frames(asked, query), delay(asked.params))
    else:
        body = await context.run(drawing.picture, query)
    response = Response(body, media_type=MAP_FORMATS[query.format].media_type)
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    for warning in selections.warnings(layers):
        response.headers.append("Warning", warning)
    if asked.sent and not asked.styles and query.format not in ANIMATIONS:
        swapped = parameters.north_first(asked, parameters.crs_of(asked))
        headers = tuple(pair for pair in response.raw_headers if pair[0] != b"content-length")
        context.known_maps.keep(asked.registry.version, *asked.sent, Known(query, swapped, headers))
    return response


def _check_drawing(asked: Asked, query: MapQuery) -> None:
    """Only vector layers, opaque, have a drawing without pixels. Raises InvalidFormatError."""
    if query.format not in DRAWINGS:
        return
    for selection in query.layers:
        layer = asked.registry.layers[selection.layer]
        if not layer.is_vector or selection.opacity < 1:
            message = f"FORMAT={query.format!r} is for opaque vector layers: {layer.name!r} needs a picture"
            raise InvalidFormatError(message, "FORMAT")
