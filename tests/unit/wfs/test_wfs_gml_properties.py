# ruff: noqa: E501 - requests as they are sent
"""Fields that are gml:name and gml:description, elements of geometries by their type, names with accents."""

from dataclasses import replace
from types import MappingProxyType

import pyarrow as pa
import pytest
import shapely
from lxml import etree

from layers import model
from layers.registry import Layer
from layers.sources.vector import describe
from server.wfs.names import xml_ids, xml_name
from support.schemas import assert_valid, parser
from support.vectors import write

GML = {
    "name": "nom",
    "description": "note",
    "identifier": "code",
    "geometry": {"Point": "lieu", "LineString": "chemin", "Polygon": "emprise"},
}
SHAPES = [
    shapely.Point(770000, 6279000),
    shapely.LineString([(770000, 6279000), (770010, 6279000)]),
    shapely.box(770000, 6279000, 770100, 6279100),
    None,
]
HEAD = "service='WFS' version='2.0.0' xmlns:wfs='http://www.opengis.net/wfs/2.0' xmlns:fes='http://www.opengis.net/fes/2.0' xmlns:g='http://www.opengis.net/gml/3.2' xmlns:e='https://essai.example/ns'"


@pytest.fixture
def named(edited, tmp_path):
    """The WFS with one layer more, whose features have a point, a line or an area."""
    data = pa.table(
        {
            "nom": ["a", "b", "c", None],
            "note": ["une note", None, None, None],
            "code": ["x1", "x2", "x3", "x4"],
            "rang": [1, 2, 3, 4],
            "geometry": pa.array(shapely.to_wkb(SHAPES)),
        }
    )
    write(tmp_path / "divers.gpkg", "Unknown", "divers", data=data)
    source = model.VectorSource(vector="divers.gpkg", geometry="Unknown")
    definition = model.Layer.model_validate(
        {"title": "Divers", "name": "ÉlémentDivers", "source": source.model_dump(), "gml": GML, "edit": True}
    )
    layer = Layer("divers", "gpkg", definition, describe(source, tmp_path), MappingProxyType({"default": ""}), "stamp")
    layers = MappingProxyType({**edited.registry.layers, "divers": layer})
    edited.registry = edited.app.state.context.registry = replace(edited.registry, layers=layers)
    return edited


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.0.0"])
def test_features_are_valid_by_their_schema(named, version):
    asked = {"VERSION": version, "TYPENAMES": "essai:ÉlémentDivers", "TYPENAME": "essai:ÉlémentDivers"}
    described = named(REQUEST="DescribeFeatureType", **asked).content
    schema = etree.XMLSchema(etree.fromstring(described, parser()))
    collection = etree.fromstring(named(REQUEST="GetFeature", **asked).content)
    members = collection.findall("{*}member") or collection.findall("{*}featureMember")
    assert len(members) == 4
    for member in members:
        one = etree.fromstring(etree.tostring(member[0], encoding="utf-8"))
        assert schema.validate(one), schema.error_log
    first = members[0][0]
    names = [etree.QName(child).localname for child in first]
    in_32 = ["description", "identifier", "name", "lieu", "rang"]
    assert names == (in_32 if version == "2.0.0" else ["description", "name", "lieu", "code", "rang"])


