"""A render process as the engine sees it: a task is sent down a socket, its result comes back, one at a time.

Read in the event loop: a thread for each result would cost as much as drawing some streets. `server.render_process` is
the other end.
"""

import asyncio
import socket
from multiprocessing.context import ForkServerProcess

from server.render_process import LENGTH


class Worker(asyncio.Protocol):
    """A process, and our end of its socket. `gone` tells that the process closed its own."""

    def __init__(self, process: ForkServerProcess) -> None:
        self.process = process
        self.tasks = 0
        self.gone = False
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._left = -1
        self._result: asyncio.Future[bytes] | None = None

    @classmethod
    async def connected(cls, process: ForkServerProcess, ours: socket.socket) -> "Worker":
        """The worker of a process that was just started."""
        ours.setblocking(False)
        _, worker = await asyncio.get_running_loop().create_connection(lambda: cls(process), sock=ours)
        return worker

    async def ask(self, message: bytes) -> bytes:
        """Send a task and wait for its result, which may be given up. Raises EOFError where the process dies."""
        if self._transport is None or self.gone:
            raise EOFError
        self._result = asyncio.get_running_loop().create_future()
        self._transport.write(LENGTH.pack(len(message)) + message)
        # Shielded, because what was given up may still be waited for.
        return await asyncio.shield(self._result)

    async def done_within(self, seconds: float) -> bool:
        """Wait for the end of a task that was given up; True where the process is ready for another one."""
        if self._result is None:
            return False
        await asyncio.wait([self._result], timeout=seconds)
        return self._result.done() and self._result.exception() is None

    def end(self) -> None:
        """Kill the process, whatever it does."""
        self.gone = True
        if self._result is not None:
            self._result.cancel()
        if self._transport is not None:
            self._transport.abort()
        self.process.kill()

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """Our end is in the loop's hands."""
        self._transport = transport

    def data_received(self, data: bytes) -> None:
        """A piece of a result; the first one starts with the length."""
        self._parts.append(data)
        if self._left < 0:
            whole = b"".join(self._parts)
            if len(whole) < LENGTH.size:
                self._parts = [whole]
                return
            self._left = LENGTH.unpack_from(whole)[0] + LENGTH.size
            self._parts, data = [whole], whole
        self._left -= len(data)
        if self._left == 0 and self._result is not None and not self._result.done():
            self._result.set_result(b"".join(self._parts)[LENGTH.size :])
            self._parts, self._left = [], -1

    def connection_lost(self, _exc: Exception | None) -> None:
        """The process is gone."""
        self.gone = True
        if self._result is not None and not self._result.done():
            self._result.set_exception(EOFError())
