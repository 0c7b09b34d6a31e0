"""GetCapabilities: valid, and true."""

import pytest
from lxml import etree

from server.urls import BASE
from server.wfs.capabilities import document
from server.wfs.ows import SECTIONS
from support.schemas import assert_valid

OWS = "{http://www.opengis.net/ows/1.1}"
WFS = "{http://www.opengis.net/wfs/2.0}"


def test_the_document_is_valid_and_names_every_type(wfs):
    root = assert_valid(wfs(REQUEST="GetCapabilities", VERSION=None).content, "wfs/2.0")
    assert {name.text for name in root.iter(f"{WFS}Name")} == {f"essai:{name}" for name in wfs.registry.layers}


@pytest.mark.parametrize(
    ("name", "value"),
    [("ImplementsResultPaging", "TRUE"), ("ImplementsTransactionalWFS", "FALSE"), ("CountDefault", "1000")],
)
def test_constraints_have_the_default_values_that_clients_look_for(wfs, name, value):
    root = etree.fromstring(wfs(REQUEST="GetCapabilities").content)
    constraint = root.find(f".//{OWS}Constraint[@name='{name}']")
    assert constraint.findtext(f"{OWS}DefaultValue") == value


def test_each_operation_has_the_public_address(wfs):
    root = etree.fromstring(wfs(REQUEST="GetCapabilities").content)
    hrefs = {element.get("{http://www.w3.org/1999/xlink}href") for element in root.iter(f"{OWS}Get", f"{OWS}Post")}
    assert hrefs == {"http://wfs.test/wfs?", "http://wfs.test/wfs"}


def test_a_theme_has_its_own_document(wfs):
    root = assert_valid(wfs("/themes/autres/wfs", REQUEST="GetCapabilities").content, "wfs/2.0")
    assert {name.text for name in root.iter(f"{WFS}Name")} == {
        "essai:copie",
        "essai:dalles",
        "essai:lieux",
        "essai:papillon",
    }
    assert b"http://wfs.test/themes/autres/wfs?" in etree.tostring(root)


def test_the_document_that_is_rendered_ahead_has_the_base_in_place_of_an_address(vectors):
    assert f"{BASE}/themes/gpkg/wfs?".encode() in document(vectors, "gpkg")


@pytest.mark.parametrize("section", SECTIONS)
def test_a_section_comes_alone(wfs, section):
    root = assert_valid(wfs(REQUEST="GetCapabilities", SECTIONS=section).content, "wfs/2.0")
    assert [etree.QName(child).localname for child in root] == [section]


@pytest.mark.parametrize(
    ("params", "status", "code"),
    [
        ({"SERVICE": None}, 400, "MissingParameterValue"),
        ({"SERVICE": "WMS"}, 400, "InvalidParameterValue"),
        ({"ACCEPTVERSIONS": "9.9.9"}, 400, "VersionNegotiationFailed"),
        ({"SECTIONS": "Rien"}, 400, "InvalidParameterValue"),
        ({"REQUEST": "GetNothing"}, 400, "OperationNotSupported"),
        ({"REQUEST": None}, 400, "MissingParameterValue"),
    ],
)
def test_a_wrong_request_gets_the_right_code(wfs, params, status, code):
    answer = wfs(**{"REQUEST": "GetCapabilities", **params})
    root = assert_valid(answer.content, "ows/1.1.0")
    assert (answer.status_code, root[0].get("exceptionCode")) == (status, code)


def test_the_first_accepted_version_that_is_served_is_taken(wfs):
    assert wfs(REQUEST="GetCapabilities", ACCEPTVERSIONS="3.0.0,2.0.0,1.1.0").status_code == 200


def test_a_post_with_xml_is_answered(wfs):
    body = (
        '<GetCapabilities xmlns="http://www.opengis.net/wfs/2.0" xmlns:o="http://www.opengis.net/ows/1.1" '
        'service="WFS"><o:AcceptVersions><o:Version>2.0.0</o:Version></o:AcceptVersions>'
        "<o:Sections><o:Section>FeatureTypeList</o:Section></o:Sections></GetCapabilities>"
    )
    root = assert_valid(wfs(body=body).content, "wfs/2.0")
    assert len(root) == 1


@pytest.mark.parametrize(
    ("version", "element"), [("2.0.0", "Function"), ("1.1.0", "FunctionName"), ("1.0.0", "Function_Name")]
)
def test_functions_are_listed_and_each_can_be_called(wfs, version, element):
    schemas = {"2.0.0": "wfs/2.0", "1.1.0": "wfs/1.1.0", "1.0.0": "wfs/1.0.0"}
    root = assert_valid(wfs(REQUEST="GetCapabilities", VERSION=version).content, schemas[version])
    names = [one.get("name") or one.text for one in root.iter(f"{{*}}{element}")]
    assert set(names) >= {"lower", "upper", "length", "abs"}
    for name in names:
        call = f"{name}({'entier' if name == 'abs' else 'nom'}) = {2 if name in ('abs', 'length') else repr('x')}"
        assert wfs(REQUEST="GetFeature", TYPENAMES="point", CQL_FILTER=call).status_code == 200
