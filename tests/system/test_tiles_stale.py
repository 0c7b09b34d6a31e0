"""A tile of older data: served with its age while it cannot be made again, and said to be old."""

import shutil
import sqlite3
import time
from pathlib import Path

import pytest

from server.compile import write
from support.server import running
from support.tile import put_tile
from tiles.store import Store

DAY = 86400


@pytest.fixture
def aged(config_dir, tmp_path):
    """A configuration and a store with a tile that was made a day ago of other data, and its address."""
    from layers.compile import load

    config = Path(shutil.copytree(config_dir, tmp_path / "config"))
    store = tmp_path / "store"
    write(load(config, store)[0], store)
    tile = put_tile(store, b"\xff\xd8old\xff\xd9")
    with sqlite3.connect(next(Store(store).files("ortho"))) as db:
        db.execute("UPDATE map SET stamp = 'old', made = ?", (int(time.time()) - DAY,))
    db.close()
    return config, store, tile


def old_and_kept_for_a_minute(answer, warning: str) -> bool:
    age = int(answer.headers["Age"])
    assert (answer.status, answer.body) == (200, b"\xff\xd8old\xff\xd9")
    assert DAY <= age <= DAY + 120
    assert answer.headers["Warning"].startswith(warning)
    assert answer.headers["ETag"]
    return answer.headers["Cache-Control"] == f"public, max-age={age + 60}"


def test_while_nothing_makes_it_it_is_stale(aged):
    config, store, tile = aged
    with running(config, store, "--tiles-only") as server:
        answer = server.get(f"{tile}?v=0")
        assert old_and_kept_for_a_minute(answer, '110 - "Response is Stale"')
        assert server.get(tile, {"If-None-Match": answer.headers["ETag"]}).status == 304


def test_a_source_that_fails_leaves_the_old_tile(aged):
    config, store, tile = aged
    for sheet in (config / "data" / "ortho").glob("*.tif"):
        sheet.write_bytes(b"not a raster any more")
    with running(config, store, "--idle", "60") as server:
        for _ in range(2):
            assert old_and_kept_for_a_minute(server.get(tile), '111 - "Revalidation Failed"')
        assert server.status()["engine"]["state"] == "awake"
    assert Store(store).sizes("ortho").tiles == 1
