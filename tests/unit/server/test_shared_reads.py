"""Reads that share a transaction: they see what was written as soon as it is released, and no writer waits for ever."""

import threading
import time
from contextlib import closing

from tiles.address import TileAddress
from tiles.archive import ArchiveInfo
from tiles.store import Store

PLACE = TileAddress("a", "default", "", "PM", 10, 500, 500)
INFO = ArchiveInfo("a", "png", bounds=(0, 0, 1, 1), grid="PM", stamp="s")


def test_a_writer_waits_until_the_readers_release(tmp_path):
    Store(tmp_path).put_many([(PLACE, b"old")], INFO)
    held: list[bool] = []
    reader = Store(tmp_path, on_hold=lambda: held.append(True))
    assert [reader.get(PLACE)[1] for _ in range(3)] == [b"old"] * 3
    assert held == [True]
    writer = threading.Thread(target=lambda: Store(tmp_path).put_many([(PLACE, b"new")], INFO))
    writer.start()
    time.sleep(0.2)
    assert writer.is_alive()
    reader.release()
    writer.join(10)
    assert not writer.is_alive()
    with closing(Store(tmp_path)) as other:
        assert reader.get(PLACE)[:2] == other.get(PLACE)[:2]
    assert reader.get(PLACE)[1] == b"new"
    assert held == [True, True]
    reader.release()
    reader.close()
