# ruff: noqa: E501 - requests as they are sent
"""What the OGC's suite wfs20 asks of a simple and basic WFS 2.0 (ISO 19142), by GET and by POST."""

import pytest
from lxml import etree

from layers.crs import transformer
from support.schemas import assert_valid
from support.vectors import KINDS, layer_id, make_registry, shapes
from support.wfs import BY_ID, GML, NAMESPACES, OWS, WFS, Client, constraints, fault, ids, post, stored

SIMPLE = ("GetCapabilities", "DescribeFeatureType", "ListStoredQueries", "DescribeStoredQueries", "GetFeature")


@pytest.fixture(scope="module")
def wfs(tmp_path_factory) -> Client:
    return Client(make_registry(tmp_path_factory.mktemp("demands")))


def test_capabilities_claim_what_is_served(wfs):
    root = assert_valid(wfs(REQUEST="GetCapabilities", VERSION=None).content, "wfs/2.0")
    told = constraints(root)
    for name in ("ImplementsBasicWFS", "ImplementsResultPaging", "ImplementsQuery", "ImplementsAdHocQuery",
                 "ImplementsResourceId", "ImplementsMinStandardFilter", "ImplementsStandardFilter",
                 "ImplementsMinSpatialFilter", "ImplementsSorting", "ImplementsMinimumXPath"):  # fmt: skip
        assert told[name] == "TRUE", name
    for name in ("ImplementsTransactionalWFS", "ImplementsLockingWFS", "ImplementsInheritance", "ImplementsRemoteResolve",
                 "ImplementsStandardJoins", "ImplementsSpatialJoins", "ImplementsTemporalJoins",
                 "ImplementsFeatureVersioning"):  # fmt: skip
        assert told[name] == "FALSE", name
    operations = {item.get("name"): item for item in root.iter(f"{OWS}Operation")}
    assert {*SIMPLE, "GetPropertyValue"} <= set(operations)
    for name in ("GetFeature", "GetPropertyValue"):
        (resolve,) = operations[name].findall(f"{OWS}Parameter[@name='resolve']")
        assert "local" in [value.text for value in resolve.iter(f"{OWS}Value")]


def test_capabilities_need_a_service(wfs):
    assert fault(wfs(SERVICE=None, VERSION=None, REQUEST="GetCapabilities")) == (
        400,
        "MissingParameterValue",
        "SERVICE",
    )


@pytest.mark.parametrize("by_post", [False, True])
def test_accepted_versions_are_negotiated(wfs, by_post):
    inside = "<ows:AcceptVersions xmlns:ows='http://www.opengis.net/ows/1.1'><ows:Version>{}</ows:Version></ows:AcceptVersions>"

    def ask(version: str):
        if by_post:
            text = f"<wfs:GetCapabilities service='WFS' {NAMESPACES}>{inside.format(version)}</wfs:GetCapabilities>"
            return wfs(body=text.encode())
        return wfs(VERSION=None, REQUEST="GetCapabilities", ACCEPTVERSIONS=version)

    assert etree.fromstring(ask("2.0.0").content).get("version") == "2.0.0"
    assert fault(ask("9999.0.0"))[:2] == (400, "VersionNegotiationFailed")


@pytest.mark.parametrize("by_post", [False, True])
def test_every_type_is_described_where_none_is_named(wfs, by_post):
    answer = post(wfs, "DescribeFeatureType", "") if by_post else wfs(REQUEST="DescribeFeatureType")
    root = etree.fromstring(answer.content)
    assert root.get("targetNamespace") == "https://essai.example/ns"
    elements = {item.get("name"): item.get("substitutionGroup") for item in root.findall("{*}element")}
    assert elements == dict.fromkeys(wfs.registry.layers, "gml:AbstractFeature")
    assert (
        root.find("{*}import[@namespace='http://www.opengis.net/gml/3.2']")
        .get("schemaLocation")
        .endswith("/3.2.1/gml.xsd")
    )


@pytest.mark.parametrize("by_post", [False, True])
def test_an_unknown_type_is_not_described(wfs, by_post):
    inside = "<wfs:TypeName>e:inconnu</wfs:TypeName>"
    answer = (
        post(wfs, "DescribeFeatureType", inside) if by_post else wfs(REQUEST="DescribeFeatureType", TYPENAMES="inconnu")
    )
    assert fault(answer) == (400, "InvalidParameterValue", "typeNames")


@pytest.mark.parametrize("by_post", [False, True])
@pytest.mark.parametrize("operation", ["ListStoredQueries", "DescribeStoredQueries"])
def test_stored_queries_are_listed_and_described(wfs, operation, by_post):
    answer = post(wfs, operation, "") if by_post else wfs(REQUEST=operation)
    root = assert_valid(answer.content, "wfs/2.0")
    assert BY_ID in [child.get("id") for child in root]


