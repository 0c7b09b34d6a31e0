# ruff: noqa: E501 - requests as they are sent
"""Stored queries: declared and created ones, their values never more than values, who may manage them."""

from dataclasses import replace
from datetime import date

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from layers import model
from layers.filters import Names, read_cql
from layers.filters.placeholders import Geometry
from layers.query import FeatureQuery
from layers.sources import open_features
from server.access import ANYBODY, ASKER, Asker
from support.schemas import assert_valid

BY_NAME = "https://essai.example/par-nom"
NEAR = "urn:essai:autour"
FES = "urn:essai:fes"
DECLARED = {
    BY_NAME: {
        "title": {"fr": "Par nom & nombre", "en": "By name"},
        "parameters": {
            "nom": {"title": {"fr": "Le nom"}},
            "plancher": {"type": "integer", "default": -10},
        },
        "layers": ["point", "polygon"],
        "filter": "nom = {nom} and entier >= {plancher}",
    },
    NEAR: {
        "title": "Around",
        "parameters": {"place": {"type": "geometry"}, "metres": {"type": "real"}},
        "layers": ["point"],
        "filter": "DWITHIN(geometry, {place}, {metres}, m)",
    },
    FES: {
        "title": "FES",
        "parameters": {"nom": {}, "place": {"type": "geometry"}, "jour": {"type": "date"}},
        "layers": ["point"],
        "filter": '<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0"><fes:And><fes:PropertyIsLike wildCard="*" singleChar="?" escapeChar="!"><fes:ValueReference>nom</fes:ValueReference><fes:Literal>{nom}*</fes:Literal></fes:PropertyIsLike><fes:DWithin><fes:ValueReference>geometry</fes:ValueReference><fes:Literal>{place}</fes:Literal><fes:Distance uom="m">5</fes:Distance></fes:DWithin><fes:PropertyIsEqualTo><fes:ValueReference>jour</fes:ValueReference><fes:Literal>{jour}</fes:Literal></fes:PropertyIsEqualTo></fes:And></fes:Filter>',
    },
}
FIRST = "POINT (770000.1 6279000.2)"


@pytest.fixture
def stored(wfs, tmp_path):
    """A WFS with declared stored queries, where clients may manage others."""
    service = wfs.registry.service.model_dump() | {
        "stored_queries": DECLARED,
        "manage_stored_queries": {"groups": ["sig"], "most": 3},
    }
    client = type(wfs)(replace(wfs.registry, service=model.Service.model_validate(service)))
    client.app.state.context.store = tmp_path
    ASKER.set(Asker("camille", frozenset({"sig"})))
    yield client
    ASKER.set(ANYBODY)


def ask(client, name: str, **params):
    return client(REQUEST="GetFeature", STOREDQUERY_ID=name, **params)


def test_declared_ones_are_listed_and_described_in_both_languages(stored):
    root = assert_valid(stored(REQUEST="ListStoredQueries").content, "wfs/2.0")
    assert {one.get("id") for one in root} >= {BY_NAME, NEAR, FES}
    root = assert_valid(stored(REQUEST="DescribeStoredQueries", STOREDQUERY_ID=BY_NAME).content, "wfs/2.0")
    assert [title.text for title in root[0].findall("{*}Title")] == ["By name", "Par nom & nombre"]
    assert [(one.get("name"), one.get("type")) for one in root[0].findall("{*}Parameter")] == [
        ("nom", "xsd:string"),
        ("plancher", "xsd:long"),
    ]
    assert root[0].find("{*}QueryExpressionText").get("returnFeatureTypes") == "essai:point essai:polygon"


def test_a_query_of_several_types_answers_a_collection_of_each(stored):
    answer = ask(stored, BY_NAME, nom="été")
    root = assert_valid(answer.content, "wfs/2.0")
    assert root.get("numberMatched") == "2"
    assert "point.1" in answer.text
    assert "polygon.1" in answer.text
    assert 'numberMatched="0"' in ask(stored, BY_NAME, nom="été", plancher="2").text
    assert ask(stored, BY_NAME, nom="été", OUTPUTFORMAT="application/json").json()["numberMatched"] == 2


