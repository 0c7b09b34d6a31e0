"""Pipes that are handed over, and their bytes on the way to a client: whole, in order, past no other's request."""

import asyncio
import os
import socket
import threading
from contextlib import closing, contextmanager
from io import FileIO
from pathlib import Path

import pytest
import uvloop

from server.front import splice as module
from server.front.splice import splice
from server.pipes import Pipes, hand_over, held

pytestmark = pytest.mark.skipif(not module.AVAILABLE, reason="the kernel moves no bytes by itself here")


@contextmanager
def pipe():
    """Both ends; what is still open is closed."""
    readable, writable = os.pipe()
    ends = FileIO(readable), FileIO(writable, "w")
    try:
        yield ends
    finally:
        for end in ends:
            end.close()


def run(scenario):
    return asyncio.run(asyncio.wait_for(scenario, 30), loop_factory=uvloop.new_event_loop)


def open_descriptors() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@contextmanager
def channel(pipes: Pipes):
    """The engine's end."""
    front, engine = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    pipes.listen(front)
    with closing(engine):
        yield engine
    pipes.close()


def test_a_pipe_reaches_the_request_that_it_is_for():
    async def scenario():
        pipes = Pipes()
        with channel(pipes) as engine, pipes.expected() as one, pipes.expected() as other:
            for number, text in ((other, b"other"), (one, b"one")):
                readable, writable = os.pipe()
                os.write(writable, text)
                os.close(writable)
                assert hand_over(engine, number, readable)
                os.close(readable)
            return os.read(pipes.get(one), 9), os.read(pipes.get(other), 9)

    assert run(scenario()) == (b"one", b"other")


def test_a_pipe_that_nobody_expects_is_closed():
    async def scenario():
        pipes = Pipes()
        with channel(pipes) as engine:
            before = open_descriptors()
            with pipes.expected() as gone, pipes.expected() as kept:
                pass
            readable, writable = os.pipe()
            hand_over(engine, gone, readable)
            hand_over(engine, kept + 1, readable)
            with pipes.expected() as twice, pytest.raises(LookupError):
                pipes.get(twice + 1)
            os.close(readable)
            with pytest.raises(BrokenPipeError):
                os.write(writable, b"nobody reads")
            os.close(writable)
            return open_descriptors() - before

    assert run(scenario()) == 0


def test_no_pipe_is_handed_to_a_front_that_is_gone():
    front, engine = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    front.close()
    readable, writable = os.pipe()
    assert not hand_over(engine, 1, readable)
    for descriptor in (readable, writable):
        os.close(descriptor)
    engine.close()


async def sent(parts: list[bytes], read, head: bytes = b"head\r\n"):
    """What `read` makes of a client's socket that is sent a head, and then all that comes through a pipe."""
    loop, arrived = asyncio.get_running_loop(), asyncio.Queue()

    class Server(asyncio.Protocol):
        def connection_made(self, transport):
            arrived.put_nowait(transport)

    server = await loop.create_server(Server, "127.0.0.1", 0)
    client = socket.create_connection(server.sockets[0].getsockname())
    transport = await arrived.get()
    readable, writable = os.pipe()
    os.set_blocking(readable, False)

    def write() -> None:
        with FileIO(writable, "w") as out:
            for part in parts:
                try:
                    out.write(part)
                except BrokenPipeError:
                    return

    writing = threading.Thread(target=write)
    writing.start()
    transport.write(head)
    reading = loop.run_in_executor(None, read, client)
    try:
        await splice(readable, transport)
        transport.write(b"0\r\n\r\n")
    finally:
        transport.close()
        os.close(readable)
        found = await reading
        client.close()
        server.close()
        writing.join()
    return found


def everything(client: socket.socket) -> bytes:
    found = b""
    while data := client.recv(1 << 16):
        found += data
    return found


def unframed(body: bytes) -> bytes:
    """The bytes of chunks (RFC 9112, 7.1), which must end with the last one."""
    found = b""
    while True:
        size, _, body = body.partition(b"\r\n")
        if not (length := int(size, 16)):
            assert body == b"\r\n"
            return found
        assert body[length : length + 2] == b"\r\n"
        found, body = found + body[:length], body[length + 2 :]


@pytest.mark.parametrize("parts", [[], [b"a"], [b"ab" * 50_000] * 70, [bytes([i % 256]) * i for i in range(1, 3000)]])
def test_every_byte_reaches_the_client_in_order(parts):
    found = run(sent(parts, everything))
    assert found.startswith(b"head\r\n")
    assert unframed(found[6:]) == b"".join(parts)


def test_a_head_that_is_not_taken_yet_comes_first():
    head = b"h" * 20_000_000
    found = run(sent([b"body"], everything, head))
    assert found[: len(head)] == head
    assert unframed(found[len(head) :]) == b"body"


def test_a_client_that_is_gone_is_an_error():
    def leave(client):
        client.recv(1000)
        client.close()

    with pytest.raises(ConnectionError):
        run(sent([bytes(1_000_000)] * 50, leave))


def test_a_transport_that_was_closed_is_not_written_past():
    async def scenario():
        ours, theirs = socket.socketpair()
        transport, _ = await asyncio.get_running_loop().create_connection(asyncio.Protocol, sock=ours)
        transport.close()
        with pipe() as (readable, writable):
            writable.write(b"for another")
            with pytest.raises(ConnectionAbortedError):
                await splice(readable.fileno(), transport)
            assert held(readable.fileno()) == len(b"for another")
        theirs.close()

    run(scenario())
