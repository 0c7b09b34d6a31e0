"""GetMap: a picture of layers (OGC 06-042, 7.3; OGC 01-068r3, 7.2)."""

from starlette.responses import Response

from layers.formats import IMAGE_FORMATS
from server.context import Context
from server.wms import drawing, parameters, selections, user_styles
from server.wms.parameters import Asked

MAX_AGE = 300


async def get_map(context: Context, asked: Asked) -> Response:
    """The picture that is asked, drawn in a render process."""
    parameters.required_version(asked.params)
    asked = await user_styles.styled(asked)
    layers = selections.named(asked)
    query = parameters.picture(asked, selections.drawn(layers), parameters.format_of(asked.params))
    body = await context.run(drawing.picture, query)
    response = Response(body, media_type=IMAGE_FORMATS[query.format].media_type)
    response.headers["Cache-Control"] = f"public, max-age={MAX_AGE}"
    for warning in selections.warnings(layers):
        response.headers.append("Warning", warning)
    return response
