"""What OGC 09-025r2 (14) and wfs20 ask of a service that manages stored queries."""

from dataclasses import replace

import pytest
from lxml import etree

from layers import model
from support.schemas import assert_valid
from support.vectors import make_registry
from support.wfs import Client, constraints, fault

HEAD = 'service="WFS" version="2.0.0" xmlns="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0"'
LANGUAGE = "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression"
BY_TYPE, BY_NAME = "urn:example:wfs2-query:GetFeatureByTypeName", "urn:example:wfs2-query:GetFeatureByName"
QUERIES = {
    BY_TYPE: ("typeName", "xsd:QName", '<Query typeNames="${typeName}"/>'),
    BY_NAME: (
        "name",
        "xsd:string",
        '<Query typeNames="gml:AbstractFeature"><fes:Filter><fes:PropertyIsLike wildCard="*" singleChar="?" '
        'escapeChar="!"><fes:ValueReference>nom</fes:ValueReference><fes:Literal>${name}*</fes:Literal>'
        "</fes:PropertyIsLike></fes:Filter></Query>",
    ),
}


@pytest.fixture
def wfs(tmp_path) -> Client:
    registry = make_registry(tmp_path)
    service = registry.service.model_copy(update={"manage_stored_queries": model.ManagedQueries()})
    client = Client(replace(registry, service=service))
    client.app.state.context.store = tmp_path / "store"
    return client


def created(wfs, name: str, language: str = LANGUAGE):
    parameter, kind, query = QUERIES[name]
    text = (
        f'<CreateStoredQuery {HEAD} xmlns:xsd="http://www.w3.org/2001/XMLSchema"><StoredQueryDefinition id="{name}">'
        f'<Title>{parameter}</Title><Parameter name="{parameter}" type="{kind}"/><QueryExpressionText '
        f'returnFeatureTypes="" language="{language}" isPrivate="false">{query}</QueryExpressionText>'
        "</StoredQueryDefinition></CreateStoredQuery>"
    )
    return wfs(body=text.encode())


def dropped(wfs, name: str):
    return wfs(body=f'<DropStoredQuery {HEAD} id="{name}"/>'.encode())


def asked(wfs, stored: str, **values: str):
    """GetFeature by a stored query, by POST."""
    inside = "".join(f'<Parameter name="{key}">{value}</Parameter>' for key, value in values.items())
    return wfs(body=f'<GetFeature {HEAD}><StoredQuery id="{stored}">{inside}</StoredQuery></GetFeature>'.encode())


def root_of(answer) -> str:
    assert answer.status_code == 200, answer.text
    root = assert_valid(answer.content, "wfs/2.0")
    assert root.get("status") == "OK"
    return etree.QName(root).localname


def test_capabilities_claim_it_and_tell_the_languages(wfs):
    root = assert_valid(wfs(REQUEST="GetCapabilities").content, "wfs/2.0")
    assert constraints(root)["ManageStoredQueries"] == "TRUE"
    parameter = root.find(".//{*}Operation[@name='CreateStoredQuery']/{*}Parameter[@name='language']")
    assert LANGUAGE in [value.text for value in parameter.iter("{*}Value")]


def test_a_query_whose_type_is_a_parameter_is_created_and_asked(wfs):
    assert root_of(created(wfs, BY_TYPE)) == "CreateStoredQueryResponse"
    for name in ("essai:point", "essai:polygon"):
        answer = asked(wfs, BY_TYPE, typeName=name)
        assert etree.fromstring(answer.content).get("numberReturned") == "8"


def test_a_created_query_is_listed_and_described_as_it_was_written(wfs):
    created(wfs, BY_TYPE)
    listed = assert_valid(wfs(REQUEST="ListStoredQueries").content, "wfs/2.0")
    assert BY_TYPE in [query.get("id") for query in listed]
    answer = wfs(REQUEST="DescribeStoredQueries", STOREDQUERY_ID=BY_TYPE)
    described = assert_valid(answer.content, "wfs/2.0")
    assert described[0].find("{*}Parameter").get("name") == "typeName"
    assert described[0].find("{*}QueryExpressionText/{*}Query").get("typeNames") == "${typeName}"


def test_an_unknown_language_is_refused(wfs):
    assert fault(created(wfs, BY_TYPE, "http://qry.example.org")) == (400, "InvalidParameterValue", "language")


def test_an_id_that_is_taken_is_refused(wfs):
    created(wfs, BY_NAME)
    assert fault(created(wfs, BY_NAME)) == (409, "DuplicateStoredQueryIdValue", BY_NAME)


@pytest.mark.parametrize("by_post", [True, False])
def test_a_dropped_query_is_gone(wfs, by_post):
    created(wfs, BY_NAME)
    answer = dropped(wfs, BY_NAME) if by_post else wfs(REQUEST="DropStoredQuery", STOREDQUERY_ID=BY_NAME)
    assert root_of(answer) == "DropStoredQueryResponse"
    assert fault(asked(wfs, BY_NAME, name="x"))[:2] == (400, "InvalidParameterValue")


@pytest.mark.parametrize("name", ["urn:uuid:0", "urn:ogc:def:query:OGC-WFS::GetFeatureById"])
def test_what_is_not_there_or_not_the_clients_cannot_be_dropped(wfs, name):
    assert fault(dropped(wfs, name)) == (400, "InvalidParameterValue", "id")


def test_a_parameter_that_is_not_given_is_missing(wfs):
    created(wfs, BY_TYPE)
    assert fault(asked(wfs, BY_TYPE)) == (400, "MissingParameterValue", "typeName")
