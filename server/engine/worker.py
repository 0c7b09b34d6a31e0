"""A render process as the engine sees it: a task is sent down a socket, its result comes back, one at a time.

Read in the event loop: a thread for each result would cost as much as drawing some streets. `render_process` is
the other end.
"""

import asyncio
import socket
from collections.abc import Callable
from multiprocessing.context import ForkServerProcess

from server.engine.render_process import LENGTH


class Worker(asyncio.Protocol):
    """A process, and our end of its socket. `gone` tells that the process closed its own.

    `done` is called when a result is there, and when the process is gone: at once, before who waits for it goes on.
    """

    def __init__(self, process: ForkServerProcess, done: "Callable[[Worker], None]") -> None:
        self.process = process
        self.tasks = 0
        self.gone = False
        self._done = done
        self._transport: asyncio.Transport | None = None
        self._parts: list[bytes] = []
        self._left = -1
        self._result: asyncio.Future[bytes] | None = None

    @classmethod
    async def connected(
        cls, process: ForkServerProcess, ours: socket.socket, done: "Callable[[Worker], None]"
    ) -> "Worker":
        """The worker of a process that was just started."""
        ours.setblocking(False)
        _, worker = await asyncio.get_running_loop().create_connection(lambda: cls(process, done), sock=ours)
        return worker

    def start(self, message: bytes) -> "asyncio.Future[bytes]":
        """Send a task; its result, or EOFError where the process dies over it."""
        self._result = asyncio.get_running_loop().create_future()
        # What nobody waits for any more is no mistake.
        self._result.add_done_callback(lambda result: result.cancelled() or result.exception())
        if self._transport is not None:
            self._transport.write(LENGTH.pack(len(message)) + message)
        return self._result

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
            self._done(self)

    def connection_lost(self, _exc: Exception | None) -> None:
        """The process is gone."""
        self.gone = True
        if self._result is not None and not self._result.done():
            self._result.set_exception(EOFError())
        self._done(self)
