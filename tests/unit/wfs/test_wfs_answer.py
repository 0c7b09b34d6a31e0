"""What matches is told exactly, whether features are counted first or read first."""

import itertools

import pytest

from server.wfs import answer
from support.wfs import Client

BOX = "770000,6279000,770250,6279500,EPSG:2154"


def numbers(found) -> tuple:
    """numberMatched, numberReturned, the ids, whether there are pages around."""
    told = found.json()
    rels = [link["rel"] for link in told.get("links", [])]
    return told["numberMatched"], told["numberReturned"], [feature["id"] for feature in told["features"]], rels


def asked(wfs: Client, **parameters):
    kept = {name: value for name, value in parameters.items() if value is not None}
    return wfs(REQUEST="GetFeature", TYPENAMES="polygon", OUTPUTFORMAT="application/json", **kept)


@pytest.mark.parametrize("narrowed", [{}, {"BBOX": BOX}, {"CQL_FILTER": "entier >= 4"}, {"RESOURCEID": "polygon.3"}])
@pytest.mark.parametrize("small", [0, 2, 5000])
def test_numbers_and_features_are_those_of_a_slice_of_all(wfs, monkeypatch, small, narrowed):
    everything = numbers(asked(wfs, **narrowed))[2]
    monkeypatch.setattr(answer, "SMALL", small)
    for start, count in itertools.product((None, 1, 7, 20), (None, 0, 1, 2, 3, 8, 100)):
        matched, returned, ids, rels = numbers(asked(wfs, **narrowed, STARTINDEX=start, COUNT=count))
        first, limit = start or 0, 1000 if count is None else count
        expected = everything[first : first + limit]
        assert matched == len(everything)
        assert (returned, ids) == (len(expected), expected)
        assert ("next" in rels) == (limit > 0 and first + limit < len(everything))
        assert ("prev" in rels) == (first > 0 and limit > 0)


@pytest.mark.parametrize("room", [0, 1500, 10**9])
def test_few_features_of_many_bytes_are_not_held(wfs, monkeypatch, room):
    expected = asked(wfs, BBOX=BOX).json()
    monkeypatch.setattr(answer, "HELD", room)
    found = asked(wfs, BBOX=BOX).json()
    assert {**found, "timeStamp": ""} == {**expected, "timeStamp": ""}


def test_the_numbers_of_several_queries(wfs):
    found = wfs(REQUEST="GetFeature", TYPENAMES="(point)(polygon)", COUNT=3, OUTPUTFORMAT="application/json").json()
    assert (found["numberMatched"], found["numberReturned"]) == (16, 6)
    names = {"REQUEST": "GetFeature", "TYPENAME": "point,polygon", "MAXFEATURES": 10, "VERSION": "1.1.0"}
    assert wfs(**names, OUTPUTFORMAT="application/json").json()["numberReturned"] == 10
