# ruff: noqa: E501 - requests as they are sent
"""What is wrong or hostile, in every version of the protocol: the version's own report, and nothing is read or changed."""

import hashlib
from contextlib import suppress

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lxml import etree

from layers.errors import RequestError
from layers.filters import Names, read_cql, read_fes
from support.schemas import assert_valid

VERSIONS = ("2.0.0", "1.1.0", "1.0.0")
WFS = {"2.0.0": "http://www.opengis.net/wfs/2.0"}
FES = {"2.0.0": "http://www.opengis.net/fes/2.0"}
NAME = {"2.0.0": "ValueReference"}
REPORTS = {"2.0.0": "ows/1.1.0", "1.1.0": "ows/1.0.0/owsExceptionReport.xsd", "1.0.0": "wfs/1.0.0/OGC-exception.xsd"}

versions = pytest.mark.parametrize("version", VERSIONS)


def ask(wfs, version: str, **params):
    """GetFeature of points, in the words of a version."""
    names = {"TYPENAMES": "essai:point"} if version == "2.0.0" else {"TYPENAME": "essai:point"}
    return wfs(**{"REQUEST": "GetFeature", "VERSION": version, **names, **params})


def refused(answer, version: str, status: int = 400) -> str:
    """The code of a refusal, which is a report of the version."""
    assert answer.status_code == status, answer.text[:400]
    report = assert_valid(answer.content, REPORTS[version])
    return report[0].get("exceptionCode") or report[0].get("code")


def filtered(inside: str, version: str) -> str:
    """A filter in the words of a version; `{name}` is its element for a property."""
    space = FES.get(version, "http://www.opengis.net/ogc")
    name = NAME.get(version, "PropertyName")
    return (
        f'<f:Filter xmlns:f="{space}" xmlns:gml="http://www.opengis.net/gml">{inside.replace("NAME", name)}</f:Filter>'
    )


def body(inside: str, version: str, *, operation: str = "GetFeature", head: str = "") -> bytes:
    """A request by POST in the words of a version."""
    space = WFS.get(version, "http://www.opengis.net/wfs")
    types = "typeNames" if version == "2.0.0" else "typeName"
    query = f'<w:Query {types}="essai:point">{inside}</w:Query>' if operation == "GetFeature" else inside
    return f'{head}<w:{operation} service="WFS" version="{version}" xmlns:w="{space}" xmlns:essai="https://essai.example/ns">{query}</w:{operation}>'.encode()


SQL = ["x'; DROP TABLE point; --", "' OR '1'='1", "1) UNION SELECT sql FROM sqlite_master --", "point.1' OR 1=1"]
PARAMETERS = (
    "TYPENAMES",
    "TYPENAME",
    "RESOURCEID",
    "FEATUREID",
    "PROPERTYNAME",
    "SORTBY",
    "SRSNAME",
    "BBOX",
    "COUNT",
    "MAXFEATURES",
    "STARTINDEX",
    "FILTER",
    "CQL_FILTER",
    "OUTPUTFORMAT",
    "RESULTTYPE",
    "VERSION",
    "NAMESPACES",
    "STOREDQUERY_ID",
    "LANGUAGE",
)


@versions
@pytest.mark.parametrize("parameter", PARAMETERS)
def test_sql_in_any_parameter_is_no_more_than_text(wfs, version, parameter):
    file = wfs.registry.config / "types.gpkg"
    before = hashlib.sha256(file.read_bytes()).hexdigest()
    for text in SQL:
        answer = ask(wfs, version, **{parameter: text})
        assert answer.status_code in (200, 400, 404), answer.text
        for word in ("syntax error", "no such", "Traceback", "types.gpkg"):
            assert word not in answer.text, "the data's own error is not for clients"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == before


LITERALS = {
    "equal": "<f:PropertyIsEqualTo><f:NAME>nom</f:NAME><f:Literal>{}</f:Literal></f:PropertyIsEqualTo>",
    "like": '<f:PropertyIsLike wildCard="*" singleChar="." escapeChar="!" escape="!"><f:NAME>nom</f:NAME><f:Literal>{}</f:Literal></f:PropertyIsLike>',
    "between": "<f:PropertyIsBetween><f:NAME>nom</f:NAME><f:LowerBoundary><f:Literal>{0}</f:Literal></f:LowerBoundary><f:UpperBoundary><f:Literal>{0}</f:Literal></f:UpperBoundary></f:PropertyIsBetween>",
}


@versions
@pytest.mark.parametrize("operator", LITERALS)
def test_sql_in_a_literal_finds_nothing(wfs, version, operator):
    for text in SQL:
        answer = ask(wfs, version, FILTER=filtered(LITERALS[operator].format(text), version))
        assert answer.status_code == 200, answer.text
        assert b"point.1" not in answer.content


@versions
def test_sql_in_cql_finds_nothing_or_is_not_read(wfs, version):
    for text in SQL:
        quoted = text.replace("'", "''")
        assert b"point.1" not in ask(wfs, version, CQL_FILTER=f"nom = '{quoted}'").content
        if text.count("'") % 2 == 0 or "--" in text:
            refused(ask(wfs, version, CQL_FILTER=f"nom = '{text}"), version)


