"""Whatever is sent, the answer is an exception report with the right code; nothing is run, read or left open."""

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from support.schemas import assert_valid

GET = {"REQUEST": "GetFeature", "TYPENAMES": "polygon"}

BAD = [
    ({"TYPENAMES": None}, 400, "MissingParameterValue", "typeNames"),
    ({"TYPENAMES": "absent"}, 400, "InvalidParameterValue", "typeNames"),
    ({"TYPENAMES": "essai:../../etc/passwd"}, 400, "InvalidParameterValue", "typeNames"),
    ({"TYPENAMES": "polygon,point"}, 400, "OptionNotSupported", "typeNames"),
    ({"VERSION": None}, 400, "MissingParameterValue", "version"),
    ({"VERSION": "1.2.3"}, 400, "InvalidParameterValue", "version"),
    ({"COUNT": "-1"}, 400, "InvalidParameterValue", "count"),
    ({"COUNT": "1e3"}, 400, "InvalidParameterValue", "count"),
    ({"COUNT": "٣"}, 400, "InvalidParameterValue", "count"),
    ({"STARTINDEX": "-5"}, 400, "InvalidParameterValue", "startIndex"),
    ({"BBOX": "1,2,3"}, 400, "InvalidParameterValue", "bbox"),
    ({"BBOX": "nan,nan,nan,nan"}, 400, "InvalidParameterValue", "bbox"),
    ({"BBOX": "1e400,0,1e401,1"}, 400, "InvalidParameterValue", "bbox"),
    ({"BBOX": "170,-10,-170,10,EPSG:4326"}, 400, "InvalidParameterValue", "bbox"),
    ({"BBOX": "0,0,1,1,EPSG:999999"}, 400, "InvalidParameterValue", "bbox"),
    ({"SRSNAME": "EPSG:27700"}, 400, "InvalidParameterValue", "srsName"),
    ({"SRSNAME": "urn:ogc:def:crs:EPSG::0"}, 400, "InvalidParameterValue", "srsName"),
    ({"OUTPUTFORMAT": "application/x-exe"}, 400, "InvalidParameterValue", "outputFormat"),
    ({"RESULTTYPE": "everything"}, 400, "InvalidParameterValue", "resultType"),
    ({"RESOLVE": "remote"}, 400, "InvalidParameterValue", "resolve"),
    ({"PROPERTYNAME": "nom,exec('id')"}, 400, "InvalidParameterValue", "propertyName"),
    ({"SORTBY": "nom; DROP TABLE polygon"}, 400, "InvalidParameterValue", "sortBy"),
    ({"SORTBY": "geometry"}, 400, "InvalidParameterValue", "sortBy"),
    ({"FILTER": "<Filter>"}, 400, "InvalidParameterValue", "filter"),
    ({"FILTER": "<x/>"}, 400, "InvalidParameterValue", "filter"),
    ({"CQL_FILTER": "nom = "}, 400, "InvalidParameterValue", "cql_filter"),
    ({"STOREDQUERY_ID": "urn:x"}, 400, "InvalidParameterValue", "STOREDQUERY_ID"),
    ({"STOREDQUERY_ID": "urn:ogc:def:query:OGC-WFS::GetFeatureById"}, 400, "MissingParameterValue", "ID"),
    (
        {"STOREDQUERY_ID": "urn:ogc:def:query:OGC-WFS::GetFeatureById", "ID": "polygon.99"},
        404,
        "NotFound",
        "ID",
    ),
    ({"STOREDQUERY_ID": "urn:ogc:def:query:OGC-WFS::GetFeatureById", "ID": "'"}, 404, "NotFound", "ID"),
]


@pytest.mark.parametrize(("params", "status", "code", "locator"), BAD)
def test_a_wrong_parameter_gets_its_code_and_its_name(wfs, params, status, code, locator):
    answer = wfs(**{**GET, **params})
    assert answer.status_code == status, answer.text
    report = assert_valid(answer.content, "ows/1.1.0")
    assert (report[0].get("exceptionCode"), report[0].get("locator")) == (code, locator)
    assert answer.headers["cache-control"] == "no-store"


BODIES = [
    b"",
    b"<",
    b"not xml",
    b"<GetFeature/>",
    b'<GetFeature xmlns="http://www.opengis.net/wfs/3.0"/>',
    b'<GetFeature xmlns="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0"/>',
    b'<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><GetFeature xmlns="http://www.opengis.net/wfs/2.0">&e;</GetFeature>',
    b'<!DOCTYPE x [<!ENTITY a "a"><!ENTITY b "&a;&a;&a;">]><GetFeature xmlns="http://www.opengis.net/wfs/2.0">&b;</GetFeature>',
    b'<GetFeature xmlns="http://www.opengis.net/wfs/2.0">' + b"<a>" * 1000 + b"</a>" * 1000 + b"</GetFeature>",
]


@pytest.mark.parametrize("body", BODIES)
def test_a_wrong_body_gets_a_report(wfs, body):
    answer = wfs(body=body)
    assert answer.status_code == 400
    assert_valid(answer.content, "ows/1.1.0")
    assert b"root:" not in answer.content


def test_a_body_that_is_too_large_is_not_read(wfs):
    answer = wfs(body=b"<a>" + b" " * 300_000)
    assert answer.status_code == 413
    assert_valid(answer.content, "ows/1.1.0")


names = st.sampled_from(["COUNT", "STARTINDEX", "BBOX", "SRSNAME", "SORTBY", "PROPERTYNAME", "FILTER", "CQL_FILTER"])


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.dictionaries(names, st.text(max_size=60), max_size=3))
def test_any_text_in_any_parameter_is_answered(wfs, params):
    assert wfs(**GET, **params).status_code in (200, 400)


@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.text("nomentier=<>'\"()ANDORNOTLIKE 0123456789.,%été", max_size=80))
def test_any_cql_is_answered(wfs, text):
    assert wfs(**GET, CQL_FILTER=text).status_code in (200, 400)
