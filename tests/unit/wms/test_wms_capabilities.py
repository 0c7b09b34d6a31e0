import importlib.util
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from lxml import etree

from layers.crs import CRS84
from layers.extents import extents
from layers.registry import Registry
from server.wms.capabilities import View, capabilities
from support.schemas import assert_valid, assert_valid_wms111

WMS = {"w": "http://www.opengis.net/wms", "xlink": "http://www.w3.org/1999/xlink"}


def view(registry: Registry, version="1.3.0", theme=None, language="fr") -> View:
    sizes = {(layer.id, style): (120, 20) for layer in registry.layers.values() for style in layer.styles}
    return View(registry, theme, version, language, extents(registry), sizes)


@pytest.mark.parametrize("theme", [None, "bati", "sol", "arbre"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_document_of_1_3_0_is_valid(paper, theme, language):
    assert_valid(capabilities(view(paper, "1.3.0", theme, language)), "sld/1.1.0/sld_capabilities.xsd")


@pytest.mark.parametrize("theme", [None, "bati", "sol", "arbre"])
@pytest.mark.parametrize("language", ["fr", "en"])
def test_the_document_of_1_1_1_is_valid(paper, theme, language):
    assert_valid_wms111(capabilities(view(paper, "1.1.1", theme, language)))


def test_layers_that_cannot_be_shown_in_a_crs_have_no_box_in_it(thousand):
    boxes = extents(thousand)["l0"]
    assert set(boxes) == {CRS84, "EPSG:2154", "EPSG:3857", "EPSG:4326"}


INSPIRE_URL = {"url": "https://example.org/csw?id=a&b", "format": "application/vnd.ogc.csw.GetRecordByIdResponse_xml"}
INSPIRE_INSIDE = {
    "metadata_date": "2026-05-31",
    "published": "2024-01-02",
    "revised": "2026-05-30",
    "conformity": [{"title": {"fr": "Règlement « vue »", "en": "View"}, "date": "2009-10-20", "degree": "conformant"}],
    "keywords": [{"fr": "Bâtiments", "en": "Buildings"}],
}


def inspired(registry, declared):
    """The registry as an INSPIRE view service; validated as a configuration is."""
    contact = {"organization": "Ville", "email": "sig@example.org"}
    declared = {"inspire": declared, "contact": contact, "title": "Été", "crs": list(registry.service.crs)}
    return replace(registry, service=type(registry.service).model_validate(declared))


def assert_valid_view_service(root):
    folder = Path(importlib.util.find_spec("mapproxy").origin).parent / "test" / "schemas"
    schema = etree.XMLSchema(file=str(folder / "inspire" / "inspire_vs" / "1.0" / "inspire_vs.xsd"))
    for operation in root.findall(".//{http://www.opengis.net/sld}*"):
        operation.getparent().remove(operation)
    schema.assertValid(root)


@pytest.mark.parametrize("declared", [INSPIRE_URL, INSPIRE_INSIDE, INSPIRE_URL | INSPIRE_INSIDE])
@pytest.mark.parametrize(("language", "code"), [("fr", "fre"), ("en", "eng")])
def test_an_inspire_view_service_says_its_languages(paper, declared, language, code):
    root = etree.fromstring(capabilities(view(inspired(paper, declared), language=language)))
    assert_valid_view_service(root)
    assert root.findtext(".//{*}ResponseLanguage/{*}Language") == code
    assert root.findtext(".//{*}DefaultLanguage/{*}Language") == "fre"
    assert (root.findtext(".//{*}MetadataUrl/{*}URL") is not None) == ("url" in declared)


@pytest.mark.parametrize(
    ("language", "keyword", "title"), [("fr", "Bâtiments", "Règlement « vue »"), ("en", "Buildings", "View")]
)
def test_the_record_may_stand_in_the_capabilities(paper, language, keyword, title):
    root = etree.fromstring(capabilities(view(inspired(paper, INSPIRE_INSIDE), language=language)))
    told = {
        name: root.findtext(f".//{{*}}ExtendedCapabilities//{{*}}{name}")
        for name in ("MetadataDate", "Degree", "Title")
    }
    assert told == {"MetadataDate": "2026-05-31", "Degree": "conformant", "Title": title}
    keywords = [e.text for e in root.iterfind(".//{*}ExtendedCapabilities//{*}KeywordValue")]
    assert keywords == ["infoMapAccessService", keyword]
    assert root.findtext(".//{*}MetadataPointOfContact/{*}EmailAddress") == "sig@example.org"
    assert root.find(".//{*}ResourceLocator/{*}URL").text.endswith("REQUEST=GetCapabilities")


def test_what_is_not_evaluated_is_said_to_be_so(paper):
    declared = {"metadata_date": "2026-05-31", "created": "2026-01-01"}
    root = etree.fromstring(capabilities(view(inspired(paper, declared))))
    assert_valid_view_service(root)
    assert root.findtext(".//{*}Conformity/{*}Degree") == "notEvaluated"


@pytest.mark.parametrize(
    ("declared", "said"),
    [
        ({}, "url of the service's record, or metadata_date"),
        ({"metadata_date": "2026-05-31"}, "one of created, published, revised"),
        ({"metadata_date": "hier", "created": "2026-01-01"}, "String should match"),
    ],
)
def test_an_inspire_record_that_is_not_whole_is_told(paper, declared, said):
    with pytest.raises(ValueError, match=said):
        inspired(paper, declared)
    with pytest.raises(ValueError, match=r"contact\.organization and contact\.email"):
        type(paper.service).model_validate({"inspire": INSPIRE_INSIDE})


@pytest.fixture
def credited(paper):
    """Layers with logos, and with the identifier of their INSPIRE data set."""
    logos = {
        "borne": {"url": "https://example.org/logo.svg?a=1&b=2", "width": 120, "height": 40},
        "rue": "https://example.org/logo.png",
    }
    layers = dict(paper.layers)
    for name, logo in logos.items():
        declared = layers[name].definition.model_dump(mode="json", exclude_unset=True)
        declared |= {"attribution": {"title": "Ville & Cie", "url": "https://example.org", "logo": logo}}
        declared |= {
            "inspire": {"code": f"id-{name}", "namespace": "https://www.example.org/so" if name == "rue" else ""}
        }
        layers[name] = replace(layers[name], definition=layers[name].definition.model_validate(declared))
    return replace(paper, layers=MappingProxyType(layers))


def layer_of(root, name):
    return next(e for e in root.iter("{*}Layer") if e.findtext("{*}Name") == name)


def test_attributions_have_their_logo(credited):
    root = assert_valid(capabilities(view(credited)), "sld/1.1.0/sld_capabilities.xsd")
    logo = layer_of(root, "borne").find("{*}Attribution/{*}LogoURL")
    assert (logo.get("width"), logo.get("height"), logo.findtext("{*}Format")) == ("120", "40", "image/svg+xml")
    assert logo.find("{*}OnlineResource").get(f"{{{WMS['xlink']}}}href") == "https://example.org/logo.svg?a=1&b=2"
    other = layer_of(root, "rue").find("{*}Attribution/{*}LogoURL")
    assert (dict(other.attrib), other.findtext("{*}Format")) == ({}, "image/png")
    old = assert_valid_wms111(capabilities(view(credited, "1.1.1")))
    assert [e.get("width") for e in old.iter("LogoURL")] == ["120"]


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_layers_have_the_identifier_of_their_data_set(credited, version):
    body = capabilities(view(credited, version))
    root = etree.fromstring(body)
    found = {}
    for name in ("borne", "rue"):
        authority, identifier = (layer_of(root, name).find(f"{{*}}{tag}") for tag in ("AuthorityURL", "Identifier"))
        assert identifier.get("authority") == authority.get("name")
        found[name] = (identifier.text, authority.get("name"))
    assert found == {"borne": ("id-borne", "service"), "rue": ("id-rue", "www.example.org")}
    if version == "1.1.1":
        assert_valid_wms111(body)
    else:
        assert_valid(body, "sld/1.1.0/sld_capabilities.xsd")
