"""Templates of GetFeatureInfo: the registry's own, in a sandbox, with values as people write them."""

from dataclasses import replace
from datetime import UTC, date, datetime

import pytest
from lxml import etree

from layers.errors import SourceError
from layers.info import BandValue, InfoFeature, LayerInfo
from layers.query import MapQuery, PointQuery, Selection
from server.wms import info_formats, info_pages
from server.wms.info_formats import Answer, Found

NASTY = 'L\'été <script>alert("œ")</script>'


@pytest.fixture
def own(paper, tmp_path):
    """A registry with a folder of templates."""
    (tmp_path / "templates" / "info").mkdir(parents=True)
    return replace(paper, config=tmp_path)


def write(registry, name, text):
    (registry.config / "templates" / "info" / f"{name}.html").write_text(text, encoding="utf-8")


def page(registry, *layers, language="fr"):
    query = PointQuery(MapQuery((Selection("borne"),), "EPSG:2154", (0, 0, 1, 1), 10, 10), 5, 5, 10)
    features = tuple(Found(layer, f"{layer}.1", {"nom": NASTY}, (("Nom", NASTY),), None) for layer in layers)
    return info_formats.FORMATS["text/html"](Answer(registry, query, features, language)).decode()


def test_each_layer_stands_in_the_page_as_its_own_template_writes_it(own):
    write(own, "borne", "<p class=own>{{ layer.title }}, {{ features[0].properties.nom }}, {{ language }}</p>")
    write(own, "default", "<p class=any>{{ layer.name }}: {{ features | length }}</p>")
    tree = etree.HTML(page(own, "borne", "rue", "parcelle", language="en"))
    assert [p.text for p in tree.iterfind(".//p[@class='own']")] == [f"Title borne, {NASTY}, en"]
    assert [p.text for p in tree.iterfind(".//p[@class='any']")] == ["rue: 1", "parcelle: 1"]


def test_values_are_escaped_whatever_the_template(own):
    write(
        own, "borne", "{{ features[0].properties.nom }}{% for t, v in features[0].shown %}{{ v | linked }}{% endfor %}"
    )
    assert "<script>" not in page(own, "borne")
    assert "<script>" not in page(own, "rue")


@pytest.mark.parametrize(
    "template",
    [
        "{{ ''.__class__.__mro__[1].__subclasses__() }}",
        "{{ layer.__init__.__globals__ }}",
        "{{ features.append(1) }}",
        "{{ 'a' * 1000000000 }}",
        "{{ 9 ** 9999999 }}",
        "{{ '%1000000000d' % 1 }}",
        "{{ 'a'.ljust(1000000000) }}",
        "{{ '{:1000000000}'.format(1) }}",
        "{% for i in range(9999999) %}a{% endfor %}",
        "{% for i in range(9000) %}{% for j in range(9000) %}abcdefgh{% endfor %}{% endfor %}",
        "{% include '../../service.yaml' %}",
        "{% include '/etc/passwd' %}",
        "{{ nope.a }}",
        "{{ 1 / 0 }}",
        "{{ 'a' + 1 }}",
        "{% if %}",
    ],
)
def test_a_template_that_fails_or_goes_too_far_is_an_error(own, template):
    write(own, "borne", template)
    with pytest.raises(SourceError, match=r"template|info of borne"):
        page(own, "borne")


def test_check_tells_templates_that_cannot_be_read_and_those_of_no_layer(own):
    write(own, "borne", "<p>\n{% if %}</p>")
    write(own, "bornes", "<p></p>")
    (problem,) = info_pages.mistakes(own)
    assert (problem.file, problem.line) == ("templates/info/borne.html", 2)
    assert [problem.file for problem in info_pages.unused(own)] == ["templates/info/bornes.html"]


@pytest.mark.parametrize(
    ("value", "french", "english"),
    [
        (None, "", ""),
        (True, "oui", "yes"),
        (False, "non", "no"),
        (12.5, "12,5", "12.5"),
        (0.1 + 0.2, "0,3", "0.3"),
        (1234567, "1234567", "1234567"),
        (date(2024, 2, 29), "29/02/2024", "2024-02-29"),
        (datetime(2024, 2, 29, 13, 5, tzinfo=UTC), "29/02/2024 13:05", "2024-02-29 13:05+00:00"),
        ("été", "été", "été"),
    ],
)
def test_values_are_shown_as_people_of_a_language_write_them(paper, value, french, english):
    for language, written in (("fr", french), ("en", english)):
        item = LayerInfo("borne", (InfoFeature("1", {"nom": value}),))
        (found,) = info_formats.found(paper, [item], language)
        assert found.shown == (("nom", written),)
        assert found.properties == {"nom": value}


def test_a_pixel_is_shown_by_the_label_of_its_class(paper):
    pixel = InfoFeature("t.pixel", {"value": 31, "label": "Forêt"})
    (found,) = info_formats.found(paper, [LayerInfo("temperature", (pixel,), (BandValue("value", 31, "Forêt"),))], "fr")
    assert found.shown == (("value", "Forêt (31)"),)
    assert found.properties["label"] == "Forêt"
