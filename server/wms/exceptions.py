"""How an error is answered: as XML, or as a picture of the size that was asked (OGC 06-042, 7.3.3.11)."""

import io
import textwrap

from PIL import Image, ImageDraw, ImageFont
from starlette.responses import Response

from layers.formats import IMAGE_FORMATS, ImageFormat, image_format
from server.errors import ServiceError
from server.kvp import Params
from server.wms import parameters
from server.wms.errors import CONTENT_TYPES, headers, report

_PICTURES = {
    "INIMAGE": True,
    "BLANK": False,
    "APPLICATION/VND.OGC.SE_INIMAGE": True,
    "APPLICATION/VND.OGC.SE_BLANK": False,
}
_PNG = IMAGE_FORMATS["image/png"]
_FONT_SIZE = 12
_LARGEST = 4096


def answer(error: ServiceError, params: Params, version: str) -> Response:
    """The error in the form that EXCEPTIONS asks; only GetMap may ask for a picture."""
    asked = params.text("EXCEPTIONS").upper()
    if asked not in _PICTURES or params.text("REQUEST").lower() not in ("getmap", "map"):
        body = report(error, version)
        return Response(body, error.status, headers(error), CONTENT_TYPES[version])
    chosen = image_format(params.text("FORMAT")) or _PNG
    body = _encoded(_picture(params, chosen, error.message if _PICTURES[asked] else ""), chosen)
    # A picture's slot shows what comes with 200 only, in QGIS as in a browser's canvas.
    return Response(body, 200, headers(error), chosen.media_type)


def _picture(params: Params, chosen: ImageFormat, message: str) -> Image.Image:
    size = _side(params, "WIDTH"), _side(params, "HEIGHT")
    clear = params.text("TRANSPARENT").upper() in ("TRUE", "1") and chosen.alpha
    image = Image.new("RGBA", size, (0, 0, 0, 0) if clear else _background(params))
    if message:
        lines = textwrap.wrap(message, max(8, size[0] // 6))
        text, font = ImageDraw.Draw(image), ImageFont.load_default(_FONT_SIZE)
        text.multiline_text((4, 4), "\n".join(lines), (178, 24, 24, 255), font)
    return image


def _side(params: Params, name: str) -> int:
    try:
        return params.integer(name, 256, minimum=1, maximum=_LARGEST)
    except ServiceError:
        return 256


def _background(params: Params) -> str:
    try:
        return parameters.color(params)
    except ServiceError:
        return "#ffffff"


def _encoded(image: Image.Image, chosen: ImageFormat) -> bytes:
    out = io.BytesIO()
    match chosen.extension:
        case "jpeg":
            image.convert("RGB").save(out, "JPEG")
        case "webp":
            image.save(out, "WEBP", lossless=True)
        case "png8":
            image.quantize(256, Image.Quantize.FASTOCTREE).save(out, "PNG")
        case _:
            image.save(out, "PNG", compress_level=1)
    return out.getvalue()
