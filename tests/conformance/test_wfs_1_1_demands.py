# ruff: noqa: E501 - requests as they are sent
"""What the OGC's suite wfs11 asks of a WFS 1.1.0 (OGC 04-094) and of filters 1.1 (OGC 04-095), demand by demand."""

import pytest
import shapely
from lxml import etree

from support.schemas import assert_valid
from support.vectors import X0, Y0, make_registry, shapes, table
from support.wfs import Client, editable

NAMESPACES = (
    'xmlns:wfs="http://www.opengis.net/wfs" xmlns:ogc="http://www.opengis.net/ogc" '
    'xmlns:gml="http://www.opengis.net/gml" xmlns:e="https://essai.example/ns"'
)
GML, OWS = "{http://www.opengis.net/gml}", "{http://www.opengis.net/ows}"
ROWS = {f"polygon.{number}": row for number, row in enumerate(table("Polygon").to_pylist(), 1)}
POLYGONS = {name: shape for name, shape in zip(ROWS, shapes("Polygon"), strict=True) if shape is not None}


@pytest.fixture(scope="module")
def wfs(tmp_path_factory) -> Client:
    return Client(make_registry(tmp_path_factory.mktemp("demands")))


@pytest.fixture
def edited(tmp_path) -> Client:
    return editable(tmp_path)


def post(wfs, operation: str, inside: str, attributes: str = ""):
    """The answer to an operation by POST."""
    text = f'<wfs:{operation} service="WFS" version="1.1.0" {NAMESPACES} {attributes}>{inside}</wfs:{operation}>'
    return wfs(body=text.encode())


def ids(answer) -> list[str]:
    assert answer.status_code == 200, answer.text
    root = etree.fromstring(answer.content)
    found = [feature.get(f"{GML}id") for member in root.iter(f"{GML}featureMember") for feature in member]
    assert root.get("numberOfFeatures") == str(len(found))
    assert root.get("timeStamp")
    return found


def found_by(wfs, condition: str) -> set[str]:
    """The polygons that a filter lets through: the same by GET and by POST."""
    text = f"<ogc:Filter {NAMESPACES}>{condition}</ogc:Filter>"
    got = ids(
        wfs(
            VERSION="1.1.0",
            REQUEST="GetFeature",
            TYPENAME="e:polygon",
            NAMESPACE="xmlns(e=https://essai.example/ns)",
            FILTER=text,
        )
    )
    assert got == ids(post(wfs, "GetFeature", f'<wfs:Query typeName="e:polygon">{text}</wfs:Query>'))
    return set(got)


def code(answer) -> str:
    """The code of an exception report of OWS 1.0."""
    root = etree.fromstring(answer.content)
    assert root.tag == f"{OWS}ExceptionReport"
    return root[0].get("exceptionCode")


# GetCapabilities


@pytest.mark.parametrize(
    "params",
    [
        {"UNKNOWN": "x"},
        {"SERVICE": None, "service": "WFS"},
        {"ACCEPTFORMATS": "text/xml"},
        {"ACCEPTVERSIONS": "1.1.0,1.0.0"},
        {"ACCEPTVERSIONS": "0.0.1,1.1.0"},
    ],
)  # fmt: skip
def test_capabilities_are_given_whatever_the_spelling(wfs, params):
    version = {"VERSION": None} if "ACCEPTVERSIONS" in params else {"VERSION": "1.1.0"}
    root = assert_valid(wfs(REQUEST="GetCapabilities", **version, **params).content, "wfs/1.1.0")
    assert root.get("version") == "1.1.0"


@pytest.mark.parametrize(
    ("params", "expected"),
    [
        ({"SERVICE": None}, "MissingParameterValue"),
        ({"REQUEST": None}, "MissingParameterValue"),
        ({"REQUEST": "NoSuchOperation"}, "OperationNotSupported"),
        ({"REQUEST": "GetFeature", "TYPENAME": "e:inconnu"}, "InvalidParameterValue"),
        ({"REQUEST": "DescribeFeatureType", "TYPENAME": "inconnu"}, "InvalidParameterValue"),
        ({"REQUEST": "DescribeFeatureType", "OUTPUTFORMAT": "text/nope"}, "InvalidParameterValue"),
        ({"REQUEST": "GetFeature", "TYPENAME": "polygon", "OUTPUTFORMAT": "text/nope"}, "InvalidParameterValue"),
        (
            {"REQUEST": "GetFeature", "TYPENAME": "polygon", "SRSNAME": "urn:ogc:def:crs:EPSG::32690"},
            "InvalidParameterValue",
        ),
        ({"REQUEST": "GetFeature", "TYPENAME": "polygon", "MAXFEATURES": "beaucoup"}, "InvalidParameterValue"),
    ],
)
def test_what_is_missing_or_unknown_is_told(wfs, params, expected):
    assert code(wfs(**{"VERSION": "1.1.0", "REQUEST": "GetCapabilities", **params})) == expected


