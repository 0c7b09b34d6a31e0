"""Tiles that were never made, while nothing makes them: what is declared is answered, and kept a minute at the most."""

import io
import shutil
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from PIL import Image

from server.compile import write
from server.front.missing_tile import blank
from server.front.status import family
from server.published import open_current
from support.server import running, until
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


def picture_of(answer) -> Image.Image:
    return Image.open(io.BytesIO(answer.body)).convert("RGB")


def quarters() -> bytes:
    """A tile whose lower right quarter is red, the rest blue."""
    out = io.BytesIO()
    picture = Image.new("RGB", (256, 256), (0, 0, 255))
    picture.paste((255, 0, 0), (128, 128, 256, 256))
    picture.save(out, "JPEG", quality=95)
    return out.getvalue()


def below(store: Path, z: int, parent: int = 13) -> dict[tuple[int, int], bool]:
    """The tiles at a level below the first one of a parent's level, and whether each is in its lower right quarter."""
    limits = open_current(store).table.layers["ortho"].limits["PM"]
    (left, top, *_), (x0, y0, x1, y1) = limits[parent], limits[z]
    side = 1 << (z - parent)
    return {
        (x, y): (x - left * side) >= side // 2 and (y - top * side) >= side // 2
        for x in range(x0, x1 + 1)
        for y in range(y0, y1 + 1)
        if (x // side, y // side) == (left, top)
    }


def test_a_part_of_the_parent_is_enlarged_by_a_process_of_its_own(start, tmp_path):
    with start("parent") as server:
        put_tile(tmp_path / "store", quarters(), 13)
        (x, y), red = next(iter(below(tmp_path / "store", 17).items()))
        answer = server.get(f"/wmts/ortho/default/PM/17/{y}/{x}.jpg")
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert answer.headers["Warning"].startswith("214")
        assert "immutable" not in answer.headers["Cache-Control"]
        assert picture_of(answer).size == (256, 256)
        assert (picture_of(answer).getpixel((128, 128))[0] > 128) == red
        assert server.engine_pids() == []
        assert "PIL" not in Path(f"/proc/{server.pid}/maps").read_text()
        (helper,) = (pid for pid in family(server.pid) if pid != server.pid)
    assert until(lambda: not Path(f"/proc/{helper}").exists())


def test_a_parent_that_cannot_be_read_or_is_not_there_gives_a_blank_tile(start, tmp_path):
    with start("parent", "--tiles-only") as server:
        put_tile(tmp_path / "store", b"no picture", 14)
        x, y = next(iter(below(tmp_path / "store", 16)))
        for address in (f"/tiles/ortho/PM/16/{x}/{y}.jpg", f"/tiles/ortho/PM/13/{x // 8}/{y // 8}.jpg"):
            answer = server.get(address)
            assert (answer.status, answer.body) == (200, blank(256))


def test_many_children_at_once_are_all_answered_with_their_part(start, tmp_path):
    with start("parent", "--tiles-only") as server:
        put_tile(tmp_path / "store", quarters(), 17)
        children = below(tmp_path / "store", 20, 17)
        assert set(children.values()) == {True, False}
        with ThreadPoolExecutor(16) as pool:
            answers = list(pool.map(server.get, (f"/tiles/ortho/PM/20/{x}/{y}.jpg" for x, y in children)))
        assert {answer.status for answer in answers} == {200}
        reds = [picture_of(answer).getpixel((128, 128))[0] > 128 for answer in answers]
        assert reds == list(children.values())


@pytest.mark.parametrize("size", [256, 512])
def test_a_blank_tile_is_a_small_transparent_picture(size):
    picture = Image.open(io.BytesIO(blank(size)))
    assert picture.size == (size, size)
    assert picture.convert("RGBA").getextrema()[3] == (0, 0)
    assert len(blank(size)) < 200
