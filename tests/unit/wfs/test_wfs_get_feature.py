"""GetFeature: every type of geometry and value, valid against the schema that DescribeFeatureType gives."""

import base64
import re
from datetime import UTC, date, datetime

import pytest
import shapely
from lxml import etree

from layers.crs import north_first, transformer
from support.schemas import parser
from support.vectors import KINDS, X0, Y0, layer_id, shapes, table

WFS = "{http://www.opengis.net/wfs/2.0}"
GML = "{http://www.opengis.net/gml/3.2}"
OURS = "{https://essai.example/ns}"
SCHEMA = "http://www.opengis.net/wfs/2.0 http://schemas.opengis.net/wfs/2.0/wfs.xsd"


def features(answer) -> list[etree._Element]:
    assert answer.status_code == 200, answer.text
    return [member[0] for member in etree.fromstring(answer.content).iter(f"{WFS}member")]


def validate(wfs, answer, names: str) -> None:
    """The answer against our schema and WFS's own, both in one."""
    own = wfs(REQUEST="DescribeFeatureType", TYPENAMES=names).content
    both = (
        '<xsd:schema xmlns:xsd="http://www.w3.org/2001/XMLSchema">'
        '<xsd:import namespace="http://www.opengis.net/wfs/2.0" '
        'schemaLocation="http://schemas.opengis.net/wfs/2.0/wfs.xsd"/>'
        '<xsd:import namespace="https://essai.example/ns" schemaLocation="own.xsd"/></xsd:schema>'
    )
    reader = parser()
    reader.resolvers.add(Own(own))
    schema = etree.XMLSchema(etree.fromstring(both.encode(), reader, base_url="file:///both.xsd"))
    schema.assertValid(etree.fromstring(answer.content))


class Own(etree.Resolver):
    """Gives the schema under test."""

    def __init__(self, text: bytes) -> None:
        super().__init__()
        self.text = text

    def resolve(self, url, _public_id, context):
        return self.resolve_string(self.text, context, base_url=url) if url.endswith("own.xsd") else None


@pytest.mark.parametrize("kind", KINDS)
def test_an_answer_is_valid(wfs, kind):
    name = layer_id(kind)
    validate(wfs, wfs(REQUEST="GetFeature", TYPENAMES=name), name)


@pytest.mark.parametrize("name", ["copie", "dalles", "lieux"])
def test_an_answer_from_another_format_is_valid(wfs, name):
    validate(wfs, wfs(REQUEST="GetFeature", TYPENAMES=name, SRSNAME="urn:ogc:def:crs:EPSG::4326"), name)


def positions(element) -> list[float]:
    text = " ".join(part.text for part in element.iter(f"{GML}pos", f"{GML}posList"))
    return [float(number) for number in text.split()]


@pytest.mark.parametrize("kind", KINDS)
def test_coordinates_are_those_of_the_file_to_the_last_digit(wfs, kind):
    found = features(wfs(REQUEST="GetFeature", TYPENAMES=layer_id(kind)))
    for element, shape in zip(found, shapes(kind), strict=True):
        geometry = element.find(f"{OURS}geometry")
        if shape is None:
            assert geometry.get("{http://www.w3.org/2001/XMLSchema-instance}nil") == "true"
            continue
        assert positions(geometry) == shapely.get_coordinates(shape, include_z="Z" in kind).ravel().tolist()


def test_values_are_those_of_the_file(wfs):
    found = features(wfs(REQUEST="GetFeature", TYPENAMES="point"))
    expected = table("Point").to_pylist()
    for element, row in zip(found, expected, strict=True):
        texts = {etree.QName(child).localname: child.text or "" for child in element}
        assert texts.get("nom") == row["nom"]
        assert texts.get("entier") == (None if row["entier"] is None else str(row["entier"]))
        assert (float(texts["réel"]) if "réel" in texts else None) == row["réel"]
        assert texts.get("vrai") == (None if row["vrai"] is None else str(row["vrai"]).lower())
        assert (date.fromisoformat(texts["jour"]) if "jour" in texts else None) == row["jour"]
        moment = datetime.fromisoformat(texts["moment"]) if "moment" in texts else None
        assert moment == (row["moment"].astimezone(UTC) if row["moment"] else None)
        assert (base64.b64decode(texts["geometry_"]) if "geometry_" in texts else None) == row["geometry_"]


