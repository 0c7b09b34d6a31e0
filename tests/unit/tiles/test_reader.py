"""Tiles read fast: reads that share a transaction, archives that are replaced, damaged, left by a killed writer."""

import random
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.server import until
from tiles.address import TileAddress
from tiles.archives import reader as reader_module
from tiles.archives.archive import ArchiveInfo, Sizes, tile_id, writing
from tiles.archives.reader import Reader
from tiles.store import Store
from tiles.usage import usage

INFO = ArchiveInfo("a", "png", bounds=(0, 0, 1, 1), grid="PM", stamp="s")


def at(x: int, y: int, z: int = 14) -> TileAddress:
    return TileAddress("a", "default", "", "PM", z, x, y)


PLACE = at(500, 500)


@pytest.fixture
def holds() -> list[bool]:
    return []


@pytest.fixture
def reader(tmp_path: Path, holds: list[bool]) -> Iterator[Reader]:
    reader = Reader(tmp_path, lambda: holds.append(True), handles=4)
    yield reader
    reader.close()


def put(root: Path, address: TileAddress, data: bytes) -> None:
    Store(root).put_many([(address, data)], INFO)


def test_a_tile_comes_back_with_its_hash_and_its_time(tmp_path: Path, reader: Reader) -> None:
    assert reader.get(PLACE) is None
    assert reader.made(PLACE) == 0
    put(tmp_path, PLACE, b"picture")
    assert reader.get(PLACE) == (tile_id(b"picture"), b"picture", "s")
    assert time.time() - 60 < reader.made(PLACE) <= time.time()
    assert reader.get(at(500, 501)) is None


def test_a_tile_that_is_known_is_not_read(tmp_path: Path, reader: Reader) -> None:
    put(tmp_path, PLACE, b"picture")
    family, tag = reader.family(PLACE[:4]), tile_id(b"picture")
    for known in (f'W/"{tag}", "x"'.encode(), b"*"):
        assert reader.read(family, *PLACE[4:], known) == (tag.encode(), None, "s")
    assert reader.read(family, *PLACE[4:], b'"0"') == (tag.encode(), b"picture", "s")


def test_a_row_that_is_remembered_is_forgotten_once_somebody_has_written(tmp_path: Path, reader: Reader) -> None:
    others = [at(x, 500) for x in range(501, 509)]
    Store(tmp_path).put_many([(place, bytes([place.x % 256]) * 900) for place in (PLACE, *others)], INFO)
    assert [reader.get(place)[1] for place in (PLACE, *others) for _ in (1, 2)]
    reader.release()
    reader._held[0].end()
    Store(tmp_path).delete(others[:4])
    put(tmp_path, PLACE, b"new")
    assert reader.get(PLACE) == (tile_id(b"new"), b"new", "s")
    assert [reader.get(place) is None for place in others] == [True] * 4 + [False] * 4


def test_rows_that_are_remembered_are_bounded(tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reader_module, "ROWS", 3)
    places = [at(500 + x, 500) for x in range(8)]
    Store(tmp_path).put_many([(place, bytes([place.x % 256])) for place in places], INFO)
    assert [reader.get(place)[1] for place in places * 2] == [bytes([place.x % 256]) for place in places * 2]
    assert sum(len(archive.rows) for archive in archives_of(reader)) <= 3


def test_archives_whose_reads_share_a_transaction_are_bounded(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "HELD", 2)
    addresses = [at(x * 64, 0, z=12) for x in range(4)]
    Store(tmp_path).put_many([(address, b"a") for address in addresses], INFO)
    assert all(reader.get(address) for address in addresses * 2)
    assert [archive.held for archive in archives_of(reader)].count(True) == 2


def archives_of(reader: Reader) -> list[Any]:
    return [archive for family in reader._families.values() for archive in family.archives.values()]


WRITER = """
import sys
from pathlib import Path
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveInfo
from tiles.store import Store
from tiles.usage import usage
info = ArchiveInfo("a", "png", bounds=(0, 0, 1, 1), grid="PM", stamp="s")
Store(Path(sys.argv[1])).put_many([(TileAddress("a", "default", "", "PM", 14, 500, 500), b"new")], info)
"""
"""A process of its own: SQLite's locks are a process's."""


def test_a_writer_waits_until_the_readers_release(tmp_path: Path, reader: Reader, holds: list[bool]) -> None:
    put(tmp_path, PLACE, b"old")
    assert [reader.get(PLACE)[1] for _ in range(3)] == [b"old"] * 3
    assert holds == [True]
    assert reader.release()  # nobody waits: reads go on
    writer = subprocess.Popen([sys.executable, "-c", WRITER, str(tmp_path)])
    until(lambda: Path(f"{Store(tmp_path).path(PLACE)}-journal").exists())
    time.sleep(0.2)
    assert writer.poll() is None
    assert not reader.release()
    assert writer.wait(10) == 0
    assert reader.get(PLACE)[1] == b"new"
    assert holds == [True, True]


