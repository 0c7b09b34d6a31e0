"""The store: valid MBTiles, accounts that are right, writers that die, readers that see what is new."""

import os
import random
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from io import BytesIO
from pathlib import Path
from threading import Thread

import pytest
import rasterio
from PIL import Image

from tiles import store as store_module
from tiles.address import TileAddress, shard_cell, south_row
from tiles.archives.archive import ArchiveError, ArchiveInfo, Sizes, tile_id
from tiles.archives.path import mark, mark_of
from tiles.archives.reader import Reader
from tiles.grids import grid
from tiles.store import Store, read_sizes

INFO = ArchiveInfo("Bâtiments", "png", (3.0, 43.0, 4.0, 44.0), "PM", stamp="a")


def at(x: int, y: int, z: int = 14, **changes: str) -> TileAddress:
    return TileAddress("batiment", "default", "", "PM", z, x, y)._replace(**changes)


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    store = Store(tmp_path / "store", handles=4)
    yield store
    store.close()


def test_a_tile_comes_back_with_its_hash(store: Store) -> None:
    assert store.get(at(1, 2)) is None
    store.put_many([(at(1, 2), b"picture")], INFO)
    assert store.get(at(1, 2)) == (tile_id(b"picture"), b"picture", "a")
    assert store.get(at(1, 3)) is None


def test_an_archive_is_valid_mbtiles_with_rows_from_the_south(store: Store) -> None:
    store.put_many([(at(8192, 6000), b"north"), (at(8192, 6001), b"south"), (at(100, 90, z=9), b"up")], INFO)
    with sqlite3.connect(store.path(at(8192, 6000))) as db:
        rows = db.execute("SELECT zoom_level, tile_column, tile_row, tile_data FROM tiles ORDER BY tile_row").fetchall()
        metadata = dict(db.execute("SELECT name, value FROM metadata").fetchall())
        assert db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
    db.close()
    assert rows == [(14, 8192, 16383 - 6001, b"south"), (14, 8192, 16383 - 6000, b"north")]
    assert metadata["format"] == "png"
    assert metadata["bounds"] == "3,43,4,44"
    assert (metadata["minzoom"], metadata["maxzoom"], metadata["garrigue:grid"]) == ("14", "14", "PM")


def test_gdal_reads_an_archive_where_it_is(store: Store) -> None:
    def picture(colour: str) -> bytes:
        out = BytesIO()
        Image.new("RGB", (256, 256), colour).save(out, "PNG")
        return out.getvalue()

    store.put_many([(at(8373, 5979), picture("red")), (at(8373, 5980), picture("blue"))], INFO)
    box = grid("PM").tiles_bbox(14, 8373, 5979, 8373, 5980)
    with rasterio.open(store.path(at(8373, 5979))) as data:
        row, column = data.index((box[0] + box[2]) / 2, box[3] - 100)
        assert tuple(data.read([1, 2, 3], window=((row, row + 1), (column, column + 1))).ravel()) == (255, 0, 0)
        row, column = data.index((box[0] + box[2]) / 2, box[1] + 100)
        assert tuple(data.read([1, 2, 3], window=((row, row + 1), (column, column + 1))).ravel()) == (0, 0, 255)


def test_an_archive_at_rest_is_one_file(store: Store) -> None:
    store.put_many([(at(x, 2), b"x" * 5000) for x in range(50)], INFO)
    store.get(at(1, 2))
    assert [file.name for file in store.path(at(1, 2)).parent.iterdir()] == ["0.mbtiles"]


def test_identical_tiles_are_kept_once_and_accounts_stay_right(store: Store) -> None:
    store.put_many([(at(x, y), b"sea") for x in range(8) for y in range(8)], INFO)
    assert store.sizes() == Sizes(64, 1, 3)
    store.put_many([(at(0, 0), b"island"), (at(0, 1), b"sea")], INFO)
    assert store.sizes() == Sizes(64, 2, 9)
    store.put_many([(at(0, 0), b"sea")], INFO)
    assert store.sizes() == Sizes(64, 1, 3)
    assert store.delete([at(0, 0), at(0, 1), at(63, 63)]) == Sizes(-2, 0, 0)
    store.delete(at(x, y) for x in range(8) for y in range(8))
    assert store.sizes("batiment") == Sizes(0, 0, 0)
    assert store.get(at(0, 0)) is None


