"""What the front serves of the portal while the engine sleeps."""

from server.portal.documents import documents
from server.portal.static_files import files
from server.urls import BASE


def test_pages_in_both_languages_and_every_static_file_are_documents(registry):
    found = {document.key: document for document in documents(registry)}
    for language in ("fr", "en"):
        document = found[f"portal/index.{language}.html"]
        assert BASE.encode() in document.body
        assert document.headers["Content-Language"] == language
        assert f"portal/themes/images/index.{language}.html" in found
    assert {f"static/{name}" for name in files()} <= found.keys()
    assert found["static/leaflet/leaflet.js"].content_type == "text/javascript; charset=utf-8"
    assert "max-age=31536000" in found["static/garrigue.css"].headers["Cache-Control"]


def test_the_map_library_comes_with_its_licence():
    licence = files()["leaflet/LICENSE"].read_text("utf-8")
    assert licence.startswith("BSD 2-Clause License")


def test_a_static_file_is_kept_and_asked_again_by_its_tag(portal):
    first = portal("/static/garrigue.css")
    assert first.headers["content-type"] == "text/css; charset=utf-8"
    again = portal("/static/garrigue.css", if_none_match=first.headers["etag"])
    assert (again.status_code, again.content) == (304, b"")


def test_only_static_files_are_served(portal):
    for path in ("/static/../service.py", "/static/%2e%2e/service.py", "/static/rien.css", "/static/"):
        assert portal(path).status_code == 404
