"""What the store holds, by layer."""

from pathlib import Path

from tiles.address import TileAddress
from tiles.archive import ArchiveInfo, Sizes
from tiles.store import Store
from tiles.usage import usage


def test_sizes_and_stale_archives_are_told_by_layer(tmp_path: Path) -> None:
    store = Store(tmp_path)
    for layer, stamp, z in (("a", "old", 14), ("a", "new", 18), ("b", "new", 14)):
        info = ArchiveInfo(layer, "png", (0, 0, 1, 1), "PM", stamp=stamp)
        store.put_many([(TileAddress(layer, "default", "", "PM", z, 1, 1), b"12345")], info)
    first, second = usage(tmp_path, {"a": {"new"}, "b": {"new"}})
    assert (first.layer, first.sizes, first.archives, first.stale) == ("a", Sizes(2, 2, 10), 2, 1)
    assert (second.layer, second.stale) == ("b", 0)
    assert first.oldest <= first.newest