def test_geojson_has_the_same_values(wfs):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="multilinestring_z", OUTPUTFORMAT="application/json").json()
    assert answer["crs"]["properties"]["name"] == "urn:ogc:def:crs:EPSG::2154"
    for feature, shape, row in zip(
        answer["features"], shapes("MultiLineString Z"), table("MultiLineString Z").to_pylist(), strict=True
    ):
        assert feature["properties"]["nom"] == row["nom"]
        assert feature["properties"]["réel"] == row["réel"]
        assert feature["properties"]["l'aire (m²)"] == row["l'aire (m²)"]
        assert (
            feature["geometry"] is None if shape is None else shapely.geometry.shape(feature["geometry"]).equals(shape)
        )


@pytest.mark.parametrize("kind", KINDS)
def test_geojson_keeps_each_type(wfs, kind):
    answer = wfs(REQUEST="GetFeature", TYPENAMES=layer_id(kind), OUTPUTFORMAT="geojson").json()
    types = {feature["geometry"]["type"] for feature in answer["features"] if feature["geometry"]}
    assert types == {kind.removesuffix(" Z")}


SPELLINGS = {
    "short": "EPSG:{}",
    "urn": "urn:ogc:def:crs:EPSG::{}",
    "uri": "http://www.opengis.net/def/crs/EPSG/0/{}",
    "gml": "http://www.opengis.net/gml/srs/epsg.xml#{}",
}


@pytest.mark.parametrize("code", [2154, 3857, 4326, 4258, 3035, 3943])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_the_spelling_of_the_crs_decides_the_order_of_the_axes(wfs, code, spelling):
    name = SPELLINGS[spelling].format(code)
    element = features(wfs(REQUEST="GetFeature", TYPENAMES="point", COUNT=1, SRSNAME=name))[0]
    point = element.find(f".//{GML}Point")
    assert point.get("srsName") == name
    expected = transformer("EPSG:2154", f"EPSG:{code}").transform(X0 + 0.1, Y0 + 0.2)
    swapped = spelling in ("urn", "uri") and north_first(f"EPSG:{code}")
    assert positions(point) == pytest.approx(expected[::-1] if swapped else expected, abs=1e-4)


@pytest.mark.parametrize("code", [2154, 3857, 4326, 4258, 3035])
@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_bbox_is_read_in_the_order_of_its_crs(wfs, code, spelling):
    box = shapely.box(X0 + 90, Y0 + 5, X0 + 215, Y0 + 25)
    points = [transformer("EPSG:2154", f"EPSG:{code}").transform(x, y) for x, y in box.exterior.coords]
    x0, y0, x1, y1 = shapely.MultiPoint(points).bounds
    swapped = spelling in ("urn", "uri") and north_first(f"EPSG:{code}")
    numbers = (y0, x0, y1, x1) if swapped else (x0, y0, x1, y1)
    text = ",".join([*map(repr, numbers), SPELLINGS[spelling].format(code)])
    found = features(wfs(REQUEST="GetFeature", TYPENAMES="point", BBOX=text))
    assert [element.get(f"{GML}id") for element in found] == ["point.2", "point.3"]


def test_geojson_is_longitude_first_however_the_crs_is_written(wfs):
    for name in ("EPSG:4326", "urn:ogc:def:crs:EPSG::4326", "CRS:84"):
        answer = wfs(
            REQUEST="GetFeature", TYPENAMES="point", OUTPUTFORMAT="application/geo+json", SRSNAME=name, COUNT=1
        )
        assert "crs" not in answer.json()
        assert answer.json()["features"][0]["geometry"]["coordinates"] == pytest.approx([3.8668, 43.6066], abs=1e-3)


@pytest.mark.parametrize("name", ["polygon", "copie", "dalles"])
@pytest.mark.parametrize("sort", [None, "entier DESC", "nom ASC,entier D"])
def test_pages_hold_each_feature_once_in_the_same_order(wfs, name, sort):
    whole = [e.get(f"{GML}id") for e in features(wfs(REQUEST="GetFeature", TYPENAMES=name, SORTBY=sort))]
    pages = []
    for start in range(0, len(whole), 3):
        answer = wfs(REQUEST="GetFeature", TYPENAMES=name, SORTBY=sort, COUNT=3, STARTINDEX=start)
        pages += [e.get(f"{GML}id") for e in features(answer)]
    assert pages == whole
    assert len(set(whole)) == len(whole)


def test_sorting_is_by_value_with_nulls_last(wfs):
    found = features(wfs(REQUEST="GetFeature", TYPENAMES="polygon", SORTBY="entier DESC"))
    values = [element.findtext(f"{OURS}entier") for element in found]
    assert values == [str(2**53 + 1), "7", "6", "5", "4", "1", "-2", None]