def test_values_of_a_property_come_by_a_stored_query_too(stored):
    answer = stored(REQUEST="GetPropertyValue", STOREDQUERY_ID=BY_NAME, nom="été", VALUEREFERENCE="entier")
    root = assert_valid(answer.content, "wfs/2.0")
    assert [member.findtext("*") or member.text for member in root] == ["1", "1"]


@pytest.mark.parametrize(
    "place",
    [
        FIRST,
        f"SRID=2154;{FIRST}",
        '<gml:Point xmlns:gml="http://www.opengis.net/gml/3.2" srsName="EPSG:2154"><gml:pos>770000.1 6279000.2</gml:pos></gml:Point>',
    ],
)
def test_a_geometry_is_given_as_wkt_or_gml(stored, place):
    answer = ask(stored, NEAR, place=place, metres="1")
    assert answer.status_code == 200, answer.text
    assert 'numberMatched="1"' in answer.text
    assert 'numberMatched="2"' in ask(stored, NEAR, place=place, metres="150").text
    assert 'numberMatched="1"' in ask(stored, FES, nom="ét", place=place, jour="2024-02-29").text


def test_a_geometry_in_a_body_stays_xml(stored):
    body = (
        '<wfs:GetFeature service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:gml="http://www.opengis.net/gml/3.2">'
        f'<wfs:StoredQuery id="{NEAR}"><wfs:Parameter name="place"><gml:Point srsName="EPSG:2154"><gml:pos>770000.1 6279000.2</gml:pos></gml:Point></wfs:Parameter>'
        '<wfs:Parameter name="metres">1</wfs:Parameter></wfs:StoredQuery><wfs:Query typeNames="polygon"/></wfs:GetFeature>'
    )
    answer = stored(body=body.encode())
    assert answer.status_code == 200, answer.text
    assert 'numberMatched="9"' in answer.text


@pytest.mark.parametrize(
    ("params", "code", "locator"),
    [
        ({}, "MissingParameterValue", "nom"),
        ({"nom": "x", "plancher": "beaucoup"}, "InvalidParameterValue", "plancher"),
        ({"nom": "x", "plancher": "1 or 1=1"}, "InvalidParameterValue", "plancher"),
    ],
)
def test_a_value_that_is_wrong_is_told_by_its_parameter(stored, params, code, locator):
    answer = ask(stored, BY_NAME, **params)
    report = assert_valid(answer.content, "ows/1.1.0")
    assert (answer.status_code, report[0].get("exceptionCode"), report[0].get("locator")) == (400, code, locator)


@pytest.mark.parametrize(
    "place",
    [
        "POINT",
        "{metres}",
        "POINT (0 0)) or (1=1",
        "<x/>",
        "<!DOCTYPE x [<!ENTITY a 'b'>]><x>&a;</x>",
        "EXCLUDE",
        "",
        "POINT (nan 0)",
    ],
)
def test_a_geometry_that_is_none_is_refused(stored, place):
    answer = ask(stored, NEAR, place=place, metres="1")
    assert answer.status_code == 400
    assert_valid(answer.content, "ows/1.1.0")


PLACES = [
    ("nom IN ('x', {a})", {"a": "été"}, [1]),
    ("nom LIKE {a}", {"a": "%œuf%"}, [2]),
    ("nom LIKE {a} AND entier = -{b}", {"a": "%œuf%", "b": 2}, [2]),
    ("entier BETWEEN {b} AND {b} + 1", {"b": 5}, [6, 7]),
    ("jour = {d}", {"d": date(2024, 2, 29)}, [1]),
    ("T_AFTER(jour, {d})", {"d": date(2000, 1, 1)}, [1]),
    ("jour DURING {d}/2024-03-01", {"d": date(2024, 2, 1)}, [1]),
    ("vrai = {v} AND entier < 2", {"v": True}, [1]),
    ("S_INTERSECTS({g}, geometry)", {"g": Geometry("BBOX(770000, 6279000, 770001, 6279001)")}, [1]),
    ("casei(nom) = casei({a})", {"a": "ÉTÉ"}, [1]),
]


