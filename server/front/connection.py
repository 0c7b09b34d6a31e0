"""A client's connection: uvicorn's, with two things more. A stored tile is answered as soon as the headers are read, by
one write and without ASGI; and headers, idle and half-sent requests are bounded."""

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from server.front.header_names import NamingTransport

if TYPE_CHECKING:
    from server.front.tile_hit import Hits

TRANSPORT = "garrigue.transport"
"""The extension of a request's scope that holds the client's `transport`."""
MAX_HEAD = 32768
"""Bytes of a request's line and headers."""
_BODY = frozenset((b"content-length", b"transfer-encoding", b"expect", b"upgrade"))


class Connection(HttpToolsProtocol):
    """`desk` is set on the class that the process's server uses."""

    desk: "Desk"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The client is there; from now on it may be idle for so long."""
        super().connection_made(transport)
        self.head_bytes = 0
        self.fast = False
        self.fast_answers = 0
        self.at_start = True
        self.usual: bytes | None = None
        self.done = False
        self.plain = True
        self.gzip = False
        self.known: bytes | None = None
        self.last = self.loop.time()
        self.idle_check = self.loop.call_later(self.timeout_keep_alive, self.close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.idle_check.cancel()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client. A head that does not end is cut off.

        Clients repeat themselves: a request whose headers are byte for byte those of one that was parsed, and was a
        plain GET of a tile, is not parsed again.
        """
        usual = self.usual
        if usual is not None and data.endswith(usual) and self._answer_again(data[: -len(usual)]):
            return
        self.head_bytes += len(data)
        self.usual = None
        self.fast_answers = 0
        at_start = self.at_start
        super().data_received(data)
        if at_start and self.fast_answers == 1 and self.at_start and data.endswith(b"\r\n\r\n"):
            line, _, _ = data.partition(b"\r\n")
            self.usual = data[len(line) - 9 :] if line.endswith(b" HTTP/1.1") else None
        if self.head_bytes > MAX_HEAD and not self.transport.is_closing():
            self._refuse_head()

    def _answer_again(self, start: bytes) -> bool:
        """Answer a tile by the start of its request line; what follows is plain and keeps the connection."""
        url = start[4:]
        if not start.startswith(b"GET /") or b" " in url or b"\n" in url or self.flow.write_paused:
            return False
        answer = self.desk.hits.answer(url, self.known, gzip=self.gzip)
        if answer is None:
            return False
        self.last = self.loop.time()
        self.transport.write(b"%s\r\n%s" % answer)
        return True

    def on_message_begin(self) -> None:
        """A request starts. What ASGI needs is made when it is needed."""
        self.at_start = False
        self.url = b""
        self.headers = []
        self.expect_100_continue = False
        self.plain = True
        self.gzip = False
        self.known = None

    def on_header(self, name: bytes, value: bytes) -> None:
        """A header."""
        name = name.lower()
        self.headers.append((name, value))
        if name == b"if-none-match":
            self.known = value
        elif name == b"accept-encoding":
            # Whoever weighs its encodings is read with care elsewhere.
            self.gzip = b"gzip" in value and b"q=" not in value
        elif name in _BODY:
            self.plain = False
            if name == b"expect" and value.lower() == b"100-continue":
                self.expect_100_continue = True

    def on_headers_complete(self) -> None:
        """Answer a stored tile at once; leave everything else to the application."""
        self.head_bytes = 0
        cycle = self.cycle
        if self.done:
            return
        if self.plain and (cycle is None or cycle.response_complete) and not self.flow.write_paused:
            method = self.parser.get_method()
            if method in (b"GET", b"HEAD"):
                keep = self.parser.should_keep_alive() and self.parser.get_http_version() != "1.0"
                answer = self.desk.hits.answer(self.url, self.known, gzip=self.gzip)
                if answer is not None:
                    self._answer_fast(*answer, get=method == b"GET", keep=keep)
                    return
        self.fast = False
        self._prepare_scope()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}
        super().on_headers_complete()
        if self.cycle is not cycle and self.cycle is not None:
            self.cycle.transport = NamingTransport(self.transport)  # type: ignore[assignment]

    def _answer_fast(self, head: bytes, body: bytes, *, get: bool, keep: bool) -> None:
        self.fast = True
        self.fast_answers += 1 if get and keep else 2
        self.last = self.loop.time()
        end = b"\r\n" if keep else b"Connection: close\r\n\r\n"
        self.transport.write(b"%s%s%s" % (head, end, body if get else b""))
        if not keep:
            self.done = True
            self.transport.close()

    def on_body(self, body: bytes) -> None:
        """A piece of a request's body."""
        if not (self.fast or self.done):
            super().on_body(body)
        # What follows the head in one piece of data counts as head until here.
        self.head_bytes = 0

    def on_message_complete(self) -> None:
        """A request ends."""
        if not (self.fast or self.done):
            super().on_message_complete()
        self.head_bytes = 0
        self.at_start = self.fast

    def on_response_complete(self) -> None:
        """An answer of the application ends."""
        self.last = self.loop.time()
        super().on_response_complete()
        self._unset_keepalive_if_required()

    def close_if_idle(self) -> None:
        """Close a connection on which nothing was answered for a while: one check a period, not a timer a request."""
        if self.transport.is_closing():
            return
        busy = self.cycle is not None and not self.cycle.response_complete
        left = self.timeout_keep_alive - (self.loop.time() - self.last)
        if left <= 0 and not busy:
            self.transport.close()
            return
        self.idle_check = self.loop.call_later(max(left, 1.0), self.close_if_idle)

    def _prepare_scope(self) -> None:
        """What uvicorn makes when a request starts."""
        url, headers, expect = self.url, self.headers, self.expect_100_continue
        super().on_message_begin()
        self.url, self.expect_100_continue = url, expect
        self.headers.extend(headers)

    def _refuse_head(self) -> None:
        busy = self.cycle is not None and not self.cycle.response_complete
        if not busy:
            self.transport.write(
                b"HTTP/1.1 431 Request Header Fields Too Large\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
            )
        self.transport.close()


class Desk:
    """What every connection is answered from; replaced as a whole when the registry changes."""

    hits: "Hits"

    def __init__(self, hits: "Hits") -> None:
        self.hits = hits


def connection_class(desk: Desk) -> type[Connection]:
    """uvicorn's `http` option: a connection that answers from this desk."""
    attributes: dict[str, Any] = {"desk": desk}
    return type("DeskConnection", (Connection,), attributes)
