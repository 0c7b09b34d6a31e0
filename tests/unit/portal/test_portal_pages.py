"""The start page: both languages, every address, nothing from elsewhere, light."""

import gzip
import re

import pytest
from lxml import html

from server.portal.texts import catalogue


def page(portal, path="/?lang=fr"):
    answer = portal(path)
    assert answer.status_code == 200
    return html.fromstring(answer.content)


@pytest.mark.parametrize(
    ("path", "headers", "language"),
    [
        ("/", {}, "fr"),
        ("/", {"accept_language": "en-GB,en;q=0.9"}, "en"),
        ("/", {"accept_language": "de, fr;q=0.4, en;q=0.7"}, "en"),
        ("/", {"accept_language": "en;q=0, *"}, "fr"),
        ("/?lang=en", {"accept_language": "fr"}, "en"),
        ("/?lang=xx", {"accept_language": "en;q=oops,fr"}, "fr"),
    ],
)
def test_the_language_is_the_one_asked_or_preferred(portal, path, headers, language):
    answer = portal(path, **headers)
    assert f'<html lang="{language}">' in answer.text
    assert answer.headers["content-language"] == language
    assert answer.headers["vary"] == "Accept-Language"


def test_every_layer_is_there_by_theme(portal):
    themes = page(portal).xpath("//section[@class='theme']")
    found = {theme.xpath(".//h2")[0].text: [card.get("id") for card in theme.xpath(".//article")] for theme in themes}
    assert found == {"Bâti": ["parcelle", "arbre", "chemin"], "Images": ["ortho", "relief"]}


def test_addresses_are_whole_and_can_be_copied(portal):
    document = page(portal)
    copied = {
        b.get("data-copy"): document.get_element_by_id(b.get("data-copy")).text
        for b in document.xpath("//*[@class='copy']")
    }
    base = "http://portal.test/prefixe"
    assert copied["service-wms"] == f"{base}/wms"
    assert copied["service-wmts"] == f"{base}/wmts/1.0.0/WMTSCapabilities.xml"
    assert copied["service-ogcapi"] == f"{base}/ogcapi"
    assert copied["ortho-xyz"] == f"{base}/tiles/ortho/PM/{{z}}/{{x}}/{{y}}.jpeg"
    assert copied["parcelle-ogcapi"] == f"{base}/ogcapi/collections/parcelle"
    assert "ortho-wfs" not in copied
    assert all(address == "portal" or "invalid" not in address for address in copied.values())


def test_nothing_is_loaded_from_elsewhere(portal):
    document = page(portal)
    loaded = [element.get("src") or element.get("href") for element in document.xpath("//script | //img | //link")]
    assert loaded
    assert all(address.startswith("http://portal.test/prefixe/") for address in loaded)


def test_the_page_and_what_it_loads_at_once_are_light(portal):
    document = portal("/?lang=fr").content
    first = [document, *(portal(f"/static/{name}").content for name in ("garrigue.css", "portal.js", "garrigue.svg"))]
    assert sum(len(gzip.compress(body)) for body in first) < 25_000


def test_maps_and_pictures_load_only_when_they_are_looked_at(portal):
    document = page(portal)
    assert all(image.get("loading") == "lazy" for image in document.xpath("//img"))
    assert not [script for script in document.xpath("//script") if "leaflet" in script.get("src")]


def test_the_page_can_be_used_without_seeing_it(portal):
    document = page(portal)
    assert all(image.get("alt") is not None for image in document.xpath("//img"))
    assert [int(h.tag[1]) for h in document.xpath("//h1 | //h2 | //h3 | //h4")][:3] == [1, 2, 2]
    assert document.xpath("//a[@class='skip']")[0].get("href") == "#layers"
    assert document.xpath("//label[@for='q']")
    assert all(b.get("aria-label") for b in document.xpath("//button"))
    ids = [element.get("id") for element in document.xpath("//*[@id]")]
    assert len(ids) == len(set(ids))


def test_markup_in_titles_is_text(portal):
    assert "Données d&#39;essai &amp; &lt;balises&gt;" in portal("/?lang=fr").text


def test_a_layer_with_times_lets_one_choose(portal):
    options = [option.text for option in page(portal).xpath("//*[@id='arbre']//select[@class='time']/option")]
    assert options == ["2020", "2023"]


def test_a_theme_has_its_own_page_with_its_own_addresses(portal):
    document = page(portal, "/themes/images/?lang=en")
    assert document.xpath("//h1")[0].text == "Imagery"
    assert document.get_element_by_id("service-wms").text == "http://portal.test/prefixe/themes/images/wms"
    assert [card.get("id") for card in document.xpath(".//article")] == ["ortho", "relief"]
    assert portal("/themes/rien/").status_code == 404


def test_the_catalogue_says_everything_in_both_languages():
    french, english = catalogue()["fr"], catalogue()["en"]
    assert french.keys() == english.keys()
    for name, text in french.items():
        assert re.findall(r"{\w+}", text) == re.findall(r"{\w+}", english[name])
