"""Roofs seen from above: every pixel belongs to the slope of its nearest eave; party walls carry no eave."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely

from scripts.demo.city import Buildings, Floats, seed_of
from scripts.demo.sprites import SUN

# Colours by the first digit of BD TOPO's roof material: 1 tiles, 2 slates, 3 zinc, 4 concrete, 9 others.
SLATE, TILE, ZINC, CONCRETE = (104, 110, 121), (176, 122, 99), (164, 171, 176), (182, 178, 170)
SHEET, GRAVEL, GLASS, LAWN = (190, 194, 196), (158, 152, 142), (118, 138, 146), (132, 138, 92)

type Ints = npt.NDArray[np.int32]


@dataclass(frozen=True, slots=True)
class Cover:
    """What covers a building: colour, how far slopes tilt (0 flat), period of its rows in metres, and how strong."""

    colour: tuple[int, int, int]
    tilt: float
    period: float
    strength: float
    along: bool = False


def cover_of(buildings: Buildings, i: int) -> Cover:
    """The cover of building `i`, from roof material, use, area and age."""
    draw = seed_of(buildings.ids[i]) % 1000 / 1000
    roof, use, area = buildings.roofs[i], buildings.uses[i], buildings.geometry[i].area
    modern = buildings.built[i] >= 1962 and roof not in "12"
    if buildings.natures[i] in ("Eglise", "Chapelle", "Château", "Tour, donjon"):
        return Cover(SLATE, 0.7, 0.30, 0.03)
    if roof == "1":
        return Cover(TILE, 0.45, 0.36, 0.07)
    if buildings.light[i] and area < 60:
        return Cover(SHEET if draw < 0.5 else ZINC if draw < 0.8 else GLASS, 0.25, 0.6, 0.03, along=True)
    if roof in "49" or modern or (use not in ("Résidentiel", "Religieux") and area > 450) or area > 1600:
        flat = GRAVEL if draw < 0.45 else CONCRETE if draw < 0.75 else SHEET if draw < 0.9 or area > 900 else LAWN
        return Cover(flat, 0.0, 1.1, 0.012, along=True)
    if roof == "3" or draw < 0.12:
        return Cover(ZINC, 0.4, 0.6, 0.04, along=True)
    if draw < 0.19 or (use == "Annexe" and draw < 0.5):
        return Cover(TILE, 0.4, 0.36, 0.07)
    return Cover(SLATE, 0.55, 0.30, 0.03)


@dataclass(frozen=True, slots=True)
class Slopes:
    """The slopes of many roofs, one row each: eave segments (EPSG:2154) and what is drawn on them.

    `first` gives each building's first row (and the number of rows at the end). `inward` points up the slope.
    """

    start: Floats
    end: Floats
    inward: Floats
    colour: Floats
    row_axis: Floats
    strength: Floats
    flat: npt.NDArray[np.bool_]
    first: list[int]


def _segments(polygon: shapely.Polygon) -> tuple[Floats, Floats]:
    """Starts and ends of a polygon's edges; its inside is on their left."""
    simple = shapely.orient_polygons(shapely.simplify(polygon, 0.35))
    rings = [np.array(ring.coords) for ring in (simple.exterior, *simple.interiors)]
    start, end = np.concatenate([r[:-1] for r in rings]), np.concatenate([r[1:] for r in rings])
    long = np.hypot(*(end - start).T) > 0.3
    return start[long], end[long]


def _eaves(start: Floats, end: Floats, i: int, buildings: Buildings, tree: shapely.STRtree) -> npt.NDArray[np.bool_]:
    """Which edges carry an eave: those that no building of about the same height leans on."""
    along = (end - start) / np.hypot(*(end - start).T)[:, None]
    outside = (start + end) / 2 + 0.45 * np.stack([along[:, 1], -along[:, 0]], axis=1)
    edge, other = tree.query(shapely.points(outside), predicate="intersects")
    leaning = (other != i) & (buildings.heights[other] > buildings.heights[i] - 3.5)
    free = np.ones(len(start), dtype=bool)
    free[edge[leaning]] = False
    return free if free.any() else np.ones(len(start), dtype=bool)


def _shades(inward: Floats, cover: Cover, draw: float) -> Floats:
    """Colours of slopes: lighter where they face the sun, a little different from roof to roof."""
    facing = -(inward[:, 0] * SUN[0] + inward[:, 1] * SUN[1])
    light = (0.97 if cover.tilt == 0 else 0.92) + cover.tilt * 0.42 * facing
    warm = np.stack([light * 1.02, light, light * (1.0 - 0.03 * facing * cover.tilt)], axis=1)
    tint = np.array((1.0 + 0.05 * (draw - 0.5), 1.0, 1.0 - 0.06 * (draw - 0.5)))
    return np.asarray(np.array(cover.colour) * warm * tint * (0.86 + 0.24 * (draw * 7 % 1)), dtype=float)


def slopes(buildings: Buildings) -> Slopes:
    """The slopes of all buildings, in their order."""
    tree = shapely.STRtree(buildings.geometry)
    rows: list[tuple[Floats, ...]] = []
    first = [0]
    for i, polygon in enumerate(buildings.geometry):
        start, end = _segments(polygon)
        cover = cover_of(buildings, i)
        if len(start) and cover.tilt:
            kept = _eaves(start, end, i, buildings, tree)
            start, end = start[kept], end[kept]
        along = (end - start) / np.maximum(np.hypot(*(end - start).T), 1e-6)[:, None]
        inward = np.stack([-along[:, 1], along[:, 0]], axis=1)
        axis = (along if cover.along else inward) / cover.period
        if cover.tilt == 0 and len(axis):
            axis = np.repeat(axis[:1], len(axis), axis=0)
        shade = _shades(inward, cover, seed_of(buildings.ids[i][::-1]) % 100 / 100)
        strength = np.full(len(start), cover.strength)
        rows.append((start, end, inward, shade, axis, strength, np.full(len(start), cover.tilt == 0)))
        first.append(first[-1] + len(start))
    columns = [np.concatenate(column) for column in zip(*rows, strict=True)]
    start, end, inward, shade, axis, strength = columns[:6]
    return Slopes(start, end, inward, shade, axis, strength, columns[6].astype(bool), first)


def nearest_slope(x: Floats, y: Floats, table: Slopes, building: int) -> Ints:
    """The row of the slope that each point of a building lies on: that of its nearest eave."""
    first, last = table.first[building], table.first[building + 1]
    best = np.full(len(x), np.float32(1e12))
    row = np.full(len(x), first, dtype=np.int32)
    for k in range(first, last):
        (ax, ay), (dx, dy) = table.start[k], table.end[k] - table.start[k]
        px, py = x - np.float32(ax), y - np.float32(ay)
        t = np.clip((px * np.float32(dx) + py * np.float32(dy)) / np.float32(dx * dx + dy * dy), 0, 1)
        distance = (px - t * np.float32(dx)) ** 2 + (py - t * np.float32(dy)) ** 2
        closer = distance < best
        best[closer] = distance[closer]
        row[closer] = k
    return row
