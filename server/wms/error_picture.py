"""A picture in place of the map that could not be drawn, its message written on it or left out."""

import io
import textwrap

from PIL import Image, ImageDraw, ImageFont

from layers.formats import ImageFormat
from server.errors import ServiceError
from server.kvp import Params
from server.wms import parameters

_FONT_SIZE = 12
_LARGEST = 4096


def error_picture(params: Params, chosen: ImageFormat, message: str) -> bytes:
    """A picture of the size, format, background and transparency that were asked, as far as they can be read."""
    return _encoded(_picture(params, chosen, message), chosen)


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
        case "gif":
            image.save(out, "GIF")
        case "tif":
            image.save(out, "TIFF")
        case "png8":
            image.quantize(256, Image.Quantize.FASTOCTREE).save(out, "PNG")
        case _:
            image.save(out, "PNG", compress_level=1)
    return out.getvalue()