def test_filters_find_gml_names_and_one_type_of_geometry(named):
    def found(condition: str) -> int:
        body = f"<wfs:GetFeature {HEAD} resultType='hits'><wfs:Query typeNames='e:ÉlémentDivers'><fes:Filter>{condition}</fes:Filter></wfs:Query></wfs:GetFeature>"
        return int(etree.fromstring(named(body=body.encode()).content).get("numberMatched"))

    box = "<fes:BBOX><fes:ValueReference>{}</fes:ValueReference><g:Envelope srsName='EPSG:2154'><g:lowerCorner>769000 6278000</g:lowerCorner><g:upperCorner>771000 6280000</g:upperCorner></g:Envelope></fes:BBOX>"
    assert found(box.format("e:lieu")) == 1
    assert found(box.format("e:emprise")) == 1
    assert (
        found(
            "<fes:PropertyIsEqualTo><fes:ValueReference>g:name</fes:ValueReference><fes:Literal>b</fes:Literal></fes:PropertyIsEqualTo>"
        )
        == 1
    )
    assert found("<fes:PropertyIsNull><fes:ValueReference>g:name</fes:ValueReference></fes:PropertyIsNull>") == 1
    assert found("<fes:PropertyIsNull><fes:ValueReference>e:chemin</fes:ValueReference></fes:PropertyIsNull>") == 3
    assert found("<fes:PropertyIsNull><fes:ValueReference>g:boundedBy</fes:ValueReference></fes:PropertyIsNull>") == 1


def test_values_of_one_type_of_geometry_and_of_names(named):
    for reference, count in (("lieu", 1), ("gml:name", 3), ("emprise", 1)):
        answer = named(REQUEST="GetPropertyValue", TYPENAMES="ÉlémentDivers", VALUEREFERENCE=reference)
        assert answer.text.count("<wfs:member>") == count, reference


def test_names_and_descriptions_are_kept_by_transactions(named):
    feature = "<e:ÉlémentDivers><g:description>dite</g:description><g:identifier codeSpace='x'>id9</g:identifier><g:name>neuf</g:name><e:chemin><g:LineString srsName='EPSG:2154'><g:posList>770000 6279000 770001 6279001</g:posList></g:LineString></e:chemin><e:rang>9</e:rang></e:ÉlémentDivers>"
    where = "<fes:Filter><fes:ResourceId rid='divers.1'/></fes:Filter>"
    change = f"<wfs:Update typeName='e:ÉlémentDivers'><wfs:Property><wfs:ValueReference>g:name[1]</wfs:ValueReference><wfs:Value>autre</wfs:Value></wfs:Property>{where}</wfs:Update>"
    answer = named(
        body=f"<wfs:Transaction {HEAD}><wfs:Insert>{feature}</wfs:Insert>{change}</wfs:Transaction>".encode()
    )
    assert assert_valid(answer.content, "wfs/2.0").findtext(".//{*}totalUpdated") == "1"
    told = named(REQUEST="GetFeature", RESOURCEID="divers.5").text
    for text in (
        "<gml:description>dite</",
        ">id9</gml:identifier>",
        "<gml:name>neuf</",
        "<essai:chemin><gml:LineString",
    ):
        assert text in told
    assert "<gml:name>autre</gml:name>" in named(REQUEST="GetFeature", RESOURCEID="divers.1").text


def test_a_geometry_of_another_type_than_its_element_is_refused(named):
    feature = "<e:ÉlémentDivers><e:chemin><g:Point srsName='EPSG:2154'><g:pos>770000 6279000</g:pos></g:Point></e:chemin></e:ÉlémentDivers>"
    answer = named(body=f"<wfs:Transaction {HEAD}><wfs:Insert>{feature}</wfs:Insert></wfs:Transaction>".encode())
    assert answer.status_code == 400
    assert "chemin takes LineString, not Point" in answer.text


@pytest.mark.parametrize(
    "keys",
    [
        ["a.1", "b_2"],
        ["1a"],
        [""],
        ["a", ""],
        ["é.1"],
        ["a_x0041_b"],
        ["a b"],
        ["_a", "-b"],
        [],
        ["a\n"],
        ["[a"],
        ["A.1"],
    ],
)
def test_ids_are_names_whatever_the_keys_are(keys):
    expected = [xml_name(key) for key in keys]
    assert xml_ids(pa.array(keys, pa.string())).to_pylist() == expected
    cut = pa.array(["??", *keys, "!"], pa.string()).slice(1, len(keys))
    assert xml_ids(cut).to_pylist() == expected
