"""The portal alone, over the small configuration."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from layers.registry import Registry
from server.portal.service import routes


@dataclass
class Alone:
    """What the portal needs of the engine's context."""

    registry: Registry

    def base(self, request) -> str:
        return f"http://{request.headers['host']}/prefixe"


@pytest.fixture(scope="session")
def portal(registry):
    """Asks the portal for an address."""
    app = Starlette(routes=routes(None))
    app.state.context = Alone(registry)

    def ask(path="/", **headers) -> httpx.Response:
        async def get() -> httpx.Response:
            transport = httpx.ASGITransport(app=app)
            async with httpx.AsyncClient(transport=transport, base_url="http://portal.test", timeout=30) as client:
                return await client.get(
                    path, headers={name.replace("_", "-"): value for name, value in headers.items()}
                )

        return asyncio.run(get())

    return ask
