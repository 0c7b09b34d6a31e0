"""Random places of the demo's quarter, the same in every run."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from layers.crs import transform_bbox
from scripts.bench.data import EXTENT

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Place:
    """A square map: bbox in x, y order, in a CRS whose first axis is x; pixels a side."""

    crs: str
    bbox: Box
    size: int


def places(crs: str, size: int, resolution: float, count: int, extent: Box = EXTENT, seed: int = 5) -> list[Place]:
    """`count` squares of `size` pixels of `resolution` metres within `extent` (EPSG:2154)."""
    return list(_places(crs, size, resolution, count, extent, random.Random(seed)))  # noqa: S311 - repeatable


def _places(crs: str, size: int, resolution: float, count: int, extent: Box, chance: random.Random) -> Iterator[Place]:
    side = size * resolution
    for _ in range(count):
        x = chance.uniform(extent[0], extent[2] - side)
        y = chance.uniform(extent[1], extent[3] - side)
        box = (x, y, x + side, y + side)
        yield Place(crs, box if crs == "EPSG:2154" else _square(transform_bbox(box, "EPSG:2154", crs)), size)


def _square(box: Box) -> Box:
    """The largest square in the middle of a box."""
    half = min(box[2] - box[0], box[3] - box[1]) / 2
    x, y = (box[0] + box[2]) / 2, (box[1] + box[3]) / 2
    return (x - half, y - half, x + half, y + half)
