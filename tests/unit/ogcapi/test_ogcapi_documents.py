"""Landing page, conformance, collections, schemas, the OpenAPI definition."""

import json
import re

import pytest

OPENAPI = "application/vnd.oai.openapi+json;version=3.0"
JSON = {"accept": "application/json"}


def links(document, rel):
    return [link for link in document["links"] if link["rel"] == rel]


@pytest.mark.parametrize("path", ["", "/"])
def test_the_landing_page_links_to_what_clients_need(api, path):
    landing = api(path, **JSON).json()
    assert [link["type"] for link in links(landing, "service-desc")] == [OPENAPI]
    for rel in ("conformance", "data", "self"):
        assert links(landing, rel)[0]["type"] == "application/json"
    assert links(landing, "alternate")[0]["type"] == "text/html"


def test_every_linked_document_of_the_landing_page_is_there(api):
    for link in api("/", **JSON).json()["links"]:
        if link["rel"] != "about":
            path = link["href"].removeprefix("http://api.test/prefixe/ogcapi")
            found = api(path.partition("?")[0], {"f": "html"} if "f=html" in path else None)
            assert found.status_code == 200
            assert found.headers["content-type"].replace(" ", "").startswith(link["type"])


def test_addresses_are_those_that_were_asked_and_never_the_placeholder(api):
    for path in ("", "/collections", "/collections/arbre", "/collections/arbre/items", "/api"):
        for params in (None, {"f": "html"}):
            answer = api(path, params)
            assert "garrigue.invalid" not in answer.text + str(answer.headers)
            assert "http://api.test/prefixe" in answer.text


def test_only_vector_layers_are_feature_collections(api):
    assert [item["id"] for item in api("/collections").json()["collections"]] == ["parcelle", "arbre", "chemin"]
    assert api("/collections/ortho/items").status_code == 404
    assert [link["rel"].rpartition("/")[2] for link in api("/collections/ortho").json()["links"]] == [
        "self",
        "tilesets-map",
    ]


def test_a_collection_tells_its_crs_its_times_and_its_titles_as_they_are(api):
    arbre = api("/collections/arbre", {"lang": "en"}).json()
    assert arbre["title"] == "Trees"
    assert arbre["crs"][0] == "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    assert arbre["storageCrs"] == "http://www.opengis.net/def/crs/EPSG/0/4326"
    assert arbre["storageCrs"] in arbre["crs"]
    assert arbre["extent"]["temporal"]["interval"] == [["2020-01-01T00:00:00Z", "2023-12-31T23:59:59Z"]]


def test_markup_in_titles_is_not_escaped_in_json(api):
    assert api("", **JSON).json()["description"] == "Données d'essai & <balises>"


def test_queryables_have_the_fields_that_are_shown(api):
    answer = api("/collections/parcelle/queryables", accept="application/schema+json")
    assert answer.headers["content-type"] == "application/schema+json"
    properties = answer.json()["properties"]
    assert set(properties) == {"geometry", "section", "nom", "surface", "numero", "leve"}
    assert properties["section"] == {
        "title": "Section cadastrale",
        "type": "string",
        "enum": ["A", "B"],
        "oneOf": [{"const": "A", "title": "À l'ouest"}, {"const": "B", "title": "East"}],
    }
    assert properties["leve"]["format"] == "date"
    assert properties["geometry"]["format"] == "geometry-polygon"


def test_the_schema_marks_the_time(api):
    properties = api("/collections/arbre/schema").json()["properties"]
    assert properties["annee"]["x-ogc-role"] == "primary-instant"


def test_conformance_claims_what_is_served_and_no_writing(api):
    classes = api("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-features-2/1.0/conf/crs" in classes
    assert not any("features-4" in name for name in classes)


def test_the_definition_refers_to_itself_only(api):
    answer = api("/api", accept=OPENAPI)
    assert answer.headers["content-type"] == OPENAPI
    document = answer.json()
    for ref in re.findall(r'"\$ref":"([^"]+)"', answer.text):
        place = document
        for part in ref.removeprefix("#/").split("/"):
            place = place[part]
    assert document["openapi"].startswith("3.0.")


def test_the_definition_declares_every_parameter_and_no_free_form(api):
    document = api("/api").json()
    for name in ("parcelle", "arbre", "chemin"):
        given = document["paths"][f"/collections/{name}/items"]["get"]["parameters"]
        names = [item.get("name") or item["$ref"].rpartition("/")[2] for item in given]
        assert len(names) == len(set(names))
        assert {"bbox", "datetime", "limit", "crs", "bbox-crs"} <= set(names)
    shared = document["components"]["parameters"]
    assert shared["limit"]["schema"] == {"type": "integer", "minimum": 1, "maximum": 1000, "default": 100}
    assert (shared["bbox"]["schema"]["minItems"], shared["bbox"]["schema"]["maxItems"]) == (4, 6)
    assert '"additionalProperties":true' not in json.dumps(document)


def test_operation_ids_are_unique(api):
    paths = api("/api").json()["paths"]
    ids = [operation["operationId"] for path in paths.values() for operation in path.values()]
    assert len(ids) == len(set(ids))
