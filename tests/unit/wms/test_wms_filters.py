import pytest

from layers.errors import GarrigueError
from layers.filters import properties_of
from server.errors import InvalidParameterError, ServiceError
from server.kvp import Params
from server.wms import selections
from server.wms.filters import split
from server.wms.parameters import Asked

FES = (
    '<Filter xmlns="http://www.opengis.net/ogc"><PropertyIsEqualTo><PropertyName>{}</PropertyName>'
    "<Literal>1</Literal></PropertyIsEqualTo></Filter>"
)


def trees(registry, **params):
    given = Params([("LAYERS", "borne,parcelle"), *params.items()])
    return [s.filter for s in selections.drawn(selections.named(Asked(registry, None, given, "1.3.0", "")))]


def read(tree):
    return None if tree is None else set(properties_of(tree))


NAME, YEAR = {"nom"}, {"année"}


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({}, [None, None]),
        ({"CQL_FILTER": "nom = 'x'"}, [NAME, NAME]),
        ({"CQL_FILTER": "nom = 'a;b';\"année\" > 2000"}, [NAME, YEAR]),
        ({"CQL_FILTER": "nom = 'x';"}, [NAME, None]),
        ({"FILTER": FES.format("nom")}, [NAME, NAME]),
        ({"FILTER": f"({FES.format('nom')})({FES.format('année')})"}, [NAME, YEAR]),
        ({"FILTER": f"()({FES.format('garrigue:nom')})"}, [None, NAME]),
        ({"FILTER": "parcelle:\"nom\" = 'x'"}, [None, NAME]),
        ({"FILTER": "borne,parcelle:\"nom\" = 'x'"}, [NAME, NAME]),
        ({"FILTER": 'borne:"nom" = \'x\';parcelle:"année" IN (1, 2)'}, [NAME, YEAR]),
    ],
)
def test_conditions_are_read_as_each_client_writes_them(paper, params, expected):
    assert [read(tree) for tree in trees(paper, **params)] == expected


@pytest.mark.parametrize(
    "params",
    [
        {"CQL_FILTER": "nom = "},
        {"CQL_FILTER": "nope = 1"},
        {"CQL_FILTER": "nom = 'x';nom = 'y';nom = 'z'"},
        {"FILTER": "<Filter"},
        {"FILTER": "nom = 'x'"},
        {"FILTER": "nope:nom = 'x'"},
        {"FILTER": '<!DOCTYPE x [<!ENTITY a SYSTEM "file:///etc/passwd">]>' + FES.format("&a;")},
    ],
)
def test_conditions_that_cannot_be_read_are_told(paper, params):
    with pytest.raises((GarrigueError, ServiceError)):
        trees(paper, **params)


def test_a_theme_is_filtered_layer_by_layer(paper):
    given = Params([("LAYERS", "bati"), ("CQL_FILTER", "nom = 'x'")])
    drawn = selections.drawn(selections.named(Asked(paper, None, given, "1.3.0", "")))
    assert [read(selection.filter) for selection in drawn] == [NAME] * 3


def test_semicolons_inside_quotes_part_nothing():
    assert split("a = 'x;y' ; \"b;c\" = 1") == ["a = 'x;y'", '"b;c" = 1']


def test_too_many_conditions_are_told(paper):
    with pytest.raises(InvalidParameterError, match="3 conditions for 2 layers"):
        trees(paper, CQL_FILTER="nom='a';nom='b';nom='c'")
