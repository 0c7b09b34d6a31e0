"""What a process of its own writes is what the engine would have written."""

import asyncio
import re
from pathlib import Path

import pytest

from server.engine.downloads import Downloads
from server.wfs import answer, collections
from support.vectors import make_registry
from support.wfs import Client

_TIME = re.compile(rb'timeStamp"?[=:]"[^"]*"')
GML, GEOJSON = "application/gml+xml; version=3.2", "application/json"
ASKED = [
    {"TYPENAMES": "multipolygon"},
    {"TYPENAMES": "multipolygon", "OUTPUTFORMAT": GEOJSON},
    {"TYPENAMES": "multilinestring_z", "SRSNAME": "EPSG:4326"},
    {"TYPENAMES": "linestring_z", "VERSION": "1.1.0"},
    {"TYPENAMES": "polygon", "VERSION": "1.0.0"},
    {"TYPENAMES": "point", "OUTPUTFORMAT": "csv"},
    {"TYPENAMES": "point", "CQL_FILTER": "entier > 2 AND nom LIKE '%t%'", "STARTINDEX": "1", "COUNT": "2"},
    {"TYPENAMES": "(point)(polygon)", "FILTER": ""},
    {"TYPENAMES": "point", "REQUEST": "GetPropertyValue", "VALUEREFERENCE": "nom"},
]


@pytest.fixture(scope="module")
def large(vectors):
    """The WFS with processes that write."""
    client = Client(vectors)
    client.app.state.context.downloads = Downloads()
    yield client
    asyncio.run(client.app.state.context.downloads.close())


@pytest.fixture(autouse=True)
def everything_is_large(monkeypatch):
    monkeypatch.setattr(answer, "SMALL", 0)


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_the_answer_is_the_same(wfs, large, asked):
    asked = {"REQUEST": "GetFeature", **asked}
    expected, found = wfs(**asked), large(**asked)
    assert found.status_code == expected.status_code == 200
    assert found.headers["content-type"] == expected.headers["content-type"]
    assert _TIME.sub(b"", found.content) == _TIME.sub(b"", expected.content)
    assert len(found.content) > 500 or "OUTPUTFORMAT" in asked or "VALUEREFERENCE" in asked


@pytest.mark.parametrize("asked", ASKED[:5], ids=str)
@pytest.mark.parametrize("few", [1, 3, 8])
def test_few_that_come_first_are_not_missed_afterwards(wfs, monkeypatch, asked, few):
    expected = wfs(REQUEST="GetFeature", **asked)
    monkeypatch.setattr(collections, "FEW", few)
    found = wfs(REQUEST="GetFeature", **asked)
    assert _TIME.sub(b"", found.content) == _TIME.sub(b"", expected.content)


def test_a_file_comes_with_its_name(large):
    found = large(REQUEST="GetFeature", TYPENAMES="polygon", OUTPUTFORMAT="geopackage")
    assert found.headers["content-disposition"] == 'attachment; filename="polygon.gpkg"'
    assert found.content.startswith(b"SQLite format 3")


def test_data_that_cannot_be_read_is_told_before_anything_is_sent(tmp_path):
    client = Client(make_registry(tmp_path))
    client.app.state.context.downloads = Downloads()
    with Path(client.registry.layers["point"].facts.path).open("r+b") as file:
        file.truncate(20_000)
    found = client(REQUEST="GetFeature", TYPENAMES="point", OUTPUTFORMAT="csv")
    asyncio.run(client.app.state.context.downloads.close())
    assert found.status_code >= 400
    assert b"ExceptionText" in found.content
