# ruff: noqa: E501 - requests as they are sent
"""What the OGC's suite wfs20 asks of filters (ISO 19143), each answer compared with the rows themselves."""

from datetime import UTC, date, datetime

import pytest
import shapely

from layers.crs import transformer
from support.vectors import MOMENT, X0, Y0, make_registry, shapes, table
from support.wfs import NAMESPACES, Client, fault, ids, post

ROWS = {f"polygon.{number}": row for number, row in enumerate(table("Polygon").to_pylist(), 1)}
POLYGONS = {f"polygon.{number}": shape for number, shape in enumerate(shapes("Polygon"), 1)}


@pytest.fixture(scope="module")
def wfs(tmp_path_factory) -> Client:
    return Client(make_registry(tmp_path_factory.mktemp("demands")))


def found_by(wfs, condition: str) -> set[str]:
    """The polygons that a filter lets through: the same by GET and by POST."""
    text = f"<fes:Filter {NAMESPACES}>{condition}</fes:Filter>"
    got = ids(
        wfs(REQUEST="GetFeature", TYPENAMES="e:polygon", NAMESPACES="xmlns(e,https://essai.example/ns)", FILTER=text)
    )
    assert got == ids(post(wfs, "GetFeature", f'<wfs:Query typeNames="e:polygon">{text}</wfs:Query>'))
    return set(got)


def those(condition) -> set[str]:
    """The polygons whose row fulfils a condition of Python."""
    return {name for name, row in ROWS.items() if condition(row)}


def test_features_are_found_by_two_ids(wfs):
    assert found_by(wfs, "<fes:ResourceId rid='polygon.2'/><fes:ResourceId rid='polygon.7'/>") == {
        "polygon.2",
        "polygon.7",
    }


def test_an_id_that_nothing_has_finds_nothing(wfs):
    assert found_by(wfs, "<fes:ResourceId rid='polygon.999'/>") == set()


def test_an_id_of_another_type_is_refused_or_finds_nothing(wfs):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="polygon", RESOURCEID="point.1")
    assert fault(answer)[:2] == (400, "InvalidParameterValue")


def comparison(operator: str, name: str, value: str, attributes: str = "") -> str:
    return (
        f"<fes:PropertyIs{operator} {attributes}><fes:ValueReference>e:{name}</fes:ValueReference>"
        f"<fes:Literal>{value}</fes:Literal></fes:PropertyIs{operator}>"
    )


OPERATORS = {
    "EqualTo": lambda a, b: a == b,
    "NotEqualTo": lambda a, b: a != b,
    "LessThan": lambda a, b: a < b,
    "LessThanOrEqualTo": lambda a, b: a <= b,
    "GreaterThan": lambda a, b: a > b,
    "GreaterThanOrEqualTo": lambda a, b: a >= b,
}
VALUES = {
    "entier": ["4", "-2", "9007199254740993", "1000"],
    "nom": ["été", "DROP TABLE x;--", "L'œuf « dur »"],
    "jour": ["1999-12-02", "2024-02-29"],
    "moment": ["2024-02-29T23:59:58Z", "2024-03-01T00:59:58+01:00"],
}
READ = {"entier": int, "nom": str, "jour": date.fromisoformat, "moment": datetime.fromisoformat}


@pytest.mark.parametrize("action", ["", 'matchAction="Any"', 'matchAction="All"'])
@pytest.mark.parametrize("operator", OPERATORS)
@pytest.mark.parametrize(("name", "value"), [(name, value) for name, values in VALUES.items() for value in values])
def test_values_are_compared_by_their_type(wfs, name, value, operator, action):
    literal = READ[name](value)
    expected = those(lambda row: row[name] is not None and OPERATORS[operator](row[name], literal))
    assert found_by(wfs, comparison(operator, name, value, action)) == expected


