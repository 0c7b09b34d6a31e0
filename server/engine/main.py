"""The engine: the application with everything that computes, on a Unix socket behind the front (or on its own port).

A protocol's module is imported with the first request under its path, so that the GetMap that wakes the engine loads
nothing that it does not need.
"""

import argparse
import asyncio
import contextlib
import logging
import os
import signal
import socket
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from importlib import import_module
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.middleware.exceptions import ExceptionMiddleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from layers.errors import GarrigueError, RequestError, UnavailableError, WithheldLayerError
from server import cross_origin
from server.access import ASKER, CredentialsError
from server.context import Context
from server.engine.connection import connection_class, failed
from server.engine.pool import Pool
from server.errors import DataAwayError, InvalidParameterError, ServiceError
from server.parent import die_with_parent
from server.refusal import protocol, refusal

log = logging.getLogger("garrigue.engine")

SERVICES = {
    "wms": "server.wms.service",
    "wfs": "server.wfs.service",
    "wmts": "server.wmts.service",
    "tms": "server.tms.service",
    "tiles": "server.tms.service",
    "ogcapi": "server.ogcapi.service",
    "styles": "server.styles.service",
    "sprites": "server.styles.service",
    "fonts": "server.fonts.service",
    "": "server.portal.service",
    "themes": "server.portal.service",
    "static": "server.portal.service",
}
"""The module of the protocol that a path's first part names."""


def create_app(context: Context) -> ASGIApp:
    """The application over a context."""
    app = Application(lifespan=_lifespan)
    app.state.context = context
    app.state.loaded = set()
    guarded = Admitting(Guarded(Importing(app)), context)
    return guarded if context.behind_front else Shared(guarded)


class Application(Starlette):
    """Starlette without its own last resort: a page that says Internal Server Error, whatever the protocol."""

    def build_middleware_stack(self) -> ASGIApp:
        """Only what answers the router's 404 and 405."""
        return ExceptionMiddleware(self.router, handlers={HTTPException: _http_error})


@contextlib.asynccontextmanager
async def _lifespan(app: Starlette) -> AsyncIterator[None]:
    yield
    await app.state.context.pool.close()
    await app.state.context.exports.close()
    await app.state.context.downloads.close()


class Admitting:
    """Sets who asks, for `server.access.asker` and `Context.registry`."""

    def __init__(self, app: ASGIApp, context: Context) -> None:
        self.app = app
        self.context = context

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            ASKER.set(self.context.asker(scope))
        await self.app(scope, receive, send)


class Importing:
    """Adds a protocol's routes with the first request under its path."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] == "http":
            await self._import(protocol(scope["path"]))
        await self.app(scope, receive, send)

    async def _import(self, name: str) -> None:
        module, loaded = SERVICES.get(name), self.app.state.loaded
        if module is None or module in loaded:
            return
        service = await asyncio.to_thread(import_module, module)
        if module not in loaded:
            loaded.add(module)
            self.app.router.routes.extend(service.routes(self.app.state.context))


class Guarded:
    """Cancels the work of a client that left, and answers what went wrong in the protocol's form, never by a trace."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        request = _Request(scope, receive, send)
        listening = asyncio.create_task(request.listen(asyncio.current_task()))
        try:
            await self._answer(request)
        except asyncio.CancelledError:
            if not request.left:
                raise
        finally:
            listening.cancel()

    async def _answer(self, request: "_Request") -> None:
        try:
            await self.app(request.scope, request.receive, request.send)
        except (ServiceError, GarrigueError) as error:
            await request.refuse(_as_service_error(error))
        except Exception as error:  # noqa: BLE001 - the edge of the process: `failed` logs it
            await request.refuse(failed(error, request.scope["method"], request.scope["path"]))