@pytest.mark.parametrize(("text", "values", "found"), PLACES)
def test_a_parameter_stands_wherever_a_value_does(wfs, text, values, found):
    layer = wfs.registry.layers["point"]
    fields = [field.name for field in layer.facts.fields]
    names = Names(layer.facts, "point", lambda name: name if name in fields else None, values=values)
    query = FeatureQuery("point", layer.crs, filter=read_cql(text, names), properties=())
    ids = [name for batch in open_features(layer).features(query) for name in batch.column(0).to_pylist()]
    assert ids == [f"point.{number}" for number in found]


INJECTIONS = [
    "x' or '1'='1",
    "{plancher}",
    "${nom}",
    "') or 1=1 --",
    "</fes:Literal><fes:Literal>été",
    "&amp;été",
    "*' ; DROP TABLE point; --",
    "\x00",
]


@pytest.mark.parametrize("text", INJECTIONS)
def test_a_value_cannot_be_more_than_a_value(stored, text):
    assert 'numberMatched="0"' in ask(stored, BY_NAME, nom=text).text
    answer = ask(stored, FES, nom=text, place=FIRST, jour="2024-02-29")
    assert answer.status_code in (200, 400)
    assert 'numberMatched="1"' not in answer.text


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text(max_size=30))
def test_any_text_finds_only_what_it_names(stored, text):
    answer = ask(stored, BY_NAME, nom=text, OUTPUTFORMAT="application/json")
    assert {feature["properties"]["nom"] for feature in answer.json()["features"]} <= {text}


HEAD = 'service="WFS" version="2.0.0" xmlns="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:e="https://essai.example/ns"'


def definition(
    query: str,
    *,
    name="urn:essai:créée",
    language="urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression",
    parameters='<Parameter name="nom" type="xsd:string"/>',
) -> bytes:
    return (
        f'<CreateStoredQuery {HEAD}><StoredQueryDefinition id="{name}"><Title xml:lang="fr">Créée</Title>{parameters}'
        f'<QueryExpressionText returnFeatureTypes="" language="{language}" isPrivate="false">{query}</QueryExpressionText></StoredQueryDefinition></CreateStoredQuery>'
    ).encode()


QUERY = '<Query typeNames="e:point"><fes:Filter><fes:PropertyIsEqualTo><fes:ValueReference>nom</fes:ValueReference><fes:Literal>${nom}</fes:Literal></fes:PropertyIsEqualTo></fes:Filter></Query>'


def test_one_is_created_asked_and_dropped(stored):
    assert_valid(stored(body=definition(QUERY)).content, "wfs/2.0")
    assert "urn:essai:créée" in stored(REQUEST="ListStoredQueries").text
    described = assert_valid(
        stored(REQUEST="DescribeStoredQueries", STOREDQUERY_ID="urn:essai:créée").content, "wfs/2.0"
    )
    assert described.find(".//{*}Query").get("typeNames") == "e:point"
    assert 'numberMatched="1"' in ask(stored, "urn:essai:créée", nom="été").text
    for text in INJECTIONS:
        assert 'numberMatched="1"' not in ask(stored, "urn:essai:créée", nom=text).text
    dropped = stored(body=f'<DropStoredQuery {HEAD} id="urn:essai:créée"/>'.encode())
    assert_valid(dropped.content, "wfs/2.0")
    answer = ask(stored, "urn:essai:créée", nom="été")
    assert (answer.status_code, 'exceptionCode="InvalidParameterValue"' in answer.text) == (400, True)
    assert stored(REQUEST="DropStoredQuery", STOREDQUERY_ID="urn:essai:créée").status_code == 400


