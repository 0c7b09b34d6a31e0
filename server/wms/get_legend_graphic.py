"""GetLegendGraphic: the legend of a layer's style (OGC 05-078r4, 12; OGC 02-070, 10.5)."""

from typing import Any

from starlette.responses import Response

from layers.registry import Layer
from server.context import Context
from server.errors import InvalidParameterError, MissingParameterError
from server.wms import drawing, parameters, selections, user_styles
from server.wms.errors import InvalidFormatError
from server.wms.parameters import Asked, language

MAX_AGE = 3600
FORMATS = ("image/png",)
_SMALLEST, _LARGEST = 4, 500


async def get_legend_graphic(context: Context, asked: Asked) -> Response:
    """The picture of the legend, drawn in a render process."""
    asked = await user_styles.styled(asked)
    layer = _layer(asked)
    look = user_styles.look_of(asked, layer, asked.params.text("STYLE"))
    name = "" if look else asked.params.text("STYLE")
    style = selections.style_of(layer, name, group=False, parameter="STYLE")
    text = asked.params.text("FORMAT", FORMATS[0]).lower()
    if text not in FORMATS and text not in ("png", "image/png8", "image/png; mode=8bit"):
        raise InvalidFormatError(f"FORMAT={text[:100]!r} is not one of {', '.join(FORMATS)}", "FORMAT")
    body = await context.run(drawing.legend, layer.id, style, {**options(asked), "look": look})
    return Response(body, media_type="image/png", headers={"Cache-Control": f"public, max-age={MAX_AGE}"})


def options(asked: Asked) -> dict[str, Any]:
    """What is asked of the legend beyond its layer and style."""
    return {
        "language": language(asked),
        "scale": _scale(asked),
        "rule": asked.params.text("RULE") or None,
        "dpi": parameters.dpi(asked.params),
        "transparent": not asked.params.text("TRANSPARENT") or parameters.boolean(asked.params, "TRANSPARENT"),
        "size": (_side(asked, "WIDTH"), _side(asked, "HEIGHT")),
    }


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
