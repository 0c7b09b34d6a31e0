"""The process that enlarges parts of tiles, `python -m server.front.enlarge`: it ends when its input does.

It reads, again and again, a line of JSON (bytes, type, size, box) and that many bytes of a picture, and writes the
enlarged picture after its length (4 bytes, big-endian); 0 where the picture cannot be read. Pillow is imported here,
never in the front.
"""

import json
import os
import signal
import struct
import sys
from io import BytesIO
from typing import Any, BinaryIO

from PIL import Image, UnidentifiedImageError

from server.parent import die_with_parent

QUALITY = 85
"""Of JPEG and WebP."""


def enlarged(data: bytes, media_type: str, size: int, box: tuple[float, float, float, float]) -> bytes:
    """The part of a picture in `box` (left, upper, right, lower; pixels) as a picture of `size` pixels a side."""
    kind = media_type.partition(";")[0].rpartition("/")[2].upper()
    with Image.open(BytesIO(data)) as picture:
        plain = picture.convert("RGB" if kind == "JPEG" else "RGBA")
    out = BytesIO()
    plain.resize((size, size), Image.Resampling.BILINEAR, box=box).save(out, kind, quality=QUALITY)
    return out.getvalue()


def main(asked: BinaryIO, answered: BinaryIO) -> None:
    """Answer until nothing more is asked."""
    while line := asked.readline(1000):
        told: dict[str, Any] = json.loads(line)
        data = asked.read(told["bytes"])
        try:
            picture = enlarged(data, told["type"], told["size"], tuple(told["box"]))
        except (UnidentifiedImageError, OSError, ValueError):
            picture = b""
        answered.write(struct.pack(">I", len(picture)) + picture)
        answered.flush()


if __name__ == "__main__":
    die_with_parent(signal.SIGTERM, int(sys.argv[1]))
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    os.nice(5)
    main(sys.stdin.buffer, sys.stdout.buffer)
