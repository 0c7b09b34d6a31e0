"""The HTML pages: whole, offline, in the language asked."""

import re

import pytest

PATHS = [
    "",
    "/conformance",
    "/api",
    "/collections",
    "/collections/parcelle",
    "/collections/parcelle/queryables",
    "/collections/parcelle/schema",
    "/collections/parcelle/items",
    "/collections/parcelle/items/parcelle.1",
]


@pytest.mark.parametrize("path", PATHS)
def test_pages_load_nothing_from_elsewhere(api, path):
    text = api(path, {"f": "html"}).text
    loaded = re.findall(r'<(?:script|img|link)[^>]+(?:src|href)="([^"]+)"', text)
    assert loaded
    assert all(address.startswith("http://api.test/prefixe/static/") for address in loaded)
    assert "built-in method" not in text


@pytest.mark.parametrize(("language", "word"), [("fr", "Parcelles"), ("en", "Parcels")])
@pytest.mark.parametrize("path", [path for path in PATHS if "collections" in path][:6])
def test_pages_are_in_the_language_asked(api, path, language, word):
    by_name = api(path, {"f": "html", "lang": language})
    by_header = api(path, accept="text/html", accept_language=f"{language};q=0.9")
    for answer in (by_name, by_header):
        assert f'<html lang="{language}">' in answer.text
        assert answer.headers["content-language"] == language
        assert word in answer.text


@pytest.mark.parametrize("page", ["schema", "queryables"])
def test_the_pages_of_fields_tell_their_titles_and_the_values_that_they_may_have(api, page):
    text = api(f"/collections/parcelle/{page}", {"f": "html"}).text
    row = re.search(r"<tr><th scope=\"row\"><code>section</code>.*</tr>", text)[0]
    assert re.findall(r"<td>(.*?)</td>", row) == [
        "Section cadastrale",
        "string",
        "<code>A</code> À l&#39;ouest, <code>B</code> East",
    ]
    english = api(f"/collections/parcelle/{page}", {"f": "html", "lang": "en"}).text
    assert "<code>A</code> West, <code>B</code> East" in english


def test_a_page_of_features_has_titles_of_fields_and_the_next_page(api):
    text = api("/collections/parcelle/items", {"f": "html", "limit": 10, "section": "A"}).text
    assert '<th scope="col">Section cadastrale</th>' in text
    assert "f=html&amp;limit=10&amp;section=A&amp;offset=10" in text
    assert "« 3 » &amp; &lt;0&gt;" in text
    assert 'href="?f=html&amp;limit=10&amp;section=A&amp;lang=en"' in text


def test_browsers_get_pages_and_clients_get_json(api):
    browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"
    assert api("/collections", accept=browser).headers["content-type"].startswith("text/html")
    for accept in ("application/json", "*/*", "application/geo+json, application/json"):
        assert "json" in api("/collections/parcelle/items", accept=accept).headers["content-type"]


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", "application/json"),
        ("text/csv", "application/json"),
        ("application/ld+json, image/png", "application/json"),
        ("application/json, text/html", "application/json"),
        ("text/html, application/json", "text/html"),
        ("application/json;q=0.5, text/html;q=0.9", "text/html"),
        ("text/html;q=0, */*", "application/json"),
        ("text/html;q=x", "application/json"),
    ],
)
def test_the_preferred_encoding_is_given(api, accept, expected):
    for path in ("/collections", "/collections/arbre", "/collections/arbre/queryables", "/conformance", ""):
        found = api(path, accept=accept).headers["content-type"]
        assert found.startswith("text/html") == (expected == "text/html")
    items = api("/collections/arbre/items", accept=accept)
    assert items.status_code == 200
    assert ("numberMatched" in items.text) == (expected == "application/json")
