"""Colours as styles write them: #rgb, #rrggbb, names of CSS."""

import re
from functools import lru_cache

from PIL import ImageColor

_HEX = re.compile(r"(?:#|0x)?([0-9a-fA-F]{6}|[0-9a-fA-F]{3})")


@lru_cache(maxsize=4096)
def hex_color(text: str) -> str | None:
    """ "#rrggbb" of a colour, None where it is none."""
    text = text.strip()
    if match := _HEX.fullmatch(text):
        digits = match[1]
        return f"#{digits if len(digits) == 6 else ''.join(d * 2 for d in digits)}".lower()
    try:
        red, green, blue = ImageColor.getrgb(text)[:3]
    except ValueError:
        return None
    return f"#{red:02x}{green:02x}{blue:02x}"


def rgb(color: str) -> tuple[int, int, int]:
    """Red, green, blue of "#rrggbb"."""
    return int(color[1:3], 16), int(color[3:5], 16), int(color[5:7], 16)
