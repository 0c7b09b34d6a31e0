"""Small sites for benchmarks: layers of imagery, their tiles made up (bytes that do not compress, as JPEG's)."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from server.published import open_current
from tiles.address import TileAddress
from tiles.archives import archive
from tiles.archives.archive import ArchiveInfo
from tiles.store import Store

LEVEL, SIDE = 16, 64
X0, Y0 = 33008, 23904
"""Columns and rows of the seeded block on the grid PM: a corner of an archive."""
LAYERS, CELLS, CELL = 8, (20, 10), 16
"""A site of many archives: layers, archives of each (columns, rows), tiles on a side of one at LEVEL."""
_LAYER = """
{name}:
  title: Orthophoto
  source: {{raster: "data/ortho.tif"}}
  tiles: {{grids: [PM], format: jpeg, levels: 10-18}}
"""


def make_site(folder: Path, names: tuple[str, ...] = ("ortho",), columns: int = SIDE, rows: int = SIDE) -> Path:
    """Configuration and data of one raster, by several names, that covers so many tiles, in Web Mercator."""
    import rasterio
    from rasterio.transform import from_origin

    for name in ("layers", "data"):
        (folder / name).mkdir(parents=True)
    (folder / "service.yaml").write_text("title: Banc d'essai\n", encoding="utf-8")
    layers = "theme: {title: Essai}\n" + "".join(_LAYER.format(name=name) for name in names)
    (folder / "layers" / "essai.yaml").write_text(layers, encoding="utf-8")
    half, span = 20037508.342789244, 2 * 20037508.342789244 / 2**LEVEL
    place = from_origin(-half + X0 * span, half - Y0 * span, span / 16, span / 16)
    size = {"width": columns * 16, "height": rows * 16}
    profile = {"driver": "GTiff", "count": 3, "dtype": "uint8", "crs": "EPSG:3857", **size}
    with rasterio.open(folder / "data" / "ortho.tif", "w", transform=place, **profile) as out:
        out.write(np.random.default_rng(1).integers(0, 255, (3, size["height"], size["width"]), "uint8"))
    return folder


def compile_site(config: Path, store: Path) -> None:
    """`garrigue check --compile`."""
    command = [sys.executable, "-m", "scripts.cli", "check", "--compile", "--config", str(config)]
    subprocess.run([*command, "--store", str(store)], check=True, stdout=subprocess.DEVNULL)


def seed(store: Path, size: int) -> None:
    """SIDE × SIDE tiles of `size` bytes at LEVEL, of the stamp that is current."""
    Store(store).put_many(
        ((TileAddress("ortho", "default", "", "PM", LEVEL, x, y), data) for x, y, data in _tiles(size)),
        _info(store, "ortho"),
    )


def seed_many(store: Path, size: int) -> None:
    """LAYERS × CELLS archives of four tiles each."""
    for name in many_layers():
        places = ((X0 + CELL * cx + x, Y0 + CELL * cy + y) for cx, cy in _cells() for x in (0, 1) for y in (0, 1))
        tiles = ((TileAddress(name, "default", "", "PM", LEVEL, x, y), os.urandom(size)) for x, y in places)
        Store(store).put_many(tiles, _info(store, name))


def many_layers() -> tuple[str, ...]:
    """The layers of the site of many archives."""
    return tuple(f"ortho{number}" for number in range(LAYERS))


def _cells() -> Iterator[tuple[int, int]]:
    return ((cx, cy) for cx in range(CELLS[0]) for cy in range(CELLS[1]))


def seed_files(folder: Path, size: int) -> Path:
    """The tiles of `seed` as files, `folder`/z/x/y.jpg."""
    for x, y, data in _tiles(size):
        file = folder / str(LEVEL) / str(x) / f"{y}.jpg"
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(data)
    return folder


def seed_mbtiles(file: Path, size: int) -> Path:
    """The tiles of `seed` as one MBTiles."""
    info = ArchiveInfo("ortho", "jpg", bounds=(-180, -85, 180, 85), grid="PM")
    archive.put(file, ((LEVEL, x, y, data) for x, y, data in _tiles(size)), info)
    return file


def _info(store: Path, layer: str) -> ArchiveInfo:
    published = open_current(store)
    assert published is not None
    stamp = published.table.layers[layer].stamps["default"]
    return ArchiveInfo(layer, "jpg", bounds=(-180, -85, 180, 85), grid="PM", stamp=stamp)


def _tiles(size: int) -> Iterator[tuple[int, int, bytes]]:
    """Made up, but the same each time; they begin as JPEG does, which martin looks at."""
    made_up = np.random.default_rng(1)
    for x in range(SIDE):
        for y in range(SIDE):
            yield X0 + x, Y0 + y, b"\xff\xd8\xff\xe0" + made_up.bytes(size - 4)


def random_tiles(script: Path, path: str, headers: str = "") -> Path:
    """A script for wrk that asks random tiles of the block; `path` is a Lua expression of `x` and `y`."""
    columns = f"{X0} + math.random(0, {SIDE - 1}), {Y0} + math.random(0, {SIDE - 1})"
    return _script(script, f"local x, y = {columns}", path, headers)


def random_archives(script: Path) -> Path:
    """The same for the site of many archives: each request another layer and archive."""
    column = f"{X0} + {CELL} * math.random(0, {CELLS[0] - 1}) + math.random(0, 1)"
    row = f"{Y0} + {CELL} * math.random(0, {CELLS[1] - 1}) + math.random(0, 1)"
    path = f'"/tiles/ortho" .. math.random(0, {LAYERS - 1}) .. "/PM/{LEVEL}/" .. x .. "/" .. y .. ".jpg"'
    return _script(script, f"local x, y = {column}, {row}", path, "")


def _script(script: Path, start: str, path: str, headers: str) -> Path:
    script.write_text(
        f'request = function()\n  {start}\n  return wrk.format("GET", {path}, {{{headers}}})\nend\n', encoding="utf-8"
    )
    return script
