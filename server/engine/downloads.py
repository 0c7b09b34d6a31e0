"""Answers that take long, made by processes of their own and of low priority, and relayed by the event loop.

A process that forks them is started once (`download_process`). Each download has a pipe, which bounds what is
made and not yet sent, and a socket for the task and for how it ended. Closing both is how a process learns that its
client has left.
"""

import asyncio
import contextlib
import os
import pickle
import socket
import subprocess
import sys
from collections.abc import AsyncIterator, Buffer, Callable, Iterator, Sequence
from fcntl import F_SETPIPE_SZ, fcntl
from io import FileIO

from server.engine.download_process import DONE
from server.engine.pool import BusyError, CrashedError
from server.engine.render_process import LENGTH, Failure
from server.pipes import hand_over, held, ready

PRELOAD = (
    "server.wfs.get_feature",
    "server.wfs.get_property_value",
    "server.wfs.files",
    "server.wfs.csv_rows",
    # What pyarrow imports with the first array.
    "numpy.ma",
    "dateutil.relativedelta",
    "server.wfs.warm_up:warm_up",
)
"""Imported once, before processes are forked; what stands after a colon is called, where nobody waits yet."""
ENVIRONMENT = {
    "OPENBLAS_NUM_THREADS": "1",
    "ARROW_DEFAULT_MEMORY_POOL": "system",
    "MALLOC_MMAP_THRESHOLD_": str(1 << 26),
    "MALLOC_TRIM_THRESHOLD_": str(1 << 26),
}
"""What forks is of one thread. What Arrow's own allocators keep for themselves would double a download's memory.

To give a batch's megabytes back to the system, and to get them again for the next, costs more than to keep them.
"""
AT_ONCE = 8
"""Downloads that are made at once; more wait for their turn."""
WAITING = 100
"""Downloads that may wait."""
PIPE = 1 << 20
CHUNK = 1 << 18


class Downloads:
    """The processes that make downloads, at most `at_once` at a time."""

    def __init__(
        self, at_once: int = AT_ONCE, *, preload: Sequence[str] = PRELOAD, pipes: socket.socket | None = None
    ) -> None:
        self.waiting = 0
        self._pipes = pipes
        self._command = [sys.executable, "-m", "server.engine.download_process", *preload]
        self._free = asyncio.Semaphore(at_once)
        self._process: subprocess.Popen[bytes] | None = None
        self._control: socket.socket | None = None

    def start(self) -> None:
        """Start the process that forks them, where it does not run; returns at once."""
        if self._process is not None and self._process.poll() is None:
            return
        if self._control is not None:
            self._control.close()
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._control.setblocking(False)
        environment = os.environ | ENVIRONMENT
        with theirs:
            self._process = subprocess.Popen(
                self._command, stdin=theirs.fileno(), stdout=subprocess.DEVNULL, env=environment
            )

    async def open(self, work: Callable[[], Iterator[Buffer]]) -> "Download":
        """Have `work`, which can be pickled, run. Raises BusyError where too many wait already."""
        if self.waiting >= WAITING:
            raise BusyError
        self.waiting += 1
        try:
            await self._free.acquire()
        finally:
            self.waiting -= 1
        download = Download(self._free.release, self._pipes)
        try:
            await download.begin(work, self._hand_over)
        except BaseException:
            download.stop()
            raise
        return download

    def _hand_over(self, *descriptors: int) -> None:
        self.start()
        assert self._control is not None
        try:
            socket.send_fds(self._control, [b"+"], descriptors)
        except OSError:
            # The process is gone, or so many tasks wait for it that the socket takes no more.
            raise BusyError from None

    async def close(self) -> None:
        """End them all."""
        if self._control is not None:
            self._control.close()
        if self._process is not None:
            try:
                await asyncio.to_thread(self._process.wait, 5)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()


class Download:
    """What a process makes, as it comes. `first` waits for its first bytes, or raises what the process raised.

    `pipes` leads to the front, where there is one that may take the bytes itself.
    """

    def __init__(self, release: Callable[[], None], pipes: socket.socket | None = None) -> None:
        self._release: Callable[[], None] | None = release
        self._pipes = pipes
        self._task: socket.socket | None = None
        self._pipe: FileIO | None = None
        self._whole = False

    async def begin(self, work: Callable[[], Iterator[Buffer]], hand_over: Callable[[int, int], None]) -> None:
        """Give a process its task."""
        message = pickle.dumps(work, pickle.HIGHEST_PROTOCOL)
        loop = asyncio.get_running_loop()
        self._task, theirs = socket.socketpair()
        self._task.setblocking(False)
        readable, writable = os.pipe()
        os.set_blocking(readable, False)
        self._pipe = FileIO(readable)
        with theirs, FileIO(writable, "w"):
            with contextlib.suppress(OSError):
                # The system may allow no more than a smaller one.
                fcntl(writable, F_SETPIPE_SZ, PIPE)
            hand_over(theirs.fileno(), writable)
        await loop.sock_sendall(self._task, LENGTH.pack(len(message)) + message)

    async def first(self) -> None:
        """Wait until there is something to send: from here on the status is 200."""
        assert self._pipe is not None
        try:
            await ready(self._pipe.fileno())
            if not held(self._pipe.fileno()):
                await self._end()
        except BaseException:
            self.stop()
            raise

    def hand_over(self, number: str) -> bool:
        """Let the front take the bytes, by the number that it gave the request; False where it does not."""
        if self._pipes is None or self._pipe is None or not number.isdecimal():
            return False
        return hand_over(self._pipes, int(number), self._pipe.fileno())

    async def elsewhere(self) -> AsyncIterator[bytes]:
        """Nothing, as long as another takes the bytes; then what is raised where they are not all."""
        try:
            yield await self._end()
        finally:
            self.stop()

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """The bytes in order. An error after the first breaks the answer off, so that no client takes it for whole."""
        try:
            while chunk := await self._read():
                yield chunk
        finally:
            self.stop()

    async def _read(self) -> bytes:
        """What is there, with no buffer of the loop's in between: the pipe is the only one."""
        assert self._pipe is not None
        # Others have their turn, however much there is to read.
        await asyncio.sleep(0)
        try:
            while (data := self._pipe.read(CHUNK)) is None:
                await ready(self._pipe.fileno())
            return data or await self._end()
        except BaseException:
            self.stop()
            raise

    async def _end(self) -> bytes:
        """No bytes, where the process did all that it was told."""
        assert self._task is not None
        if self._whole:
            return b""
        loop = asyncio.get_running_loop()
        parts = []
        with contextlib.suppress(ConnectionError):
            while part := await loop.sock_recv(self._task, CHUNK):
                parts.append(part)
        reply = b"".join(parts)
        if not reply:
            raise CrashedError
        if reply != DONE:
            failed: Failure = pickle.loads(reply)  # noqa: S301 - written by our own process
            raise failed.error()
        self._whole = True
        return b""

    def stop(self) -> None:
        """Let go of the process: it ends at once where it is not done."""
        if self._pipe is not None:
            self._pipe.close()
        if self._task is not None:
            self._task.close()
        if self._release is not None:
            self._release()
            self._release = None
