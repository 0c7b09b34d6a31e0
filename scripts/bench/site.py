"""A small site for benchmarks: one layer of imagery, its tiles made up (bytes that do not compress, as JPEG is)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from server.published import open_current
from tiles.address import TileAddress
from tiles.archive import ArchiveInfo
from tiles.store import Store

LEVEL, SIDE = 16, 64
X0, Y0 = 33000, 23900
"""Columns and rows of the seeded block on the grid PM."""
_LAYERS = """
theme: {title: Essai}
ortho:
  title: Orthophoto
  source: {raster: "data/ortho.tif"}
  tiles: {grids: [PM], format: jpeg, levels: 10-18}
"""


def make_site(folder: Path) -> Path:
    """Configuration and data of one raster that covers the block, in Web Mercator."""
    import numpy as np
    import rasterio
    from rasterio.transform import from_origin

    for name in ("layers", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "service.yaml").write_text("title: Banc d'essai\n", encoding="utf-8")
    (folder / "layers" / "essai.yaml").write_text(_LAYERS, encoding="utf-8")
    half, span = 20037508.342789244, 2 * 20037508.342789244 / 2**LEVEL
    place = from_origin(-half + X0 * span, half - Y0 * span, span / 16, span / 16)
    size = SIDE * 16
    profile = {"driver": "GTiff", "width": size, "height": size, "count": 3, "dtype": "uint8", "crs": "EPSG:3857"}
    with rasterio.open(folder / "data" / "ortho.tif", "w", transform=place, **profile) as out:
        out.write(np.random.default_rng(1).integers(0, 255, (3, size, size), "uint8"))
    return folder


def compile_site(config: Path, store: Path) -> None:
    """`garrigue check --compile`."""
    command = [sys.executable, "-m", "scripts.cli", "check", "--compile", "--config", str(config)]
    subprocess.run([*command, "--store", str(store)], check=True, stdout=subprocess.DEVNULL)


def seed(store: Path, size: int) -> None:
    """SIDE × SIDE tiles of `size` bytes at LEVEL, of the stamp that is current."""
    published = open_current(store)
    assert published is not None
    stamp = published.table.layers["ortho"].stamps["default"]
    info = ArchiveInfo("ortho", "jpg", bounds=(-180, -85, 180, 85), grid="PM", stamp=stamp)
    Store(store).put_many(_tiles(size), info)


def _tiles(size: int) -> Iterator[tuple[TileAddress, bytes]]:
    for x in range(SIDE):
        for y in range(SIDE):
            yield TileAddress("ortho", "default", "", "PM", LEVEL, X0 + x, Y0 + y), os.urandom(size)


def random_tiles(script: Path, headers: str = "") -> Path:
    """A script for wrk that asks random tiles of the block."""
    return _random(script, f'"/tiles/ortho/PM/{LEVEL}/" .. x .. "/" .. y .. ".jpg"', headers)


def one_file(script: Path, headers: str = "") -> Path:
    """The same for one plain file: wrk has the same work (the numbers are in the query, which nginx ignores)."""
    return _random(script, '"/tile.jpg?" .. x .. "/" .. y', headers)


def _random(script: Path, path: str, headers: str) -> Path:
    script.write_text(
        f"request = function()\n"
        f"  local x, y = {X0} + math.random(0, {SIDE - 1}), {Y0} + math.random(0, {SIDE - 1})\n"
        f'  return wrk.format("GET", {path}, {{{headers}}})\n'
        f"end\n",
        encoding="utf-8",
    )
    return script
