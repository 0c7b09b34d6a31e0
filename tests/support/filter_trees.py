"""Random filters as hypothesis makes them, each in FES, in CQL2 text and in plain SQL of PostGIS."""

from dataclasses import dataclass
from datetime import UTC, date, datetime
from xml.sax.saxutils import escape

import numpy as np
import pyarrow as pa
import shapely
from hypothesis import strategies as st

from support.vectors import X0, Y0

ROWS = 150
WORDS = [
    *("été", "Été", "e\u0301te\u0301", "ete", "É", "A", "a_b", "100%", "L'œuf", "", "zz", "10", "9"),
    *("a*b?", "[x]", "a\\b", "😀"),
]
DAYS = [date(1999, 12, 31), date(2024, 2, 29), date(2024, 3, 1)]
MOMENTS = [
    datetime(1999, 12, 31, 23, 30, tzinfo=UTC),
    datetime(2024, 2, 29, 0, 0, 0, 125000, tzinfo=UTC),
    datetime(2024, 2, 29, 12, tzinfo=UTC),
    datetime(2024, 3, 1, tzinfo=UTC),
]


def rows() -> pa.Table:
    """Rows of a few values each, a fifth of them null; every type of geometry, and none."""
    chance = np.random.default_rng(7)

    def some(values: list, kind: pa.DataType) -> pa.Array:
        picked = chance.integers(0, len(values), ROWS)
        return pa.array([None if chance.random() < 0.2 else values[i] for i in picked], kind)

    return pa.table(
        {
            "numero": pa.array(range(1, ROWS + 1)),
            "mot": some(WORDS, pa.string()),
            "entier": some([-3, 0, 1, 2, 7, 2**40, 2**53 + 1], pa.int64()),
            "petit": some([-3, 0, 1, 2, 7], pa.int32()),
            "reel": some([-0.5, 0.0, 0.1, 0.1 + 0.2, 0.3, 1.0, 2.5, 1e20], pa.float64()),
            "prix": some([0.1, 0.3, 1.0, 19.99, -2.5], pa.float64()),
            "vrai": some([True, False], pa.bool_()),
            "jour": some(DAYS, pa.date32()),
            "moment": some(MOMENTS, pa.timestamp("ms", tz="UTC")),
            "geometry": pa.array(shapely.to_wkb(np.array(_shapes(chance), dtype=object))),
        }
    )


def _shapes(chance: np.random.Generator) -> list:
    found = []
    for i, (x, y) in enumerate(chance.uniform(0, 1000, (ROWS, 2)) + np.array([X0, Y0])):
        square = shapely.box(x, y, x + 5 + i, y + 20)
        ring = shapely.Polygon(square.exterior, [shapely.box(x + 1, y + 1, x + 2, y + 9).exterior])
        line = shapely.LineString([(x, y), (x + 80, y + 30), (x + 90, y)])
        away = shapely.box(x + 300, y + 300, x + 340, y + 310)
        kinds = [square, ring, line, shapely.Point(x, y), shapely.MultiPolygon([ring, away]), None,
                 shapely.MultiPoint([(x, y), (x + 50, y + 50)])]  # fmt: skip
        found.append(kinds[i % len(kinds)])
    return found


@dataclass(frozen=True)
class Trial:
    """A condition in three languages; `cql` is None where it cannot be said there."""

    fes: str
    cql: str | None
    sql: str