XPATH = [
    "exec(java.lang.Runtime.getRuntime(),'id')",
    "exec(java.lang.Runtime.getRuntime(),'id')/nom",
    "doc('file:///etc/passwd')/nom",
    "count(//*)",
    "../../nom",
    "nom[position()<2]",
    "essai:polygon/nom",
    "*/nom",
    "nom|entier",
    "@*",
    "essai:point[1=1]/nom",
    "concat(nom,'x')",
]


@versions
@pytest.mark.parametrize("path", XPATH)
def test_a_path_that_is_no_property_is_refused_wherever_one_stands(wfs, version, path):
    """(GeoServer's CVE-2024-36401 came by such paths.)"""
    equal = f"<f:PropertyIsEqualTo><f:NAME>{path.replace('<', '&lt;')}</f:NAME><f:Literal>x</f:Literal></f:PropertyIsEqualTo>"
    null = f"<f:PropertyIsNull><f:NAME>{path.replace('<', '&lt;')}</f:NAME></f:PropertyIsNull>"
    quoted = path.replace('"', '""')
    for params in (
        {"FILTER": filtered(equal, version)},
        {"FILTER": filtered(null, version)},
        {"SORTBY": path},
        {"PROPERTYNAME": path},
        {"CQL_FILTER": f'"{quoted}" = 1'},
    ):
        refused(ask(wfs, version, **params), version)
    if version == "2.0.0":
        refused(wfs(REQUEST="GetPropertyValue", TYPENAMES="point", VALUEREFERENCE=path), version)


ENTITY = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
LAUGHS = '<!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;&b;&b;&b;&b;"><!ENTITY d "&c;&c;&c;&c;&c;&c;&c;&c;">]>'


@versions
@pytest.mark.parametrize(("head", "name"), [(ENTITY, "e"), (LAUGHS, "d")])
@pytest.mark.parametrize("operation", ["GetFeature", "DescribeFeatureType", "Transaction", "LockFeature"])
def test_entities_are_refused(edited, version, head, name, operation):
    inside = (
        filtered(LITERALS["equal"].format(f"&{name};"), version)
        if operation == "GetFeature"
        else f"<w:x>&{name};</w:x>"
    )
    answer = edited(body=body(inside, version, operation=operation, head=head))
    refused(answer, version)
    assert "root:" not in answer.text


@versions
def test_entities_in_a_filter_of_the_query_are_refused(wfs, version):
    for head, name in ((ENTITY, "e"), (LAUGHS, "d")):
        refused(ask(wfs, version, FILTER=head + filtered(LITERALS["equal"].format(f"&{name};"), version)), version)


@versions
def test_what_is_too_deep_or_too_large_is_refused(wfs, version):
    one = LITERALS["equal"].format("x")
    nested = "<f:Or>" * 1000 + one + one + f"{one}</f:Or>" * 1000
    refused(wfs(body=body(filtered(nested, version), version)), version, 413 if len(nested) > 190_000 else 400)
    refused(ask(wfs, version, CQL_FILTER="(" * 1000 + "entier = 1" + ")" * 1000), version)
    refused(ask(wfs, version, CQL_FILTER="NOT (" * 1000 + "entier = 1" + ")" * 1000), version)
    deep = "<f:Not>" * 500 + one + "</f:Not>" * 500
    refused(wfs(body=body(filtered(deep, version), version)), version)
    refused(wfs(body=b"<x>" + b"y" * 10_000_000 + b"</x>"), "2.0.0", 413)


@versions
@pytest.mark.parametrize(
    "params",
    [
        {"TYPENAMES": "essai:absent", "TYPENAME": "essai:absent"},
        {"TYPENAMES": "point;polygon", "TYPENAME": "point;polygon"},
        {"PROPERTYNAME": "absent"},
        {"SRSNAME": "EPSG:99999"},
        {"SRSNAME": "urn:ogc:def:crs:EPSG::27700"},
        {"SRSNAME": "file:///etc/passwd"},
        {"SORTBY": "absent"},
        {"COUNT": "-1", "MAXFEATURES": "-1"},
        {"COUNT": "1e3", "MAXFEATURES": "1e3"},
        {"COUNT": "99999999999999999999", "MAXFEATURES": "99999999999999999999"},
        {"BBOX": "nan,nan,nan,nan"},
        {"BBOX": "inf,0,1,1"},
        {"BBOX": "1e309,0,1,1"},
        {"BBOX": "170,-10,-170,10,EPSG:4326"},
        {"BBOX": "1,2,3"},
        {"BBOX": "1,2,3,4,EPSG:0"},
        {"BBOX": "0,0,1,1;DROP"},
        {"OUTPUTFORMAT": "text/html<script>"},
        {"RESULTTYPE": "everything"},
        {"FILTER": "<Filter/>", "CQL_FILTER": "INCLUDE"},
        {"FILTER": '<f:Filter xmlns:f="urn:x"/>'},
        {"FILTER": "<"},
        {"FILTER": "\x00"},
    ],
)
def test_what_cannot_be_is_told_in_the_words_of_the_version(wfs, version, params):
    answer = ask(wfs, version, **params)
    refused(answer, version)
    assert "<script>" not in answer.text


