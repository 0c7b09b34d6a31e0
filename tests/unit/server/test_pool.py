"""The processes that draw: one that dies, dawdles or is left alone harms no other's work."""

import asyncio
import os
import signal
import time

import pytest

from layers.errors import UnknownLayerError
from server.compile import current_folder, write
from server.engine.pool import BusyError, CrashedError, Pool, TimedOutError
from support.tasks import crash, doze, fail, large, version_of


@pytest.fixture(scope="module")
def folder(registry, tmp_path_factory):
    store = tmp_path_factory.mktemp("pool")
    write(registry, store)
    return current_folder(store)


def pooled(scenario, *, processes: int = 2, queue: int = 200):
    async def run():
        pool = Pool(processes, queue=queue)
        pool.start()
        try:
            return await scenario(pool)
        finally:
            await pool.close()

    return asyncio.run(run())


def test_a_function_gets_the_registry_of_the_folder(folder, registry):
    async def scenario(pool):
        return await pool.run(folder, version_of, (), 30)

    version, pid = pooled(scenario)
    assert version == registry.version
    assert pid != os.getpid()


def test_errors_keep_their_class_and_what_they_carry(folder):
    async def scenario(pool):
        with pytest.raises(UnknownLayerError) as caught:
            await pool.run(folder, fail, (), 30)
        return caught.value

    error = pooled(scenario)
    assert error.value == "rien"
    assert "parcelle" in error.allowed
    assert "Traceback" in error.__notes__[0]


def test_large_results_come_whole(folder):
    async def scenario(pool):
        return await pool.run(folder, large, (30_000_000,), 30)

    assert len(pooled(scenario)) == 30_000_000


def test_a_process_that_dies_fails_its_own_request_only(folder):
    async def scenario(pool):
        await pool.run(folder, version_of, (), 30)
        work = [pool.run(folder, func, args, 30) for func, args in ((doze, (0.5,)), (crash, ()), (doze, (0.5,)))]
        results = await asyncio.gather(*work, return_exceptions=True)
        return results, await pool.run(folder, doze, (0,), 30)

    results, after = pooled(scenario)
    assert isinstance(results[1], CrashedError)
    assert [type(result) for result in results] == [int, CrashedError, int]
    assert isinstance(after, int)


def test_what_takes_too_long_is_ended_and_its_process_replaced(folder):
    async def scenario(pool):
        first = await pool.run(folder, doze, (0,), 30)
        started = time.monotonic()
        with pytest.raises(TimedOutError):
            await pool.run(folder, doze, (30,), 0.3)
        return first, await pool.run(folder, doze, (0,), 30), time.monotonic() - started

    first, second, seconds = pooled(scenario, processes=1)
    assert first != second
    assert seconds < 10


def test_work_that_nobody_waits_for_is_ended(folder):
    async def scenario(pool):
        first = await pool.run(folder, doze, (0,), 30)
        task = asyncio.create_task(pool.run(folder, doze, (30,), 60))
        await asyncio.sleep(0.2)
        task.cancel()
        return first, await pool.run(folder, doze, (0,), 30)

    first, second = pooled(scenario, processes=1)
    assert first != second


def test_a_process_that_is_done_soon_outlives_the_client_that_left(folder):
    async def scenario(pool):
        first = await pool.run(folder, doze, (0,), 30)
        task = asyncio.create_task(pool.run(folder, doze, (0.3,), 60))
        await asyncio.sleep(0.1)
        task.cancel()
        return first, await pool.run(folder, version_of, (), 30)

    first, second = pooled(scenario, processes=1)
    assert first == second[1]


def test_what_waits_goes_on_whatever_becomes_of_what_came_before(folder):
    async def scenario(pool):
        await pool.run(folder, doze, (0,), 30)
        slow = asyncio.create_task(pool.run(folder, doze, (30,), 0.4))
        left = asyncio.create_task(pool.run(folder, doze, (30,), 30))
        broken = asyncio.create_task(pool.run(folder, crash, (), 30))
        last = [asyncio.create_task(pool.run(folder, doze, (0,), 30)) for _ in range(3)]
        await asyncio.sleep(0.1)
        left.cancel()
        results = await asyncio.gather(slow, left, broken, *last, return_exceptions=True)
        return [type(result) for result in results], len(set(results[3:])), len(pool.workers)

    kinds, processes, alive = pooled(scenario, processes=1)
    assert kinds == [TimedOutError, asyncio.CancelledError, CrashedError, int, int, int]
    assert (processes, alive) == (1, 1)


def test_more_than_the_queue_holds_are_told_to_come_back(folder):
    async def scenario(pool):
        await pool.run(folder, doze, (0,), 30)
        work = [asyncio.create_task(pool.run(folder, doze, (0.3,), 30)) for _ in range(4)]
        results = await asyncio.gather(*work, return_exceptions=True)
        return [type(result) for result in results]

    kinds = pooled(scenario, processes=1, queue=2)
    assert kinds.count(BusyError) >= 1
    assert kinds.count(int) >= 2


def test_an_idle_process_that_was_killed_is_not_given_work(folder):
    async def scenario(pool):
        pid = await pool.run(folder, doze, (0,), 30)
        os.kill(pid, signal.SIGKILL)
        await asyncio.sleep(0.2)
        return pid, await pool.run(folder, doze, (0,), 30)

    first, second = pooled(scenario, processes=1)
    assert first != second
