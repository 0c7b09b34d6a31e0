"""Values of a raster to colours by an interpolated colour map, 512 px: what drawing adds to reading a terrain model."""

import time
from collections.abc import Iterator
from pathlib import Path
from statistics import median

import numpy as np

from layers.facts import Band, RasterFacts
from layers.styles.model import ColorMap, ColorStop, RasterSymbolizer
from layers.styles.raster import RasterLook, to_rgba
from scripts.bench.data import EXTENT
from scripts.bench.measure import Figure

TITLE = "Values of a raster to colours: 512 px, a ramp of three stops"
SIZE, STOPS = 512, (ColorStop(0, "#000000"), ColorStop(100, "#ff0000"), ColorStop(200, "#ffffff", 0.5))


def run(_folder: Path, seconds: float) -> list[Figure]:
    """The median for each type of values."""
    look = RasterLook(RasterSymbolizer(color_map=ColorMap("ramp", STOPS)))
    values = np.random.default_rng(1).random((1, SIZE, SIZE)) * 200
    kinds = ("uint8", "uint16", "float32")
    return [Figure(kind, median(_times(look, values, kind, seconds / len(kinds))), "ms") for kind in kinds]


def _times(look: RasterLook, values: np.ndarray, kind: str, seconds: float) -> Iterator[float]:
    pixels = np.ma.MaskedArray(values.astype(kind), mask=values < 5)
    facts = RasterFacts("EPSG:2154", EXTENT, (1.0, 1.0), (Band(kind, "gray", None),), "")
    end = time.monotonic() + seconds
    while (start := time.perf_counter()) and time.monotonic() < end:
        to_rgba(look, pixels, facts)
        yield (time.perf_counter() - start) * 1000
