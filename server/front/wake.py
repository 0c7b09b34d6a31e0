"""The engine's process: started by the first request that needs it, stopped when nobody did for a while, never started
in its sleeping hours."""

import asyncio
import logging
import os
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

from server.errors import AsleepError, ServiceError
from server.exports_busy import busy
from server.front.lines import Lines
from server.hours import Hours

log = logging.getLogger("garrigue.wake")

WAITING = 500
"""Requests that may wait for the engine to start."""
PATIENCE = 40.0
"""Seconds that a request waits for the engine to start."""
LONGEST_PAUSE = 60.0
QUICK = 10.0
"""An engine that dies within so many seconds is not started again at once."""
LOOK = 20.0
"""Seconds between looks whether the sleeping hours have come."""
GRACE = 8.0
"""Seconds between asking the engine to stop and making it."""


class EngineError(ServiceError):
    """The engine cannot answer now."""

    def __init__(self, message: str, status: int = 503, retry_after: int = 5) -> None:
        super().__init__(message)
        self.status = status
        self.headers = {"Retry-After": str(retry_after)} if status == 503 else {}


@dataclass(slots=True)
class Settings:
    """How the engine is run; `hours` and `idle` follow the registry."""

    store: Path
    workers: int
    idle: float
    hours: Hours


class Engine:
    """At most one engine process."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.folder = Path(tempfile.mkdtemp(prefix="garrigue-"))
        self.socket = self.folder / "engine.sock"
        self.lines = Lines(self.socket)
        self.process: subprocess.Popen[bytes] | None = None
        self.in_flight = 0
        self.waiting = 0
        self.starts = 0
        self._starting: asyncio.Task[None] | None = None
        self._stopping: asyncio.Task[None] | None = None
        self._started_at = 0.0
        self._used_at = 0.0
        self._failures = 0
        self._not_before = 0.0
        self._timer: asyncio.TimerHandle | None = None

    @property
    def state(self) -> str:
        """awake, starting, asleep (nobody needs it), or sleeping hours."""
        if self._starting is not None:
            return "starting"
        if self.process is not None and self.process.poll() is None:
            return "awake"
        return "sleeping hours" if self.settings.hours.asleep() else "asleep"

    @asynccontextmanager
    async def use(self) -> AsyncIterator[Lines]:
        """Connections to the engine, which is up and not stopped within. Raises AsleepError, EngineError."""
        self.begin()
        try:
            await self._awake()
            yield self.lines
        finally:
            self.end()

    def begin(self) -> None:
        """A request is under way: the engine is not stopped before its `end`."""
        self.in_flight += 1

    def end(self) -> None:
        """A request has ended."""
        self.in_flight -= 1
        self._used_at = asyncio.get_running_loop().time()
        self._watch_idle()

    def awake(self) -> bool:
        """Whether the engine answers now, without being waited for."""
        if self.process is None or self._starting is not None or self._stopping is not None:
            return False
        return not self.settings.hours.asleep() and self.process.poll() is None

    async def close(self) -> None:
        """Stop the engine and remove its socket's folder."""
        if self._timer is not None:
            self._timer.cancel()
        if self._starting is not None:
            self._starting.cancel()
        await self._stop()
        shutil.rmtree(self.folder, ignore_errors=True)

    async def _awake(self) -> None:
        if seconds := self.settings.hours.asleep():
            raise AsleepError("this is computed on demand, and the server's engine sleeps at this hour", seconds)
        if self._stopping is not None:
            await asyncio.shield(self._stopping)
        if self.process is not None and self._starting is None:
            if self.process.poll() is None:
                return
            self._died()
        if self.waiting >= WAITING:
            raise EngineError("too many requests wait for the engine to start")
        self.waiting += 1
        try:
            if self._starting is None:
                self._starting = asyncio.create_task(self._start())
            await asyncio.wait_for(asyncio.shield(self._starting), PATIENCE)
        except TimeoutError:
            raise EngineError("the engine takes long to start") from None
        finally:
            self.waiting -= 1

    async def _start(self) -> None:
        try:
            loop = asyncio.get_running_loop()
            if (pause := self._not_before - loop.time()) > 0:
                raise EngineError(
                    "the engine failed a moment ago and is started again soon", retry_after=int(pause) + 1
                )
            self._started_at = self._used_at = loop.time()
            self.starts += 1
            if not await self._launch():
                self._died()
                raise EngineError("the engine cannot be started; the server's log tells why", retry_after=10)
            log.info(
                "engine %d awake after %.2f s", self.process.pid if self.process else 0, loop.time() - self._used_at
            )
            self._watch_idle()
        finally:
            self._starting = None

    async def _launch(self) -> bool:
        """Start the process; True once it listens, False where it ends before."""
        self.socket.unlink(missing_ok=True)
        ours, theirs = os.pipe()
        front, engine = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self.lines.pipes.listen(front)
        command = [sys.executable, "-c", "from server.engine.main import main; main()"]
        command += ["--store", str(self.settings.store), "--workers", str(self.settings.workers)]
        command += ["--socket", str(self.socket), "--ready", str(theirs), "--parent", str(os.getpid())]
        command += ["--pipes", str(engine.fileno())]
        passed = [theirs, engine.fileno()]
        try:
            self.process = subprocess.Popen(
                command, pass_fds=passed, stdin=subprocess.DEVNULL, env=_environment(), start_new_session=True
            )
        finally:
            engine.close()
            os.close(theirs)
        return await _heard(ours)

    def _died(self) -> None:
        """The engine ended by itself: the sooner it did, and the oftener, the longer until it is started again."""
        loop = asyncio.get_running_loop()
        code = self._reap()
        self._failures = self._failures + 1 if loop.time() - self._started_at < QUICK else 1
        pause = 0.0 if self._failures == 1 else min(2.0**self._failures, LONGEST_PAUSE)
        self._not_before = loop.time() + pause
        log.error("the engine ended by itself (%s); started again on request, after %.0f s", code, pause)

    def _reap(self) -> str:
        process, self.process = self.process, None
        if process is None:
            return "not started"
        code = process.wait()
        return signal.Signals(-code).name if code < 0 else f"exit status {code}"

    def _watch_idle(self) -> None:
        if self._timer is None and self.process is not None:
            loop = asyncio.get_running_loop()
            left = self.settings.idle - (loop.time() - self._used_at)
            self._timer = loop.call_later(min(max(left, 0.2), LOOK), self._look_if_idle)

    def _look_if_idle(self) -> None:
        self._timer = None
        if self.process is None or self._stopping is not None:
            return
        if self.process.poll() is not None:
            self._died()
            return
        idle = asyncio.get_running_loop().time() - self._used_at
        sleeping = self.settings.hours.asleep() > 0
        if self.in_flight == 0 and not busy(self.settings.store) and (sleeping or idle >= self.settings.idle):
            log.info("engine %d stopped: %s", self.process.pid, "sleeping hours" if sleeping else f"idle {idle:.0f} s")
            self._stopping = asyncio.create_task(self._stop())
            return
        self._watch_idle()

    async def _stop(self) -> None:
        try:
            self.lines.close()
            self.lines.pipes.close()
            process = self.process
            if process is None:
                return
            if process.poll() is None:
                process.terminate()
                await _ended(process, GRACE)
            if process.poll() is None:
                process.kill()
                await _ended(process, GRACE)
            self._reap()
        finally:
            self._stopping = None


async def _heard(pipe: int) -> bool:
    """True when a byte comes through the pipe, False when it is closed without one."""
    loop = asyncio.get_running_loop()
    ready: asyncio.Future[None] = loop.create_future()
    loop.add_reader(pipe, _set, ready)
    try:
        await ready
        return bool(os.read(pipe, 1))
    finally:
        loop.remove_reader(pipe)
        os.close(pipe)


def _set(ready: "asyncio.Future[None]") -> None:
    if not ready.done():
        ready.set_result(None)


async def _ended(process: "subprocess.Popen[bytes]", seconds: float) -> None:
    end = asyncio.get_running_loop().time() + seconds
    while process.poll() is None and asyncio.get_running_loop().time() < end:
        await asyncio.sleep(0.02)


def _environment() -> dict[str, str]:
    """What keeps memory down in processes that live long; what the user set stays."""
    frugal = {
        "MALLOC_ARENA_MAX": "2",
        "OPENBLAS_NUM_THREADS": "1",
        "OMP_NUM_THREADS": "1",
        "GDAL_CACHEMAX": "64",
        "PYTHONUNBUFFERED": "1",
    }
    return frugal | dict(os.environ)
