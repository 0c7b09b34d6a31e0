"""The WFS alone, over small vector files: no front, no engine around it."""

import asyncio
from dataclasses import dataclass, replace
from types import MappingProxyType

import httpx
import pytest
from starlette.applications import Starlette

from layers import model
from layers.registry import Registry
from server.wfs.service import routes
from support.vectors import make_registry


@dataclass
class Alone:
    """What the WFS needs of the engine's context."""

    registry: Registry

    def base(self, _request) -> str:
        return "http://wfs.test"


class Client:
    """Asks the WFS: parameters by name, or a body for a POST."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry
        self.app = Starlette(routes=routes(None))
        self.app.state.context = Alone(registry)

    def __call__(self, path="/wfs", *, body=None, headers=None, **params) -> httpx.Response:
        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app=self.app, raise_app_exceptions=True)
            async with httpx.AsyncClient(transport=transport, base_url="http://wfs.test", timeout=30) as client:
                if body is not None:
                    xml = {"content-type": "text/xml", **(headers or {})}
                    return await client.post(path, content=body, params=params, headers=xml)
                asked = {"SERVICE": "WFS", "VERSION": "2.0.0", **params}
                kept = {name: value for name, value in asked.items() if value is not None}
                return await client.get(path, params=kept, headers=headers)

        return asyncio.run(ask())

    def get(self, address: str) -> httpx.Response:
        """The answer to an address that an answer gave."""
        url = httpx.URL(address)
        return self(url.path, **dict(url.params))


@pytest.fixture(scope="session")
def vectors(tmp_path_factory) -> Registry:
    """A registry over vector files of every trait."""
    return make_registry(tmp_path_factory.mktemp("vectors"))


@pytest.fixture(scope="session")
def wfs(vectors) -> Client:
    """The WFS over these files."""
    return Client(vectors)


@pytest.fixture
def edited(tmp_path, wfs):
    """A WFS over files of its own, whose points and collections of polygons may be edited."""
    registry = make_registry(tmp_path)
    layers = {
        name: replace(layer, definition=layer.definition.model_copy(update={"edit": model.Edit()}))
        if name in ("point", "multipolygon", "linestring_z")
        else layer
        for name, layer in registry.layers.items()
    }
    client = type(wfs)(replace(registry, layers=MappingProxyType(layers)))
    client.app.state.context.store = tmp_path / "store"
    return client