def test_what_is_there_in_a_block_is_told(store: Store) -> None:
    store.put_many([(at(127, 127), b"a"), (at(128, 128), b"b"), (at(200, 128), b"c")], INFO)
    assert store.present(at(120, 120), at(135, 135)) == {(127, 127), (128, 128)}
    assert store.present(at(120, 120), at(135, 135), "a") == {(127, 127), (128, 128)}
    assert store.present(at(120, 120), at(135, 135), "newer") == set()


@pytest.mark.parametrize(("z", "first"), [(8, 8), (11, 8), (12, 12), (16, 16), (19, 16), (22, 20)])
def test_an_archive_is_a_quad_cell_of_four_levels(z: int, first: int) -> None:
    side = 16 << (z - first)
    assert shard_cell(z, 3 * side, 5 * side) == shard_cell(z, 4 * side - 1, 6 * side - 1) == (first, 3, 5)
    assert shard_cell(z, 4 * side, 5 * side) == (first, 4, 5)
    assert shard_cell(7, 100, 100) == (0, 0, 0)
    assert south_row(3, 0) == 7


def test_times_styles_and_names_of_one_grid_are_kept_apart_or_together(store: Store) -> None:
    store.put_many([(at(1, 1, grid="LAMB93_5cm"), b"a"), (at(1, 1, time="2020", style="été/.."), b"b")], INFO)
    assert store.get(at(1, 1, grid="2154_5cm")) == store.get(at(1, 1, grid="2154_10cm")) == (tile_id(b"a"), b"a", "a")
    assert store.get(at(1, 1, time="2020", style="été/..")) == (tile_id(b"b"), b"b", "a")
    assert store.get(at(1, 1)) is None
    assert all(store.root in file.resolve().parents for file in store.files())


@pytest.mark.parametrize("name", ["..", ".", "../../etc", "a/b", "\0"])
def test_no_name_leaves_the_store(store: Store, name: str) -> None:
    file = store.path(at(1, 1, layer=name, style=name, time=name, grid=name))
    assert store.root / "tiles" in Path(os.path.normpath(file)).parents
    assert len(file.relative_to(store.root).parts) == 7


def test_a_reader_sees_new_tiles_of_a_live_archive(store: Store) -> None:
    writer = Store(store.root)
    writer.put_many([(at(1, 1), b"a")], INFO)
    assert store.get(at(1, 1))
    writer.put_many([(at(1, 2), b"b"), (at(1, 1), b"c")], INFO)
    assert store.get(at(1, 2)) == (tile_id(b"b"), b"b", "a")
    assert store.get(at(1, 1)) == (tile_id(b"c"), b"c", "a")