def test_links_lead_from_page_to_page(wfs):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="polygon", COUNT=3)
    seen = []
    while True:
        root = etree.fromstring(answer.content)
        seen += [member[0].get(f"{GML}id") for member in root.iter(f"{WFS}member")]
        if root.get("next") is None:
            break
        answer = wfs.get(root.get("next"))
    assert seen == [f"polygon.{number}" for number in range(1, 9)]
    assert "STARTINDEX=3" in root.get("previous")


def test_the_number_of_matches_stands_in_the_first_bytes(wfs):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="polygon", COUNT=2)
    assert re.search(rb' numberMatched="8" numberReturned="2"', answer.content[:250])


def test_hits_hold_no_feature(wfs):
    root = etree.fromstring(wfs(REQUEST="GetFeature", TYPENAMES="polygon", RESULTTYPE="hits").content)
    assert (root.get("numberMatched"), root.get("numberReturned"), len(root)) == ("8", "0", 0)


def test_propertyname_is_honoured(wfs):
    found = features(wfs(REQUEST="GetFeature", TYPENAMES="polygon", PROPERTYNAME="essai:nom,jour", COUNT=1))[0]
    assert [etree.QName(child).localname for child in found] == ["nom", "jour"]


def test_resourceid_tells_the_type(wfs):
    found = features(wfs(REQUEST="GetFeature", RESOURCEID="polygon.2,polygon.5"))
    assert [element.get(f"{GML}id") for element in found] == ["polygon.2", "polygon.5"]


def test_several_queries_have_a_collection_each(wfs):
    root = etree.fromstring(wfs(REQUEST="GetFeature", TYPENAMES="(polygon)(point)", COUNT=2).content)
    inner = list(root.iter(f"{WFS}FeatureCollection"))[1:]
    assert [(c.get("numberMatched"), len(c)) for c in inner] == [("8", 2), ("8", 2)]
    assert root.get("numberReturned") == "4"


def test_a_post_with_xml_is_answered_like_a_get(wfs):
    body = """<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:fes="http://www.opengis.net/fes/2.0"
      xmlns:e="https://essai.example/ns" service="WFS" version="2.0.0" count="2"><wfs:Query typeNames="e:polygon">
      <wfs:PropertyName>e:nom</wfs:PropertyName>
      <fes:Filter><fes:PropertyIsGreaterThan><fes:ValueReference>e:entier</fes:ValueReference>
      <fes:Literal>4</fes:Literal></fes:PropertyIsGreaterThan></fes:Filter>
      <fes:SortBy><fes:SortProperty><fes:ValueReference>e:entier</fes:ValueReference>
      <fes:SortOrder>DESC</fes:SortOrder></fes:SortProperty></fes:SortBy></wfs:Query></wfs:GetFeature>"""
    answer = wfs(body=body)
    assert [e.get(f"{GML}id") for e in features(answer)] == ["polygon.4", "polygon.8"]
    assert b'numberMatched="4"' in answer.content


def test_an_answer_is_compressed_for_those_who_take_it(wfs):
    packed = wfs(REQUEST="GetFeature", TYPENAMES="polygon", headers={"accept-encoding": "gzip"})
    plain = wfs(REQUEST="GetFeature", TYPENAMES="polygon", headers={"accept-encoding": "identity"})
    assert packed.headers["content-encoding"] == "gzip"
    assert "content-encoding" not in plain.headers
    assert len(features(packed)) == len(features(plain)) == 8


def test_get_feature_by_id_gives_the_feature_itself(wfs):
    answer = wfs(REQUEST="GetFeature", STOREDQUERY_ID="urn:ogc:def:query:OGC-WFS::GetFeatureById", ID="polygon.3")
    root = etree.fromstring(answer.content)
    assert (root.tag, root.get(f"{GML}id")) == (f"{OURS}polygon", "polygon.3")


def test_get_property_value_gives_the_values_that_there_are(wfs):
    root = etree.fromstring(wfs(REQUEST="GetPropertyValue", TYPENAMES="polygon", VALUEREFERENCE="entier").content)
    assert [member.text for member in root] == ["1", "-2", str(2**53 + 1), "4", "5", "6", "7"]
    assert root.get("numberMatched") == "7"


@pytest.mark.parametrize("operation", ["ListStoredQueries", "DescribeStoredQueries"])
def test_stored_queries_are_told(wfs, operation):
    from support.schemas import assert_valid

    root = assert_valid(wfs(REQUEST=operation).content, "wfs/2.0")
    assert root[0].get("id") == "urn:ogc:def:query:OGC-WFS::GetFeatureById"
