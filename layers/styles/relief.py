"""Terrain from heights: light and shade, slopes. Horn's method over 3 × 3 pixels, as GDAL and QGIS do it."""

from dataclasses import dataclass
from math import cos, pi, radians, sin
from typing import Any

import numpy as np
import numpy.typing as npt

type Heights = np.ma.MaskedArray[Any, np.dtype[Any]]
type Numbers = npt.NDArray[np.float32]

MARGIN = 1
"""Pixels around a picture whose heights are needed."""
_SEVERAL = (225.0, 270.0, 315.0, 360.0)


@dataclass(frozen=True, slots=True)
class Relief:
    """What is made of heights: "hillshade" or "slope". Angles are degrees; azimuths go clockwise from the north.

    `factor` exaggerates the heights; with `several` the light comes from four sides.
    """

    kind: str = "hillshade"
    factor: float = 1.0
    azimuth: float = 315.0
    altitude: float = 45.0
    several: bool = False


def relief(what: Relief, heights: Heights, cell: tuple[float, float]) -> Heights:
    """Slopes in degrees, or brightness from 0 to 255, of heights that reach MARGIN pixels beyond.

    `cell` is a pixel's width and height in metres on the ground. Where a neighbour is masked, its height is taken to be
    that of the pixel itself.
    """
    across, down = _gradients(heights, cell, what.factor)
    mask = np.ma.getmaskarray(heights)[1:-1, 1:-1]
    steep = np.hypot(across, down)
    if what.kind == "slope":
        return np.ma.MaskedArray(np.degrees(np.arctan(steep)), mask)
    shade = _several(what, across, down) if what.several else _light(what.azimuth, what.altitude, across, down)
    return np.ma.MaskedArray((np.clip(shade / np.sqrt(1 + steep**2), 0, 1) * 255 + 0.5).astype(np.uint8), mask)


def level(what: Relief) -> float:
    """How bright level ground is, from 0 to 1."""
    return max(sin(radians(what.altitude)), 0.05)


def _gradients(heights: Heights, cell: tuple[float, float], factor: float) -> tuple[Numbers, Numbers]:
    """Metres up a metre to the east and to the north."""
    values: Numbers = np.ma.getdata(heights).astype(np.float32) * np.float32(factor)
    mask = np.ma.getmaskarray(heights)
    rows, columns = values.shape[0] - 2, values.shape[1] - 2
    middle = values[1:-1, 1:-1]

    def at(down: int, across: int) -> Numbers:
        window = slice(1 + down, 1 + down + rows), slice(1 + across, 1 + across + columns)
        shown: Numbers = np.where(mask[window], middle, values[window]) if mask.any() else values[window]
        return shown

    north_west, north, north_east = at(-1, -1), at(-1, 0), at(-1, 1)
    south_west, south, south_east = at(1, -1), at(1, 0), at(1, 1)
    east = (north_east + 2 * at(0, 1) + south_east) - (north_west + 2 * at(0, -1) + south_west)
    up = (north_west + 2 * north + north_east) - (south_west + 2 * south + south_east)
    return (east / (8 * cell[0])).astype(np.float32), (up / (8 * cell[1])).astype(np.float32)


def _light(azimuth: float, altitude: float, across: Numbers, down: Numbers) -> Numbers:
    """The light that falls on a slope, times the length of its normal."""
    turn, high = azimuth * pi / 180, altitude * pi / 180
    light = sin(high) - cos(high) * (sin(turn) * across + cos(turn) * down)
    return np.maximum(light, 0).astype(np.float32)


def _several(what: Relief, across: Numbers, down: Numbers) -> Numbers:
    """Four lights; each weighs most where the slope faces it or turns its back (USGS OFR 92-422, as GDAL reads it)."""
    facing = np.arctan2(-across, -down)
    weights = [np.cos(facing - azimuth * pi / 180) ** 2 for azimuth in _SEVERAL]
    lights = [_light(azimuth, what.altitude, across, down) for azimuth in _SEVERAL]
    total: Numbers = sum(w * light for w, light in zip(weights, lights, strict=True)) / np.float32(2)  # type: ignore[assignment]
    return total
