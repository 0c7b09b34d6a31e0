"""A WFS to ask in the same process: no front, no engine around it."""

import asyncio
from dataclasses import dataclass, replace
from pathlib import Path
from types import MappingProxyType

import httpx
from lxml import etree
from starlette.applications import Starlette

from layers import model
from layers.registry import Registry
from server.wfs.service import routes
from support.schemas import assert_valid
from support.vectors import make_registry

NAMESPACES = (
    'xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" '
    'xmlns:gml="http://www.opengis.net/gml/3.2" xmlns:e="https://essai.example/ns"'
)
WFS, GML = "{http://www.opengis.net/wfs/2.0}", "{http://www.opengis.net/gml/3.2}"
OWS, FES = "{http://www.opengis.net/ows/1.1}", "{http://www.opengis.net/fes/2.0}"
BY_ID = "urn:ogc:def:query:OGC-WFS::GetFeatureById"

EDITED = ("point", "multipolygon", "linestring_z")
"""The layers of `editable` that may be changed."""


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


def editable(folder: Path) -> Client:
    """A WFS over files of its own, some of whose layers may be edited."""
    registry = make_registry(folder)
    layers = {
        name: replace(layer, definition=layer.definition.model_copy(update={"edit": model.Edit()}))
        if name in EDITED
        else layer
        for name, layer in registry.layers.items()
    }
    client = Client(replace(registry, layers=MappingProxyType(layers)))
    client.app.state.context.store = folder / "store"
    return client


def post(wfs, operation: str, inside: str, attributes: str = ""):
    """The answer to an operation by POST."""
    text = f'<wfs:{operation} service="WFS" version="2.0.0" {NAMESPACES} {attributes}>{inside}</wfs:{operation}>'
    return wfs(body=text.encode())


def stored(wfs, by_post: bool, name: str, identifier: str):
    """The answer to a stored query with one parameter, `id`."""
    inside = f"<wfs:StoredQuery id='{name}'><wfs:Parameter name='id'>{identifier}</wfs:Parameter></wfs:StoredQuery>"
    return post(wfs, "GetFeature", inside) if by_post else wfs(REQUEST="GetFeature", STOREDQUERY_ID=name, ID=identifier)


def ids(answer) -> list[str]:
    """The gml:ids of the features of an answer, whose counts are true."""
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    found = [member[0].get(f"{GML}id") for member in root.iter(f"{WFS}member")]
    assert root.get("numberReturned") == str(len(found))
    return found


def fault(answer) -> tuple[int, str, str | None]:
    """Status, code and locator of a valid exception report."""
    report = assert_valid(answer.content, "ows/1.1.0")
    return answer.status_code, report[0].get("exceptionCode"), report[0].get("locator")


def constraints(root) -> dict[str, str]:
    """Name and default value of the constraints of capabilities."""
    return {
        item.get("name"): item.findtext(f"{OWS}DefaultValue")
        for item in root.iter(f"{OWS}Constraint", f"{FES}Constraint")
        if item.find(f"{OWS}DefaultValue") is not None
    }
