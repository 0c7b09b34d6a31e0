"""Downloads made by processes of their own: whole or broken off, bounded, and ended when nobody waits any more."""

import asyncio
import gc
import os
import signal
import socket
import sys
from functools import partial
from pathlib import Path

import pytest

from server.engine import download_process
from server.engine import downloads as module
from server.engine.downloads import Downloads
from server.engine.pool import BusyError, CrashedError
from support import made


@pytest.fixture
def run(monkeypatch):
    """Runs a scenario with downloads of its own."""
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))

    def run_(scenario, at_once: int = 8):
        async def running():
            downloads = Downloads(at_once, preload=["support.made"])
            try:
                return await scenario(downloads)
            finally:
                await downloads.close()

        return asyncio.run(running())

    return run_


async def whole(downloads: Downloads, work) -> bytes:
    download = await downloads.open(work)
    await download.first()
    return b"".join([chunk async for chunk in download])


async def gone(*, pid: int) -> bool:
    """Whether a process ends within some seconds."""
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists():
            return True
        await asyncio.sleep(0.02)
    return False


def test_every_byte_comes_in_order(run):
    async def scenario(downloads):
        works = [partial(made.numbers, count) for count in (0, 1, 1000, 1_000_000)]
        return await asyncio.gather(*(whole(downloads, work) for work in works))

    assert run(scenario) == [b"".join(made.numbers(count)) for count in (0, 1, 1000, 1_000_000)]


def test_the_more_downloads_the_lower_their_priority(run):
    async def scenario(downloads):
        kept = []
        found = []
        for _ in range(4):
            found.append(int(await whole(downloads, made.niceness)))
            kept.append(await downloads.open(made.dawdling))
            await kept[-1].first()
        for download in kept:
            download.stop()
        return found

    own = os.nice(0)
    assert run(scenario) == [min(own + more, 19) for more in (5, 10, 15, 15)]


@pytest.mark.parametrize("waits", [False, True])
def test_what_takes_time_is_prepared_only_while_nobody_waits(waits, monkeypatch):
    monkeypatch.setattr(made, "PREPARED", [])
    control, engine = socket.socketpair()
    with control, engine:
        if waits:
            engine.send(b"+")
        download_process.prepare(["support.made:get_ready"], control)
    gc.unfreeze()
    assert ([] if waits else ["ready"]) == made.PREPARED


def test_an_error_keeps_its_class_before_the_first_byte_and_breaks_off_after_it(run):
    async def scenario(downloads):
        early = await downloads.open(partial(made.broken, 0))
        with pytest.raises(LookupError, match="nothing there"):
            await early.first()
        late = await downloads.open(partial(made.broken, 10))
        await late.first()
        got = []
        with pytest.raises(LookupError, match="nothing there"):
            got.extend([chunk async for chunk in late])
        return await whole(downloads, partial(made.numbers, 3))

    assert run(scenario) == b"0 1 2 "


@pytest.mark.parametrize("after", [0, 10])
def test_a_process_that_dies_is_no_end_of_a_download(run, after):
    async def scenario(downloads):
        with pytest.raises(CrashedError):
            await whole(downloads, partial(made.crashing, after))
        return await whole(downloads, partial(made.numbers, 1))

    assert run(scenario) == b"0 "


def test_who_leaves_ends_the_process_at_once_and_its_files_are_gone(run):
    async def scenario(downloads):
        download = await downloads.open(made.dawdling)
        await download.first()
        pid, folder = (await anext(aiter(download))).decode().split()
        assert Path(folder).is_dir()
        download.stop()
        assert await gone(pid=int(pid))
        for _ in range(100):
            if not Path(folder).exists():
                return
            await asyncio.sleep(0.02)
        raise AssertionError(f"{folder} is still there")

    run(scenario)


def test_who_leaves_while_it_waits_leaves_no_process(run):
    async def scenario(downloads):
        kept = await downloads.open(made.dawdling)
        await kept.first()
        waits = asyncio.create_task(downloads.open(made.dawdling))
        await asyncio.sleep(0.05)
        assert downloads.waiting == 1
        waits.cancel()
        await asyncio.wait([waits])
        kept.stop()
        assert downloads.waiting == 0
        return await whole(downloads, partial(made.numbers, 1))

    assert run(scenario, at_once=1) == b"0 "


def test_no_more_are_made_than_are_read(run, tmp_path):
    async def scenario(downloads):
        download = await downloads.open(partial(made.endless, tmp_path / "told"))
        await download.first()
        await asyncio.sleep(0.5)
        count = (tmp_path / "told").read_bytes().count(b".")
        download.stop()
        return count

    assert 1 <= run(scenario) <= 4


def test_too_many_that_wait_are_refused(run, monkeypatch):
    monkeypatch.setattr(module, "WAITING", 2)

    async def scenario(downloads):
        kept = await downloads.open(made.dawdling)
        waiting = [asyncio.create_task(downloads.open(partial(made.numbers, 5))) for _ in range(2)]
        await asyncio.sleep(0.05)
        with pytest.raises(BusyError):
            await downloads.open(made.dawdling)
        kept.stop()
        first = await waiting[0]
        await first.first()
        first.stop()
        second = await waiting[1]
        await second.first()
        return b"".join([chunk async for chunk in second])

    assert run(scenario, at_once=1) == b"0 1 2 3 4 "


def test_the_process_that_forks_is_started_again(run):
    async def scenario(downloads):
        await whole(downloads, partial(made.numbers, 1))
        dead = downloads._process
        dead.send_signal(signal.SIGKILL)
        dead.wait()
        return await whole(downloads, partial(made.numbers, 2))

    assert run(scenario) == b"0 1 "


def test_the_process_that_forks_leaves_no_folder_when_it_is_told_to_end(run, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))

    async def scenario(downloads):
        await whole(downloads, partial(made.numbers, 1))
        assert list(tmp_path.glob("garrigue-downloads-*"))
        downloads._process.terminate()
        downloads._process.wait(20)

    run(scenario)
    assert not list(tmp_path.iterdir())


def test_nothing_is_left_running(run):
    async def scenario(downloads):
        download = await downloads.open(made.dawdling)
        await download.first()
        pid = int((await anext(aiter(download))).split()[0])
        forks = downloads._process
        download.stop()
        await downloads.close()
        assert forks.poll() == 0
        return await gone(pid=pid)

    assert run(scenario)
