"""A client's connection: uvicorn's, with three things more. A stored tile is answered as soon as the headers are read,
by one write and without ASGI; a map that is to be drawn is passed on as soon; and headers, idle and half-sent requests
are bounded."""

import asyncio
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from server.front.header_names import NamingTransport

if TYPE_CHECKING:
    from server.front.maps import Maps, Passing
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
        self.between = True
        self.alone = False
        self.passing: Passing | None = None
        self.held = b""
        self.ending = False
        self.last = self.loop.time()
        self.idle_check = self.loop.call_later(self.timeout_keep_alive, self.close_if_idle)

    def connection_lost(self, exc: Exception | None) -> None:
        """The client is gone."""
        self.idle_check.cancel()
        if self.passing is not None:
            self.passing.leave()
        super().connection_lost(exc)

    def data_received(self, data: bytes) -> None:
        """Bytes of the client. A head that does not end is cut off.

        Clients repeat themselves: a request whose headers are byte for byte those of one that was parsed, and was a
        plain GET of a tile, is not parsed again.
        """
        if self.passing is not None:
            self._hold(data)
            return
        usual = self.usual
        if usual is not None and data.endswith(usual) and self._answer_again(data[: -len(usual)]):
            return
        self.head_bytes += len(data)
        self.usual = None
        self.fast_answers = 0
        at_start = self.at_start
        self.alone = self.between and data.find(b"\r\n\r\n") == len(data) - 4
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
        self.at_start = self.between = False
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
                if self.alone and keep and method == b"GET" and self._pass_on():
                    return
        self.fast = False
        self._prepare_scope()
        self.scope["extensions"] = {TRANSPORT: {"transport": self.transport}}
        super().on_headers_complete()
        if self.cycle is not cycle and self.cycle is not None:
            self.cycle.transport = NamingTransport(self.transport)  # type: ignore[assignment]

    def _pass_on(self) -> bool:
        """Pass on a map that is to be drawn; what the client sends until it is answered is held."""
        if self.desk.maps is None:
            return False
        scope = {"headers": self.headers, "client": self.client, "server": self.server, "scheme": self.scheme}
        self.passing = self.desk.maps.send(self.url, scope, self._passed)
        self.fast = self.passing is not None
        return self.fast

    def _passed(self, status: int, headers: list[tuple[bytes, bytes]], body: bytes) -> None:
        """Answer what was passed on, and go on with what was held meanwhile."""
        self.passing = None
        self.last = self.loop.time()
        lines = [STATUS_LINE[status], *(b"%s: %s\r\n" % (name.title(), value) for name, value in headers)]
        lines.append(self.desk.hits.date())
        self.transport.write(b"%sContent-Length: %d\r\n\r\n%s" % (b"".join(lines), len(body), body))
        if self.ending:
            self.transport.close()
        elif held := self.held:
            self.held = b""
            self.transport.resume_reading()
            self.data_received(held)

    def _hold(self, data: bytes) -> None:
        self.held += data
        if len(self.held) > MAX_HEAD:
            self.transport.pause_reading()

    def shutdown(self) -> None:
        """The server ends: a map under way is answered first."""
        self.ending = True
        if self.passing is None:
            super().shutdown()

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
        self.between = True
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
        busy = self.passing is not None or (self.cycle is not None and not self.cycle.response_complete)
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
    maps: "Maps | None" = None

    def __init__(self, hits: "Hits") -> None:
        self.hits = hits


def connection_class(desk: Desk) -> type[Connection]:
    """uvicorn's `http` option: a connection that answers from this desk."""
    attributes: dict[str, Any] = {"desk": desk}
    return type("DeskConnection", (Connection,), attributes)
