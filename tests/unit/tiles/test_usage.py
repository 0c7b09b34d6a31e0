"""What the store holds, by layer, and what of it is stale."""

import os
import shutil
from datetime import datetime, timedelta
from pathlib import Path

from layers.compile import load
from tiles.address import VECTOR, TileAddress
from tiles.archives.archive import ArchiveInfo, Sizes
from tiles.seeding.changes import take_changes
from tiles.seeding.plan import make_plan
from tiles.seeding.seed import Means, seed
from tiles.store import Store
from tiles.table import tile_table
from tiles.usage import usage


def put(root: Path, layer: str, stamp: str, z: int, x: int = 1, style: str = "default", data: bytes = b"12345") -> None:
    info = ArchiveInfo(layer, "png", (0, 0, 1, 1), "PM", stamp=stamp)
    Store(root).put_many([(TileAddress(layer, style, "", "PM", z, x, 1), data)], info)


def test_sizes_and_stale_tiles_are_told_by_layer(tmp_path: Path) -> None:
    for layer, stamp, z, style in (
        ("a", "old", 14, "default"),
        ("a", "new", 18, "default"),
        ("a", "old", 14, VECTOR),
        ("b", "new", 14, "default"),
    ):
        put(tmp_path, layer, stamp, z, style=style)
    first, second = usage(tmp_path, {"a": {"default": "new", VECTOR: "new"}})
    assert (first.layer, first.sizes, first.archives) == ("a", Sizes(3, 3, 15), 3)
    assert first.stale == {"default": 1, VECTOR: 1}
    assert (second.layer, second.stale) == ("b", {"default": 1})
    assert first.oldest <= first.newest


def test_tiles_of_a_stamp_are_counted_as_they_come_and_go(tmp_path: Path) -> None:
    def stale(stamp: str) -> int:
        return usage(tmp_path, {"a": {"default": stamp}})[0].stale.total()

    for x in range(3):
        put(tmp_path, "a", "old", 14, x)
    assert (stale("old"), stale("new")) == (0, 3)
    put(tmp_path, "a", "new", 14, 0, data=b"other")
    put(tmp_path, "a", "new", 14, 7)
    assert (stale("old"), stale("new")) == (2, 2)
    Store(tmp_path).delete([TileAddress("a", "default", "", "PM", 14, 1, 1)])
    assert (stale("old"), stale("new")) == (2, 1)


def test_what_a_change_of_data_or_style_makes_stale_is_told(config_dir: Path, tmp_path: Path) -> None:
    config, store = shutil.copytree(config_dir, tmp_path / "config"), tmp_path / "store"

    def stale() -> int:
        layers = tile_table(load(config, store)[0])["layers"]
        return usage(store, {name: layer["stamps"] for name, layer in layers.items()})[0].stale.total()

    registry = load(config, store)[0]
    made = seed(registry, store, make_plan(registry, "ortho", grid_name="PM", levels=(16, 17)), Means(workers=1)).total
    assert (made > 4, stale()) == (True, 0)
    later = datetime.now() + timedelta(hours=1)
    os.utime(config / "data" / "ortho" / "dalle_0_0.tif", (later.timestamp(), later.timestamp()))
    assert stale() == made
    found = take_changes(load(config, store)[0], store, "ortho", later - timedelta(minutes=1))
    assert 0 < stale() == found.stale < made
    images = config / "layers" / "images.yaml"
    images.write_text(images.read_text().replace("format: jpeg", "format: webp"))
    assert stale() == made


def test_an_archive_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    put(tmp_path, "a", "new", 14)
    file = next(Store(tmp_path).files())
    file.write_bytes(b"not a database at all" * 100)
    (one,) = usage(tmp_path, {"a": {"default": "new"}})
    assert (one.unreadable, one.sizes.tiles) == ([str(file)], 0)
