"""`garrigue seed --scheduler`: a Dask scheduler and two workers as processes of their own, one of them killed."""

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest

from tiles.store import Store

ROOT = Path(__file__).parents[2]
ENVIRONMENT = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
QUIET = ("--no-dashboard",)


@contextmanager
def dask(*arguments: str) -> Iterator[subprocess.Popen[bytes]]:
    command = [sys.executable, "-m", f"distributed.cli.dask_{arguments[0]}"]
    child = subprocess.Popen([*command, *arguments[1:], *QUIET], env=ENVIRONMENT, stdout=-3, stderr=-3)
    try:
        yield child
    finally:
        child.kill()
        child.wait()


def address(file: Path) -> str:
    end = time.monotonic() + 30
    while time.monotonic() < end:
        if file.exists() and (text := file.read_text()):
            return str(json.loads(text)["address"])
        time.sleep(0.1)
    raise AssertionError("no scheduler")


def seed(config: Path, store: Path, *arguments: str) -> subprocess.Popen[str]:
    command = [sys.executable, "-m", "scripts.cli", "seed", *arguments, "--config", str(config), "--store", str(store)]
    # What a shell starts in the background ignores interrupts, and so do its children.
    command = ["env", "--default-signal=INT", *command]
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=ENVIRONMENT, cwd=ROOT)


def test_a_worker_killed_halfway_costs_no_tile(config_dir: Path, tmp_path: Path) -> None:
    asked = ("ortho", "--grid", "LAMB93_5cm", "--levels", "12-20", "--json")
    file, store = tmp_path / "scheduler.json", tmp_path / "store"
    worker = ("worker", "--scheduler-file", str(file), "--nthreads", "1", "--no-nanny")
    with dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)):
        place = address(file)
        with dask(*worker) as first, dask(*worker), seed(config_dir, store, *asked, "--scheduler", place) as child:
            end = time.monotonic() + 60
            while Store(store).sizes().tiles < 200 and time.monotonic() < end:
                time.sleep(0.02)
            first.send_signal(signal.SIGKILL)
            out, err = child.communicate(timeout=120)
    assert child.returncode == 0, err
    job = json.loads(out)["jobs"][0]
    assert job["drawn"] + job["before"] == job["total"] == Store(store).sizes().tiles
    assert job["failed"] == 0


def workers_of(pid: int) -> list[psutil.Process]:
    """Processes that make blocks: what the seed's process that forks Dask's workers has forked."""
    found = psutil.Process(pid).children(recursive=True)
    return [child for forks in found if is_forkserver(forks) for child in forks.children() if is_forkserver(child)]


def is_forkserver(process: psutil.Process) -> bool:
    """True for Python's forkserver, and for what it has forked."""
    return process.is_running() and "multiprocessing.forkserver" in " ".join(process.cmdline())


def test_a_worker_of_this_machine_killed_halfway_costs_no_tile(config_dir: Path, tmp_path: Path) -> None:
    store = tmp_path / "store"
    asked = ("ortho", "--grid", "LAMB93_5cm", "--levels", "12-20", "--workers", "2", "--json")
    with seed(config_dir, store, *asked) as child:
        end = time.monotonic() + 60
        while Store(store).sizes().tiles < 200 and time.monotonic() < end:
            time.sleep(0.02)
        workers = workers_of(child.pid)
        workers[0].kill()
        out, err = child.communicate(timeout=120)
    assert len(workers) == 2
    assert child.returncode == 0, err
    job = json.loads(out)["jobs"][0]
    assert job["drawn"] + job["before"] == job["total"] == Store(store).sizes().tiles
    assert (job["failed"], err) == (0, "")
    assert not any(worker.is_running() for worker in workers)


@pytest.mark.parametrize("signal_", [signal.SIGINT, signal.SIGKILL])
def test_a_stopped_seed_leaves_no_process(config_dir: Path, tmp_path: Path, signal_: signal.Signals) -> None:
    asked = ("parcelle", "--grid", "PM", "--levels", "12-20", "--workers", "2")
    with seed(config_dir, tmp_path, *asked) as child:
        end = time.monotonic() + 60
        while Store(tmp_path).sizes().tiles == 0 and time.monotonic() < end:
            time.sleep(0.02)
        workers = workers_of(child.pid)
        child.send_signal(signal_)
        _, err = child.communicate(timeout=60)
    assert len(workers) == 2
    gone, alive = psutil.wait_procs(workers, timeout=30)
    assert (len(gone), alive) == (2, [])
    if signal_ is signal.SIGINT:
        assert child.returncode == 1
        assert "the same command goes on from here" in err
        assert "Traceback" not in err


@pytest.mark.parametrize(("place", "message"), [("tcp://127.0.0.1:1", "no scheduler"), ("nonsense:x", "no scheduler")])
def test_a_scheduler_that_is_not_there_is_told(config_dir: Path, tmp_path: Path, place: str, message: str) -> None:
    asked = ("ortho", "--grid", "PM", "--levels", "14-15", "--scheduler", place)
    with seed(config_dir, tmp_path, *asked) as child:
        _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert message in err
    assert "Traceback" not in err


def test_a_scheduler_without_workers_is_told(config_dir: Path, tmp_path: Path) -> None:
    file = tmp_path / "scheduler.json"
    with dask("scheduler", "--host", "127.0.0.1", "--port", "0", "--scheduler-file", str(file)):
        asked = ("ortho", "--grid", "PM", "--levels", "14-15", "--scheduler", address(file))
        with seed(config_dir, tmp_path, *asked) as child:
            _, err = child.communicate(timeout=60)
    assert child.returncode == 1
    assert "has no workers" in err
