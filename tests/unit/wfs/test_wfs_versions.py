"""WFS 1.1.0 and 1.0.0: documents, features, filters, axis order, errors."""

import pytest
import shapely
from lxml import etree

from layers.filters.gml_geometry import read_geometry
from support.schemas import archive, assert_valid, parser, schema
from support.vectors import KINDS, layer_id, shapes

GML = "{http://www.opengis.net/gml}"
ESSAI = "{https://essai.example/ns}"
OLD = ("1.1.0", "1.0.0")


def application_schema(wfs, version: str, name: str) -> etree.XMLSchema:
    """The schema of a feature type together with that of its collection."""
    described = wfs(VERSION=version, REQUEST="DescribeFeatureType", TYPENAME=f"essai:{name}")
    assert described.status_code == 200, described.text
    wfs_xsd = {"1.1.0": "1.1.0/wfs.xsd", "1.0.0": "1.0.0/WFS-basic.xsd"}[version]
    folder = f"http://schemas.opengis.net/wfs/{wfs_xsd}"
    both = (
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        f'<xsd:import namespace="http://www.opengis.net/wfs" schemaLocation="{folder}"/>'
        '<xsd:import namespace="https://essai.example/ns" schemaLocation="file:///own.xsd"/>'
        "</xsd:schema>"
    )
    reader = parser()

    class Own(etree.Resolver):
        def resolve(self, url, _public_id, context):
            return self.resolve_string(described.content, context, base_url=url) if url.endswith("own.xsd") else None

    reader.resolvers.add(Own())
    return etree.XMLSchema(etree.fromstring(both.encode(), reader, base_url="http://schemas.opengis.net/both.xsd"))


@pytest.mark.parametrize("version", OLD)
def test_capabilities_of_the_older_versions_are_valid(wfs, version):
    answer = wfs(VERSION=None, REQUEST="GetCapabilities", ACCEPTVERSIONS=f"{version},2.0.0")
    name = {"1.1.0": "wfs/1.1.0", "1.0.0": "wfs/1.0.0"}[version]
    root = assert_valid(answer.content, name)
    assert root.get("version") == version
    assert answer.text.count("Name>essai:") == len(wfs.registry.layers)


@pytest.mark.parametrize(
    ("params", "version"),
    [
        ({"VERSION": "1.0.0"}, "1.0.0"),
        ({"VERSION": "1.1.0"}, "1.1.0"),
        ({"VERSION": "1.0.5"}, "1.0.0"),
        ({"VERSION": "9.9"}, "2.0.0"),
        ({"VERSION": None}, "2.0.0"),
        ({"VERSION": "1.0.0", "ACCEPTVERSIONS": "3.0.0,1.1.0,2.0.0"}, "1.1.0"),
    ],
)
def test_the_version_is_negotiated(wfs, params, version):
    assert etree.fromstring(wfs(REQUEST="GetCapabilities", **params).content).get("version") == version


@pytest.mark.parametrize("version", OLD)
@pytest.mark.parametrize("kind", KINDS)
def test_features_are_valid_and_the_same_as_in_the_file(wfs, version, kind):
    name = layer_id(kind)
    answer = wfs(VERSION=version, REQUEST="GetFeature", TYPENAME=f"essai:{name}")
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    compiled = application_schema(wfs, version, name)
    assert compiled.validate(root), list(compiled.error_log)[:5]
    found = root.findall(f".//{ESSAI}{name}")
    assert len(found) == 8
    for feature, shape in zip(found, shapes(kind), strict=True):
        place = feature.find(f"{ESSAI}geometry")
        assert (place is None) == (shape is None)
        if shape is not None:
            read, crs = read_geometry(place[0], "EPSG:4326")
            assert crs == "EPSG:2154"
            assert shapely.equals(read, shapely.force_2d(shape))


def test_height_is_kept_in_gml_2(wfs):
    answer = wfs(VERSION="1.0.0", REQUEST="GetFeature", TYPENAME="linestring_z", MAXFEATURES="1")
    assert "770000.0,6279000.0,1.5 770010.0,6279000.125,2.25" in answer.text


@pytest.mark.parametrize(
    ("version", "srs", "first"),
    [
        ("1.1.0", "urn:ogc:def:crs:EPSG::4326", "43"),
        ("1.1.0", "EPSG:4326", "3"),
        ("1.0.0", "EPSG:4326", "3"),
        ("1.0.0", None, "3"),
        ("1.1.0", None, "43"),
        ("1.1.0", "http://www.opengis.net/gml/srs/epsg.xml#4326", "3"),
    ],
)
def test_the_axes_stand_as_the_spelling_of_the_crs_says(wfs, version, srs, first):
    answer = wfs(VERSION=version, REQUEST="GetFeature", TYPENAME="lieux", MAXFEATURES="1", SRSNAME=srs)
    root = etree.fromstring(answer.content)
    text = root.findtext(f".//{GML}pos") or root.findtext(f".//{GML}coordinates")
    assert text.replace(",", " ").split()[0].split(".")[0] == first


