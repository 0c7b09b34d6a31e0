"""What is wrong is told as JSON with the right status, never with 200 and never with a stack trace."""

import pytest

EPSG = "http://www.opengis.net/def/crs/EPSG/0/{}"


@pytest.mark.parametrize(
    ("params", "told"),
    [
        ({"unknownQueryParameter12345": "1"}, "unknownQueryParameter12345"),
        ({"BBOX": "1,2,3,4"}, "did you mean 'bbox'"),
        ({"limit": "unlimited"}, "limit"),
        ({"limit": "0"}, "limit"),
        ({"limit": "-1"}, "limit"),
        ({"offset": "-1"}, "offset"),
        ({"bbox": "1,2,3"}, "bbox"),
        ({"bbox": "1,2,3,nan"}, "bbox"),
        ({"bbox": "1,9,3,4"}, "bbox"),
        ({"bbox-crs": EPSG.format(2154)}, "bbox-crs"),
        ({"bbox": "1,2,3,4", "bbox-crs": "http://www.opengis.net/def/crs/0.0/DEFAULT"}, "bbox-crs"),
        ({"crs": EPSG.format(2975)}, "crs"),
        ({"crs": "nothing"}, "crs"),
        ({"datetime": "yesterday"}, "datetime"),
        ({"datetime": "2024-02-30"}, "datetime"),
        ({"datetime": "2024/2020"}, "datetime"),
        ({"sortby": "nop"}, "did you mean 'nom'"),
        ({"properties": "secret"}, "properties"),
        ({"filter": "nom ="}, "filter"),
        ({"filter": "secret = 'x'"}, "secret"),
        ({"filter": "nom = 'a'", "filter-lang": "sql"}, "filter-lang"),
        ({"filter": "S_INTERSECTS(geometry,POINT(1 2))", "filter-crs": "x"}, "filter-crs"),
        ({"numero": "dix"}, "dix"),
        ({"skipGeometry": "peut-être"}, "skipGeometry"),
        ({"resulttype": "x"}, "resulttype"),
        ({"f": "shp"}, "f="),
    ],
)
def test_a_wrong_parameter_is_told(api, params, told):
    answer = api("/collections/parcelle/items", params)
    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/json"
    assert answer.json()["code"] == "InvalidParameterValue"
    assert told in answer.json()["description"]
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path",
    [
        "/nowhere",
        "/collections/rien",
        "/collections/rien/items",
        "/collections/rien/queryables",
        "/collections/parcelle/items/parcelle.999",
        "/collections/parcelle/items/arbre.1",
        "/collections/parcelle/items/%27%3B--",
        "/collections/parcelle/rien",
    ],
)
def test_what_is_not_there_is_404(api, path):
    answer = api(path)
    assert answer.status_code == 404
    assert answer.json()["code"] == "NotFound"


@pytest.mark.parametrize("path", ["", "/collections", "/collections/arbre", "/conformance", "/api"])
def test_documents_refuse_unknown_parameters_too(api, path):
    assert api(path, {"x": "1"}).status_code == 400


@pytest.mark.parametrize("path", ["/collections/parcelle/items", "/collections/parcelle/items/parcelle.1"])
@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH", "DELETE"])
def test_nothing_can_be_written(api, path, method):
    answer = api(path, method=method)
    assert answer.status_code == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


@pytest.mark.parametrize("path", ["/collections/parcelle/items", "/collections/parcelle/items/parcelle.1"])
def test_options_tell_the_truth(api, path):
    answer = api(path, method="OPTIONS", origin="https://map.test", access_control_request_method="GET")
    assert answer.status_code == 204
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_who_asks_for_a_page_gets_the_error_as_a_page(api):
    answer = api("/collections/rien", accept="text/html")
    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("text/html")
    assert "there is no collection" in answer.text


def test_markup_in_a_parameter_is_escaped_in_the_page(api):
    answer = api("/collections/parcelle/items", {"sortby": "<script>alert(1)</script>", "f": "html"})
    assert answer.status_code == 400
    assert "<script>alert" not in answer.text
