"""What the OGC's suite of OGC API – Features (ets-ogcapi-features10) asks, read from its tests, asked here."""

import asyncio
import importlib.resources
import json
import re

import httpx
import jsonschema
import pytest
from starlette.applications import Starlette

from server.ogcapi.service import routes

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
COLLECTIONS = ["parcelle", "arbre", "chemin"]
CRS84 = "http://www.opengis.net/def/crs/OGC/1.3/CRS84"


class Here:
    """The context of an engine that is asked directly."""

    def __init__(self, registry):
        self.registry = registry

    def base(self, _request):
        return "http://iut.test"


@pytest.fixture(scope="module")
def iut(registry):
    """Asks the implementation under test for an address, whole or below the landing page."""
    app = Starlette(routes=routes(None))
    app.state.context = Here(registry)

    async def ask(address, params, headers):
        transport = httpx.ASGITransport(app=app)
        async with httpx.AsyncClient(transport=transport, base_url="http://iut.test", timeout=30) as client:
            return await client.get(address, params=params, headers=headers)

    def get(address, params=None, **headers):
        whole = address if address.startswith("http") else f"/ogcapi{address}"
        return asyncio.run(ask(whole, params, headers))

    return get


def test_the_definition_is_a_valid_openapi_3_0_document(iut):
    files = importlib.resources.files("pygeoapi") / "resources/schemas/openapi/openapi-3.0.x.json"
    landing = iut("/", accept="application/json").json()
    link = next(link for link in landing["links"] if link["rel"] == "service-desc")
    answer = iut(link["href"], accept=OPENAPI)
    assert answer.headers["content-type"].replace(" ", "") == OPENAPI
    jsonschema.validate(answer.json(), json.loads(files.read_text("utf-8")))


@pytest.mark.parametrize("path", ["/collections", "/collections/arbre", "/collections/arbre/items"])
def test_self_and_alternate_links_have_a_type_for_every_claimed_encoding(iut, path):
    links = iut(path, accept="application/json").json()["links"]
    by_rel = {rel: [link["type"] for link in links if link["rel"] == rel] for rel in ("self", "alternate")}
    assert len(by_rel["self"]) == 1
    assert "json" in by_rel["self"][0]
    assert by_rel["alternate"] == ["text/html"]


@pytest.mark.parametrize("name", COLLECTIONS)
def test_items_links_lead_to_items_of_their_type(iut, name):
    links = iut(f"/collections/{name}", accept="application/json").json()["links"]
    found = {link["type"]: iut(link["href"]) for link in links if link["rel"] == "items"}
    assert set(found) == {"application/geo+json", "text/html"}
    assert all(answer.headers["content-type"].startswith(type_) for type_, answer in found.items())


@pytest.mark.parametrize("name", COLLECTIONS)
@pytest.mark.parametrize("box", ["177,65,-177,70", "-180,85,180,90", "-180,-90,180,-85", "-180,-90,180,90"])
def test_every_box_of_the_suite_is_answered(iut, name, box):
    answer = iut(f"/collections/{name}/items", {"bbox": box})
    assert answer.status_code == 200
    expected = {"parcelle": 100, "arbre": 50, "chemin": 10}[name] if box == "-180,-90,180,90" else 0
    assert answer.json()["numberMatched"] == expected


@pytest.mark.parametrize("name", COLLECTIONS)
def test_a_page_says_how_many_and_when(iut, name):
    page = iut(f"/collections/{name}/items", {"limit": 3}).json()
    assert page["numberReturned"] == len(page["features"]) == 3
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", page["timeStamp"])
    assert all(feature["id"] for feature in page["features"])


@pytest.mark.parametrize("name", COLLECTIONS)
def test_every_listed_crs_is_served_and_told(iut, name):
    collection = iut(f"/collections/{name}", accept="application/json").json()
    assert collection["crs"][0] == CRS84
    assert collection["storageCrs"] in collection["crs"]
    for crs in collection["crs"]:
        for params in ({"limit": 1, "crs": crs}, {"limit": 1, "bbox": "0,0,1,1", "bbox-crs": crs}):
            answer = iut(f"/collections/{name}/items", params)
            assert answer.status_code == 200
            assert answer.headers["content-crs"] == f"<{params.get('crs', CRS84)}>"


@pytest.mark.parametrize("name", COLLECTIONS)
def test_the_same_feature_is_given_alone_and_in_its_page(iut, name):
    feature = iut(f"/collections/{name}/items", {"limit": 1}).json()["features"][0]
    alone = iut(f"/collections/{name}/items/{feature['id']}").json()
    assert {key: alone[key] for key in feature} == feature


@pytest.mark.parametrize(
    "params", [{"limit": "unlimited"}, {"unknownQueryParameter7": "1"}, {"crs": "x"}, {"bbox": "1"}]
)
def test_what_is_wrong_is_400(iut, params):
    assert iut("/collections/parcelle/items", params).status_code == 400


def test_times_of_the_temporal_extent_are_answered(iut):
    extent = iut("/collections/arbre", accept="application/json").json()["extent"]["temporal"]["interval"][0]
    for asked in (extent[0], "/".join(extent), f"{extent[0]}/P2D"):
        page = iut("/collections/arbre/items", {"datetime": asked}).json()
        assert page["numberMatched"] > 0
