"""The front's connection to the engine: uvicorn's, with one thing more. A map that is known is drawn as soon as the
request's headers are read, and answered by one write and without ASGI."""

import asyncio
import logging
import secrets
from typing import TYPE_CHECKING, Any

from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol

from server.access import HEADER
from server.errors import ServiceError
from server.refusal import refusal
from server.wms.known_maps import Known, answer

if TYPE_CHECKING:
    from server.context import Context

log = logging.getLogger("garrigue.engine")

_BODY = frozenset((b"content-length", b"transfer-encoding"))
_ASKER = HEADER.encode()


class Connection(HttpToolsProtocol):
    """`context` is set on the class that the process's server uses. The front sends one request at a time."""

    context: "Context"

    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        """The front is there."""
        super().connection_made(transport)
        self.drawing: asyncio.Task[None] | None = None
        self.ending = False

    def connection_lost(self, exc: Exception | None) -> None:
        """The front's client has left, or the front: nobody waits for the map."""
        if self.drawing is not None:
            self.drawing.cancel()
        super().connection_lost(exc)

    def on_headers_complete(self) -> None:
        """Draw a map that is known; leave everything else to the application."""
        known = self._known()
        if known is None:
            super().on_headers_complete()
            return
        self.drawing = self.loop.create_task(self._draw(known, self.url))
        self.tasks.add(self.drawing)
        self.drawing.add_done_callback(self.tasks.discard)

    def on_message_complete(self) -> None:
        """A request ends."""
        if self.drawing is None:
            super().on_message_complete()

    def shutdown(self) -> None:
        """The server ends: a map under way is answered first."""
        self.ending = True
        if self.drawing is None:
            super().shutdown()

    def _known(self) -> Known | None:
        """The map of a plain GET by anybody, where one like it was answered."""
        if self.parser.get_method() != b"GET":
            return None
        for name, value in self.headers:
            if name in _BODY or (name == _ASKER and value):
                return None
        path, _, query = self.url.partition(b"?")
        return self.context.known_maps.find(self.context.registry.version, path.decode("latin-1"), query)

    async def _draw(self, known: Known, url: bytes) -> None:
        query = url.partition(b"?")[2].decode("latin-1")
        try:
            status, headers, body = await answer(self.context, known, query)
        except Exception as error:  # noqa: BLE001 - the edge of the process: `failed` logs it
            told = refusal(failed(error, "GET", "/wms"), "/wms", query)
            status, body = told.status, told.body
            headers = tuple((name.encode(), value.encode()) for name, value in told.headers.items())
        lines = [STATUS_LINE[status], *(b"%s: %s\r\n" % pair for pair in headers)]
        self.transport.write(b"%scontent-length: %d\r\n\r\n%s" % (b"".join(lines), len(body), body))
        self.drawing = None
        self.on_response_complete()
        if self.ending:
            self.transport.close()


def failed(error: Exception, method: str, path: str) -> ServiceError:
    """What is told of a mistake of ours: the log has more of it, under a name."""
    name = secrets.token_hex(4)
    log.error("error %s over %s %s", name, method, path, exc_info=error)
    return ServiceError(f"the server failed; its log tells more under {name}")


def connection_class(context: "Context") -> type[Connection]:
    """uvicorn's `http` option: a connection that answers from this context."""
    attributes: dict[str, Any] = {"context": context}
    return type("EngineConnection", (Connection,), attributes)
