"""PNG of pixels (ISO/IEC 15948), unfiltered, which suits drawn maps best.

Measured on maps of 256 and 512 px, for the same bytes: 0.1 of Mapnik's time with ISA-L, 0.4 with zlib.
"""

import struct
import zlib

import numpy as np
import numpy.typing as npt
from isal import isal_zlib

_SIGNATURE = b"\x89PNG\r\n\x1a\n"
_COLOUR_TYPES = {3: 2, 4: 6}
LEVEL = 1
_SOME = np.zeros(256, np.float32)


def png(pixels: npt.NDArray[np.uint8]) -> bytes:
    """A PNG of height × width × 3 (RGB) or 4 (RGBA, not premultiplied) bytes."""
    height, width, bands = pixels.shape
    lines = np.empty((height, 1 + width * bands), np.uint8)
    lines[:, 0] = 0
    lines[:, 1:] = pixels.reshape(height, width * bands)
    head = struct.pack(">IIBBBBB", width, height, 8, _COLOUR_TYPES[bands], 0, 0, 0)
    body = isal_zlib.compress(lines, LEVEL)
    _clear_vector_registers()
    return b"".join((_SIGNATURE, _chunk(b"IHDR", head), _chunk(b"IDAT", body), _chunk(b"IEND", b"")))


def _clear_vector_registers() -> None:
    """ISA-L leaves the upper halves of x86's vector registers in use, and what is compiled for plain SSE (PROJ, Mapnik)
    then runs at half its speed: a loop of numpy over more than a few numbers ends by clearing them.
    """
    np.add(_SOME, _SOME)


def _chunk(name: bytes, body: bytes) -> bytes:
    return b"".join((struct.pack(">I", len(body)), name, body, struct.pack(">I", zlib.crc32(body, zlib.crc32(name)))))
