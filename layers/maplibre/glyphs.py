"""Glyphs as signed distances, 256 characters of a stack of fonts at once, as MapLibre reads them.

The form is that of node-fontnik: letters of 24 pixels, distances up to 8 pixels, a quarter of them outside, 3 pixels
around each glyph (`glyphs.proto`: fontnik's protocol buffer of three messages, written here for want of a library).
"""

import ctypes
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import freetype
import numpy as np

from layers.maplibre.fonts import Face, faces

SIZE, BUFFER = 24, 3
"""Pixels of the letters, and around each."""
RANGE = 256
"""Characters in a file."""
_SPREAD = 8
_EDGE = 191.25
"""The value on the outline: 255 × (1 − 0.25)."""
_ASCENT = 26
"""Pixels from the line that MapLibre measures from down to the baseline: capitals are in the middle of a label then."""


def glyph_range(name: str, stack: Sequence[str], start: int) -> bytes:
    """The characters from `start` on that a font of the stack has, the first that has it; `name` is the stack's."""
    fonts = [_font(faces()[face]) for face in stack]
    glyphs = [glyph for code in range(start, start + RANGE) if (glyph := _first(fonts, code))]
    return _packed(name, start, glyphs)


@lru_cache(maxsize=16)
def _font(face: Face) -> Any:
    font = freetype.Face(str(face.file), face.number)
    font.set_pixel_sizes(0, SIZE)
    return font


def _first(fonts: Iterable[Any], code: int) -> bytes | None:
    for font in fonts:
        if index := font.get_char_index(code):
            return _glyph(font, index, code)
    return None


def _glyph(font: Any, index: int, code: int) -> bytes:
    font.load_glyph(index, freetype.FT_LOAD_NO_HINTING | freetype.FT_LOAD_NO_BITMAP)
    slot = font.glyph
    advance = round(slot.advance.x / 64)
    width = height = left = top = 0
    bitmap = b""
    if slot.outline.n_points:
        # Distances are taken from the painted letter, not from its outline: a third of the time, the same within a
        # sixteenth of a pixel, and outlines may overlap.
        slot.render(freetype.FT_RENDER_MODE_NORMAL)
        slot.render(freetype.FT_RENDER_MODE_SDF)
        distances = _distances(slot.bitmap)
        if distances is not None:
            bitmap = distances.tobytes()
            height, width = (side - 2 * BUFFER for side in distances.shape)
            left, top = slot.bitmap_left + _SPREAD, slot.bitmap_top - _SPREAD - _ASCENT
    numbers = ((1, code), (3, width), (4, height), (5, _zigzag(left)), (6, _zigzag(top)), (7, max(advance, 0)))
    return (_bytes(2, bitmap) if bitmap else b"") + b"".join(_number(key, value) for key, value in numbers)


def _distances(bitmap: Any) -> Any:
    """FreeType's distances (128 on the outline, 8 pixels are 128) in MapLibre's scale, with less room around."""
    if not bitmap.width or not bitmap.rows:
        return None
    # The binding's own list of a bitmap's bytes takes longer than drawing it.
    raw = ctypes.string_at(bitmap._FT_Bitmap.buffer, bitmap.rows * bitmap.pitch)
    values = np.frombuffer(raw, np.uint8).reshape(bitmap.rows, bitmap.pitch)[:, : bitmap.width].astype(np.float32)
    cut = _SPREAD - BUFFER
    inner = values[cut : bitmap.rows - cut, cut : bitmap.width - cut]
    return np.clip(np.rint(_EDGE + (inner - 128) * (255 / 128)), 0, 255).astype(np.uint8)


def _packed(name: str, start: int, glyphs: Iterable[bytes]) -> bytes:
    stack = _bytes(1, name.encode()) + _bytes(2, f"{start}-{start + RANGE - 1}".encode())
    return _bytes(1, stack + b"".join(_bytes(3, glyph) for glyph in glyphs))


def _varint(value: int) -> bytes:
    found = bytearray()
    while value > 127:
        found.append(value & 127 | 128)
        value >>= 7
    found.append(value)
    return bytes(found)


def _zigzag(value: int) -> int:
    return value * 2 if value >= 0 else -value * 2 - 1


def _number(key: int, value: int) -> bytes:
    return _varint(key << 3) + _varint(value)


def _bytes(key: int, value: bytes) -> bytes:
    return _varint(key << 3 | 2) + _varint(len(value)) + value
