"""Well-known marks as outlines in the unit box (−0.5 … 0.5, y upwards): those of SLD, GeoServer (shape://) and QGIS."""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache
from math import cos, pi, radians, sin

type Point = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Outline:
    """A path; an open one is only stroked."""

    points: tuple[Point, ...]
    closed: bool = True


def _regular(corners: int, *, radius: float = 0.5, turn: float = 90) -> tuple[Outline, ...]:
    return _ring(*(_polar(radius, turn + 360 * i / corners) for i in range(corners)))


def _polar(radius: float, degrees: float) -> Point:
    return (radius * cos(degrees * pi / 180), radius * sin(degrees * pi / 180))


def _ring(*points: Point) -> tuple[Outline, ...]:
    return (Outline(points),)


def _lines(*lines: tuple[Point, ...]) -> tuple[Outline, ...]:
    return tuple(Outline(line, closed=False) for line in lines)


def _star(inner: float = 0.19) -> tuple[Outline, ...]:
    return _ring(*(_polar(0.5 if i % 2 == 0 else inner, 90 + 36 * i) for i in range(10)))


def _cross(arm: float = 0.125) -> tuple[Outline, ...]:
    a, b = arm, 0.5
    return _ring(
        (-a, b), (a, b), (a, a), (b, a), (b, -a), (a, -a), (a, -b), (-a, -b), (-a, -a), (-b, -a), (-b, a), (-a, a)
    )


def _asterisk(arm: float = 0.09, arms: int = 8) -> tuple[Outline, ...]:
    turn = 2 * pi / arms
    notch = arm / sin(turn / 2)
    corners: list[Point] = []
    for index in range(arms):
        c, s = cos(index * turn), sin(index * turn)
        corners += [(0.5 * c + arm * s, 0.5 * s - arm * c), (0.5 * c - arm * s, 0.5 * s + arm * c)]
        corners.append((notch * cos((index + 0.5) * turn), notch * sin((index + 0.5) * turn)))
    return _ring(*corners)


def _with_corners(cut: float, steps: int = 1) -> tuple[Outline, ...]:
    """A square whose corners are cut, or rounded in so many steps."""
    middle = 0.5 - cut
    corners: list[Point] = []
    for quarter, (x, y) in enumerate(((1, 1), (-1, 1), (-1, -1), (1, -1))):
        for step in range(steps + 1):
            angle = radians(90 * quarter + 90 * step / steps)
            corners.append((middle * x + cut * cos(angle), middle * y + cut * sin(angle)))
    return _ring(*corners)


def _turned(outlines: tuple[Outline, ...], degrees: float) -> tuple[Outline, ...]:
    c, s = cos(degrees * pi / 180), sin(degrees * pi / 180)
    return tuple(Outline(tuple((c * x - s * y, s * x + c * y) for x, y in o.points), o.closed) for o in outlines)


def _sector(start: float, end: float) -> tuple[Outline, ...]:
    return _ring((0.0, 0.0), *_arc(start, end))


def _arc(start: float, end: float) -> tuple[Point, ...]:
    steps = max(8, round(abs(end - start) / 6))
    return tuple(_polar(0.5, start + (end - start) * i / steps) for i in range(steps + 1))


_H, _V = ((-0.5, 0.0), (0.5, 0.0)), ((0.0, -0.5), (0.0, 0.5))
_S, _B = ((-0.5, -0.5), (0.5, 0.5)), ((-0.5, 0.5), (0.5, -0.5))
_HEAD = ((-0.2, 0.3), (0.2, 0.0), (-0.2, -0.3))
_SQUARE = ((-0.5, -0.5), (0.5, -0.5), (0.5, 0.5), (-0.5, 0.5))

