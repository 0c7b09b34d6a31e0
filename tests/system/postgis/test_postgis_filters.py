"""Filters on PostGIS: the same features as from a GeoPackage, as decided here, and as plain SQL finds."""

from contextlib import closing
from dataclasses import replace
from datetime import date, time

import numpy as np
import pyarrow as pa
import pytest
import shapely
from adbc_driver_postgresql import dbapi
from hypothesis import given, settings
from hypothesis import strategies as st

from layers import filters, model
from layers.filters.tree import Condition
from layers.query import FeatureQuery
from layers.sources.features import Features
from layers.sources.postgis import PostgisFeatures
from layers.sources.postgis.address import connection_string
from layers.sources.vector import describe
from server.wfs.feature_type import FeatureType
from support.filter_cases import CQL, FES_CASES, fes
from support.postgis import layer, load
from support.vectors import X0, Y0, table, write

pytestmark = pytest.mark.postgis


class Undecided(PostgisFeatures):
    """The same source, of which the database decides nothing."""

    def _plan(self, query):
        plan = super()._plan(replace(query, filter=None))
        needed = filters.properties_of(query.filter) | set(plan.columns)
        columns = tuple(name for name in self.types if name in needed)
        return replace(plan, query=query, rest=query.filter, columns=columns, geometry=True)


def ids_of(source, tree: Condition) -> list[int]:
    """The numbers of the features that match, in their order; the count must agree."""
    query = FeatureQuery(source.layer_id, "EPSG:2154", filter=tree, properties=())
    found = [name for batch in source.features(query) for name in batch["id"].to_pylist()]
    assert source.count(query) == len(found)
    return [int(name.rpartition(".")[2]) for name in found]


@pytest.fixture(scope="module")
def polygons(database):
    """The polygons of every trait, in a table."""
    load(connection_string(database), "polygon", table("Polygon"), "Polygon")
    return layer(database, "polygon")


@pytest.fixture(scope="module")
def names(polygons):
    kind = FeatureType(polygons, model.Namespace(prefix="essai", uri="https://essai.example/ns"))
    return filters.Names(
        kind.facts, "polygon", lambda name: kind.property_name(name, parameter="filter"), others=frozenset({"point"})
    )


def check(polygons, tree: Condition, expected: list[int]) -> None:
    assert ids_of(PostgisFeatures.of(polygons), tree) == expected
    assert ids_of(Undecided.of(polygons), tree) == expected


@pytest.mark.parametrize(("text", "expected"), CQL)
def test_a_cql_text_finds_what_it_finds_in_a_geopackage(polygons, names, text, expected):
    check(polygons, filters.read_cql(text, names), expected)


@pytest.mark.parametrize(("text", "expected"), FES_CASES)
def test_a_fes_filter_finds_what_it_finds_in_a_geopackage(polygons, names, text, expected):
    check(polygons, filters.read_fes(fes(text), names), expected)


WORDS = ["été", "Été", "ete", "a_b", "100%", "L'œuf", "", "zz", "É"]
ROWS = 120


def _random_rows() -> pa.Table:
    """Rows of a few values each, a fifth of them null, squares and nothing among the geometries."""
    chance = np.random.default_rng(7)

    def some(values: list, kind: pa.DataType) -> pa.Array:
        picked = chance.integers(0, len(values), ROWS)
        return pa.array([None if chance.random() < 0.2 else values[i] for i in picked], kind)

    places = chance.uniform(0, 1000, (ROWS, 2))
    shapes = [
        None if i % 11 == 5 else shapely.box(X0 + x, Y0 + y, X0 + x + 5 + i, Y0 + y + 20)
        for i, (x, y) in enumerate(places)
    ]
    return pa.table(
        {
            "mot": some(WORDS, pa.string()),
            "entier": some([-3, 0, 1, 2, 7, 2**40], pa.int64()),
            "reel": some([-0.5, 0.0, 0.1, 1.0, 2.5], pa.float64()),
            "vrai": some([True, False], pa.bool_()),
            "jour": some([date(1999, 12, 31), date(2024, 2, 29), date(2024, 3, 1)], pa.date32()),
            "geometry": pa.array(shapely.to_wkb(np.array(shapes, dtype=object))),
        }
    )


@pytest.fixture(scope="module")
def both(database, tmp_path_factory):
    """The same rows in a table and in a GeoPackage: the two sources, the names of filters, the table's address."""
    rows, address = _random_rows(), connection_string(database)
    load(address, "lot", rows, "Polygon")
    path = tmp_path_factory.mktemp("lot") / "lot.gpkg"
    write(path, "Polygon", "lot", data=rows)
    made = layer(database, "lot")
    facts = describe(model.VectorSource(vector="lot.gpkg", layer="lot"), path.parent)
    kind = FeatureType(made, model.Namespace())
    names = filters.Names(made.facts, "lot", lambda name: kind.property_name(name, parameter="filter"))
    with closing(dbapi.connect(address, autocommit=True)) as connection, connection.cursor() as cursor:

        def plain(sql: str) -> list[int]:
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

        yield PostgisFeatures.of(made), Undecided.of(made), Features("lot", facts), names, plain


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


NUMBERS = st.one_of(st.integers(-4, 8), st.sampled_from([0.1, -0.5, 1.5, 2.5, 2**40]))
OPERATORS = st.sampled_from(["=", "<>", "<", "<=", ">", ">="])
DAYS = st.sampled_from(["1999-12-31", "2024-02-28", "2024-02-29", "2024-03-01"])
PATTERNS = st.text(st.sampled_from("éÉtea_%L'œ"), max_size=5)


