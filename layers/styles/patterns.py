"""Fills that repeat a mark or a hatch: one SVG tile each.

A tile's side is a power of two up to 256 pixels, so that hatches go on unbroken from map tile to map tile; spacing and
angle are moved by a few per cent to fit. Everything is an area cut at the tile's edge: Mapnik takes an SVG's
extent from what is in it, and strokes that stick out would widen it.
"""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from math import ceil, cos, floor, hypot, radians, sin
from typing import Any

from layers.styles import symbols
from layers.styles.marks import Outline

SIDES = (8, 16, 32, 64, 128, 256)
_TRIES = 12
"""Places that are tried for each mark of a random fill."""
_CELL_TOLERANCE = 0.09
"""Wide, for tiles of few marks: Mapnik draws the tile anew for each polygon."""

_HATCHES: dict[str, tuple[tuple[float, float], ...]] = {
    "horline": ((0, 1),),
    "vertline": ((1, 0),),
    "line": ((1, 0),),
    "slash": ((1, 1),),
    "backslash": ((1, -1),),
    "plus": ((0, 1), (1, 0)),
    "times": ((1, 1), (1, -1)),
}


@dataclass(frozen=True, slots=True)
class Paint:
    """Colours "#rrggbb" or None, opacities, the stroke's width and dashes in pixels."""

    fill: str | None = None
    fill_opacity: float = 1.0
    stroke: str | None = None
    stroke_opacity: float = 1.0
    width: float = 1.0
    dashes: tuple[float, ...] = ()


_BAYER = ((0, 8, 2, 10), (12, 4, 14, 6), (3, 11, 1, 9), (15, 7, 13, 5))
_DENSE = (15, 14, 10, 8, 6, 2, 1)
"""Sixteenths that Qt's seven dense brushes cover, which QGIS exports as brush://dense1 to 7."""


def dense(brush: int, paint: Paint) -> str:
    """The path of a tile of single pixels."""
    most = _DENSE[brush - 1]
    pixels = (f"M{x} {y}h1v1h-1z" for x in range(8) for y in range(8) if _BAYER[y % 4][x % 4] < most)
    ink = f'fill="{paint.fill or paint.stroke or "#808080"}" fill-opacity="{paint.fill_opacity:g}"'
    return symbols.svg(8, 8, f'<path d="{"".join(pixels)}" {ink}/>')


def is_hatch(name: str) -> bool:
    """True where a mark used as a fill means endless lines."""
    return _bare(name) in _HATCHES


def _bare(name: str) -> str:
    return name.strip().lower().removeprefix("shape://")


def hatch(name: str, spacing: float, rotation: float, paint: Paint) -> str:
    """The path of a tile of lines, `spacing` pixels from one to the next along an axis; rotation clockwise, degrees."""
    return symbols.keep(_hatch(name, spacing, rotation, paint), "svg")


@lru_cache(maxsize=1024)
def _hatch(name: str, spacing: float, rotation: float, paint: Paint) -> bytes:
    normals = [_turned(normal, rotation) for normal in _HATCHES[_bare(name)]]
    waves = [(x / spacing, y / spacing) for x, y in normals]
    side = next((s for s in SIDES if all(_fits(w, s) for w in waves)), SIDES[-1])
    lines = [line for wave in waves for line in _hatch_lines(wave, side, paint.width)]
    return _tile(side, side, [], lines, paint)


def _turned(vector: tuple[float, float], degrees: float) -> tuple[float, float]:
    """Turned clockwise where y points down."""
    c, s = cos(radians(degrees)), sin(radians(degrees))
    return (c * vector[0] - s * vector[1], s * vector[0] + c * vector[1])


def _whole(wave: tuple[float, float], side: int) -> tuple[int, int]:
    """How many lines cross the tile's width and height."""
    across = (round(wave[0] * side), round(wave[1] * side))
    return across if any(across) else ((1, 0) if abs(wave[0]) >= abs(wave[1]) else (0, 1))


