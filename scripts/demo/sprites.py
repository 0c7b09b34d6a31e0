"""Small things seen from above: trees and cars, lit from the south-south-west."""

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from PIL import Image

from scripts.demo.noise import noise

SUN = (-0.447, -0.894)  # towards the sun: x east, y north
TREE_SIZE = 192  # pixels of a tree's picture
LEAVES = (
    (106, 124, 74),
    (98, 122, 66),
    (70, 96, 58),
    (112, 126, 72),
    (92, 116, 62),
    (80, 98, 64),
    (118, 126, 84),
    (122, 132, 78),
    (66, 92, 60),
    (98, 62, 60),
)
PAINTS = (
    (232, 232, 230),
    (205, 207, 210),
    (150, 154, 160),
    (64, 66, 70),
    (38, 40, 44),
    (92, 30, 32),
    (46, 66, 104),
    (176, 172, 160),
    (238, 238, 238),
    (120, 124, 128),
)

type Pixels = npt.NDArray[np.uint8]


def tree(kind: int) -> Image.Image:
    """A tree's crown, RGBA, `TREE_SIZE` pixels: clumps of leaves, light on the side of the sun."""
    size, half = TREE_SIZE, TREE_SIZE / 2
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    x, y = (x + 0.5 - half) / half, (half - y - 0.5) / half
    lobes = noise(size, 1.5, 700 + kind, 10.0)
    leaves = noise(size, 0.7, 900 + kind, 2.6)
    radius = np.hypot(x, y) + 0.085 * lobes
    dome = np.sqrt(np.clip(1.0 - radius**2, 0.0, 1.0))
    relief = dome * 1.1 + 0.16 * lobes + 0.05 * leaves
    east, north = np.gradient(relief, axis=1) * half, -np.gradient(relief, axis=0) * half
    light = 0.93 - 0.13 * np.clip(east * SUN[0] + north * SUN[1], -2.2, 2.2) + 0.11 * leaves - 0.06 * (1 - dome)
    alpha = np.clip((0.93 - radius + 0.05 * leaves) * 16.0, 0.0, 1.0)
    colour = np.array(LEAVES[kind % len(LEAVES)], dtype=np.float32)
    warm = np.stack([light * 1.03, light, light * 0.94], axis=-1)
    rgba = np.dstack([np.clip(colour * warm, 0, 255), alpha * 255]).astype(np.uint8)
    return Image.fromarray(rgba)


@dataclass(frozen=True, slots=True)
class Car:
    """A parked car: its middle (EPSG:2154), the direction of its length (unit vector), its paint and length (m)."""

    x: float
    y: float
    east: float
    north: float
    paint: int
    length: float


def draw_car(image: Pixels, column: float, row: float, car: Car, pixel: float) -> None:
    """Draw a car into an RGB picture; its middle is at (column, row), `pixel` is the size of a pixel in metres."""
    reach = int(3.0 / pixel)
    top, left = int(row) - reach, int(column) - reach
    r0, c0 = max(top, 0), max(left, 0)
    r1, c1 = min(top + 2 * reach, image.shape[0]), min(left + 2 * reach, image.shape[1])
    if r0 >= r1 or c0 >= c1:
        return
    y, x = np.mgrid[r0:r1, c0:c1].astype(np.float32)
    x, y = (x + 0.5 - column) * pixel, (row - y - 0.5) * pixel
    along, across = x * car.east + y * car.north, np.abs(y * car.east - x * car.north)
    length, width = car.length / 2, 0.9
    body = ((np.abs(along) / length) ** 6 + (across / width) ** 6) < 1.0
    glass = (np.abs(along + 0.12) < length * 0.58) & (across < 0.74)
    roof = (np.abs(along + 0.25) < length * 0.34) & (across < 0.62)
    paint = np.array(PAINTS[car.paint % len(PAINTS)], dtype=np.float32)
    shade = np.where(along > 0, 1.0, 0.95)[..., None]
    colour = np.where(glass[..., None], np.array((34, 40, 46), dtype=np.float32), paint * 0.93 * shade)
    colour = np.where(roof[..., None], paint, colour)
    window = image[r0:r1, c0:c1]
    window[body] = np.clip(colour, 0, 255).astype(np.uint8)[body]
