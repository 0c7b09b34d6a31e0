"""A drawn picture as bytes, and numbers as a picture.

Settings were chosen by measuring maps and imagery of 256 to 1024 px: level 1 for PNG (a third of the time of level 6
for a tenth more bytes), Mapnik's hextree palette for 8 bit PNG, libjpeg-turbo at quality 85, WebP's method 1 (half the
time of its default).
"""

import struct
from io import BytesIO
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from layers.formats import IMAGE_FORMATS, image_format
from layers.mapnik_env import mapnik
from layers.png import png

SETTINGS = {
    "image/png; mode=8bit": "png8:m=h:z=1",
    "image/jpeg": "jpeg85",
    "image/webp": "webp:quality=80:method=1",
}
"""Mapnik's words for each of `layers.formats.IMAGE_FORMATS` but PNG, which `layers.png` writes."""

SAVED: dict[str, dict[str, Any]] = {
    "image/jpeg": {"format": "JPEG", "quality": 85},
    "image/webp": {"format": "WEBP", "quality": 80, "method": 1},
}
"""The same in Pillow's words, for pixels: to hand them to Mapnik first would take longer than to encode them."""

_HEADER = struct.Struct("<2sHIH")
_ENTRY = struct.Struct("<HHII")
_TAGS = 10


def encode(picture: Any, name: str, *, opaque: bool = False) -> bytes:
    """A mapnik.Image, or opaque pixels (height × width × RGBA), in a format of `layers.formats`.

    A format without alpha takes the colours as they are. `opaque` promises that no pixel is transparent, which spares
    PNG its fourth channel.
    """
    kind = image_format(name)
    chosen = kind.name if kind else next(iter(IMAGE_FORMATS))
    if chosen == "image/png":
        pixels = _pixels(picture)
        return png(pixels[..., :3] if opaque else pixels)
    if isinstance(picture, np.ndarray) and chosen in SAVED:
        return _saved(picture, chosen)
    image = as_image(picture)
    if image.premultiplied():
        image.demultiply()
    return bytes(image.to_string(SETTINGS[chosen]))


def _saved(pixels: npt.NDArray[np.uint8], name: str) -> bytes:
    height, width, _ = pixels.shape
    mode = "RGBX" if name == "image/jpeg" else "RGBA"
    buffer = BytesIO()
    Image.frombuffer(mode, (width, height), np.ascontiguousarray(pixels), "raw", mode, 0, 1).save(buffer, **SAVED[name])
    return buffer.getvalue()


def as_image(picture: Any) -> Any:
    """A mapnik.Image of what may be one already, or height × width × RGBA."""
    return to_image(picture) if isinstance(picture, np.ndarray) else picture


def _pixels(picture: Any) -> npt.NDArray[np.uint8]:
    if isinstance(picture, np.ndarray):
        return picture
    if picture.premultiplied():
        picture.demultiply()
    return to_array(picture)


def is_opaque(rgba: npt.NDArray[np.uint8]) -> bool:
    """True where no pixel is transparent in the least."""
    return bool((rgba[..., 3] == 255).all())


def to_image(rgba: npt.NDArray[np.uint8]) -> Any:
    """A mapnik.Image of height × width × 4 bytes, not premultiplied.

    Mapnik's Python has no way in for raw pixels: they go as an uncompressed TIFF with premultiplied ("associated")
    alpha, the only kind that it reads without touching them.
    """
    if not is_opaque(rgba):
        alpha = rgba[..., 3]
        rgba = rgba.copy()
        rgba[..., :3] = (rgba[..., :3].astype(np.uint16) * alpha[..., None] + 127) // 255
    return mapnik.Image.from_buffer(_tiff(rgba))


def _tiff(rgba: npt.NDArray[np.uint8]) -> bytes:
    height, width, _ = rgba.shape
    bits = _HEADER.size + _TAGS * _ENTRY.size + 4
    entries = (
        (256, 4, 1, width),
        (257, 4, 1, height),
        (258, 3, 4, bits),
        (259, 3, 1, 1),
        (262, 3, 1, 2),
        (273, 4, 1, bits + 8),
        (277, 3, 1, 4),
        (278, 4, 1, height),
        (279, 4, 1, rgba.nbytes),
        (338, 3, 1, 1),
    )
    head = _HEADER.pack(b"II", 42, 8, _TAGS) + b"".join(_ENTRY.pack(*entry) for entry in entries)
    return b"".join((head, struct.pack("<I4H", 0, 8, 8, 8, 8), np.ascontiguousarray(rgba).tobytes()))


def to_array(image: Any) -> npt.NDArray[np.uint8]:
    """Height × width × 4 bytes of a mapnik.Image, as it holds them."""
    return np.frombuffer(image.to_string(), np.uint8).reshape(image.height(), image.width(), 4)
