"""Tiles that were never made, while nothing makes them: what is declared is answered, and kept a minute at the most."""

import io
import shutil
from pathlib import Path

import pytest
from PIL import Image

from server.compile import write
from server.missing_tile import blank
from support.server import running
from support.tile import put_tile


@pytest.fixture
def start(config_dir, tmp_path):
    """Starts a server that never wakes its engine, with a choice of what missing tiles are answered by."""

    def started(choice: str, *arguments: str):
        from layers.compile import load

        config = Path(shutil.copytree(config_dir, tmp_path / "config"))
        engine = f"{{idle: 5, sleep: ['00:00-24:00'], missing_tile: {choice}}}"
        file = config / "service.yaml"
        file.write_text(file.read_text().replace("{idle: 5}", engine))
        write(load(config, tmp_path / "store")[0], tmp_path / "store")
        return running(config, tmp_path / "store", *arguments)

    return started


def beside(tile: str) -> str:
    """The address of a tile of the same layer that is not stored."""
    place, _, last = tile.rpartition("/")
    row, _, extension = last.partition(".")
    return f"{place}/{int(row) + 1}.{extension}"


@pytest.mark.parametrize(("choice", "status"), [("error", 503), ("empty", 204), ("blank", 200)])
def test_the_declared_choice_is_answered_in_sleeping_hours(start, tmp_path, choice, status):
    with start(choice) as server:
        tile = put_tile(tmp_path / "store")
        answer = server.get(beside(tile))
        assert answer.status == status
        assert "immutable" not in answer.headers["Cache-Control"]
        outside = "/".join((*tile.split("/")[:-2], "0", "0.jpg"))
        assert server.get(outside).status == 404
        assert server.engine_pids() == []


@pytest.mark.parametrize(("choice", "status"), [("error", 404), ("blank", 200)])
def test_the_declared_choice_is_answered_by_a_server_of_tiles_only(start, tmp_path, choice, status):
    with start(choice, "--tiles-only") as server:
        assert server.get(beside(put_tile(tmp_path / "store"))).status == status


@pytest.mark.parametrize("size", [256, 512])
def test_a_blank_tile_is_a_small_transparent_picture(size):
    picture = Image.open(io.BytesIO(blank(size)))
    assert picture.size == (size, size)
    assert picture.convert("RGBA").getextrema()[3] == (0, 0)
    assert len(blank(size)) < 200