class _Request:
    """A request's channels: what the client sends goes through a queue, so that its leaving is seen at once."""

    def __init__(self, scope: Scope, receive: Receive, send: Send) -> None:
        self.scope = scope
        self.started = False
        self.left = False
        self._receive = receive
        self._send = send
        self._messages: asyncio.Queue[Message] = asyncio.Queue(4)

    async def listen(self, work: "asyncio.Task[None] | None") -> None:
        """Read from the client until it leaves; then cancel the work."""
        while True:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                break
            await self._messages.put(message)
        self.left = True
        if work is not None:
            work.cancel()

    async def receive(self) -> Message:
        """The next message for the application."""
        return await self._messages.get()

    async def send(self, message: Message) -> None:
        """A message of the application."""
        self.started = True
        await self._send(message)

    async def refuse(self, error: ServiceError) -> None:
        """Answer the error; nothing where an answer is under way: the connection is closed then, before its end."""
        if self.started:
            return
        told = refusal(error, self.scope["path"], self.scope["query_string"].decode("latin-1"))
        await Response(told.body, told.status, told.headers)(self.scope, self.receive, self.send)


def _as_service_error(error: ServiceError | GarrigueError) -> ServiceError:
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, WithheldLayerError):
        return CredentialsError()
    if isinstance(error, RequestError):
        return InvalidParameterError(str(error), error.parameter)
    log.error("%s", error)
    if isinstance(error, UnavailableError):
        return DataAwayError(str(error))
    return ServiceError("the data cannot be read now")


async def _http_error(request: Request, error: Exception) -> Response:
    """404 and 405 of the router, in the protocol's form."""
    assert isinstance(error, HTTPException)
    message = f"there is nothing at {request.url.path[:200]!r}" if error.status_code == 404 else error.detail
    told = ServiceError(message)
    told.status, told.headers = error.status_code, dict(error.headers or {})
    told.code = {404: "NotFound", 405: "OperationNotSupported"}.get(error.status_code, told.code)
    answer = refusal(told, request.url.path, request.url.query)
    return Response(answer.body, answer.status, answer.headers)


class Shared:
    """Lets pages of other origins read every answer (the front does that where there is one)."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        await self.app(scope, receive, _shared(send))


def _shared(send: Send) -> Callable[[MutableMapping[str, Any]], Awaitable[None]]:
    async def sent(message: MutableMapping[str, Any]) -> None:
        if message["type"] == "http.response.start":
            message["headers"] = [*message["headers"], *cross_origin.HEADERS]
        await send(message)

    return sent


def main(arguments: list[str] | None = None) -> None:
    """Serve until told to stop, or until the front is gone."""
    asked = _arguments(arguments)
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    if asked.parent:
        die_with_parent(signal.SIGTERM, asked.parent)
    asyncio.run(_serve(asked), loop_factory=_loop_factory())


async def _serve(asked: argparse.Namespace) -> None:
    pool = Pool(asked.workers)
    pool.start()
    pipes = socket.socket(fileno=asked.pipes) if asked.pipes is not None else None
    context = Context(asked.store, pool, behind_front=asked.socket is not None, pipes=pipes)
    place = {"uds": str(asked.socket)} if asked.socket else {"host": asked.host, "port": asked.port}
    config = uvicorn.Config(
        create_app(context),
        http=connection_class(context) if context.behind_front else "httptools",
        lifespan="on",
        access_log=False,
        log_config=None,
        server_header=False,
        date_header=False,
        proxy_headers=False,
        ws="none",
        timeout_graceful_shutdown=5,
        timeout_keep_alive=15,
        **place,
    )
    server = uvicorn.Server(config)
    telling = asyncio.create_task(_tell_ready(server, asked.ready))
    await server.serve()
    telling.cancel()


async def _tell_ready(server: uvicorn.Server, pipe: int | None) -> None:
    """Write a byte to the front's pipe once requests are listened for."""
    while not server.started:
        await asyncio.sleep(0.005)
    if pipe is not None:
        os.write(pipe, b"+")
        os.close(pipe)


def _loop_factory() -> Callable[[], asyncio.AbstractEventLoop]:
    import uvloop

    factory: Callable[[], asyncio.AbstractEventLoop] = uvloop.new_event_loop
    return factory


def _arguments(arguments: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="garrigue-engine")
    parser.add_argument("--store", type=Path, required=True)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--socket", type=Path)
    parser.add_argument("--ready", type=int)
    parser.add_argument("--pipes", type=int)
    parser.add_argument("--parent", type=int)
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8080)
    return parser.parse_args(arguments)


if __name__ == "__main__":
    main()