def _comparisons() -> st.SearchStrategy[tuple[str, str]]:
    """Comparisons in CQL and in SQL; the order of text is that of the letters' numbers."""
    return st.one_of(
        st.tuples(st.sampled_from(["entier", "reel"]), OPERATORS, NUMBERS).map(
            lambda t: (f"{t[0]} {t[1]} {t[2]!r}", f"{t[0]} {t[1]} {t[2]!r}")
        ),
        st.tuples(OPERATORS, st.sampled_from(WORDS)).map(
            lambda t: (f"mot {t[0]} {_text(t[1])}", f'mot {t[0]} {_text(t[1])} COLLATE "C"')
        ),
        st.tuples(OPERATORS, DAYS).map(lambda t: (f"jour {t[0]} '{t[1]}'", f"jour {t[0]} '{t[1]}'")),
        st.booleans().map(lambda b: (f"vrai = {str(b).lower()}", f"vrai = {b}")),
        PATTERNS.map(lambda p: (f"mot LIKE {_text(p)}", f"mot LIKE {_text(p)} ESCAPE ''")),
        st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(
            lambda ws: (f"mot IN ({', '.join(map(_text, ws))})",) * 2
        ),
        st.lists(st.integers(-3, 7), min_size=1, max_size=4).map(lambda ns: (f"entier IN ({str(ns)[1:-1]})",) * 2),
        st.tuples(NUMBERS, NUMBERS).map(lambda t: (f"reel BETWEEN {t[0]!r} AND {t[1]!r}",) * 2),
        st.sampled_from(["mot", "entier", "jour", "geometry"]).map(lambda n: (f"{n} IS NULL",) * 2),
        st.tuples(DAYS, DAYS).map(
            lambda t: (f"jour DURING {min(t)}/{max(t)}", f"jour > '{min(t)}' AND jour < '{max(t)}'")
        ),
    )


def _places() -> st.SearchStrategy[tuple[str, str]]:
    """Relations to a box or a point, with distances."""
    number = st.integers(0, 1000)
    boxes = st.tuples(number, number, st.integers(1, 400), st.integers(1, 400)).map(
        lambda t: shapely.box(X0 + t[0], Y0 + t[1], X0 + t[0] + t[2], Y0 + t[1] + t[3]).wkt
    )
    words = st.sampled_from(["INTERSECTS", "DISJOINT", "WITHIN", "CONTAINS", "OVERLAPS", "TOUCHES"])
    distances = st.sampled_from([("DWITHIN", "ST_Distance({}, {}) <= {}"), ("BEYOND", "ST_Distance({}, {}) > {}")])
    shape = "ST_GeomFromText('{}', 2154)".format
    return st.one_of(
        st.tuples(words, boxes).map(
            lambda t: (f"{t[0]}(geometry, {t[1]})", f"ST_{t[0].title()}(geometry, {shape(t[1])})")
        ),
        st.tuples(distances, boxes, st.integers(0, 300)).map(
            lambda t: (
                f"{t[0][0]}(geometry, {t[1]}, {t[2]}, meters)",
                t[0][1].format("geometry", shape(t[1]), t[2]),
            )
        ),
    )


def _joined(inner: st.SearchStrategy[tuple[str, str]]) -> st.SearchStrategy[tuple[str, str]]:
    several = st.tuples(st.sampled_from([" AND ", " OR "]), st.lists(inner, min_size=2, max_size=4))
    return st.one_of(
        several.map(lambda t: tuple(t[0].join(f"({pair[i]})" for pair in t[1]) for i in (0, 1))),
        inner.map(lambda pair: (f"NOT ({pair[0]})", f"NOT ({pair[1]})")),
    )


TREES = st.recursive(st.one_of(_comparisons(), _places()), _joined, max_leaves=8)


@settings(max_examples=100, deadline=None, derandomize=True)
@given(TREES)
def test_any_filter_finds_what_plain_sql_finds(both, pair):
    pushed, undecided, file, names, plain = both
    tree = filters.read_cql(pair[0], names)
    expected = plain(f"SELECT fid FROM lot WHERE {pair[1]} ORDER BY fid")
    assert ids_of(pushed, tree) == expected
    assert ids_of(undecided, tree) == expected
    assert ids_of(file, tree) == expected


def test_a_hostile_literal_is_only_a_literal(both):
    pushed, _, _, names, plain = both
    for text in ("'; DROP TABLE lot; --", "' OR '1'='1", "\\'; SELECT pg_sleep(10) --", "$1", "été\\"):
        assert ids_of(pushed, filters.read_cql(f"mot = {_text(text)}", names)) == []
        assert ids_of(pushed, filters.read_cql(f"mot LIKE {_text(text)}", names)) == []
    assert plain("SELECT count(*) FROM lot") == [ROWS]


@pytest.mark.parametrize("value", ["10:00", "10:00:00", "10:00:00.000", "T10:00:00Z"])
def test_a_time_is_compared_as_a_time(database, tmp_path, value):
    rows = pa.table(
        {
            "heure": pa.array([time(10), time(9, 59, 59), None], pa.time64("us")),
            "geometry": pa.array(shapely.to_wkb(shapely.points([X0] * 3, [Y0] * 3))),
        }
    )
    name = f"heures_{abs(hash(value))}"
    load(connection_string(database), name, rows, "Point")
    made = layer(database, name)
    names = filters.Names(made.facts, name, lambda text: text)
    for text, expected in ((f"heure = '{value}'", [1]), (f"heure < '{value}'", [2]), (f"heure <> '{value}'", [2])):
        tree = filters.read_cql(text, names)
        assert ids_of(PostgisFeatures.of(made), tree) == expected
        assert ids_of(Undecided.of(made), tree) == expected
