"""INSPIRE download service: extended capabilities, languages, whole data sets in one query."""

import importlib.util
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

import pytest
from lxml import etree

from layers import model
from support.schemas import assert_valid

ID = "http://inspire.ec.europa.eu/operation/download/GetSpatialDataSet"
SPACE = "https://essai.example/jeux/"
RECORD = {"url": "https://example.org/csw?id=a&b", "format": "application/vnd.iso.19139+xml"}

DLS = """<schema xmlns="http://www.w3.org/2001/XMLSchema" xmlns:c="http://inspire.ec.europa.eu/schemas/common/1.0"
  targetNamespace="http://inspire.ec.europa.eu/schemas/inspire_dls/1.0" elementFormDefault="qualified">
  <import namespace="http://inspire.ec.europa.eu/schemas/common/1.0" schemaLocation="{common}"/>
  <element name="ExtendedCapabilities"><complexType><complexContent><extension base="c:ExtendedCapabilitiesType">
    <sequence>
      <element name="SpatialDataSetIdentifier" type="c:uniqueResourceIdentifier" maxOccurs="unbounded"/>
    </sequence>
  </extension></complexContent></complexType></element></schema>"""
"""What the download service adds to INSPIRE's common schema, which is had offline; its own schema is not."""


@pytest.fixture(scope="module")
def inspired(wfs):
    """A WFS with a data set of two types, another of one, and a record in a catalogue."""
    sets = {"point": ("a&b", SPACE), "polygon": ("a&b", SPACE), "copie": ("c", "")}
    layers = {
        name: replace(layer, definition=layer.definition.model_copy(update={"inspire": _data_set(sets.get(name))}))
        for name, layer in wfs.registry.layers.items()
    }
    service = wfs.registry.service.model_dump() | {"inspire_download": RECORD}
    limits = service["limits"] | {"features": 3}
    service = model.Service.model_validate(service | {"limits": limits})
    return type(wfs)(replace(wfs.registry, service=service, layers=MappingProxyType(layers)))


LANGUAGES = [("fre", "fre", "Essai d'été & <co>"), ("eng", "eng", "Trial"), ("xx", "fre", "Essai")]


def _data_set(found):
    return model.DataSet(code=found[0], namespace=found[1]) if found else None


@pytest.mark.parametrize(("language", "code", "title"), LANGUAGES)
def test_the_extended_capabilities_are_valid_and_tell_languages_and_data_sets(inspired, language, code, title):
    root = assert_valid(inspired(REQUEST="GetCapabilities", LANGUAGE=language).content, "wfs/2.0")
    extended = root.find(".//{http://inspire.ec.europa.eu/schemas/inspire_dls/1.0}ExtendedCapabilities")
    folder = (
        Path(importlib.util.find_spec("mapproxy").origin).parent / "test" / "schemas" / "inspire" / "common" / "1.0"
    )
    schema = etree.XMLSchema(etree.fromstring(DLS.format(common=(folder / "common.xsd").as_uri())))
    schema.assertValid(extended)
    assert extended.findtext("{*}ResponseLanguage/{*}Language") == code
    assert extended.findtext("{*}SupportedLanguages/{*}DefaultLanguage/{*}Language") == "fre"
    assert root.findtext(".//{*}ServiceIdentification/{*}Title").startswith(title)
    found = [[text.text for text in one] for one in extended.findall("{*}SpatialDataSetIdentifier")]
    assert sorted(found) == [["a&b", SPACE], ["c"]]
    assert extended.findtext("{*}MetadataUrl/{*}URL") == RECORD["url"]


def test_a_theme_tells_its_own_data_sets_and_one_without_any_none(inspired, wfs):
    root = etree.fromstring(inspired("/themes/autres/wfs", REQUEST="GetCapabilities").content)
    assert [one.text for one in root.iterfind(".//{*}SpatialDataSetIdentifier/{*}Code")] == ["c"]
    assert b"inspire" not in wfs(REQUEST="GetCapabilities").content


def test_other_documents_speak_the_language_too(inspired):
    english = inspired(REQUEST="GetCapabilities", VERSION="1.1.0", LANGUAGE="eng").text
    assert "<ows:Title>Trial</ows:Title>" in english
    assert "<Title>Trial</Title>" in inspired(REQUEST="GetCapabilities", VERSION="1.0.0", LANGUAGE="en").text


def test_a_data_set_comes_whole_with_every_type(inspired):
    root = assert_valid(inspired(REQUEST="DescribeStoredQueries", STOREDQUERY_ID=ID).content, "wfs/2.0")
    names = [one.get("name") for one in root.iterfind(".//{*}Parameter")]
    assert names == ["CRS", "DataSetIdCode", "DataSetIdNamespace", "Language"]
    asked = {
        "DataSetIdCode": "a&b",
        "DataSetIdNamespace": SPACE,
        "Language": "fre",
        "CRS": "urn:ogc:def:crs:EPSG::4258",
    }
    answer = inspired(REQUEST="GetFeature", STOREDQUERY_ID=ID, **asked)
    root = etree.fromstring(answer.content)
    assert (root.get("numberMatched"), root.get("numberReturned"), root.get("next")) == ("16", "16", None)
    assert "essai:point" in answer.text
    assert "essai:polygon" in answer.text
    assert 'srsName="urn:ogc:def:crs:EPSG::4258"' in answer.text
    file = inspired(REQUEST="GetFeature", STOREDQUERY_ID=ID, OUTPUTFORMAT="geopackage", **asked)
    assert file.content.startswith(b"SQLite format 3")
    page = etree.fromstring(inspired(REQUEST="GetFeature", STOREDQUERY_ID=ID, COUNT="2", **asked).content)
    assert page.get("numberReturned") == "4"


@pytest.mark.parametrize(
    ("params", "locator"),
    [
        ({}, "DataSetIdCode"),
        ({"DataSetIdCode": "x"}, "DataSetIdCode"),
        ({"DataSetIdCode": "c", "DataSetIdNamespace": SPACE}, "DataSetIdCode"),
        ({"DataSetIdCode": "c", "Language": "volapük"}, "Language"),
        ({"DataSetIdCode": "c", "CRS": "EPSG:9"}, "srsName"),
    ],
)
def test_what_is_wrong_is_told(inspired, params, locator):
    answer = inspired(REQUEST="GetFeature", STOREDQUERY_ID=ID, **params)
    report = assert_valid(answer.content, "ows/1.1.0")
    assert (answer.status_code, report[0].get("locator")) == (400, locator)