MARKS: dict[str, Callable[[], tuple[Outline, ...]]] = {
    "square": lambda: _ring(*_SQUARE),
    "circle": lambda: _regular(64),
    "triangle": lambda: _ring((-0.5, -0.5), (0.5, -0.5), (0.0, 0.5)),
    "equilateral_triangle": lambda: _regular(3),
    "star": _star,
    "regular_star": _star,
    "cross": _cross,
    "cross_fill": lambda: _cross(0.15),
    "crossfill": lambda: _cross(0.15),
    "x": lambda: _turned(_cross(), 45),
    "cross2": lambda: _lines(_S, _B),
    "diamond": lambda: _regular(4),
    "pentagon": lambda: _regular(5),
    "hexagon": lambda: _regular(6),
    "octagon": lambda: _regular(8, turn=22.5, radius=0.54),
    "decagon": lambda: _regular(10),
    "square_with_corners": lambda: _with_corners(0.2),
    "rounded_square": lambda: _with_corners(0.2, 6),
    "asterisk_fill": _asterisk,
    "diamond_star": lambda: _ring(*(_polar(0.5 if i % 2 == 0 else 0.2, 90 + 45 * i) for i in range(8))),
    "heart": lambda: _ring(*(_heart(i / 40) for i in range(40))),
    "shield": lambda: _ring((-0.4, 0.5), (0.4, 0.5), (0.4, 0.0), (0.0, -0.5), (-0.4, 0.0)),
    "arrow": lambda: _ring((0, 0.5), (0.35, 0.1), (0.15, 0.1), (0.15, -0.5), (-0.15, -0.5), (-0.15, 0.1), (-0.35, 0.1)),
    "arrowhead": lambda: _lines(((-0.5, 0.5), (0.0, 0.0), (-0.5, -0.5))),
    "filled_arrowhead": lambda: _ring((-0.5, 0.5), (0.0, 0.0), (-0.5, -0.5)),
    "arrowhead_filled": lambda: _ring((-0.5, 0.5), (0.0, 0.0), (-0.5, -0.5)),
    "line": lambda: _lines(_V),
    "half_square": lambda: _ring((-0.5, -0.5), (0, -0.5), (0, 0.5), (-0.5, 0.5)),
    "diagonal_half_square": lambda: _ring((-0.5, -0.5), (0.5, -0.5), (-0.5, 0.5)),
    "quarter_square": lambda: _ring((-0.5, 0), (0, 0), (0, 0.5), (-0.5, 0.5)),
    "left_half_triangle": lambda: _ring((0, -0.5), (0.5, -0.5), (0, 0.5)),
    "right_half_triangle": lambda: _ring((0, -0.5), (-0.5, -0.5), (0, 0.5)),
    "semi_circle": lambda: _sector(0, 180),
    "third_circle": lambda: _sector(90, 210),
    "quarter_circle": lambda: _sector(90, 180),
    "half_arc": lambda: _lines(_arc(0, 180)),
    "third_arc": lambda: _lines(_arc(90, 210)),
    "quarter_arc": lambda: _lines(_arc(90, 180)),
    "shape://vertline": lambda: _lines(_V),
    "shape://horline": lambda: _lines(_H),
    "shape://slash": lambda: _lines(_S),
    "shape://backslash": lambda: _lines(_B),
    "shape://dot": lambda: _regular(12, radius=0.06),
    "shape://plus": lambda: _lines(_H, _V),
    "shape://times": lambda: _lines(_S, _B),
    "shape://oarrow": lambda: _lines(_HEAD),
    "shape://carrow": lambda: _ring(*_HEAD),
    "shape://coarrow": lambda: _lines((_HEAD[0], (0.2, 0.0), _HEAD[2])),
    "shape://ccarrow": lambda: _ring(*_HEAD),
    "extshape://triangle": lambda: _ring((-0.5, -0.5), (0.5, -0.5), (0.0, 0.5)),
    "extshape://emicircle": lambda: _sector(0, 180),
    "extshape://arrow": lambda: _ring((0, 0.5), (0.3, -0.5), (0, -0.25), (-0.3, -0.5)),
}
_ALIASES = {
    "horline": "shape://horline",
    "vertline": "shape://vertline",
    "slash": "shape://slash",
    "backslash": "shape://backslash",
    "plus": "shape://plus",
    "times": "shape://times",
    "dot": "shape://dot",
    "rectangle": "square",
    "diag_cross": "shape://times",
}
_TTF = re.compile(r"ttf://\s*([^#]+)#\s*(0x[0-9a-f]{1,6}|U\+[0-9a-f]{1,6}|\d{1,7})\s*", re.I)
_WKT = re.compile(r"wkt://\s*(MULTILINESTRING|LINESTRING|MULTIPOLYGON|POLYGON)\s*Z?\s*(\(.*\))\s*", re.I | re.S)


def _heart(part: float) -> Point:
    angle = 2 * pi * part
    y = 13 * cos(angle) - 5 * cos(2 * angle) - 2 * cos(3 * angle) - cos(4 * angle)
    return (16 * sin(angle) ** 3 / 34, (y + 2) / 34)


@lru_cache(maxsize=256)
def outlines(name: str) -> tuple[Outline, ...] | None:
    """The outlines of a well-known name, None where it is none."""
    written = " ".join(name.split())
    key = written.lower()
    if key.startswith("wkt://"):
        return _wkt(written)
    if key.startswith("ttf://"):
        return _letter(written)
    key = _ALIASES.get(key, key)
    return MARKS[key]() if key in MARKS else None


def _letter(written: str) -> tuple[Outline, ...] | None:
    # Imported by need: FreeType and the fonts are for the few styles that ask it.
    from layers.styles.glyphs import contours

    match = _TTF.fullmatch(written)
    if not match:
        return None
    number = match[2].lower().replace("u+", "0x")
    found = contours(match[1], int(number, 16 if number.startswith("0x") else 10))
    return None if found is None else tuple(Outline(contour) for contour in found)


def _wkt(written: str) -> tuple[Outline, ...] | None:
    """GeoServer's wkt:// marks: their numbers are parts of the mark's size, the origin is its centre."""
    match = _WKT.fullmatch(written)
    if not match:
        return None
    closed = "POLYGON" in match[1].upper()
    try:
        paths = [
            tuple((float(x), float(y)) for x, y in (pair.split()[:2] for pair in ring.split(",")))
            for ring in re.findall(r"\(([^()]+)\)", match[2])
        ]
    except ValueError:
        return None
    return tuple(Outline(p, closed) for p in paths)
