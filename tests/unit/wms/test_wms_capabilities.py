import importlib.util
import time
from dataclasses import replace
from pathlib import Path

import pytest
from lxml import etree

from layers.crs import CRS84
from layers.model import Link
from layers.registry import Registry
from server.wms.capabilities import View, capabilities
from server.wms.extents import extents
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


def test_a_thousand_layers_are_rendered_in_fifty_milliseconds(thousand):
    durations = []
    for _ in range(3):
        start = time.perf_counter()
        capabilities(view(thousand))
        durations.append(time.perf_counter() - start)
    assert min(durations) < 0.15, "four times the aim, for a machine that is busy"


def test_layers_that_cannot_be_shown_in_a_crs_have_no_box_in_it(thousand):
    boxes = extents(thousand)["l0"]
    assert set(boxes) == {CRS84, "EPSG:2154", "EPSG:3857", "EPSG:4326"}


@pytest.mark.parametrize(("language", "code"), [("fr", "fre"), ("en", "eng")])
def test_an_inspire_view_service_says_its_languages(paper, language, code):
    link = Link(url="https://example.org/csw?id=a&b", format="application/vnd.ogc.csw.GetRecordByIdResponse_xml")
    service = paper.service.model_copy(update={"inspire": link})
    root = etree.fromstring(capabilities(view(replace(paper, service=service), language=language)))
    folder = Path(importlib.util.find_spec("mapproxy").origin).parent / "test" / "schemas"
    schema = etree.XMLSchema(file=str(folder / "inspire" / "inspire_vs" / "1.0" / "inspire_vs.xsd"))
    for operation in root.findall(".//{http://www.opengis.net/sld}*"):
        operation.getparent().remove(operation)
    schema.assertValid(root)
    assert root.findtext(".//{*}ResponseLanguage/{*}Language") == code
    assert root.findtext(".//{*}DefaultLanguage/{*}Language") == "fre"
