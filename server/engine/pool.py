"""The processes that draw: a socket each, so that one which dies or is ended harms no other's work.

They are forked from a server that has imported what drawing needs (multiprocessing's forkserver): a new one costs
milliseconds and shares that memory. `concurrent.futures` breaks as a whole when a process dies, and nothing there
ends a task that takes too long.
"""

import asyncio
import logging
import pickle
import socket
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.context import ForkServerProcess
from typing import Any

from server.engine.render_process import PRELOAD, Failure, serve
from server.engine.worker import Worker
from server.errors import ServiceError
from server.memory import resident

log = logging.getLogger("garrigue.pool")

MEMORY = 700 * 1024 * 1024
"""A process that holds so many bytes is replaced (GDAL's and glibc's memory only grows)."""
TASKS = 50
"""Tasks after which a process's memory is looked at."""
FAREWELL = 1.0
"""Seconds in which a process may end the work of a client that left, before it is ended itself: a new one is cold."""
QUEUE = 200
"""Requests that may wait for a process."""


class BusyError(ServiceError):
    """Too many requests wait already."""

    status = 503

    def __init__(self) -> None:
        super().__init__("the server is busy; ask again in a few seconds")
        self.headers = {"Retry-After": "5"}


class TimedOutError(ServiceError):
    """Drawing took longer than `limits.seconds`."""

    status = 503

    def __init__(self, seconds: float) -> None:
        super().__init__(f"this took longer than {seconds:g} s; ask for less")


class CrashedError(ServiceError):
    """The process died over the request."""

    def __init__(self) -> None:
        super().__init__("the process that worked on this died; those who run the service are told in its log")


@dataclass(slots=True, eq=False)
class _Waiting:
    """A task that waits for a process; `given` is the process, and the result to come."""

    message: bytes
    given: "asyncio.Future[tuple[Worker, asyncio.Future[bytes]]]"


class Pool:
    """`processes` processes; a task waits until one is free, in order.

    A process that is done is sent its next task before anything is made of its result: it does not wait.
    """

    def __init__(self, processes: int, *, queue: int = QUEUE) -> None:
        self.processes = processes
        self.queue = queue
        self.workers: set[Worker] = set()
        self._free: list[Worker] = []
        self._waiting: deque[_Waiting] = deque()
        self._context = get_context("forkserver")
        self._context.set_forkserver_preload(list(PRELOAD))
        self._starts: set[asyncio.Task[None]] = set()
        self._closed = False

    def start(self) -> None:
        """Start every process; returns at once."""
        for _ in range(self.processes):
            self._start_one()

    async def run(self, folder: str, func: Callable[..., Any], args: tuple[Any, ...], seconds: float) -> Any:
        """`func(registry, *args)` with the registry compiled in `folder`, for at most `seconds` once it is started.

        Raises BusyError, TimedOutError, CrashedError, or what the function raises. When too slow, or cancelled and not
        done soon, the process that works on it is ended.
        """
        worker, reply = await self._given(pickle.dumps((folder, func, args), pickle.HIGHEST_PROTOCOL))
        try:
            # Shielded, because a process may still be waited for when its result is given up.
            async with asyncio.timeout(seconds):
                await asyncio.shield(reply)
        except TimeoutError:
            if not reply.done():
                self._replace(worker)
                raise TimedOutError(seconds) from None
        except EOFError:
            name = f"{func.__module__}.{func.__qualname__}"
            log.error("a render process died over %s, exit code %s", name, worker.process.exitcode)
            raise CrashedError from None
        except asyncio.CancelledError:
            self._leave(worker, reply)
            raise
        result = pickle.loads(reply.result())  # noqa: S301 - written by our own process
        if isinstance(result, Failure):
            raise result.error()
        return result

    async def close(self) -> None:
        """End every process."""
        self._closed = True
        if self._starts:
            await asyncio.wait(self._starts)
        for worker in self.workers:
            worker.end()
        for worker in self.workers:
            await asyncio.to_thread(worker.process.join, 2)
        self.workers.clear()

    async def _given(self, message: bytes) -> "tuple[Worker, asyncio.Future[bytes]]":
        """The process that a task was sent to, and its result to come."""
        if self._free:
            worker = self._free.pop()
            return worker, worker.start(message)
        if len(self._waiting) >= self.queue:
            raise BusyError
        waiting = _Waiting(message, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            return await waiting.given
        except asyncio.CancelledError:
            if waiting in self._waiting:
                self._waiting.remove(waiting)
            elif not waiting.given.cancelled():
                self._leave(*waiting.given.result())
            raise

    def _done(self, worker: Worker) -> None:
        """A process has sent its result, or is gone."""
        worker.tasks += 1
        if worker.gone or (worker.tasks % TASKS == 0 and resident(worker.process.pid or 0) > MEMORY):
            self._replace(worker)
        else:
            self._offer(worker)

    def _offer(self, worker: Worker) -> None:
        """Send a process the task that has waited longest."""
        while self._waiting:
            waiting = self._waiting.popleft()
            if not waiting.given.done():
                waiting.given.set_result((worker, worker.start(waiting.message)))
                return
        self._free.append(worker)

    def _leave(self, worker: Worker, reply: "asyncio.Future[bytes]") -> None:
        """Nobody waits any more for what a process works on: end it, if it is not done soon."""

        def look() -> None:
            if not reply.done():
                self._replace(worker)

        asyncio.get_running_loop().call_later(FAREWELL, look)

    def _replace(self, worker: Worker) -> None:
        if worker not in self.workers or self._closed:
            return
        worker.end()
        self.workers.discard(worker)
        if worker in self._free:
            self._free.remove(worker)
        self._start_one(worker)

    def _start_one(self, old: Worker | None = None) -> None:
        task = asyncio.get_running_loop().create_task(self._started(old))
        self._starts.add(task)
        task.add_done_callback(self._starts.discard)

    async def _started(self, old: Worker | None) -> None:
        if old is not None:
            await asyncio.to_thread(old.process.join, 2)
        # In a thread: the fork server answers only when it has imported everything.
        process, ours = await asyncio.to_thread(self._fork)
        worker = await Worker.connected(process, ours, self._done)
        self.workers.add(worker)
        self._offer(worker)

    def _fork(self) -> tuple[ForkServerProcess, socket.socket]:
        ours, theirs = socket.socketpair()
        with theirs:
            process = self._context.Process(target=serve, args=(theirs,), daemon=True)
            process.start()
        return process, ours