def _fits(wave: tuple[float, float], side: int) -> bool:
    x, y = _whole(wave, side)
    return hypot(x - wave[0] * side, y - wave[1] * side) <= 0.05 * hypot(*wave) * side


def _hatch_lines(wave: tuple[float, float], side: int, width: float) -> list[tuple[tuple[float, float], ...]]:
    """Lines kx·x + ky·y = i·side; those along an axis lie on whole pixels."""
    kx, ky = _whole(wave, side)
    if kx == 0 or ky == 0:
        count, odd = abs(kx or ky), 0.5 if max(round(width), 1) % 2 else 0.0
        at = [floor((i + 0.5) * side / count) + odd for i in range(count)]
        return [((-9.0, p), (side + 9.0, p)) if kx == 0 else ((p, -9.0), (p, side + 9.0)) for p in at]
    corners = [0, kx, ky, kx + ky]
    margin = ceil(width * hypot(kx, ky) / side) + 1
    lines: list[tuple[tuple[float, float], ...]] = []
    for i in range(min(corners) - margin, max(corners) + margin + 1):
        x0, x1 = -side, 2 * side
        lines.append(((x0, (i * side - kx * x0) / ky), (x1, (i * side - kx * x1) / ky)))
    return lines


def scattered(
    outlines: tuple[Outline, ...], size: float, cell: tuple[float, float], rotation: float, paint: Paint
) -> str:
    """The path of a tile with a mark of `size` pixels in the middle of every cell (width, height in pixels)."""
    return symbols.keep(_scattered(outlines, size, cell, rotation, paint), "svg")


@lru_cache(maxsize=1024)
def _scattered(
    outlines: tuple[Outline, ...], size: float, cell: tuple[float, float], rotation: float, paint: Paint
) -> bytes:
    (width, columns), (height, rows) = (_cells(side) for side in cell)
    areas: list[Any] = []
    lines: list[Any] = []
    for column in range(-1, columns + 1):
        for row in range(-1, rows + 1):
            x, y = round((column + 0.5) * width / columns), round((row + 0.5) * height / rows)
            for outline in outlines:
                corners = outline.points[:: 3 if len(outline.points) > 40 and size < 24 else 1]
                turned = (_turned((px * size, -py * size), rotation) for px, py in corners)
                points = tuple((x + px, y + py) for px, py in turned)
                (areas if outline.closed else lines).append(points)
    return _tile(width, height, areas, lines, paint)


@dataclass(frozen=True, slots=True)
class Random:
    """Marks at random in a tile of `side` pixels: `count` of them, one in each cell of a `grid` or anywhere."""

    grid: bool
    side: int
    count: int
    seed: int
    turned: bool


def randomly(outlines: tuple[Outline, ...], size: float, rotation: float, told: Random, paint: Paint) -> str:
    """The path of a tile with marks of `size` pixels at random places, the same for the same seed."""
    return symbols.keep(_randomly(outlines, size, rotation, told, paint), "svg")


@lru_cache(maxsize=256)
def _randomly(outlines: tuple[Outline, ...], size: float, rotation: float, told: Random, paint: Paint) -> bytes:
    side = told.side
    areas: list[Any] = []
    lines: list[Any] = []
    for x, y, turn in _places(told, size):
        for left, up in ((0, 0), *_over_the_edge(x, y, size, side)):
            for outline in outlines:
                turned = (_turned((px * size, -py * size), rotation + turn) for px, py in outline.points)
                points = tuple((x + left + px, y + up + py) for px, py in turned)
                (areas if outline.closed else lines).append(points)
    return _tile(side, side, areas, lines, paint)


