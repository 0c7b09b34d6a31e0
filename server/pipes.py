"""Pipes that the engine hands to the front, so that a download's bytes do not go through the engine.

A request says by a number which pipe may answer it. Standard library only: the front imports this.
"""

import array
import asyncio
import contextlib
import fcntl
import os
import socket
import struct
import termios
from collections.abc import Iterator
from contextlib import contextmanager
from itertools import count

HEADER = "x-garrigue-pipe"
"""Of a request: the number of its pipe; of an answer: the body comes by that."""
_NUMBER = struct.Struct("!Q")


class Pipes:
    """The front's side. A pipe that nobody expects any more is closed as it comes."""

    def __init__(self) -> None:
        self._engine: socket.socket | None = None
        self._numbers = count(1)
        self._expected: dict[int, int | None] = {}

    def listen(self, engine: socket.socket) -> None:
        """Take what comes from this engine, a new one."""
        self.close()
        engine.setblocking(False)
        self._engine = engine
        asyncio.get_running_loop().add_reader(engine.fileno(), self._take)

    @contextmanager
    def expected(self) -> Iterator[int]:
        """The number for a request; its pipe is closed when the request is done with."""
        number = next(self._numbers)
        self._expected[number] = None
        try:
            yield number
        finally:
            if (pipe := self._expected.pop(number)) is not None:
                os.close(pipe)

    def get(self, number: int) -> int:
        """The descriptor of a pipe that was handed over. Raises LookupError where it was not."""
        self._take()
        pipe = self._expected[number]
        if pipe is None:
            raise LookupError(number)
        return pipe

    def close(self) -> None:
        """Take no more."""
        if self._engine is not None:
            asyncio.get_running_loop().remove_reader(self._engine.fileno())
            self._engine.close()
            self._engine = None

    def _take(self) -> None:
        with contextlib.suppress(BlockingIOError):
            while self._engine is not None:
                message, descriptors, _, _ = socket.recv_fds(self._engine, _NUMBER.size, 1)
                if not message:
                    self.close()
                for pipe in descriptors:
                    number = _NUMBER.unpack(message)[0]
                    if self._expected.get(number, pipe) is None:
                        self._expected[number] = pipe
                    else:
                        os.close(pipe)


def hand_over(front: socket.socket, number: int, pipe: int) -> bool:
    """Hand a pipe's reading end to the front; False where it takes none now."""
    try:
        socket.send_fds(front, [_NUMBER.pack(number)], [pipe])
    except OSError:
        return False
    return True


def held(pipe: int) -> int:
    """Bytes that a pipe holds."""
    size = array.array("i", [0])
    fcntl.ioctl(pipe, termios.FIONREAD, size)
    return size[0]


async def ready(descriptor: int, *, write: bool = False) -> None:
    """Wait until a descriptor can be read from (which its end is as well), or written to."""
    loop = asyncio.get_running_loop()
    there: asyncio.Future[None] = loop.create_future()
    add, remove = (loop.add_writer, loop.remove_writer) if write else (loop.add_reader, loop.remove_reader)
    add(descriptor, _done, there)
    try:
        await there
    finally:
        remove(descriptor)


def _done(there: "asyncio.Future[None]") -> None:
    if not there.done():
        there.set_result(None)