def _quoted(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _name(name: str) -> str:
    return f"<ValueReference>{name}</ValueReference>"


def _literal(value: object) -> str:
    return f"<Literal>{escape(str(value))}</Literal>"


OPERATORS = {
    "=": "PropertyIsEqualTo",
    "<>": "PropertyIsNotEqualTo",
    "<": "PropertyIsLessThan",
    "<=": "PropertyIsLessThanOrEqualTo",
    ">": "PropertyIsGreaterThan",
    ">=": "PropertyIsGreaterThanOrEqualTo",
}
OPERATOR = st.sampled_from(sorted(OPERATORS))
NUMBER = st.one_of(
    st.integers(-4, 8), st.sampled_from([0.1, 0.3, 0.1 + 0.2, -0.5, 1.5, 2.5, 19.99, 2**40, 2**53 + 1, 1e20])
)
NUMERIC = st.sampled_from(["entier", "petit", "reel", "prix"])
WORD = st.sampled_from(WORDS)


def _is(op: str, left: str, right: str, attributes: str = "") -> str:
    return f"<{OPERATORS[op]}{attributes}>{left}{right}</{OPERATORS[op]}>"


def _of_number(name: str, op: str, value: float, mirrored: bool, as_text: bool) -> Trial:
    shown = _quoted(repr(value)) if as_text else repr(value)
    column = "prix" if name == "prix" else name
    if mirrored:
        return Trial(_is(op, _literal(value), _name(name)), f"{shown} {op} {name}", f"{value!r} {op} {column}")
    return Trial(_is(op, _name(name), _literal(value)), f"{name} {op} {shown}", f"{column} {op} {value!r}")


def _of_text(op: str, value: str, any_case: bool) -> Trial:
    attributes = ' matchCase="false"' if any_case else ""
    cql = f"CASEI(mot) {op} CASEI({_quoted(value)})" if any_case else f"mot {op} {_quoted(value)}"
    sql = f"lower(mot) {op} lower({_quoted(value)})" if any_case else f"mot {op} {_quoted(value)}"
    return Trial(_is(op, _name("mot"), _literal(value), attributes), cql, f'{sql} COLLATE "C"')


SIGNS = st.sampled_from([("*", "#", "!"), ("%", "_", "\\"), (".", "?", "/"), ("*", "?", "\\")])


def _of_pattern(parts: list[str | None], signs: tuple[str, str, str], any_case: bool) -> Trial:
    """None in `parts` is any text, "" any character."""

    def written(any_text: str, any_one: str, sign: str) -> str:
        special = (any_text, any_one, sign)
        return "".join(
            any_text if part is None else any_one if part == "" else f"{sign}{part}" if part in special else part
            for part in parts
        )

    attributes = f'wildCard="{signs[0]}" singleChar="{signs[1]}" escapeChar="{signs[2]}"'
    attributes += ' matchCase="false"' if any_case else ""
    inner = f"{_name('mot')}{_literal(written(*signs))}"
    plain = _quoted(written("%", "_", "\\"))
    lowered = _quoted(written("%", "_", "\\").lower())
    sql = f"lower(mot) LIKE {lowered}" if any_case else f"mot LIKE {plain}"
    cql = f"mot {'ILIKE' if any_case else 'LIKE'} {plain}"
    return Trial(f"<PropertyIsLike {attributes}>{inner}</PropertyIsLike>", cql, sql)


def _between(name: str, low: float, high: float) -> Trial:
    bounds = f"<LowerBoundary>{_literal(low)}</LowerBoundary><UpperBoundary>{_literal(high)}</UpperBoundary>"
    text = f"{name} BETWEEN {low!r} AND {high!r}"
    return Trial(f"<PropertyIsBetween>{_name(name)}{bounds}</PropertyIsBetween>", text, text)


def _one_of(name: str, values: list) -> Trial:
    each = "".join(_is("=", _name(name), _literal(value)) for value in values)
    shown = ", ".join(_quoted(v) if isinstance(v, str) else repr(v) for v in values)
    return Trial(f"<Or>{each}</Or>" if len(values) > 1 else each, f"{name} IN ({shown})", f"{name} IN ({shown})")


def _null(name: str) -> Trial:
    return Trial(f"<PropertyIsNull>{_name(name)}</PropertyIsNull>", f"{name} IS NULL", f"{name} IS NULL")


def _sum(left: str, sign: str, right: str, op: str, factor: float) -> Trial:
    tag = {"+": "Add", "-": "Sub", "*": "Mul", "/": "Div"}[sign]
    fes = _is(op, f"<{tag}>{_name(left)}{_literal(factor)}</{tag}>", _name(right))
    return Trial(
        fes, f"{left} {sign} {factor!r} {op} {right}", f"{left}::float8 {sign} {factor!r} {op} {right}::float8"
    )


TEXTS = {
    "jour": ["1999-12-31", "2024-02-28", "2024-02-29", "2024-03-01", "2024-02-29+02:00", "2024-02-29T00:00:01Z"],
    "moment": ["1999-12-31T23:30:00Z", "2024-02-29T13:00:00+01:00", "2024-02-29", "2024-02-29T00:00:00.125Z",
               "2024-03-01T00:00:00Z", "2024-02-29T19:00:00-05:00"],
}  # fmt: skip


def _moment(name: str, text: str) -> str:
    """SQL of a moment in UTC, without a zone; a day is the same day whatever its zone."""
    day = len(text) in (10, 16) and "T" not in text
    return f"timestamp '{text[:10]}'" if day else f"(timestamptz '{text}' AT TIME ZONE 'UTC')"


def _when(name: str) -> str:
    return f"{name}::timestamp" if name == "jour" else f"({name} AT TIME ZONE 'UTC')"


def _of_moment(name: str, op: str, place: int) -> Trial:
    text = TEXTS[name][place]
    sql = f"{_when(name)} {op} {_moment(name, text)}"
    return Trial(_is(op, _name(name), _literal(text)), f"{name} {op} '{text}'", sql)


def _temporal(name: str, op: str, places: tuple[int, int]) -> Trial:
    start, end = (TEXTS[name][place] for place in places)
    when, first, last = _when(name), _moment(name, start), _moment(name, end)
    one = f'<gml:TimeInstant gml:id="t"><gml:timePosition>{start}</gml:timePosition></gml:TimeInstant>'
    two = (
        f'<gml:TimePeriod gml:id="t"><gml:beginPosition>{start}</gml:beginPosition>'
        f"<gml:endPosition>{end}</gml:endPosition></gml:TimePeriod>"
    )
    single = {"After": f"{when} > {first}", "Before": f"{when} < {first}", "TEquals": f"{when} = {first}"}
    period = {
        "During": f"{when} > {first} AND {when} < {last}",
        "Begins": f"{when} = {first}",
        "Ends": f"{when} = {last}",
        "AnyInteracts": f"{when} >= {first} AND {when} <= {last}",
    }
    words = {"TEquals": "T_EQUALS", "AnyInteracts": "T_INTERSECTS", "Begins": "T_STARTS", "Ends": "T_FINISHES"}
    word = words.get(op, f"T_{op.upper()}")
    literal = f"TIMESTAMP('{start}')" if op in single else f"INTERVAL('{start}', '{end}')"
    fes = f"<{op}>{_name(name)}{one if op in single else two}</{op}>"
    return Trial(fes, f"{word}({name}, {literal})", f"({(single | period)[op]})")


def _temporals() -> st.SearchStrategy[Trial]:
    names = st.sampled_from(["jour", "moment"])
    place = st.integers(0, 5)
    ops = st.sampled_from(["After", "Before", "TEquals", "During", "Begins", "Ends", "AnyInteracts"])
    return st.one_of(
        st.builds(_of_moment, names, OPERATOR, place), st.builds(_temporal, names, ops, st.tuples(place, place))
    )


def _gml(shape: shapely.Geometry, srs: str, swapped: bool) -> str:
    def positions(points: object) -> str:
        return " ".join(
            f"{p[1]!r} {p[0]!r}" if swapped else f"{p[0]!r} {p[1]!r}" for p in shapely.get_coordinates(points).tolist()
        )

    attributes = f'gml:id="g" srsName="{srs}"'
    if shape.geom_type == "Point":
        return f"<gml:Point {attributes}><gml:pos>{positions(shape)}</gml:pos></gml:Point>"
    if shape.geom_type == "LineString":
        return f"<gml:LineString {attributes}><gml:posList>{positions(shape)}</gml:posList></gml:LineString>"
    ring = f"<gml:LinearRing><gml:posList>{positions(shape.exterior)}</gml:posList></gml:LinearRing>"
    return f"<gml:Polygon {attributes}><gml:exterior>{ring}</gml:exterior></gml:Polygon>"


RELATIONS = ["Intersects", "Disjoint", "Within", "Contains", "Overlaps", "Touches", "Crosses", "Equals"]


@dataclass(frozen=True)
class Place:
    """A shape in Lambert-93, and how a filter writes it."""

    shape: shapely.Geometry
    degrees: bool

    @property
    def fes(self) -> str:
        if not self.degrees:
            return _gml(self.shape, "urn:ogc:def:crs:EPSG::2154", swapped=False)
        return _gml(_in_degrees(self.shape), "urn:ogc:def:crs:EPSG::4326", swapped=True)

    @property
    def cql(self) -> str:
        if self.degrees:
            return f"SRID=4326;{shapely.to_wkt(_in_degrees(self.shape), rounding_precision=16)}"
        return shapely.to_wkt(self.shape, rounding_precision=16)

    @property
    def sql(self) -> str:
        return f"ST_GeomFromText('{shapely.to_wkt(self.shape, rounding_precision=16)}', 2154)"


def _in_degrees(shape: shapely.Geometry) -> shapely.Geometry:
    from pyproj import Transformer

    change = Transformer.from_crs("EPSG:2154", "EPSG:4326", always_xy=True)
    return shapely.transform(shape, lambda c: np.column_stack(change.transform(c[:, 0], c[:, 1])))


def _places() -> st.SearchStrategy[Place]:
    number = st.floats(0, 1000).map(lambda value: round(value, 3))
    size = st.floats(1, 400).map(lambda value: round(value, 3))
    box = st.builds(lambda x, y, w, h: shapely.box(X0 + x, Y0 + y, X0 + x + w, Y0 + y + h), number, number, size, size)
    point = st.builds(lambda x, y: shapely.Point(X0 + x, Y0 + y), number, number)
    line = st.builds(lambda a, b: shapely.LineString([(X0 + a[0], Y0 + a[1]), (X0 + b[0] + 2, Y0 + b[1])]),
                     st.tuples(number, number), st.tuples(number, number))  # fmt: skip
    return st.builds(Place, st.one_of(box, point, line), st.booleans())


def _related(op: str, place: Place) -> Trial:
    fes = f"<{op}>{_name('geometry')}{place.fes}</{op}>"
    return Trial(fes, f"S_{op.upper()}(geometry, {place.cql})", f"ST_{op}(geometry, {place.sql})")


def _within(place: Place, length: float, unit: tuple[str, float], beyond: bool) -> Trial:
    tag, sign = ("Beyond", ">") if beyond else ("DWithin", "<=")
    fes = f'<{tag}>{_name("geometry")}{place.fes}<Distance uom="{unit[0]}">{length!r}</Distance></{tag}>'
    cql = f"{tag.upper()}(geometry, {place.cql}, {length!r}, {unit[0]})"
    return Trial(fes, cql, f"ST_Distance(geometry, {place.sql}) {sign} {length!r}::float8 * {unit[1]!r}")


def _boxed(place: Place) -> Trial:
    x0, y0, x1, y1 = place.shape.bounds
    srs = "urn:ogc:def:crs:EPSG::2154"
    corners = f"<gml:lowerCorner>{x0!r} {y0!r}</gml:lowerCorner><gml:upperCorner>{x1!r} {y1!r}</gml:upperCorner>"
    fes = f'<BBOX>{_name("geometry")}<gml:Envelope srsName="{srs}">{corners}</gml:Envelope></BBOX>'
    # A box without an area is a line or a point.
    sql = f"ST_Intersects(geometry, ST_Envelope({place.sql}))"
    return Trial(fes, f"BBOX(geometry, {x0!r}, {y0!r}, {x1!r}, {y1!r})", sql)


def _spatials() -> st.SearchStrategy[Trial]:
    places = _places()
    units = st.sampled_from([("m", 1.0), ("km", 1000.0), ("ft", 0.3048)])
    return st.one_of(
        st.builds(_related, st.sampled_from(RELATIONS), places),
        st.builds(_within, places, st.integers(0, 300).map(float), units, st.booleans()),
        st.builds(_boxed, places),
    )


def _identified(numbers: list[int]) -> Trial:
    ids = [f"lot.{number}" for number in numbers]
    fes = "".join(f'<ResourceId rid="{one}"/>' for one in ids[:1])
    shown = ", ".join(_quoted(one) for one in ids[:1])
    return Trial(fes, f"IN ({shown})", f"fid IN ({numbers[0]})")


def _valued() -> st.SearchStrategy[Trial]:
    part = st.one_of(st.none(), st.just(""), st.sampled_from("éÉtea_%L'œ*?[]\\.10!#/😀"))
    names = st.sampled_from(["mot", "entier", "reel", "jour", "vrai", "moment", "geometry"])
    return st.one_of(
        st.builds(_of_number, NUMERIC, OPERATOR, NUMBER, st.booleans(), st.booleans()),
        st.builds(_of_text, OPERATOR, WORD, st.booleans()),
        st.builds(_of_pattern, st.lists(part, max_size=5), SIGNS, st.booleans()),
        st.builds(_between, NUMERIC, NUMBER, NUMBER),
        st.builds(_one_of, st.just("mot"), st.lists(WORD, min_size=1, max_size=3)),
        st.builds(_one_of, NUMERIC, st.lists(NUMBER, min_size=1, max_size=4)),
        st.builds(_null, names),
        st.builds(_sum, NUMERIC, st.sampled_from("+-*/"), NUMERIC, OPERATOR, st.sampled_from([0.5, 2.0, -1.5])),
        st.builds(lambda b: Trial(_is("=", _name("vrai"), _literal(str(b).lower())), f"vrai = {b}", f"vrai = {b}"),
                  st.booleans()),
        st.builds(_identified, st.lists(st.integers(1, ROWS), min_size=1, max_size=1)),
    )  # fmt: skip


def _joined(inner: st.SearchStrategy[Trial]) -> st.SearchStrategy[Trial]:
    def several(word: str, items: list[Trial]) -> Trial:
        tag = word.title()
        cql = None if any(item.cql is None for item in items) else f" {word} ".join(f"({item.cql})" for item in items)
        return Trial(
            f"<{tag}>{''.join(item.fes for item in items)}</{tag}>", cql, f" {word} ".join(f"({i.sql})" for i in items)
        )

    def negated(item: Trial) -> Trial:
        return Trial(f"<Not>{item.fes}</Not>", f"NOT ({item.cql})", f"NOT ({item.sql})")

    return st.one_of(
        st.builds(several, st.sampled_from(["AND", "OR"]), st.lists(inner, min_size=2, max_size=4)),
        st.builds(negated, inner),
    )


TRIALS = st.recursive(st.one_of(_valued(), _temporals(), _spatials()), _joined, max_leaves=8)