def test_a_version_that_is_not_there_fails_the_negotiation(wfs):
    answer = wfs(VERSION=None, REQUEST="GetCapabilities", ACCEPTVERSIONS="999.99.99")
    assert b"VersionNegotiationFailed" in answer.content


# DescribeFeatureType


@pytest.mark.parametrize("by_post", [False, True])
def test_types_are_described_in_gml_3_1_1(wfs, by_post):
    answer = post(wfs, "DescribeFeatureType", "") if by_post else wfs(VERSION="1.1.0", REQUEST="DescribeFeatureType")
    assert answer.headers["content-type"].startswith("text/xml")
    root = etree.fromstring(answer.content)
    assert {item.get("name") for item in root.findall("{*}element")} == set(wfs.registry.layers)
    assert {item.get("substitutionGroup") for item in root.findall("{*}element")} == {"gml:_Feature"}
    named = wfs(VERSION="1.1.0", REQUEST="DescribeFeatureType", TYPENAME="polygon,point")
    assert {item.get("name") for item in etree.fromstring(named.content).findall("{*}element")} == {"polygon", "point"}


# GetFeature


def test_features_are_gml_3_1_1_unless_told_otherwise(wfs):
    answer = wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon")
    assert answer.headers["content-type"].replace(" ", "").startswith("text/xml;subtype=gml/3.1.1")
    assert ids(answer) == list(ROWS)
    collection = etree.fromstring(answer.content)
    assert {item.get("srsName") for item in collection.iter(f"{GML}Polygon")} == {"urn:ogc:def:crs:EPSG::2154"}


def test_hits_count_and_hold_nothing(wfs):
    for answer in (
        wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon", RESULTTYPE="hits"),
        post(wfs, "GetFeature", '<wfs:Query typeName="e:polygon"/>', 'resultType="hits"'),
    ):
        root = etree.fromstring(answer.content)
        assert (root.get("numberOfFeatures"), len(list(root.iter(f"{GML}featureMember")))) == ("8", 0)


def test_no_more_come_than_asked_and_in_the_order_asked(wfs):
    sort = "<ogc:SortBy><ogc:SortProperty><ogc:PropertyName>e:entier</ogc:PropertyName><ogc:SortOrder>DESC</ogc:SortOrder></ogc:SortProperty></ogc:SortBy>"
    answer = post(wfs, "GetFeature", f'<wfs:Query typeName="e:polygon">{sort}</wfs:Query>', 'maxFeatures="2"')
    assert ids(answer) == ["polygon.4", "polygon.8"]
    assert ids(wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon", MAXFEATURES="2", SORTBY="entier A")) == [
        "polygon.2",
        "polygon.1",
    ]


def test_properties_are_chosen(wfs):
    answer = wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon", PROPERTYNAME="nom", MAXFEATURES="1")
    (member,) = etree.fromstring(answer.content).iter(f"{GML}featureMember")
    assert [etree.QName(item).localname for item in member[0]] == ["nom"]


def test_features_are_found_by_their_ids(wfs):
    assert ids(wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon", FEATUREID="polygon.2,polygon.7")) == [
        "polygon.2",
        "polygon.7",
    ]
    for element in ("<ogc:GmlObjectId gml:id='polygon.3'/>", "<ogc:FeatureId fid='polygon.3'/>"):
        assert found_by(wfs, element) == {"polygon.3"}


# Filters


def value(operator: str, name: str, text: str, attributes: str = "") -> str:
    return f"<ogc:{operator} {attributes}><ogc:PropertyName>e:{name}</ogc:PropertyName><ogc:Literal>{text}</ogc:Literal></ogc:{operator}>"


OPERATORS = {
    "PropertyIsEqualTo": lambda number: number == 4,
    "PropertyIsNotEqualTo": lambda number: number != 4,
    "PropertyIsLessThan": lambda number: number < 4,
    "PropertyIsLessThanOrEqualTo": lambda number: number <= 4,
    "PropertyIsGreaterThan": lambda number: number > 4,
    "PropertyIsGreaterThanOrEqualTo": lambda number: number >= 4,
}


def those(condition) -> set[str]:
    return {name for name, row in ROWS.items() if row["entier"] is not None and condition(row["entier"])}