def test_case_counts_unless_it_is_told_not_to(wfs):
    assert found_by(wfs, comparison("EqualTo", "nom", "ÉTÉ")) == set()
    assert found_by(wfs, comparison("EqualTo", "nom", "ÉTÉ", 'matchCase="false"')) == {"polygon.1"}
    assert found_by(wfs, comparison("NotEqualTo", "nom", "ÉTÉ", 'matchCase="false"')) == those(
        lambda row: row["nom"] is not None and row["nom"] != "été"
    )


def like(pattern: str) -> str:
    return (
        "<fes:PropertyIsLike wildCard='*' singleChar='%' escapeChar='\\'><fes:ValueReference>e:nom</fes:ValueReference>"
        f"<fes:Literal>{pattern}</fes:Literal></fes:PropertyIsLike>"
    )


@pytest.mark.parametrize(
    ("pattern", "found"),
    [("é*", {"polygon.1"}), ("%t%", {"polygon.1"}), ("*;--", {"polygon.8"}), ("*\\**", set()), ("zz*", set())],
)
def test_patterns_and_their_contrary(wfs, pattern, found):
    assert found_by(wfs, like(pattern)) == found
    assert found_by(wfs, f"<fes:Not>{like(pattern)}</fes:Not>") == those(lambda row: row["nom"] is not None) - found


@pytest.mark.parametrize("operator", ["Null", "Nil"])
@pytest.mark.parametrize("name", ["nom", "entier", "jour", "geometry"])
def test_what_has_no_value_is_found(wfs, name, operator):
    condition = (
        f"<fes:PropertyIs{operator}><fes:ValueReference>e:{name}</fes:ValueReference></fes:PropertyIs{operator}>"
    )
    without = those(lambda row: row[name] is None)
    assert found_by(wfs, condition) == without
    assert found_by(wfs, f"<fes:Not>{condition}</fes:Not>") == set(ROWS) - without


def test_nothing_has_a_gml_name_unless_the_registry_says_so(wfs):
    condition = "<fes:PropertyIsNull><fes:ValueReference>gml:name</fes:ValueReference></fes:PropertyIsNull>"
    assert found_by(wfs, condition) == set(ROWS)


@pytest.mark.parametrize(
    ("condition", "status", "code"),
    [
        (comparison("EqualTo", "inconnu", "1"), 400, "InvalidParameterValue"),
        (comparison("LessThan", "geometry", "1"), 403, "OperationProcessingFailed"),
        (comparison("LessThan", "x", "1").replace("e:x", "gml:boundedBy"), 403, "OperationProcessingFailed"),
    ],
)
def test_an_operand_that_cannot_be_is_told(wfs, condition, status, code):
    answer = wfs(REQUEST="GetFeature", TYPENAMES="polygon", FILTER=f"<fes:Filter {NAMESPACES}>{condition}</fes:Filter>")
    assert fault(answer) == (status, code, "filter")


def instant(text: str) -> str:
    return f"<gml:TimeInstant gml:id='t'><gml:timePosition>{text}</gml:timePosition></gml:TimeInstant>"


def period(begin: str, end: str) -> str:
    return (
        f"<gml:TimePeriod gml:id='t'><gml:beginPosition>{begin}</gml:beginPosition>"
        f"<gml:endPosition>{end}</gml:endPosition></gml:TimePeriod>"
    )


def temporal(operator: str, name: str, operand: str) -> str:
    return f"<fes:{operator}><fes:ValueReference>e:{name}</fes:ValueReference>{operand}</fes:{operator}>"


@pytest.mark.parametrize(
    ("operator", "name", "operand", "expected"),
    [
        ("After", "moment", instant("2024-02-29T23:59:57Z"), lambda t: t > MOMENT.replace(second=57)),
        ("After", "moment", instant("2024-03-01T00:59:57+01:00"), lambda t: t > MOMENT.replace(second=57)),
        ("After", "moment", instant("2024-02-29T23:59:58Z"), lambda t: t > MOMENT),
        ("After", "moment", period("2020-01-01T00:00:00Z", "2021-01-01T00:00:00Z"), lambda t: t > datetime(2021, 1, 1, tzinfo=UTC)),
        ("Before", "moment", period("2024-03-01T00:00:00Z", "2025-01-01T00:00:00Z"), lambda t: t < datetime(2024, 3, 1, tzinfo=UTC)),
        ("During", "moment", period("2024-02-29T00:00:00Z", "2024-03-01T00:00:00Z"), lambda _: True),
        ("During", "jour", period("1999-12-01", "1999-12-04"), lambda d: date(1999, 12, 1) < d < date(1999, 12, 4)),
        ("TEquals", "jour", instant("2024-02-29"), lambda d: d == date(2024, 2, 29)),
    ],
)  # fmt: skip
def test_times_are_compared(wfs, operator, name, operand, expected):
    assert found_by(wfs, temporal(operator, name, operand)) == those(
        lambda row: row[name] is not None and expected(row[name])
    )


