"""A pipe's bytes to a client, as chunks of an answer (RFC 9112, 7.1), by the kernel: the front does not see them.

They go past the transport, to a second descriptor of its socket: the head has left by then.
"""

import asyncio
import os
import socket

from server.pipes import held, ready

AVAILABLE = hasattr(os, "splice")
"""Linux has it."""
MOST = 1 << 18
"""Bytes of a chunk; between two of them others have their turn."""
_PAUSE = 0.005
"""Seconds between looks at a head that a client is slow to take."""


async def splice(pipe: int, transport: asyncio.Transport) -> None:
    """All that comes through a pipe until its end; the last chunk, which tells the end, is not sent.

    Raises OSError where the client is gone.
    """
    await _flushed(transport)
    if transport.is_closing():
        # Its descriptor may be another client's by now.
        raise ConnectionAbortedError
    with socket.socket(fileno=os.dup(transport.get_extra_info("socket").fileno())) as client:
        client.setblocking(False)
        while size := await _size(pipe):
            await _send(client, b"%x\r\n" % size, socket.MSG_MORE)
            await _move(pipe, client, size)
            await _send(client, b"\r\n")


async def _flushed(transport: asyncio.Transport) -> None:
    await asyncio.sleep(0)
    while transport.get_write_buffer_size():
        await asyncio.sleep(_PAUSE)


async def _size(pipe: int) -> int:
    """How much there is to read; 0 at the end."""
    await asyncio.sleep(0)
    if not (size := held(pipe)):
        await ready(pipe)
        size = held(pipe)
    return min(size, MOST)


async def _send(client: socket.socket, data: bytes, flags: int = 0) -> None:
    while data:
        try:
            data = data[client.send(data, flags) :]
        except BlockingIOError:
            await ready(client.fileno(), write=True)


async def _move(pipe: int, client: socket.socket, size: int) -> None:
    flags = os.SPLICE_F_MOVE | os.SPLICE_F_NONBLOCK | os.SPLICE_F_MORE
    while size:
        try:
            size -= os.splice(pipe, client.fileno(), size, flags=flags)
        except BlockingIOError:
            await ready(client.fileno(), write=True)
