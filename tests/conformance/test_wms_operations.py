"""Negotiation of version, format and language; DescribeLayer and GetStyles; requests as old clients write them."""

import io

import pytest
from lxml import etree

from support.schemas import archive, assert_valid, assert_valid_wms111
from support.wms import client_of

WMS = "{http://www.opengis.net/wms}"
SLD = "{http://www.opengis.net/sld}"


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


@pytest.mark.parametrize(
    ("version", "answered"),
    [
        (None, "1.3.0"),
        ("1.3.0", "1.3.0"),
        ("100.0.0", "1.3.0"),
        ("1.2.0", "1.1.1"),
        ("0.0.0", "1.1.1"),
        ("1.0.0", "1.1.1"),
    ],
)
def test_versions_are_negotiated(client, version, answered):
    answer = client.get("/wms", REQUEST="GetCapabilities", SERVICE="WMS", VERSION=version)
    assert etree.fromstring(answer.content).get("version") == answered
    sld = "sld/1.1.0/sld_capabilities.xsd"
    assert_valid(answer.content, sld) if answered == "1.3.0" else assert_valid_wms111(answer.content)


@pytest.mark.parametrize("name", [None, "", "text/xml", "text/nope", "application/json"])
def test_capabilities_are_xml_whatever_format_is_asked(client, name):
    answer = client.get("/wms", REQUEST="GetCapabilities", SERVICE="WMS", FORMAT=name)
    assert (answer.status_code, answer.headers["content-type"]) == (200, "text/xml; charset=utf-8")


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize(
    ("shift", "code"),
    [(-1, None), (0, "CurrentUpdateSequence"), (1, "InvalidUpdateSequence"), ("x", "InvalidUpdateSequence")],
)
def test_a_document_is_given_to_those_who_have_an_older_one(client, registry, shift, code, version):
    sequence = shift if isinstance(shift, str) else f"{registry.updated + shift:.9E}"
    answer = client.get("/wms", REQUEST="GetCapabilities", VERSION=version, UPDATESEQUENCE=sequence)
    root = etree.fromstring(answer.content)
    assert answer.status_code == (400 if code else 200)
    assert (root[0].get("code") if code else None) == code


def test_without_a_sequence_of_our_own_the_clients_is_ignored(registry):
    from dataclasses import replace

    answer = client_of(replace(registry, updated=0, version="never")).get(
        "/wms", REQUEST="GetCapabilities", UPDATESEQUENCE="9"
    )
    assert answer.status_code == 200
    assert etree.fromstring(answer.content).get("updateSequence") is None


@pytest.mark.parametrize(
    ("language", "title"),
    [
        (None, "Essai d'été"),
        ("", "Essai d'été"),
        ("fre", "Essai d'été"),
        ("fr", "Essai d'été"),
        ("eng", "Summer trial"),
        ("ENG", "Summer trial"),
        ("ger", "Essai d'été"),
    ],
)
def test_the_language_is_the_asked_one_or_the_services_own(client, language, title):
    answer = client.get("/wms", REQUEST="GetCapabilities", SERVICE="WMS", LANGUAGE=language)
    assert etree.fromstring(answer.content).findtext(f"{WMS}Service/{WMS}Title") == title


def test_the_capabilities_of_a_theme_have_its_layers_only(client):
    root = etree.fromstring(client.get("/themes/images/wms", REQUEST="GetCapabilities").content)
    assert [e.text for e in root.iterfind(f".//{WMS}Layer/{WMS}Name")] == ["images", "ortho", "relief"]
    assert root.findtext(f"{WMS}Service/{WMS}Title") == "Images"
    address = root.find(f"{WMS}Service/{WMS}OnlineResource").get("{http://www.w3.org/1999/xlink}href")
    assert address == "http://testserver/themes/images/wms?"


def test_requests_of_version_1_0_0_are_understood(client):
    answer = client.get("/wms", WMTVER="1.0.0", REQUEST="capabilities")
    assert etree.fromstring(answer.content).get("version") == "1.1.1"
    box = "770000,6279000,771000,6280000"
    given = {"WMTVER": "1.0.0", "REQUEST": "map", "SRS": "EPSG:2154", "BBOX": box, "WIDTH": 9, "HEIGHT": 9}
    answer = client.get("/wms", **given, LAYERS="parcelle", STYLES="", FORMAT="PNG")
    assert answer.headers["content-type"] == "image/png", answer.text


def test_a_described_layer_names_its_feature_type(client):
    answer = client.get("/wms", REQUEST="DescribeLayer", VERSION="1.3.0", SLD_VERSION="1.1.0", LAYERS="parcelle,ortho")
    root = assert_valid(answer.content, "sld/1.1.0/DescribeLayer.xsd")
    assert root.findtext(".//{*}FeatureTypeName") == "essai:parcelle"
    answer = client.get("/wms", REQUEST="DescribeLayer", VERSION="1.1.1", LAYERS="parcelle,ortho")
    assert answer.headers["content-type"] == "application/vnd.ogc.wms_xml"
    root = assert_valid_wms111(answer.content)
    assert root.find("LayerDescription").get("wfs") == "http://testserver/wfs?"


def test_styles_are_given_as_sld_under_their_published_names(client):
    answer = client.get("/wms", REQUEST="GetStyles", VERSION="1.1.1", LAYERS="parcelle,arbre")
    root = assert_valid(answer.content, "sld/1.0.0/StyledLayerDescriptor.xsd")
    assert answer.headers["content-type"] == "application/vnd.ogc.sld+xml"
    assert root.findtext(f"{SLD}NamedLayer/{SLD}Name") == "parcelle"
    assert root.findtext(f".//{SLD}UserStyle/{SLD}Name") == "default"


def test_tile_sets_are_told_in_1_1_1_where_tiles_are_asked(client):
    given = {"REQUEST": "GetCapabilities", "VERSION": "1.1.1"}
    plain, tiled = client.get("/wms", **given).content, client.get("/wms", **given, TILED="true").content
    assert b"VendorSpecificCapabilities" not in plain
    parser = etree.XMLParser(no_network=True)
    root = etree.fromstring(tiled, parser)
    external = archive().read("ogc/wms/1.1.1/WMS_MS_Capabilities.dtd")
    own = tiled[tiled.index(b"[") + 1 : tiled.index(b"]>")]
    dtd = etree.DTD(io.BytesIO(own + external))
    assert dtd.validate(root), dtd.error_log
    found = {(e.findtext("Layers"), e.findtext("SRS"), e.findtext("Format")) for e in root.iter("TileSet")}
    assert {("ortho", "EPSG:3857", "image/jpeg"), ("ortho", "EPSG:2154", "image/jpeg")} <= found
    first = next(e for e in root.iter("TileSet") if e.findtext("SRS") == "EPSG:3857")
    resolutions = [float(number) for number in first.findtext("Resolutions").split()]
    assert resolutions[0] == pytest.approx(156543.033928)
    assert b"TileSet" not in client.get("/wms", REQUEST="GetCapabilities", TILED="true").content