def _places(told: Random, size: float) -> Iterator[tuple[float, float, float]]:
    """Places and turns (degrees). Anywhere, each is the farthest from the others of some tries, so that few meet."""
    chance = random.Random(told.seed)  # noqa: S311 - where marks lie is no secret
    across = max(ceil(told.count**0.5), 1)
    cell = told.side / across
    found: list[tuple[float, float]] = []
    for index in chance.sample(range(across * across), told.count):
        if told.grid:
            room = max(cell - size, 0.0)
            column, row = index % across, index // across
            middle = ((column + 0.5) * cell, (row + 0.5) * cell)
            place = (middle[0] + (chance.random() - 0.5) * room, middle[1] + (chance.random() - 0.5) * room)
        else:
            tries = [(chance.uniform(0, told.side), chance.uniform(0, told.side)) for _ in range(_TRIES)]
            place = max(tries, key=lambda p: min((_apart(p, q, told.side) for q in found), default=0.0))
        found.append(place)
        yield (*place, chance.uniform(0, 360) if told.turned else 0.0)


def _apart(one: tuple[float, float], other: tuple[float, float], side: int) -> float:
    """Pixels between two places of a tile that is repeated."""
    steps = (abs(a - b) for a, b in zip(one, other, strict=True))
    return hypot(*(min(step, side - step) for step in steps))


def _over_the_edge(x: float, y: float, size: float, side: int) -> Iterator[tuple[int, int]]:
    """Where else a mark is drawn, so that what one edge of the tile cuts goes on at the other."""
    for left in (-side, 0, side):
        for up in (-side, 0, side):
            inside = -size < x + left < side + size and -size < y + up < side + size
            if (left, up) != (0, 0) and inside:
                yield left, up


def _cells(side: float) -> tuple[int, int]:
    """The tile's side and how many cells it holds."""
    for whole in SIDES:
        count = round(whole / side)
        if count and abs(whole / count - side) <= _CELL_TOLERANCE * side:
            return whole, count
    return (SIDES[-1], round(SIDES[-1] / side)) if side < SIDES[-1] * 1.5 else (round(side), 1)


def _tile(width: int, height: int, areas: list[Any], lines: list[Any], paint: Paint) -> bytes:
    import shapely

    frame = shapely.box(0, 0, width, height)
    shapes = [shapely.Polygon(points) for points in areas]
    body = ""
    if paint.fill is not None and shapes:
        body += _path(shapely.union_all(shapes).intersection(frame), paint.fill, paint.fill_opacity)
    if paint.stroke is not None and paint.width > 0:
        paths = [shapely.LineString(points) for points in lines] + [s.exterior for s in shapes]
        pieces = [piece for path in paths for piece in _dashed(path, paint.dashes)]
        area = shapely.union_all([p.buffer(paint.width / 2, cap_style="flat") for p in pieces])
        body += _path(area.intersection(frame), paint.stroke, paint.stroke_opacity)
    return symbols.svg_body(width, height, body)


def _dashed(line: Any, dashes: tuple[float, ...]) -> list[Any]:
    """The parts of a line that dashes leave."""
    from shapely.ops import substring

    if not dashes:
        return [line]
    pieces, start, index = [], 0.0, 0
    while start < line.length:
        if index % 2 == 0 and dashes[index % len(dashes)] > 0:
            pieces.append(substring(line, start, min(start + dashes[index % len(dashes)], line.length)))
        start += max(dashes[index % len(dashes)], 0.01)
        index += 1
    return pieces


def _path(area: Any, color: str, opacity: float) -> str:
    import shapely

    rings = []
    for polygon in shapely.get_parts(area):
        if polygon.geom_type == "Polygon" and not polygon.is_empty:
            rings += [polygon.exterior, *polygon.interiors]
    data = "".join("M" + "L".join(f"{x:.3f} {y:.3f}" for x, y in ring.coords[:-1]) + "z" for ring in rings)
    return f'<path d="{data}" fill="{color}" fill-opacity="{opacity:g}" fill-rule="evenodd"/>' if data else ""