@pytest.mark.parametrize("operator", OPERATORS)
def test_values_are_compared(wfs, operator):
    condition = value(operator, "entier", "4")
    expected = those(OPERATORS[operator])
    assert found_by(wfs, condition) == expected
    assert found_by(wfs, f"<ogc:Not>{condition}</ogc:Not>") == those(lambda _: True) - expected
    both = f"<ogc:And>{condition}{value('PropertyIsGreaterThan', 'entier', '5')}</ogc:And>"
    assert found_by(wfs, both) == expected & those(lambda number: number > 5)
    either = f"<ogc:Or>{condition}{value('PropertyIsGreaterThan', 'entier', '5')}</ogc:Or>"
    assert found_by(wfs, either) == expected | those(lambda number: number > 5)


def test_between_like_null_and_case(wfs):
    between = "<ogc:PropertyIsBetween><ogc:PropertyName>e:entier</ogc:PropertyName><ogc:LowerBoundary><ogc:Literal>4</ogc:Literal></ogc:LowerBoundary><ogc:UpperBoundary><ogc:Literal>6</ogc:Literal></ogc:UpperBoundary></ogc:PropertyIsBetween>"
    assert found_by(wfs, between) == those(lambda number: 4 <= number <= 6)
    assert found_by(wfs, value("PropertyIsLike", "nom", "*t?", 'wildCard="*" singleChar="?" escapeChar="!"')) == {
        "polygon.1"
    }
    assert found_by(wfs, "<ogc:PropertyIsNull><ogc:PropertyName>e:nom</ogc:PropertyName></ogc:PropertyIsNull>") == {
        "polygon.5"
    }
    assert found_by(wfs, value("PropertyIsEqualTo", "nom", "ÉTÉ", 'matchCase="false"')) == {"polygon.1"}


def test_arithmetic_is_done(wfs):
    twice = "<ogc:PropertyIsGreaterThan><ogc:Mul><ogc:PropertyName>e:entier</ogc:PropertyName><ogc:Literal>2</ogc:Literal></ogc:Mul><ogc:Literal>10</ogc:Literal></ogc:PropertyIsGreaterThan>"
    assert found_by(wfs, twice) == those(lambda number: number * 2 > 10)


SQUARE = shapely.box(X0 + 100, Y0 + 10, X0 + 150, Y0 + 60)
"""The second polygon without its hole."""
PREDICATES = {
    "Equals": shapely.equals,
    "Disjoint": shapely.disjoint,
    "Touches": shapely.touches,
    "Within": shapely.within,
    "Overlaps": shapely.overlaps,
    "Crosses": shapely.crosses,
    "Intersects": shapely.intersects,
    "Contains": shapely.contains,
}
OPERANDS = {
    "a polygon of the layer": POLYGONS["polygon.3"],
    "its square": SQUARE,
    "half of it": shapely.box(X0 + 125, Y0, X0 + 400, Y0 + 400),
    "a neighbour by an edge": shapely.box(X0 + 50, Y0, X0 + 80, Y0 + 50),
    "a point inside": shapely.Point(X0 + 5, Y0 + 5),
    "a line through three": shapely.LineString([(X0 - 5, Y0 + 12), (X0 + 260, Y0 + 42)]),
}  # fmt: skip


def gml(shape: shapely.Geometry) -> str:
    numbers = " ".join(f"{x!r} {y!r}" for x, y in shapely.get_coordinates(shape).tolist())
    crs = "srsName='urn:ogc:def:crs:EPSG::2154'"
    if shape.geom_type == "Point":
        return f"<gml:Point {crs}><gml:pos>{numbers}</gml:pos></gml:Point>"
    if shape.geom_type == "LineString":
        return f"<gml:LineString {crs}><gml:posList>{numbers}</gml:posList></gml:LineString>"
    ring = f"<gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing>"
    return f"<gml:Polygon {crs}><gml:exterior>{ring}</gml:exterior></gml:Polygon>"


@pytest.mark.parametrize("operand", OPERANDS)
@pytest.mark.parametrize("predicate", PREDICATES)
def test_shapes_are_compared_as_geos_does(wfs, predicate, operand):
    shape = OPERANDS[operand]
    condition = f"<ogc:{predicate}><ogc:PropertyName>e:geometry</ogc:PropertyName>{gml(shape)}</ogc:{predicate}>"
    assert found_by(wfs, condition) == {name for name, other in POLYGONS.items() if PREDICATES[predicate](other, shape)}


