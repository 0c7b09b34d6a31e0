"""Requests that only the engine can answer, streamed to it over its Unix socket and back, with backpressure both ways.

A request without a body goes over a connection that is kept (`lines`), one with a body over its own. Closing it
is how the engine learns that the client has left.
"""

import asyncio
import contextlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import httptools

from server import cross_origin
from server.access import HEADER as ASKER_HEADER
from server.asked_base import BASE_HEADER
from server.errors import ServiceError, TooLargeError
from server.front.connection import TRANSPORT
from server.front.lines import CHUNK, Line, Lines
from server.front.splice import AVAILABLE, splice
from server.front.wake import EngineError
from server.pipes import HEADER as PIPE_HEADER

log = logging.getLogger("garrigue.proxy")

_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-connection", b"te", b"trailer", b"transfer-encoding", b"upgrade")
)
_PIPE = PIPE_HEADER.encode()
_NOT_SENT = _HOP | {b"expect", b"content-length", BASE_HEADER.encode(), ASKER_HEADER.encode(), _PIPE}
BODY_PATIENCE = 30.0
"""Seconds to wait for the next piece of a request's body."""


class ClientGoneError(Exception):
    """The client closed its connection."""


class UnansweredError(EngineError):
    """The engine closed the connection before it answered."""

    def __init__(self) -> None:
        super().__init__("the engine ended while it worked on this", 502)


class SlowBodyError(ServiceError):
    """The body does not come."""

    status = 408


class Answer:
    """The engine's answer as httptools reads it."""

    def __init__(self) -> None:
        self.headers: list[tuple[bytes, bytes]] = []
        self.chunks: list[bytes] = []
        self.status = 0
        self.keeps = False
        self.piped = False
        self.complete = False
        self.parser = httptools.HttpResponseParser(self)

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        name = name.lower()
        if name == _PIPE:
            self.piped = True
        elif name not in _HOP:
            self.headers.append((name, value))

    def on_headers_complete(self) -> None:
        """All headers are there: now alone the parser knows whether another answer may follow this one."""
        self.status = self.parser.get_status_code()
        self.keeps = self.parser.should_keep_alive()

    def on_body(self, body: bytes) -> None:
        """A piece of the body."""
        self.chunks.append(body)

    def on_message_complete(self) -> None:
        """The end."""
        self.complete = True


@dataclass(frozen=True, slots=True)
class _Request:
    """A client's request: its channels, what the engine is sent first, the limits of `forward`, its pipe's number."""

    scope: Any
    receive: Any
    send: Any
    head: bytes
    limits: tuple[int, float]
    pipe: int


async def forward(
    scope: Any, receive: Any, send: Any, lines: Lines, told: Mapping[str, str], limits: tuple[int, float]
) -> None:
    """Send the request on and its answer back.

    `lines` lead to the engine; `told`: headers for the engine alone; `limits`: most bytes of a body, seconds until the
    answer starts.

    Raises ServiceError while nothing has been sent back; afterwards what is cut stays cut: the client sees that.
    """
    length = _length(scope["headers"])
    if length is not None and length > limits[0]:
        raise TooLargeError(f"the request is larger than {limits[0]} bytes")
    with lines.pipes.expected() as pipe:
        if _transport(scope) is not None:
            told = {**told, PIPE_HEADER: str(pipe)}
        request = _Request(scope, receive, send, head_of(scope, told, length), limits, pipe)
        if length or _chunked(scope["headers"]):
            await _with_body(request, lines, await _opened(lines))
        else:
            await _without_any(request, lines)


def _transport(scope: Any) -> Any:
    """The client's, where the bytes of a pipe can go straight to it."""
    return scope.get("extensions", {}).get(TRANSPORT, {}).get("transport") if AVAILABLE else None


async def _opened(lines: Lines) -> Line:
    try:
        return await lines.open()
    except OSError:
        raise EngineError("the engine cannot be reached", 502) from None


async def _without_any(request: _Request, lines: Lines) -> None:
    """A request without a body."""
    if line := lines.kept():
        # The engine may close a connection that it had kept just as this is sent.
        with contextlib.suppress(UnansweredError):
            await _without_body(request, lines, line)
            return
    await _without_body(request, lines, await _opened(lines))


async def _without_body(request: _Request, lines: Lines, line: Line) -> None:
    """One request and its answer on a line, which is kept where it can be used again."""
    listening = asyncio.create_task(_left(request.receive, line))
    try:
        line.writer.write(request.head)
        await _answer(request, lines, line)
    except EngineError:
        if not line.left:
            raise
        log.debug("client gone over %s", request.scope["path"])
    finally:
        listening.cancel()
        lines.keep(line)


async def _left(receive: Any, line: Line) -> None:
    """Close the line when the client leaves before the end of its answer."""
    while (await receive())["type"] != "http.disconnect":
        pass
    if not line.whole:
        line.leave()


