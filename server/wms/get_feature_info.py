"""GetFeatureInfo: what lies under a pixel of a map (OGC 06-042, 7.4)."""

from starlette.responses import Response

from layers.formats import IMAGE_FORMATS
from layers.query import PointQuery, Selection
from layers.registry import Layer
from server.context import Context
from server.errors import MissingParameterError, ServiceError
from server.urls import BASE
from server.wms import drawing, parameters, selections, user_styles
from server.wms.errors import InvalidFormatError, InvalidPointError, LayerNotQueryableError
from server.wms.formats import DEFAULT_INFO_FORMAT, INFO_FORMATS, info_format
from server.wms.parameters import Asked, language


async def get_feature_info(context: Context, asked: Asked) -> Response:
    """Features and values at the pixel, in the format of INFO_FORMAT; read in a render process."""
    parameters.required_version(asked.params)
    asked = await user_styles.styled(asked)
    layers = selections.named(asked)
    queried = _queried(asked, layers)
    name = info_format(asked.params.text("INFO_FORMAT", DEFAULT_INFO_FORMAT))
    if name is None:
        text = asked.params.text("INFO_FORMAT")[:200]
        raise InvalidFormatError(f"INFO_FORMAT={text!r} is not one of {', '.join(INFO_FORMATS)}", "INFO_FORMAT")
    query = point(asked, queried)
    body = await context.run(drawing.information, query, name, language(asked))
    response = Response(
        body.replace(BASE.encode(), asked.base.encode()), media_type=name, headers={"Cache-Control": "no-cache"}
    )
    for warning in selections.warnings(layers):
        response.headers.append("Warning", warning)
    return response


def point(asked: Asked, queried: tuple[Selection, ...]) -> PointQuery:
    """The pixel I, J (X, Y in 1.1.1) of the map that the request describes. Raises InvalidPointError."""
    picture = parameters.picture(asked, queried, IMAGE_FORMATS["image/png"])
    column, row = ("I", "J") if asked.version == "1.3.0" else ("X", "Y")
    limit = asked.registry.service.limits.info_features
    return PointQuery(
        map=picture,
        column=_pixel(asked, column, picture.width),
        row=_pixel(asked, row, picture.height),
        limit=min(asked.params.integer("FEATURE_COUNT", 1, minimum=1), limit),
    )


def _pixel(asked: Asked, name: str, size: int) -> int:
    if not asked.params.text(name):
        raise MissingParameterError(name)
    try:
        return asked.params.integer(name, maximum=size - 1)
    except ServiceError:
        text = asked.params.text(name)[:60]
        raise InvalidPointError(f"{name}={text!r} is not a pixel of the map: 0 to {size - 1}", name) from None


def _queried(asked: Asked, layers: list[selections.Named]) -> tuple[Selection, ...]:
    """The queryable layers of QUERY_LAYERS as LAYERS and STYLES say they are drawn, the topmost first."""
    names = asked.params.items_of("QUERY_LAYERS")
    if not names:
        raise MissingParameterError("QUERY_LAYERS")
    drawn = {layer.name: layer.selections for layer in layers}
    chosen: list[Selection] = []
    for name in names:
        queryable = {layer.id for layer in _queryable(asked, name)}
        if name in drawn:
            chosen += [selection for selection in reversed(drawn[name]) if selection.layer in queryable]
        else:
            chosen += reversed([s for s in selections.in_default_style(asked, name).selections if s.layer in queryable])
    return tuple(chosen)


def _queryable(asked: Asked, name: str) -> list[Layer]:
    layers = selections.layers_of(asked, name, "QUERY_LAYERS")
    queryable = [layer for layer in layers if layer.definition.queryable]
    if not queryable:
        raise LayerNotQueryableError(f"QUERY_LAYERS: {name!r} is not queryable", "QUERY_LAYERS")
    return queryable