@versions
@pytest.mark.parametrize(
    "document",
    [
        b"",
        b"<",
        b"<a/>",
        b'<w:GetFeature xmlns:w="urn:x" service="WFS"/>',
        b'<w:GetFeature xmlns:w="http://www.opengis.net/wfs/9.0"/>',
        b'<?xml version="1.0" encoding="UTF-7"?><a/>',
        b"\xff\xfe\x00",
        b"GET / HTTP/1.1",
    ],
)
def test_a_body_that_is_no_request_is_refused(wfs, version, document):
    answer = wfs(body=document, VERSION=version)
    assert answer.status_code == 400
    assert_valid(answer.content, REPORTS[told(answer)])


def told(answer) -> str:
    """The version that a report is of."""
    root = etree.fromstring(answer.content)
    return {"http://www.opengis.net/ows/1.1": "2.0.0", "http://www.opengis.net/ows": "1.1.0"}.get(
        etree.QName(root).namespace, "1.0.0"
    )


GENTLE = settings(max_examples=80, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
values = st.one_of(
    st.text(max_size=40), st.from_regex(r"[0-9eE+.,;:/\-()'\"<>&% ]{0,40}"), st.sampled_from([*SQL, *XPATH])
)


@GENTLE
@given(st.sampled_from(VERSIONS), st.dictionaries(st.sampled_from(PARAMETERS), values, max_size=4))
def test_any_parameters_are_answered(wfs, version, params):
    answer = ask(wfs, version, **params)
    assert answer.status_code in (200, 400, 404), (params, answer.text)


@GENTLE
@given(st.lists(st.tuples(st.sampled_from(("REQUEST", "SERVICE", "VERSION", *PARAMETERS)), values), max_size=6))
def test_any_list_of_pairs_is_read(pairs):
    from urllib.parse import urlencode

    from server.errors import InvalidParameterError
    from server.kvp import Params
    from server.wfs.body import _split
    from server.wfs.errors import OperationParsingError

    try:
        queries = _split(Params.parse(urlencode(pairs)))
    except (InvalidParameterError, OperationParsingError):
        return
    assert queries
    for name, value in pairs[-1:]:
        assert Params.parse(urlencode(pairs)).text(name) == value.strip()


words = st.sampled_from(
    [
        "nom",
        "entier",
        "jour",
        "geometry",
        "=",
        "<>",
        "<",
        "AND",
        "OR",
        "NOT",
        "(",
        ")",
        "LIKE",
        "IN",
        "BETWEEN",
        "IS",
        "NULL",
        "'x'",
        "1",
        "-",
        "+",
        "*",
        "2024-02-29",
        "INTERSECTS",
        "BBOX",
        "DWITHIN",
        "POINT",
        "EMPTY",
        ",",
        "m",
        "T_DURING",
        "INTERVAL",
        "{x}",
        "DURING",
        "/",
        "casei",
        "SRID",
        ";",
    ]
)
elements = st.sampled_from(
    [
        "And",
        "Or",
        "Not",
        "PropertyIsEqualTo",
        "PropertyIsLike",
        "PropertyIsNull",
        "PropertyIsBetween",
        "BBOX",
        "Intersects",
        "DWithin",
        "During",
        "ValueReference",
        "Literal",
        "Distance",
        "ResourceId",
        "Function",
        "Add",
        "LowerBoundary",
        "UpperBoundary",
    ]
)
trees = st.recursive(
    st.one_of(st.sampled_from(["nom", "entier", "geometry", "1", "x", ""]), elements),
    lambda inner: st.tuples(elements, st.lists(inner, max_size=3)),
    max_leaves=12,
)


@pytest.fixture(scope="module")
def names(vectors):
    layer = vectors.layers["point"]
    fields = [field.name for field in layer.facts.fields]

    def resolve(name):
        from layers.errors import UnknownPropertyError

        if name == "geometry":
            return None
        if name not in fields:
            raise UnknownPropertyError(name, fields)
        return name

    return Names(layer.facts, "point", resolve)


@GENTLE
@given(st.lists(words, max_size=14))
def test_any_words_of_cql_are_read_or_refused(names, text):
    with suppress(RequestError):
        assert read_cql(" ".join(text), names) is not None


def written(tree) -> str:
    """A tree as elements of FES."""
    if isinstance(tree, str):
        return f"<f:{tree}/>" if tree[:1].isupper() else tree
    name, inside = tree
    return f'<f:{name} name="lower" rid="point.1" wildCard="*" singleChar="." escapeChar="!">{"".join(map(written, inside))}</f:{name}>'


@GENTLE
@given(st.lists(trees, max_size=2))
def test_any_elements_of_fes_are_read_or_refused(names, inside):
    text = filtered("".join(map(written, inside)), "2.0.0")
    with suppress(RequestError):
        assert read_fes(text.encode(), names) is not None
