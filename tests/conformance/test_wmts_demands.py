"""What the OGC's suite of WMTS 1.0.0 (ets-wmts10) asks, read from its tests, asked here."""

import re

import pytest
from lxml import etree
from starlette.applications import Starlette

from layers.registry import Registry
from server.wmts.service import routes
from support.schemas import assert_valid
from support.wms import Client, Here
from tiles.grids import grid
from tiles.limits import limits

NS = {"w": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}
ASK = {"SERVICE": "WMTS", "REQUEST": "GetCapabilities"}


@pytest.fixture(scope="module")
def client(registry: Registry, tmp_path_factory: pytest.TempPathFactory) -> Client:
    """Asks a WMTS on the small configuration."""
    context = Here(registry)
    context.store = tmp_path_factory.mktemp("store")
    app = Starlette(routes=routes(context))
    app.state.context = context
    return Client(app)


@pytest.fixture(scope="module")
def info(registry: Registry) -> str:
    """The RESTful address of a pixel of parcels, without row, column and extension."""
    level = next(level for level in limits(registry.layers["parcelle"], grid("PM")) if level.z == 17)
    return f"/wmts/parcelle/default/PM/17/{(level.y0 + level.y1) // 2}/{(level.x0 + level.x1) // 2}"


def report(answer) -> tuple[int, str, str | None]:
    """Status, code and locator of a valid exception report."""
    found = assert_valid(answer.content, "ows/1.1.0").find("ows:Exception", NS)
    return answer.status_code, found.get("exceptionCode"), found.get("locator")


def sections(answer) -> list[str]:
    return [etree.QName(child).localname for child in etree.fromstring(answer.content)]


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"REQUEST": "GetBOGUS", "VERSION": "1.0.0"}, (400, "InvalidParameterValue", "Request")),
        ({"SERVICE": "BOGUS"}, (400, "InvalidParameterValue", "Service")),
        ({"ACCEPTVERSIONS": "1.1.0,1.2.0"}, (400, "VersionNegotiationFailed", None)),
        ({"SECTIONS": ""}, (400, "MissingParameterValue", "Sections")),
        ({"SECTIONS": "bogus"}, (400, "InvalidParameterValue", "Sections")),
        ({"UPDATESEQUENCE": "99999999999"}, (400, "InvalidUpdateSequence", None)),
        ({"UPDATESEQUENCE": "x"}, (400, "InvalidUpdateSequence", None)),
    ],
)
def test_wrong_capabilities_requests_get_the_standards_code(client, params, expected):
    assert report(client.get("/wmts", **(ASK | params))) == expected


def test_sections_hold_what_was_asked_and_nothing_beside(client):
    assert sections(client.get("/wmts", **ASK, SECTIONS="Contents,Themes")) == ["Contents", "Themes"]
    assert sections(client.get("/wmts", **ASK, SECTIONS="all")) == sections(client.get("/wmts", **ASK))


def test_an_update_sequence_older_than_the_document_gets_the_whole_and_the_same_one_nothing(client):
    whole = client.get("/wmts", **ASK)
    current = etree.fromstring(whole.content).get("updateSequence")
    assert client.get("/wmts", **ASK, UPDATESEQUENCE=str(int(current) - 1)).content == whole.content
    assert sections(client.get("/wmts", **ASK, UPDATESEQUENCE=current)) == []


def test_the_restful_document_is_xml_or_406(client):
    place = "/wmts/1.0.0/WMTSCapabilities.xml"
    assert client.request("GET", place, headers={"Accept": "example/unknown"}).status_code == 406
    for accepted in ("*/*", "application/xml", "text/html,application/xhtml+xml,*/*;q=0.8"):
        assert client.request("GET", place, headers={"Accept": accepted}).status_code == 200


def test_operations_have_one_address_each_and_it_is_that_of_key_value_pairs(client):
    root = etree.fromstring(client.get("/wmts", **ASK).content)
    gets = root.findall("ows:OperationsMetadata/ows:Operation/ows:DCP/ows:HTTP/ows:Get", NS)
    assert len(gets) == 3
    assert {get.findtext("ows:Constraint/ows:AllowedValues/ows:Value", namespaces=NS) for get in gets} == {"KVP"}


def test_every_information_format_has_its_restful_address(client, info):
    root = etree.fromstring(client.get("/wmts", **ASK).content)
    layer = root.xpath("//w:Layer[ows:Identifier='parcelle']", namespaces=NS)[0]
    templates = {
        item.get("format"): item.get("template")
        for item in layer.findall("w:ResourceURL", NS)
        if item.get("resourceType") == "FeatureInfo"
    }
    assert sorted(templates) == sorted(item.text for item in layer.findall("w:InfoFormat", NS))
    style, grid_id, *place = info.split("/")[3:]
    values = dict(zip(("TileMatrix", "TileRow", "TileCol"), place, strict=True))
    values |= {"style": style, "TileMatrixSet": grid_id, "J": "128", "I": "128"}
    for media_type, template in templates.items():
        address = re.sub(r"\{(\w+)\}", lambda name: values[name[1]], template)
        answer = client.get(address)
        assert (answer.status_code, answer.headers["content-type"]) == (200, media_type)


@pytest.mark.parametrize("end", ["/256/0.json", "/0/256.json", "/-1/0.json", "/a/0.json", "/0/0.bogus", "/0.json"])
def test_a_pixel_that_is_none_is_404(client, info, end):
    status, _, _ = report(client.get(f"{info}{end}"))
    assert status == 404