@pytest.mark.parametrize("by_post", [False, True])
def test_get_feature_by_id_is_described(wfs, by_post):
    inside = f"<wfs:StoredQueryId>{BY_ID}</wfs:StoredQueryId>"
    named = (
        post(wfs, "DescribeStoredQueries", inside)
        if by_post
        else wfs(REQUEST="DescribeStoredQueries", STOREDQUERY_ID=BY_ID)
    )
    (query,) = assert_valid(named.content, "wfs/2.0")
    parameter = query.find(f"{WFS}Parameter")
    assert (parameter.get("name").lower(), parameter.get("type").rpartition(":")[2]) == ("id", "string")


@pytest.mark.parametrize("by_post", [False, True])
def test_get_feature_by_id_answers_the_feature_itself(wfs, by_post):
    root = etree.fromstring(stored(wfs, by_post, BY_ID, "polygon.3").content)
    assert (etree.QName(root).localname, root.get(f"{GML}id")) == ("polygon", "polygon.3")


@pytest.mark.parametrize("by_post", [False, True])
@pytest.mark.parametrize("identifier", ["polygon.99", "inconnu.1", "id-b38aa6c7"])
def test_an_unknown_id_is_not_found(wfs, identifier, by_post):
    assert fault(stored(wfs, by_post, BY_ID, identifier))[:2] == (404, "NotFound")


@pytest.mark.parametrize("by_post", [False, True])
def test_an_unknown_stored_query_is_refused(wfs, by_post):
    assert fault(stored(wfs, by_post, "urn:example:inconnue", "polygon.1"))[:2] == (400, "InvalidParameterValue")


@pytest.mark.parametrize("kind", KINDS)
def test_all_features_of_a_type_come_by_get_and_by_post(wfs, kind):
    name = layer_id(kind)
    expected = [f"{name}.{number}" for number in range(1, 9)]
    assert ids(wfs(REQUEST="GetFeature", TYPENAMES=name)) == expected
    assert ids(post(wfs, "GetFeature", f'<wfs:Query typeNames="e:{name}"/>')) == expected


def test_features_come_in_another_crs(wfs):
    asked = "urn:ogc:def:crs:EPSG::4326"
    root = etree.fromstring(wfs(REQUEST="GetFeature", TYPENAMES="point", SRSNAME=asked).content)
    found = [tuple(map(float, pos.text.split())) for pos in root.iter(f"{GML}pos")]
    assert {point.get("srsName") for point in root.iter(f"{GML}Point")} == {asked}
    change = transformer("EPSG:2154", "EPSG:4326")
    there = [change.transform(shape.x, shape.y) for shape in shapes("Point") if shape is not None]
    assert found == [pytest.approx((latitude, longitude), abs=1e-8) for longitude, latitude in there]


def test_a_crs_that_is_not_served_is_refused(wfs):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="point", SRSNAME="urn:ogc:def:crs:EPSG::32690")
    assert fault(answer) == (400, "InvalidParameterValue", "srsName")


@pytest.mark.parametrize("by_post", [False, True])
def test_a_value_reference_must_not_be_empty(wfs, by_post):
    inside = '<wfs:Query typeNames="e:polygon"/>'
    answer = (
        post(wfs, "GetPropertyValue", inside, 'valueReference=""')
        if by_post
        else wfs(REQUEST="GetPropertyValue", TYPENAMES="polygon", VALUEREFERENCE="")
    )
    assert fault(answer) == (400, "InvalidParameterValue", "valueReference")


@pytest.mark.parametrize("by_post", [False, True])
def test_ids_are_values(wfs, by_post):
    inside = '<wfs:Query typeNames="e:polygon"/>'
    answer = (
        post(wfs, "GetPropertyValue", inside, 'valueReference="@gml:id"')
        if by_post
        else wfs(REQUEST="GetPropertyValue", TYPENAMES="polygon", VALUEREFERENCE="@gml:id")
    )
    root = assert_valid(answer.content, "wfs/2.0")
    assert [member.text for member in root] == [f"polygon.{number}" for number in range(1, 9)]


def test_hits_count_and_hold_nothing(wfs):
    root = assert_valid(wfs(REQUEST="GetFeature", TYPENAMES="polygon", RESULTTYPE="hits").content, "wfs/2.0")
    assert (root.get("numberMatched"), root.get("numberReturned"), len(root)) == ("8", "0", 0)


def test_pages_are_walked_forth_and_back(wfs):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="polygon", COUNT=3)
    there, back = [ids(answer)], []
    while (following := etree.fromstring(answer.content).get("next")) is not None:
        answer = wfs.get(following)
        there.append(ids(answer))
    back.append(ids(answer))
    while (previous := etree.fromstring(answer.content).get("previous")) is not None:
        answer = wfs.get(previous)
        back.append(ids(answer))
    assert back == there[::-1]
    assert [len(page) for page in there] == [3, 3, 2]
    assert [name for page in there for name in page] == [f"polygon.{number}" for number in range(1, 9)]