def envelope(box: tuple[float, ...], crs: str = "urn:ogc:def:crs:EPSG::2154") -> str:
    return (
        f"<gml:Envelope srsName='{crs}'><gml:lowerCorner>{box[0]} {box[1]}</gml:lowerCorner>"
        f"<gml:upperCorner>{box[2]} {box[3]}</gml:upperCorner></gml:Envelope>"
    )


def touching(shape: shapely.Geometry) -> set[str]:
    return {name for name, other in POLYGONS.items() if other is not None and other.intersects(shape)}


BOX = (X0 + 120, Y0, X0 + 330, Y0 + 200)


@pytest.mark.parametrize("reference", ["<fes:ValueReference>e:geometry</fes:ValueReference>", ""])
def test_a_box_of_one_property_or_of_any(wfs, reference):
    expected = touching(shapely.box(*BOX))
    assert 0 < len(expected) < 7
    assert found_by(wfs, f"<fes:BBOX>{reference}{envelope(BOX)}</fes:BBOX>") == expected


def test_a_box_of_another_crs_has_its_order_of_axes(wfs):
    change = transformer("EPSG:2154", "EPSG:4326")
    (west, south), (east, north) = change.transform(*BOX[:2]), change.transform(*BOX[2:])
    box = envelope((south, west, north, east), "urn:ogc:def:crs:EPSG::4326")
    assert found_by(wfs, f"<fes:BBOX>{box}</fes:BBOX>") == touching(shapely.box(*BOX))


def test_a_box_of_what_is_no_geometry_is_refused(wfs):
    condition = f"<fes:BBOX><fes:ValueReference>e:nom</fes:ValueReference>{envelope(BOX)}</fes:BBOX>"
    answer = wfs(REQUEST="GetFeature", TYPENAMES="polygon", FILTER=f"<fes:Filter {NAMESPACES}>{condition}</fes:Filter>")
    assert fault(answer)[:2] == (400, "InvalidParameterValue")


CURVE = shapely.LineString([(X0 + 40, Y0 + 5), (X0 + 240, Y0 + 45)])
AREA = shapely.Polygon([(X0 + 140, Y0 + 12), (X0 + 215, Y0 + 60), (X0 + 140, Y0 + 60)])


@pytest.mark.parametrize("shape", [CURVE, AREA], ids=["curve", "polygon"])
def test_shapes_that_intersect_are_found(wfs, shape):
    numbers = " ".join(f"{x} {y}" for x, y in shapely.get_coordinates(shape))
    crs = "srsName='urn:ogc:def:crs:EPSG::2154' gml:id='g'"
    text = (
        f"<gml:LineString {crs}><gml:posList>{numbers}</gml:posList></gml:LineString>"
        if shape is CURVE
        else f"<gml:Polygon {crs}><gml:exterior><gml:LinearRing><gml:posList>{numbers}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
    )
    expected = touching(shape)
    assert 0 < len(expected) < 7
    assert (
        found_by(wfs, f"<fes:Intersects><fes:ValueReference>e:geometry</fes:ValueReference>{text}</fes:Intersects>")
        == expected
    )


def test_a_join_is_refused_as_the_capabilities_say(wfs):
    answer = post(wfs, "GetFeature", '<wfs:Query typeNames="e:polygon e:point"/>')
    assert fault(answer)[:2] == (400, "OptionNotSupported")