def test_reads_are_released_after_a_while_whoever_writes(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    put(tmp_path, PLACE, b"old")
    reader.get(PLACE)
    assert reader.release()
    monkeypatch.setattr(reader_module, "FRESH", 0.0)
    assert not reader.release()


def test_a_replaced_archive_is_opened_and_a_deleted_one_forgotten(
    tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "FRESH", 0.0)
    put(tmp_path, PLACE, b"old")
    put(tmp_path / "other", PLACE, b"new")
    assert reader.get(PLACE)[1] == b"old"
    Store(tmp_path / "other").path(PLACE).replace(Store(tmp_path).path(PLACE))
    reader.release()
    assert reader.get(PLACE)[1] == b"new"
    Store(tmp_path).path(PLACE).unlink()
    reader.release()
    assert reader.get(PLACE) is None


def test_open_archives_are_bounded_and_the_used_ones_stay(tmp_path: Path, reader: Reader) -> None:
    addresses = [at(x * 64, 0, z=12) for x in range(10)]
    Store(tmp_path).put_many([(address, b"a") for address in addresses], INFO)
    assert all(reader.get(address) for address in addresses * 2)
    assert len(reader._open) == 4
    reader.release()
    assert sum(len(family.archives) for family in reader._families.values()) == 4


def test_archives_at_rest_are_closed(tmp_path: Path, reader: Reader, monkeypatch: pytest.MonkeyPatch) -> None:
    put(tmp_path, PLACE, b"a")
    reader.get(PLACE)
    reader.rest()
    assert len(reader._open) == 1
    monkeypatch.setattr(reader_module, "REST", 0.0)
    reader.rest()
    assert len(reader._open) == 0
    assert reader.get(PLACE)[1] == b"a"


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


def test_what_a_killed_writer_left_is_rolled_back(tmp_path: Path, reader: Reader) -> None:
    put(tmp_path, PLACE, b"a")
    file = Store(tmp_path).path(PLACE)
    child = subprocess.Popen([sys.executable, "-c", KILLED, str(file)], stdin=-1, stdout=-1)
    assert child.stdin is not None
    assert child.stdout is not None
    assert child.stdout.readline() == b"writing\n"
    child.kill()
    child.wait()
    child.stdin.close()
    child.stdout.close()
    assert list(file.parent.glob("*-journal"))
    assert reader.get(PLACE) == (tile_id(b"a"), b"a", "s")
    assert not list(file.parent.glob("*-journal"))


def test_a_damaged_archive_is_a_miss_and_told(
    tmp_path: Path, reader: Reader, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(reader_module, "FRESH", 0.0)
    put(tmp_path, PLACE, b"a" * 5000)
    file = Store(tmp_path).path(PLACE)
    assert reader.get(PLACE)
    file.write_bytes(random.Random(1).randbytes(9000))
    reader.release()
    assert reader.get(PLACE) is None
    assert reader.get(PLACE) is None
    assert caplog.text.count(f"the archive {file} cannot be read") == 1
    assert file.with_suffix(".damaged").exists()
    put(tmp_path, PLACE, b"b")
    assert reader.get(PLACE)[1] == b"b"


def test_an_archive_that_is_being_made_is_a_miss_and_no_damage(
    tmp_path: Path, reader: Reader, caplog: pytest.LogCaptureFixture
) -> None:
    store = Store(tmp_path)
    file = store.path(PLACE)
    with writing(file):
        assert file.exists()
        assert reader.get(PLACE) is None
        assert reader.made(PLACE) == 0
        assert store.get(PLACE) is None
        assert store.present(PLACE, PLACE) == set()
        assert store.sizes() == Sizes()
        assert usage(tmp_path, {}) == []
    assert not caplog.text
    assert not file.with_suffix(".damaged").exists()
    put(tmp_path, PLACE, b"a")
    assert reader.get(PLACE) == store.get(PLACE) == (tile_id(b"a"), b"a", "s")
    store.close()


def test_a_table_that_is_not_there_is_a_miss(tmp_path: Path, reader: Reader, caplog: pytest.LogCaptureFixture) -> None:
    file = Store(tmp_path).path(PLACE)
    file.parent.mkdir(parents=True)
    with sqlite3.connect(file) as db:
        db.execute("CREATE TABLE other (x)")
    db.close()
    assert reader.get(PLACE) is None
    assert "no such table" in caplog.text