@pytest.mark.parametrize(
    ("metres", "text"),
    [(120.0, "<ogc:Distance units='m'>120</ogc:Distance>"), (200.0, "<ogc:Distance units='km'>0.2</ogc:Distance>")],
)
def test_shapes_are_found_by_their_distance(wfs, metres, text):
    shape = OPERANDS["a point inside"]
    near = {name for name, other in POLYGONS.items() if other.distance(shape) <= metres}
    assert 1 < len(near) < 7
    inside = f"<ogc:PropertyName>e:geometry</ogc:PropertyName>{gml(shape)}{text}"
    assert found_by(wfs, f"<ogc:DWithin>{inside}</ogc:DWithin>") == near
    assert found_by(wfs, f"<ogc:Beyond>{inside}</ogc:Beyond>") == set(POLYGONS) - near


@pytest.mark.parametrize("name", ["nom", "inconnu"])
def test_what_is_no_geometry_is_refused(wfs, name):
    condition = f"<ogc:Intersects><ogc:PropertyName>e:{name}</ogc:PropertyName>{gml(SQUARE)}</ogc:Intersects>"
    text = f"<ogc:Filter {NAMESPACES}>{condition}</ogc:Filter>"
    assert code(wfs(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="polygon", FILTER=text)) == "InvalidParameterValue"


# Transactions


def totals(answer) -> dict[str, str]:
    root = assert_valid(answer.content, "wfs/1.1.0")
    return {etree.QName(item).localname: item.text for item in root.find("{*}TransactionSummary")}


def new_point(crs: str, place: str, own: str = "") -> str:
    return f"<wfs:Insert srsName='{crs}'><e:point><e:nom>neuf</e:nom><e:geometry><gml:Point {own}><gml:pos>{place}</gml:pos></gml:Point></e:geometry></e:point></wfs:Insert>"


def test_the_crs_of_an_insert_is_that_of_geometries_without_one(edited):
    answer = post(edited, "Transaction", new_point("urn:ogc:def:crs:EPSG::4326", "43.6 3.87"))
    assert totals(answer)["totalInserted"] == "1"
    (identifier,) = (item.get("fid") for item in etree.fromstring(answer.content).iter("{*}FeatureId"))
    back = edited(
        VERSION="1.1.0",
        REQUEST="GetFeature",
        TYPENAME="point",
        FEATUREID=identifier,
        SRSNAME="urn:ogc:def:crs:EPSG::4326",
    )
    (place,) = etree.fromstring(back.content).iter(f"{GML}pos")
    assert [float(number) for number in place.text.split()] == pytest.approx([43.6, 3.87], abs=1e-7)


@pytest.mark.parametrize(
    "action",
    [
        new_point("urn:ogc:def:crs:EPSG::32690", "1 2"),
        new_point("urn:ogc:def:crs:EPSG::2154", "1 2", "srsName='urn:ogc:def:crs:EPSG::32690'"),
        "<wfs:Native vendorId='x' safeToIgnore='false'/>",
        "<wfs:Delete typeName='e:point'/>",
        "<wfs:Update typeName='e:point'><wfs:Property><wfs:Name>e:entier</wfs:Name><wfs:Value>douze</wfs:Value></wfs:Property></wfs:Update>",
    ],
    ids=["crs of the insert", "crs of the geometry", "native", "delete without filter", "no number"],
)
def test_what_cannot_be_is_refused_whole(edited, action):
    answer = post(edited, "Transaction", new_point("urn:ogc:def:crs:EPSG::2154", "770500 6279500") + action)
    assert code(answer)
    assert len(ids(edited(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="point"))) == 8


def test_actions_are_done_in_their_order(edited):
    chosen = f"<ogc:Filter>{value('PropertyIsEqualTo', 'nom', 'neuf')}</ogc:Filter>"
    removed = f"<wfs:Delete typeName='e:point'>{chosen}</wfs:Delete>"
    answer = post(edited, "Transaction", removed + new_point("urn:ogc:def:crs:EPSG::2154", "770500 6279500") + removed)
    assert (totals(answer)["totalInserted"], totals(answer)["totalDeleted"]) == ("1", "1")


def test_a_property_without_a_value_is_emptied(edited):
    chosen = "<ogc:Filter><ogc:FeatureId fid='point.1'/></ogc:Filter>"
    text = (
        f"<wfs:Update typeName='e:point'><wfs:Property><wfs:Name>e:nom</wfs:Name></wfs:Property>{chosen}</wfs:Update>"
    )
    assert totals(post(edited, "Transaction", text))["totalUpdated"] == "1"
    back = edited(VERSION="1.1.0", REQUEST="GetFeature", TYPENAME="point", FEATUREID="point.1")
    assert not list(etree.fromstring(back.content).iter("{https://essai.example/ns}nom"))
