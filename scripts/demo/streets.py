"""What lies on the streets: painted lines, crossings, parked cars."""

from collections.abc import Iterator

import numpy as np
import shapely
from shapely.ops import substring

from scripts.demo.city import Roads, seed_of
from scripts.demo.files import Geometries
from scripts.demo.sprites import PAINTS, Car

LINE = 0.06  # half the width of a painted line, metres


def _direction(line: shapely.LineString, distance: float) -> tuple[float, float, float, float]:
    """Point and unit direction of a line at a distance from its start."""
    at, ahead = line.interpolate(distance), line.interpolate(min(distance + 1.0, line.length))
    back = line.interpolate(max(distance - 1.0, 0.0))
    dx, dy = ahead.x - back.x, ahead.y - back.y
    length = float(np.hypot(dx, dy)) or 1.0
    return at.x, at.y, dx / length, dy / length


def _bar(x: float, y: float, dx: float, dy: float, length: float, width: float) -> shapely.Polygon:
    """A rectangle around (x, y), its length along (dx, dy)."""
    a, b = length / 2, width / 2
    corners = ((a, b), (a, -b), (-a, -b), (-a, b))
    return shapely.Polygon([(x + u * dx - v * dy, y + u * dy + v * dx) for u, v in corners])


def _crossing(line: shapely.LineString, width: float, distance: float) -> Iterator[shapely.Polygon]:
    x, y, dx, dy = _direction(line, distance)
    for offset in np.arange(-width / 2 + 0.5, width / 2 - 0.2, 1.0):
        yield _bar(x - offset * dy, y + offset * dx, dx, dy, 2.6, 0.5)


def _dashes(line: shapely.LineString) -> Iterator[shapely.Polygon]:
    for start in np.arange(10.0, line.length - 13.0, 6.0):
        yield substring(line, start, start + 3.0).buffer(LINE, cap_style="flat")


def markings(roads: Roads) -> Geometries:
    """White paint: middle lines of two-way streets, crossings near their ends, edges of wide one-way streets."""
    out: list[shapely.Geometry] = []
    for i in np.flatnonzero(roads.driven):
        line, width = roads.geometry[i], float(roads.widths[i])
        if line.length < 24 or width < 4.0 or roads.natures[i] == "Rond-point":
            continue
        if roads.two_way[i] and width >= 5.0:
            out += _dashes(line)
        for end in (5.5, line.length - 5.5):
            if seed_of(f"{roads.ids[i]} {end > 6}") % 10 < 7:
                out += _crossing(line, width, end)
    return np.array(out, dtype=object)


def _parked(line: shapely.LineString, name: str, side: float, offset: float) -> Iterator[Car]:
    rng = np.random.default_rng(seed_of(f"{name} {side}"))
    for distance in np.arange(13.0, line.length - 13.0, 5.4):
        drawn = rng.random(4)
        if drawn[0] > 0.72:
            continue
        x, y, dx, dy = _direction(line, distance + float(drawn[1] - 0.5) * 0.8)
        shift = side * (offset + float(drawn[2] - 0.5) * 0.16)
        turn = 1.0 if drawn[3] < 0.85 else -1.0
        length = 3.7 + 0.9 * float(drawn[1])
        yield Car(x - shift * dy, y + shift * dx, turn * dx, turn * dy, int(drawn[2] * 997) % len(PAINTS), length)


def parked_cars(roads: Roads, walls: Geometries) -> list[Car]:
    """Cars along the streets that have room for them, clear of walls; the same for a street wherever it is asked."""
    cars: list[Car] = []
    for i in np.flatnonzero(roads.driven):
        line, width = roads.geometry[i], float(roads.widths[i])
        if line.length < 30 or roads.natures[i] == "Rond-point" or roads.levels[i] != "0":
            continue
        sides = (-1.0, 1.0) if width >= 5.0 or seed_of(roads.ids[i]) % 3 == 0 else (-1.0,)
        for side in sides:
            offset = width / 2 - 0.75 if width >= 6.5 else width / 2 + 0.75
            cars += _parked(line, roads.ids[i], side, offset)
    if not cars:
        return []
    points = shapely.points([(car.x, car.y) for car in cars])
    taken = set(shapely.STRtree(walls).query(points, predicate="dwithin", distance=1.3)[0].tolist())
    return [car for i, car in enumerate(cars) if i not in taken]
