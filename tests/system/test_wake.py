"""The engine: woken by the first request that needs it, gone when nobody asks, never a trouble to others."""

import os
import shutil
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from lxml import etree

from server.published import CURRENT
from support.server import running, until

BY_NEED = ("pygeoapi", "mapproxy", "pyogrio", "pyarrow", "fastapi")


@pytest.fixture
def store(compiled, tmp_path):
    return Path(shutil.copytree(compiled, tmp_path / "store"))


def alive(pid: int) -> bool:
    """True for a process that is there and not a zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False


def test_a_map_wakes_the_engine_which_goes_when_nobody_asks(config_dir, store, get_map):
    with running(config_dir, store, "--idle", "1.5") as server:
        assert server.status()["engine"]["state"] == "asleep"
        started = time.monotonic()
        answer = server.get(get_map)
        seconds = time.monotonic() - started
        assert (answer.status, answer.headers["Content-Type"]) == (200, "image/png")
        assert seconds < 10
        pids = server.engine_pids()
        assert len(pids) >= 3
        until(lambda: server.status()["engine"]["state"] == "asleep")
        until(lambda: not any(map(alive, pids)))
        assert server.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").status == 200
        assert server.status()["engine"]["state"] == "asleep"
        assert server.get(get_map).body == answer.body


def test_however_many_ask_at_once_one_engine_starts(config_dir, store, get_map):
    with running(config_dir, store) as server, ThreadPoolExecutor(24) as clients:
        answers = list(clients.map(lambda _: server.get(get_map), range(24)))
        assert {answer.status for answer in answers} == {200}
        assert len({answer.body for answer in answers}) == 1
        assert server.status()["engine"]["starts"] == 1


def test_the_map_that_wakes_the_engine_loads_nothing_that_it_does_not_need(config_dir, store, get_map):
    with running(config_dir, store, env={"PYTHONPROFILEIMPORTTIME": "1"}) as server:
        assert server.get(get_map).status == 200
        # One heading a process: the command line, the front, then the engine and all that it starts.
        engine = "".join(server.log.read_text().split("imported package")[3:])
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in engine.splitlines() if "import time:" in line
    }
    assert {"starlette", "mapnik", "rasterio"} <= imported
    assert not imported & set(BY_NEED)


def test_an_engine_that_is_killed_is_told_of_and_started_again(config_dir, store, get_map):
    with running(config_dir, store) as server:
        assert server.get(get_map).status == 200
        os.kill(server.engine_pids()[0], signal.SIGKILL)
        until(lambda: server.status()["engine"]["state"] != "awake")
        answer = until(lambda: (found := server.get(get_map)).status == 200 and found)
        assert answer.headers["Content-Type"] == "image/png"
        assert server.status()["engine"]["starts"] == 2


def test_an_engine_that_dies_over_a_request_is_told_in_the_protocols_form(config_dir, store, get_map):
    with running(config_dir, store) as server:
        assert server.get(get_map).status == 200
        os.kill(server.engine_pids()[0], signal.SIGSTOP)
        with ThreadPoolExecutor(1) as client:
            waiting = client.submit(server.get, get_map)
            time.sleep(0.5)
            os.kill(server.engine_pids()[0], signal.SIGKILL)
            answer = waiting.result(timeout=20)
        assert answer.status == 502
        assert etree.fromstring(answer.body).tag.endswith("ServiceExceptionReport")
        assert answer.headers["Cache-Control"] == "no-store"


def test_an_engine_that_cannot_start_is_told_and_tried_again_later(config_dir, store, get_map):
    broken = store / "registry" / (store / "registry" / CURRENT).read_text().strip() / "registry.json"
    text = broken.read_text()
    with running(config_dir, store) as server:
        broken.write_text("{")
        answer = server.get(get_map)
        assert answer.status == 503
        assert int(answer.headers["Retry-After"]) >= 1
        assert "Traceback" not in answer.text
        broken.write_text(text)
        until(lambda: server.get(get_map).status == 200)


def test_no_process_outlives_the_front(config_dir, store, get_map):
    with running(config_dir, store) as server:
        assert server.get(get_map).status == 200
        pids = server.engine_pids()
        os.kill(server.pid, signal.SIGKILL)
        until(lambda: not any(map(alive, pids)), 15)


def test_tiles_only_never_starts_an_engine(config_dir, store, get_map):
    with running(config_dir, store, "--tiles-only") as server:
        assert server.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities").status == 200
        assert server.get(get_map).status == 404
        assert server.status()["engine"]["state"] == "never"
