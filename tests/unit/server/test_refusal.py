"""Errors in the form of the protocol that a path belongs to."""

import json

import pytest
from lxml import etree

from server.errors import AsleepError
from server.refusal import refusal
from support.schemas import assert_valid

ERROR = AsleepError("the engine sleeps & <rests>", 120)


@pytest.mark.parametrize("prefix", ["", "/themes/bati"])
@pytest.mark.parametrize(
    ("path", "schema"),
    [
        ("/wms", "wms/1.3.0/exceptions"),
        ("/wfs", "ows/1.1.0"),
        ("/wmts", "ows/1.1.0"),
        ("/wmts/a/b/PM/1/2/3.png", "ows/1.1.0"),
    ],
)
def test_xml_protocols_get_a_valid_report(path, schema, prefix):
    told = refusal(ERROR, prefix + path)
    assert (told.status, told.headers["Retry-After"], told.headers["Cache-Control"]) == (503, "120", "no-store")
    assert_valid(told.body, schema)


@pytest.mark.parametrize(
    ("query", "version", "kind"),
    [
        ("VERSION=1.1.1", "1.1.1", "application/vnd.ogc.se_xml"),
        ("version=1.1.0", "1.1.1", "application/vnd.ogc.se_xml"),
        ("WMTVER=1.0.0", "1.1.1", "application/vnd.ogc.se_xml"),
        ("VERSION=1.3.0", "1.3.0", "text/xml"),
        ("", "1.3.0", "text/xml"),
        ("VERSION=" + "&a" * 5000, "1.3.0", "text/xml"),
    ],
)
def test_wms_answers_in_the_version_that_was_asked(query, version, kind):
    told = refusal(ERROR, "/wms", query)
    assert told.headers["Content-Type"] == kind
    assert etree.fromstring(told.body).get("version") == version


@pytest.mark.parametrize("path", ["/tiles/a/PM/1/2/3.png", "/tms/1.0.0/a@PM/1/2/3.png", "/ogcapi/collections", "/x"])
def test_the_others_get_json(path):
    told = refusal(ERROR, path)
    assert told.headers["Content-Type"] == "application/json"
    assert json.loads(told.body)["description"] == "the engine sleeps & <rests>"