@pytest.mark.parametrize(
    ("version", "box"), [("1.1.0", "43.595,3.795,43.605,3.805"), ("1.0.0", "3.795,43.595,3.805,43.605")]
)
def test_a_box_without_a_crs_is_in_the_order_of_the_version(wfs, version, box):
    answer = wfs(VERSION=version, REQUEST="GetFeature", TYPENAME="lieux", BBOX=box)
    assert answer.text.count("featureMember>") == 2


FILTER = (
    '<ogc:Filter xmlns:ogc="http://www.opengis.net/ogc" xmlns:gml="http://www.opengis.net/gml"><ogc:And>'
    "<ogc:PropertyIsGreaterThan><ogc:PropertyName>essai:entier</ogc:PropertyName><ogc:Literal>3</ogc:Literal>"
    "</ogc:PropertyIsGreaterThan><ogc:BBOX><ogc:PropertyName>geometry</ogc:PropertyName>{}</ogc:BBOX></ogc:And></ogc:Filter>"
)
BOXES = {
    "1.1.0": '<gml:Envelope srsName="EPSG:2154"><gml:lowerCorner>770000 6279000</gml:lowerCorner>'
    "<gml:upperCorner>770450 6279900</gml:upperCorner></gml:Envelope>",
    "1.0.0": '<gml:Box srsName="EPSG:2154"><gml:coordinates>770000,6279000 770450,6279900</gml:coordinates></gml:Box>',
}


@pytest.mark.parametrize("version", OLD)
def test_a_filter_of_the_version_works_by_post(wfs, version):
    body = (
        f'<wfs:GetFeature service="WFS" version="{version}" maxFeatures="5" xmlns:wfs="http://www.opengis.net/wfs">'
        f'<wfs:Query typeName="essai:polygon" xmlns:essai="https://essai.example/ns">{FILTER.format(BOXES[version])}'
        "</wfs:Query></wfs:GetFeature>"
    )
    answer = wfs(body=body.encode())
    assert answer.status_code == 200, answer.text
    found = etree.fromstring(answer.content).findall(f".//{ESSAI}polygon")
    assert [feature.findtext(f"{ESSAI}entier") for feature in found] == [str(2**53 + 1), "4"]


def test_hits_of_1_1_count_and_results_of_a_list_of_types_are_one_collection(wfs):
    hits = etree.fromstring(wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon", RESULTTYPE="hits").content)
    assert hits.get("numberOfFeatures") == "8"
    assert len(hits) == 0
    both = wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon,lieux", MAXFEATURES="10")
    root = etree.fromstring(both.content)
    assert root.get("numberOfFeatures") == "10"
    assert len(root.findall(f"{GML}featureMember")) == 10


@pytest.mark.parametrize("params", [{"TYPENAME": "nulle_part"}, {"TYPENAME": "polygon", "SRSNAME": "EPSG:1"}])
def test_errors_are_told_as_the_version_tells_them(wfs, params):
    old = wfs(VERSION="1.1.0", REQUEST="GetFeature", **params)
    assert old.status_code == 400
    assert_valid(old.content, "ows/1.0.0/owsExceptionReport.xsd")
    oldest = wfs(VERSION="1.0.0", REQUEST="GetFeature", **params)
    root = assert_valid(oldest.content, "wfs/1.0.0/OGC-exception.xsd")
    assert root[0].get("code") == "InvalidParameterValue"


def test_a_broken_body_of_1_1_gets_a_report_of_1_1(wfs):
    answer = wfs(body=b'<wfs:GetFeature service="WFS" version="1.1.0" xmlns:wfs="http://www.opengis.net/wfs">')
    assert_valid(answer.content, "ows/1.0.0/owsExceptionReport.xsd")


def test_operations_of_2_0_are_not_in_1_1(wfs):
    answer = wfs(VERSION="1.1.0", REQUEST="ListStoredQueries")
    assert 'exceptionCode="OperationNotSupported"' in answer.text


def test_the_schemas_that_answers_name_are_in_the_archive():
    assert schema("wfs/1.1.0") is not None
    assert archive().getinfo("ogc/gml/2.1.2/feature.xsd").file_size
