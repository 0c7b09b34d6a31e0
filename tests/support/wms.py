"""A WMS to ask in the same process, over any registry: everything is real but the processes that draw."""

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
from starlette.applications import Starlette
from starlette.requests import Request

from layers.registry import Registry
from server.wms.known_maps import KnownMaps

BASE = "http://testserver"


class Here:
    """The context of the engine, drawing in a thread."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.known_maps = KnownMaps()

    async def run(self, func: Callable[..., Any], *args: Any) -> Any:
        return await asyncio.to_thread(func, self.registry, *args)

    def base(self, request: Request) -> str:
        return f"{request.url.scheme}://{request.url.netloc}"


class Client:
    """Asks an ASGI application, without a network."""

    def __init__(self, app: Starlette) -> None:
        self.app = app

    def get(self, path: str, **params: str | int | None) -> httpx.Response:
        """The answer to a GET; parameters that are None are left out."""
        return self.request("GET", path, params={k: v for k, v in params.items() if v is not None})

    def request(self, method: str, path: str, **options: Any) -> httpx.Response:
        """The answer to any request."""
        return asyncio.run(self._request(method, path, options))

    async def _request(self, method: str, path: str, options: dict[str, Any]) -> httpx.Response:
        transport = httpx.ASGITransport(self.app)
        async with httpx.AsyncClient(transport=transport, base_url=BASE) as client:
            return await client.request(method, path, **options)


def client_of(registry: Registry) -> Client:
    """A client of the WMS alone."""
    from server.wms.service import routes

    context: Any = Here(registry)
    app = Starlette(routes=routes(context))
    app.state.context = context
    return Client(app)