def test_a_reader_opens_a_replaced_archive_and_forgets_a_deleted_one(
    store: Store, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(store_module, "FRESH", 0.0)
    other = Store(tmp_path / "other")
    store.put_many([(at(1, 1), b"old")], INFO)
    other.put_many([(at(1, 1), b"new")], INFO)
    assert store.get(at(1, 1)) == (tile_id(b"old"), b"old", "a")
    other.path(at(1, 1)).replace(store.path(at(1, 1)))
    assert store.get(at(1, 1)) == (tile_id(b"new"), b"new", "a")
    store.path(at(1, 1)).unlink()
    assert store.get(at(1, 1)) is None


def test_open_archives_are_bounded(store: Store) -> None:
    addresses = [at(x * 64, 0, z=12) for x in range(10)]
    store.put_many([(address, b"a") for address in addresses], INFO)
    assert all(store.get(address) for address in addresses * 2)
    assert len(store._open) == 4


def test_writers_of_one_archive_wait_for_each_other(store: Store) -> None:
    def write(column: int) -> None:
        for row in range(20):
            Store(store.root).put_many([(at(column, row), os.urandom(100))], INFO)

    threads = [Thread(target=write, args=(column,)) for column in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert store.sizes() == Sizes(80, 80, 8000)


KILLED = """
import os, sys
from pathlib import Path
from tiles.archives import archive
with archive.writing(Path(sys.argv[1])) as db:
    db.execute("PRAGMA cache_size = 10")
    for number in range(4000):
        db.execute("INSERT INTO images (tile_id, tile_data) VALUES (?, ?)", (str(number), os.urandom(3000)))
    print("writing", flush=True)
    sys.stdin.read()
"""


@pytest.mark.parametrize("first", ["get", "sizes", "present"])
def test_a_killed_writer_loses_its_block_only_whatever_reads_first(store: Store, first: str) -> None:
    store.put_many([(at(x, 0), os.urandom(3000)) for x in range(64)], INFO)
    before = store.sizes()
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(store.path(at(0, 0)))], stdin=-1, stdout=-1)
    assert child.stdout is not None
    assert child.stdin is not None
    assert child.stdout.readline() == b"writing\n"
    child.send_signal(signal.SIGKILL)
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert list(store.path(at(0, 0)).parent.glob("*-journal"))
    reads = {
        "get": lambda: all(store.get(at(x, 0)) for x in range(64)),
        "sizes": lambda: store.sizes() == before,
        "present": lambda: len(store.present(at(0, 0), at(63, 0), "a")) == 64,
    }
    assert reads[first]()
    assert not list(store.path(at(0, 0)).parent.glob("*-journal"))
    assert all(read() for read in reads.values())


def test_a_corrupt_archive_is_reported_not_served_and_made_anew(store: Store, caplog: pytest.LogCaptureFixture) -> None:
    store.put_many([(at(1, 1), b"a")], INFO)
    store.path(at(1, 1)).write_bytes(random.Random(1).randbytes(9000))
    assert store.get(at(1, 1)) is None
    assert "cannot be read: file is not a database" in caplog.text
    store.put_many([(at(1, 2), b"b")], INFO)
    assert store.get(at(1, 2)) == (tile_id(b"b"), b"b", "a")
    assert store.path(at(1, 1)).with_suffix(".corrupt").exists()


DAMAGE = {
    "other bytes in a picture": "UPDATE images SET tile_data = zeroblob(length(tile_data))",
    "a picture that is gone": "DELETE FROM images",
    "another schema": "ALTER TABLE map RENAME TO maps",
    "no accounts": "DELETE FROM metadata",
}


@pytest.mark.parametrize("sql", DAMAGE.values(), ids=DAMAGE)
def test_damage_that_sqlite_does_not_see_is_neither_served_nor_kept(store: Store, sql: str) -> None:
    store.put_many([(at(1, 1), b"one"), (at(1, 2), b"two")], INFO)
    file = store.path(at(1, 1))
    with closing(sqlite3.connect(file)) as db:
        db.execute(sql)
        db.commit()
    if sql != DAMAGE["no accounts"]:
        assert store.get(at(1, 1)) is None
        with closing(Reader(store.root, lambda: None)) as reader:
            assert reader.get(at(1, 1)) is None
            assert reader.read(reader.family(at(1, 1)[:4]), *at(1, 1)[4:], b"0" * 16) is None
        assert mark_of(file).exists()
    mark(file)
    store.put_many([(at(1, 2), b"new")], INFO)
    assert file.with_suffix(".corrupt").exists()
    with closing(Store(store.root)) as again:
        assert again.get(at(1, 1)) is None
        assert again.get(at(1, 2)) == (tile_id(b"new"), b"new", "a")
    assert read_sizes(file).tiles == 1


def test_a_store_that_cannot_be_written_says_so(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(ArchiveError, match="the store cannot be written at"):
        Store(tmp_path / "file" / "store", floor=0).put_many([(at(1, 1), b"a")], INFO)
    with pytest.raises(ArchiveError, match=r"are free at .*free_space.* nothing more is written"):
        Store(tmp_path / "full", floor=1 << 60).put_many([(at(1, 1), b"a")], INFO)