def test_the_type_may_be_a_parameter_and_any_type_may_be_asked(stored):
    typed = '<Parameter name="typeName" type="xsd:QName"/>'
    assert stored(body=definition('<Query typeNames="${typeName}"/>', parameters=typed)).status_code == 200
    assert 'numberMatched="8"' in ask(stored, "urn:essai:créée", typeName="essai:point").text
    assert ask(stored, "urn:essai:créée", typeName="essai:absent").status_code == 400
    every = definition('<Query typeNames="gml:AbstractFeature"/>', name="urn:essai:tout", parameters="")
    assert stored(body=every).status_code == 200
    root = etree.fromstring(ask(stored, "urn:essai:tout", RESULTTYPE="hits").content)
    assert int(root.get("numberMatched")) > 60


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        (definition(QUERY, name=BY_NAME), 409, "DuplicateStoredQueryIdValue"),
        (definition(QUERY, name="urn:ogc:def:query:OGC-WFS::GetFeatureById"), 409, "DuplicateStoredQueryIdValue"),
        (definition(QUERY, name="a b"), 400, "InvalidParameterValue"),
        (definition(QUERY, language="SQL"), 400, "InvalidParameterValue"),
        (
            definition(
                QUERY, parameters='<Parameter name="nom" type="xsd:string"/><Parameter name="NOM" type="xsd:string"/>'
            ),
            409,
            "DuplicateStoredQueryParameterName",
        ),
        (definition(QUERY, parameters='<Parameter name="nom" type="xsd:hexBinary"/>'), 400, "InvalidParameterValue"),
        (definition(QUERY, parameters='<Parameter name="count" type="xsd:int"/>'), 400, "InvalidParameterValue"),
        (definition(QUERY, parameters=""), 400, "InvalidParameterValue"),
        (definition('<Query typeNames="e:absent"/>'), 400, "InvalidParameterValue"),
        (definition("<x/>"), 400, "OperationParsingFailed"),
        (definition(QUERY.replace("${nom}", "x" * 70_000)), 400, "InvalidParameterValue"),
        (f"<CreateStoredQuery {HEAD}/>".encode(), 400, "OperationParsingFailed"),
    ],
)
def test_what_cannot_be_kept_is_refused(stored, body, status, code):
    answer = stored(body=body)
    report = assert_valid(answer.content, "ows/1.1.0")
    assert (answer.status_code, report[0].get("exceptionCode")) == (status, code)


@pytest.mark.parametrize("entity", ['SYSTEM "file:///etc/passwd"', "'ha'"])
def test_a_definition_with_entities_is_refused(stored, entity):
    body = f"<!DOCTYPE x [<!ENTITY e {entity}>]>".encode() + definition(QUERY.replace("${nom}", "&e;"))
    answer = stored(body=body)
    assert answer.status_code == 400
    assert "root:" not in answer.text
    assert "urn:essai:créée" not in stored(REQUEST="ListStoredQueries").text


def test_an_id_is_taken_once_and_there_are_not_more_than_are_allowed(stored):
    for number in range(3):
        assert stored(body=definition(QUERY, name=f"urn:n:{number}")).status_code == 200
    assert "there are 3 stored queries already" in stored(body=definition(QUERY, name="urn:n:3")).text
    stored(REQUEST="DropStoredQuery", STOREDQUERY_ID="urn:n:0")
    assert stored(body=definition(QUERY, name="urn:n:1")).status_code == 409
    assert stored(REQUEST="DropStoredQuery", STOREDQUERY_ID=BY_NAME).status_code == 400


def test_only_who_may_manages_them(stored, wfs):
    for asker, status in ((ANYBODY, 401), (Asker("lou", frozenset({"eau"})), 403)):
        ASKER.set(asker)
        answer = stored(body=definition(QUERY))
        assert answer.status_code == status
        assert_valid(answer.content, "ows/1.1.0")
        assert ("WWW-Authenticate" in answer.headers) == (status == 401)
        assert stored(REQUEST="DropStoredQuery", STOREDQUERY_ID=BY_NAME).status_code == status
    assert wfs(body=definition(QUERY)).status_code == 400


def test_capabilities_tell_whether_they_are_managed(stored, wfs):
    for client, managed in ((stored, "TRUE"), (wfs, "FALSE")):
        root = assert_valid(client(REQUEST="GetCapabilities").content, "wfs/2.0")
        constraint = root.find(".//{*}Constraint[@name='ManageStoredQueries']")
        assert constraint.findtext("{*}DefaultValue") == managed
        operation = root.find(".//{*}Operation[@name='CreateStoredQuery']")
        assert (operation is not None) == (managed == "TRUE")
        if operation is not None:
            assert operation.find(".//{*}Get") is None
            assert "urn:ogc:def:queryLanguage:OGC-WFS::WFSQueryExpression" in [
                one.text for one in operation.iter("{*}Value")
            ]
