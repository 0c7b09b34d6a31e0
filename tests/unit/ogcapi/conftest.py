"""The OGC API alone, over the small configuration: no front, no engine around it."""

import asyncio
from dataclasses import dataclass

import httpx
import pytest
from starlette.applications import Starlette

from layers.registry import Registry
from server.ogcapi.service import routes

CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


@dataclass
class Alone:
    """What the OGC API needs of the engine's context."""

    registry: Registry

    def base(self, request) -> str:
        return f"http://{request.headers['host']}/prefixe"


class Client:
    """Asks for an address below /ogcapi, with parameters by name."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.app = Starlette(routes=routes(None))
        self.app.state.context = Alone(registry)

    def __call__(self, path="", params=None, *, method="GET", **headers) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://api.test", timeout=30) as client:
                sent = {name.replace("_", "-"): value for name, value in headers.items()}
                return await client.request(method, f"/ogcapi{path}", params=params, headers=sent)

        return asyncio.run(ask())

    def items(self, collection: str, **params) -> dict:
        """The page of a collection that is asked, which must be there."""
        named = {name.replace("_", "-"): value for name, value in params.items()}
        answer = self(f"/collections/{collection}/items", named)
        assert answer.status_code == 200, answer.text
        return answer.json()


@pytest.fixture(scope="session")
def api(registry) -> Client:
    """The OGC API over the small configuration."""
    return Client(registry)