async def _with_body(request: _Request, lines: Lines, line: Line) -> None:
    """One request whose body is passed on while its answer may start already."""
    line.writer.write(request.head)
    answering = asyncio.create_task(_answer(request, lines, line))
    asking = asyncio.create_task(_send_body(request, line.writer))
    try:
        await asyncio.wait((answering, asking), return_when=asyncio.FIRST_COMPLETED)
        if not answering.done():
            # The body was refused, or the client has left: either way nobody wants the answer.
            asking.result()
        await answering
    except ClientGoneError:
        log.debug("client gone over %s", request.scope["path"])
    finally:
        for task in (answering, asking):
            task.cancel()
        await asyncio.gather(answering, asking, return_exceptions=True)
        line.close()


def head_of(scope: Any, told: Mapping[str, str], length: int | None) -> bytes:
    """The head of a request as the engine gets it, with `told` among its headers."""
    query = scope["query_string"]
    target = scope["raw_path"] + (b"?" + query if query else b"")
    lines = [b"%s %s HTTP/1.1\r\n" % (scope["method"].encode("ascii"), target)]
    lines += [b"%s: %s\r\n" % pair for pair in scope["headers"] if pair[0] not in _NOT_SENT]
    lines += [f"{name}: {value}\r\n".encode("ascii") for name, value in told.items()]
    if length is not None:
        lines.append(b"content-length: %d\r\n" % length)
    elif _chunked(scope["headers"]):
        lines.append(b"transfer-encoding: chunked\r\n")
    return b"".join((*lines, b"\r\n"))


async def _send_body(request: _Request, writer: asyncio.StreamWriter) -> None:
    """Pass the body on piece by piece, then wait for the client to leave. Raises ClientGoneError in the end."""
    sent, more, chunked, limit = 0, True, _chunked(request.scope["headers"]), request.limits[0]
    while True:
        try:
            async with asyncio.timeout(BODY_PATIENCE if more else None):
                message = await request.receive()
        except TimeoutError:
            raise SlowBodyError("the body of the request did not come") from None
        if message["type"] == "http.disconnect":
            raise ClientGoneError
        body, more = message.get("body", b""), message.get("more_body", False)
        sent += len(body)
        if sent > limit:
            raise TooLargeError(f"the request is larger than {limit} bytes")
        # An engine that closed the connection has answered already, or is gone: its answer tells which.
        with contextlib.suppress(OSError):
            writer.write(_piece(body, more) if chunked else body)
            await writer.drain()


def _piece(body: bytes, more: bool) -> bytes:
    """A piece of a body whose length is not told beforehand (RFC 9112, 7.1)."""
    piece = b"%x\r\n%s\r\n" % (len(body), body) if body else b""
    return piece if more else piece + b"0\r\n\r\n"


async def _answer(request: _Request, lines: Lines, line: Line) -> None:
    """Pass the engine's answer on. Raises EngineError where there is none."""
    answer, started, head = Answer(), False, request.scope["method"] == "HEAD"
    while not answer.complete:
        data = await _read(line.reader, None if started else request.limits[1])
        if not data:
            if not started:
                raise UnansweredError
            if not line.left:
                log.error("the engine ended in the middle of an answer: %s", request.scope["path"])
            return
        answer.parser.feed_data(data)
        if answer.status and not started:
            started = True
            await request.send(_start(answer.status, answer.headers))
            # The length that HEAD tells is of a body that does not follow.
            answer.complete = answer.complete or head
            if answer.piped and not head:
                await _splice(request, lines, line)
        line.whole = answer.complete and not head and answer.keeps
        body, answer.chunks = b"".join(answer.chunks), []
        if body or answer.complete:
            await request.send({"type": "http.response.body", "body": body, "more_body": not answer.complete})


async def _splice(request: _Request, lines: Lines, line: Line) -> None:
    """The body comes by a pipe; whether that was all of it, the engine tells afterwards."""
    line.splicing = asyncio.ensure_future(splice(lines.pipes.get(request.pipe), _transport(request.scope)))
    try:
        await line.splicing
    except OSError:
        line.leave()
    except asyncio.CancelledError:
        if not line.left:
            raise


async def _read(reader: asyncio.StreamReader, seconds: float | None) -> bytes:
    try:
        async with asyncio.timeout(seconds):
            return await reader.read(CHUNK)
    except TimeoutError:
        raise EngineError("the engine did not answer in time", 504) from None
    except OSError:
        return b""


def _start(status: int, headers: list[tuple[bytes, bytes]]) -> dict[str, Any]:
    return {"type": "http.response.start", "status": status, "headers": shared(headers)}


def shared(headers: list[tuple[bytes, bytes]]) -> list[tuple[bytes, bytes]]:
    """Headers of an answer that pages of other origins may read, where it does not tell that itself."""
    told = {name for name, _ in headers}
    return [*headers, *(pair for pair in cross_origin.HEADERS if pair[0] not in told)]


def _length(headers: Iterable[tuple[bytes, bytes]]) -> int | None:
    for name, value in headers:
        if name == b"content-length":
            return int(value)
    return None


def _chunked(headers: Iterable[tuple[bytes, bytes]]) -> bool:
    return any(name == b"transfer-encoding" for name, _ in headers)
