"""GetLegendGraphic: the legend of a layer's style (OGC 05-078r4, 12; OGC 02-070, 10.5)."""

from dataclasses import replace

from starlette.responses import Response

from layers.query import LegendQuery, MapQuery, Selection
from layers.registry import Layer
from server.context import Context
from server.errors import InvalidParameterError, MissingParameterError
from server.wms import drawing, parameters, selections, user_styles
from server.wms.errors import InvalidFormatError
from server.wms.parameters import Asked, language

MAX_AGE = 3600
FORMATS = ("image/png", "application/json")
_SPELLINGS = {"png": "image/png", "image/png8": "image/png", "image/png; mode=8bit": "image/png", "json": FORMATS[1]}
_SMALLEST, _LARGEST = 4, 500
_WIDTH = 512


async def get_legend_graphic(context: Context, asked: Asked) -> Response:
    """The legend, drawn in a render process; with BBOX and CRS only of what occurs there."""
    asked = await user_styles.styled(asked)
    layer = _layer(asked)
    look = user_styles.look_of(asked, layer, asked.params.text("STYLE"))
    name = "" if look else asked.params.text("STYLE")
    style = selections.style_of(layer, name, group=False, parameter="STYLE")
    text = asked.params.text("FORMAT", FORMATS[0]).lower()
    kind = _SPELLINGS.get(text, text)
    if kind not in FORMATS:
        raise InvalidFormatError(f"FORMAT={text[:100]!r} is not one of {', '.join(FORMATS)}", "FORMAT")
    query = replace(options(asked), layer=layer.id, style=style, look=look)
    picture = _context(asked, Selection(layer.id, style, look=look), query.scale)
    if picture is not None:
        query = replace(query, scale=picture.scale_denominator)
    body = await context.run(drawing.legend, query, kind, picture)
    return Response(body, media_type=kind, headers={"Cache-Control": f"public, max-age={MAX_AGE}"})


def _context(asked: Asked, selection: Selection, scale: float | None) -> MapQuery | None:
    """The picture that BBOX and CRS describe, at the scale of SCALE; None where they are not given."""
    if not asked.params.text("BBOX") or not asked.params.text(asked.crs_parameter):
        return None
    crs = parameters.crs_of(asked)
    box = parameters.bbox_of(asked, crs)
    query = MapQuery((selection,), crs.id, box, _WIDTH, 1)
    if scale:
        query = replace(query, width=max(16, min(1024, round(_WIDTH * query.scale_denominator / scale))))
    height = round(query.width * (box[3] - box[1]) / (box[2] - box[0]))
    return replace(query, height=max(16, min(1024, height)))


def options(asked: Asked) -> LegendQuery:
    """What is asked of the legend beyond its layer and style."""
    return LegendQuery(
        "",
        language=language(asked),
        scale=_scale(asked),
        rule=asked.params.text("RULE") or None,
        dpi=parameters.dpi(asked.params),
        transparent=not asked.params.text("TRANSPARENT") or parameters.boolean(asked.params, "TRANSPARENT"),
        size=(_side(asked, "WIDTH"), _side(asked, "HEIGHT")),
    )


def _layer(asked: Asked) -> Layer:
    name = asked.params.text("LAYER") or asked.params.text("LAYERS")
    if not name:
        raise MissingParameterError("LAYER")
    return selections.layers_of(asked, name, "LAYER")[0]


def _scale(asked: Asked) -> float | None:
    text = asked.params.text("SCALE")
    if not text:
        return None
    scale = parameters.number(text, "SCALE")
    if scale <= 0:
        raise InvalidParameterError(f"SCALE={text[:60]} is not above 0", "SCALE")
    return scale


def _side(asked: Asked, name: str) -> int | None:
    """Width or height of a symbol in pixels, None where it is not told."""
    if not asked.params.text(name):
        return None
    return asked.params.integer(name, minimum=_SMALLEST, maximum=_LARGEST)
