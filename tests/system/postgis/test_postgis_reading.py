"""Tables and views of PostGIS as layers: types, keys, geometries, pages, counts, and what is said of mistakes."""

import base64
import json
from datetime import UTC, date, datetime, time

import pytest
import shapely

from layers import filters, model
from layers.errors import SourceError, UnavailableError
from layers.query import FeatureQuery
from layers.registry import Registry
from layers.sources import open_features
from layers.sources.batch import geometry
from layers.sources.postgis.address import connection_string
from support.postgis import layer, load
from support.postgres import run_sql
from support.vectors import KINDS, X0, Y0, layer_id, shapes, table

pytestmark = pytest.mark.postgis

LAMBERT = "EPSG:2154"


def sql(database: str, *statements: str) -> list:
    return run_sql(connection_string(database), *statements)


def rows(made, **asked) -> list[dict]:
    """The features of a layer, with `id`; geometries as shapes."""
    found = []
    for batch in open_features(made).features(FeatureQuery(made.id, made.crs, **asked)):
        columns = {name: batch.column(i).to_pylist() for i, name in enumerate(batch.schema.names[:-1])}
        columns["place"] = shapely.from_wkb(geometry(batch).to_numpy(zero_copy_only=False)).tolist()
        found += [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]
    return found


MOMENT = datetime(2024, 2, 29, 23, 59, 58, tzinfo=UTC)
BARE = datetime(2024, 2, 29, 23, 59, 58)
TYPES = [
    ("int2", "-32768", "integer", -32768),
    ("int4", "2147483647", "integer", 2147483647),
    ("int8", "9223372036854775807", "integer", 9223372036854775807),
    ("numeric", "12.25", "real", 12.25),
    ("numeric(9,2)", "1234.5", "real", 1234.5),
    ("numeric(12,0)", "123456789012", "integer", 123456789012),
    ("float4", "0.5", "real", 0.5),
    ("float8", "1e-7", "real", 1e-7),
    ("money", "12.5", "real", 12.5),
    ("text", "'L''œuf « été »'", "string", "L'œuf « été »"),
    ("varchar(20)", "'<b>&'", "string", "<b>&"),
    ("char(5)", "'ab'", "string", "ab"),
    ("bool", "true", "boolean", True),
    ("date", "'2024-02-29'", "date", date(2024, 2, 29)),
    ("time", "'10:00:00.5'", "time", time(10, 0, 0, 500000)),
    ("timestamp", "'2024-02-29 23:59:58'", "datetime", BARE),
    ("timestamptz", "'2024-03-01 00:59:58+01'", "datetime", MOMENT),
    ("timestamp(6)", "'2024-02-29 23:59:58.123456'", "datetime", BARE.replace(microsecond=123456)),
    ("uuid", "'A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11'", "string", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
    ("json", "'{\"a\":1}'", "string", '{"a":1}'),
    ("jsonb", "'{\"a\":1}'", "string", '{"a": 1}'),
    ("int4[]", "'{1,2,NULL}'", "string", "[1,2,null]"),
    ("text[]", "'{\"é\",b}'", "string", '["é","b"]'),
    ("bytea", "'\\x00ff'", "binary", b"\x00\xff"),
    ("humeur", "'content'", "string", "content"),
    ("petit", "7", "integer", 7),
    ("inet", "'10.0.0.1'", "string", "10.0.0.1/32"),
    ("interval", "'1 day'", "string", "1 day"),
    ("xml", "'<a/>'", "string", "<a/>"),
]


@pytest.fixture(scope="module")
def typed(database):
    """A table with a column of every type: one row of values, one of nulls."""
    columns = ", ".join(f'"c{i} « é »" {kind}' for i, (kind, *_) in enumerate(TYPES))
    values = ", ".join(value for _, value, *_ in TYPES)
    sql(
        database,
        "CREATE TYPE humeur AS ENUM ('content', 'triste')",
        "CREATE DOMAIN petit AS int2 CHECK (VALUE < 10)",
        f"CREATE TABLE types (num serial PRIMARY KEY, {columns}, lieu geometry(Point, 2154))",
        f"INSERT INTO types VALUES (1, {values}, 'SRID=2154;POINT(1 2)')",
        "INSERT INTO types (num) VALUES (2)",
    )
    return layer(database, "types")


@pytest.mark.parametrize("place", range(len(TYPES)), ids=[kind for kind, *_ in TYPES])
def test_a_value_of_any_type_is_read_and_found_by_its_value(typed, place):
    name, (_, _, kind, value) = f"c{place} « é »", TYPES[place]
    assert next(field.type for field in typed.facts.fields if field.name == name) == kind
    assert [row[name] for row in rows(typed)] == [value, None]
    literal = base64.b64encode(value).decode() if isinstance(value, bytes) else str(value)
    for text in (f"\"{name}\" = '{literal.replace("'", "''")}'", f'"{name}" IS NOT NULL', f'NOT ("{name}" IS NULL)'):
        tree = filters.read_cql(text, filters.Names(typed.facts, "types", lambda found: found))
        assert [row["id"] for row in rows(typed, filter=tree)] == ["types.1"]
    assert [row["id"] for row in rows(typed, sort_by=((name, False),))] == ["types.1", "types.2"]


@pytest.mark.parametrize("kind", KINDS)
def test_geometries_of_each_type_are_those_that_were_put_in(database, kind):
    name = layer_id(kind)
    load(connection_string(database), name, table(kind), kind)
    made = layer(database, name)
    assert (made.facts.geometry, made.facts.has_z) == (kind.removesuffix(" Z"), "Z" in kind)
    assert made.crs == LAMBERT
    found = [row["place"] for row in rows(made)]
    assert [shapely.to_wkt(shape) if shape else None for shape in found] == [
        shapely.to_wkt(shape) if shape else None for shape in shapes(kind)
    ]


def test_curves_measures_and_geographies_become_plain_geometries(database):
    sql(
        database,
        "CREATE TABLE courbes (num int PRIMARY KEY, lieu geometry(CurvePolygonZM, 2154), place geography(Point))",
        "INSERT INTO courbes VALUES (1, 'SRID=2154;CURVEPOLYGON ZM (CIRCULARSTRING ZM (0 0 1 9, 2 2 1 9, 4 0 1 9, "
        "2 -2 1 9, 0 0 1 9))', 'POINT(3.8 43.6)')",
    )
    curved = layer(database, "courbes", geometry="lieu")
    assert (curved.facts.geometry, curved.facts.has_z) == ("Polygon", True)
    (row,) = rows(curved)
    assert shapely.get_coordinates(row["place"], include_z=True)[:, 2].tolist() == [1.0] * shapely.get_num_coordinates(
        row["place"]
    )
    assert row["place"].area == pytest.approx(12.56, abs=0.02)
    round_ = layer(database, "courbes", geometry="place")
    assert round_.crs == "EPSG:4326"
    assert rows(round_, bbox=(3, 43, 4, 44), bbox_crs="EPSG:4326")[0]["place"].coords[:] == [(3.8, 43.6)]
    assert rows(round_, bbox=(4, 43, 5, 44), bbox_crs="EPSG:4326") == []


def test_a_table_with_several_geometries_is_a_layer_for_each(database):
    sql(
        database,
        "CREATE TABLE deux (num int PRIMARY KEY, point geometry(Point, 2154), zone geometry(Polygon, 3857))",
        "INSERT INTO deux VALUES (1, 'SRID=2154;POINT(1 2)', 'SRID=3857;POLYGON((0 0,1 0,1 1,0 0))')",
    )
    with pytest.raises(SourceError, match="`geometry` must say which column it is: there is point, zone"):
        layer(database, "deux")
    assert layer(database, "deux", geometry="zone").crs == "EPSG:3857"
    made = layer(database, "deux", geometry="point")
    assert [field.name for field in made.facts.fields] == ["num"]


def test_a_column_that_takes_any_geometry_is_known_by_what_it_holds(database):
    sql(
        database,
        "CREATE TABLE libre (num int PRIMARY KEY, lieu geometry)",
        "INSERT INTO libre VALUES (1, 'POINT Z (1 2 3)'), (2, 'MULTIPOINT Z ((1 2 3))'), (3, NULL)",
    )
    with pytest.raises(SourceError, match="SRID 0, which is no CRS: declare `crs: EPSG:…`"):
        layer(database, "libre")
    made = layer(database, "libre", crs="EPSG:2154")
    assert (made.facts.geometry, made.facts.has_z, made.crs) == ("MultiPoint", True, LAMBERT)
    assert [row["id"] for row in rows(made, bbox=(0, 0, 5, 5), bbox_crs=LAMBERT)] == ["libre.1", "libre.2"]
    sql(database, "INSERT INTO libre VALUES (4, 'SRID=3857;POINT(1 2)')")
    with pytest.raises(SourceError, match="several SRIDs"):
        layer(database, "libre", crs="EPSG:2154")


def test_shapes_that_are_not_valid_are_found_and_told_as_they_are(database):
    bow = "POLYGON((0 0, 10 10, 10 0, 0 10, 0 0))"
    sql(
        database,
        "CREATE TABLE croises (num int PRIMARY KEY, lieu geometry(Geometry, 2154))",
        f"INSERT INTO croises VALUES (1, 'SRID=2154;{bow}'), (2, 'SRID=2154;POLYGON EMPTY'), "
        "(3, 'SRID=2154;GEOMETRYCOLLECTION(POINT(50 50), LINESTRING(0 0, 1 1))')",
    )
    made = layer(database, "croises")
    assert made.facts.geometry == "Unknown"
    assert [row["num"] for row in rows(made)] == [1, 2, 3]
    assert [row["num"] for row in rows(made, bbox=(8, 4, 12, 6), bbox_crs=LAMBERT)] == [1]
    assert [row["num"] for row in rows(made, bbox=(40, 40, 60, 60), bbox_crs=LAMBERT)] == [3]
    names = filters.Names(made.facts, "croises", lambda name: None if name == "lieu" else name)
    for text, found in (
        ("WITHIN(lieu, POLYGON((-1 -1, 11 -1, 11 11, -1 11, -1 -1)))", [1]),
        ("DISJOINT(lieu, POINT(50 50))", [1, 2]),
        ("DWITHIN(lieu, POINT(12 5), 3, meters)", [1]),
        ("BEYOND(lieu, POINT(12 5), 3, meters)", [3]),
    ):
        assert [row["num"] for row in rows(made, filter=filters.read_cql(text, names))] == found, text


KEYS = [
    ("int2", "1", "3"),
    ("int8", "-5", "9007199254740993"),
    ("text", "'a.b é'", "'c'"),
    ("varchar(9)", "'A'", "'a'"),
    ("char(6)", "'A'", "'b'"),
    ("uuid", "'a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'", "'b0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11'"),
    ("numeric(12,0)", "1", "2"),
    ("numeric", "1.5", "22.25"),
    ("date", "'1999-12-31'", "'2024-02-29'"),
    ("timestamptz", "'1999-12-31 10:00+00'", "'2024-02-29 10:00:00.5+00'"),
    ("float8", "0.5", "1e-7"),
    ("inet", "'10.0.0.1'", "'10.0.0.2'"),
]


@pytest.mark.parametrize("place", range(len(KEYS)), ids=[kind for kind, *_ in KEYS])
def test_a_primary_key_of_any_type_makes_ids_that_find_their_feature(database, place):
    (kind, one, other), name = KEYS[place], f"cle_{place}"
    sql(
        database,
        f'CREATE TABLE {name} ("la clé" {kind} PRIMARY KEY, nom text, lieu geometry(Point, 2154))',
        f"INSERT INTO {name} VALUES ({one}, 'un', 'SRID=2154;POINT(1 2)'), ({other}, 'autre', NULL)",
    )
    made = layer(database, name)
    names = filters.Names(made.facts, name, lambda found: found)
    found = {row["nom"]: row["id"] for row in rows(made)}
    assert len(set(found.values())) == 2
    for nom, feature in found.items():
        assert [row["nom"] for row in rows(made, ids=(feature, f"{name}.absent", f"{name}.99"))] == [nom]
        # letters without their case are compared here, and the id with them
        tree = filters.read_cql(f"IN ('{feature}') OR nom ILIKE 'RIEN'", names)
        assert [row["nom"] for row in rows(made, filter=tree)] == [nom]


def test_a_view_has_a_key_that_is_declared(database):
    load(connection_string(database), "base", table("Point"), "Point")
    sql(database, "CREATE VIEW vue AS SELECT fid AS num, nom, entier % 2 AS pair, geometry FROM base")
    with pytest.raises(SourceError, match="no primary key of one column: `key` must say"):
        layer(database, "vue")
    with pytest.raises(SourceError, match="key: 'pair' does not tell features apart"):
        layer(database, "vue", key="pair")
    with pytest.raises(SourceError, match=r"there is no column 'nun': .*did you mean 'num'"):
        layer(database, "vue", key="nun")
    made = layer(database, "vue", key="num")
    assert [row["id"] for row in rows(made)] == [f"vue.{i}" for i in range(1, 9)]
    assert open_features(made).count(FeatureQuery("vue", LAMBERT)) == 8


def test_a_table_of_a_schema_with_awkward_names(database):
    sql(
        database,
        'CREATE SCHEMA "Données « 1 »"',
        'CREATE TABLE "Données « 1 »"."Bâti; --" ("l""id" int PRIMARY KEY, "select" text, "Géom" '
        "geometry(Point, 2154))",
        """INSERT INTO "Données « 1 »"."Bâti; --" VALUES (1, 'x', 'SRID=2154;POINT(1 2)')""",
    )
    made = layer(database, "bati", table="Données « 1 ».Bâti; --")
    assert rows(made, sort_by=(("select", True),))[0]["id"] == "bati.1"
    with pytest.raises(SourceError, match=r"there is no table 'Données « 1 ».Bati; --'; tables with geometry: .*Bâti"):
        layer(database, "bati", table="Données « 1 ».Bati; --")


COUNT = 30_000


@pytest.fixture(scope="module")
def many(database):
    """Thirty thousand points, of which the key has holes and no order in the table."""
    return points(database, "beaucoup")


@pytest.fixture
def changing(database):
    """Others, for a test to change."""
    sql(database, "DROP TABLE IF EXISTS mouvant")
    return points(database, "mouvant")


def points(database, name):
    sql(
        database,
        f"CREATE TABLE {name} AS SELECT (i * 7919 % 30011) * 3 AS num, i % 13 AS genre, 'é' || i % 5 AS nom, "
        f"ST_SetSRID(ST_MakePoint({X0} + i % 173, {Y0} + i / 173), 2154)::geometry(Point, 2154) AS lieu "
        f"FROM generate_series(1, {COUNT}) AS i",
        f"ALTER TABLE {name} ADD PRIMARY KEY (num)",
        f"CREATE INDEX ON {name} USING gist (lieu)",
        f"ANALYZE {name}",
    )
    return layer(database, name)


SORTS = [((), "num"), ((("genre", False), ("nom", True)), "genre DESC, nom, num")]
WHERE = [("INCLUDE", "TRUE"), ("genre < 9 AND nom <> 'é1'", "genre < 9 AND nom <> 'é1'"), ("nom ILIKE 'É_'", "TRUE")]


@pytest.mark.parametrize(("sort", "order"), SORTS)
@pytest.mark.parametrize(("text", "condition"), WHERE)
@pytest.mark.parametrize("offset", [0, 4990, 5000, 12_345, COUNT - 5, COUNT])
def test_a_page_has_the_rows_that_sql_gives_it(database, many, sort, order, text, condition, offset):
    tree = filters.read_cql(text, filters.Names(many.facts, "beaucoup", lambda name: name))
    expected = sql(database, f"SELECT num FROM beaucoup WHERE {condition} ORDER BY {order} LIMIT 30 OFFSET {offset}")
    found = rows(many, sort_by=sort, filter=tree, limit=30, offset=offset)
    assert [row["num"] for row in found] == [num for (num,) in expected]


def test_counts_and_deep_pages_follow_what_is_changed(database, many):
    source, everything = open_features(many), FeatureQuery("beaucoup", LAMBERT)
    assert source.count(everything) == COUNT
    last = rows(many, limit=10, offset=COUNT - 1)
    assert len(last) == 1
    sql(database, f"DELETE FROM beaucoup WHERE num = {last[0]['num']}")
    assert source.count(everything) == COUNT - 1
    assert rows(many, limit=10, offset=COUNT - 1) == []
    sql(database, f"INSERT INTO beaucoup VALUES ({last[0]['num']}, 1, 'é1', 'SRID=2154;POINT(1 2)')")


def test_deep_pages_of_a_table_that_is_changing_are_those_that_sql_gives(database, changing):
    tree = filters.read_cql("genre < 9", filters.Names(changing.facts, "mouvant", lambda name: name))
    for turn in range(4):
        sql(database, f"DELETE FROM mouvant WHERE num IN (SELECT num FROM mouvant ORDER BY num LIMIT {turn})")
        for text, asked in (("TRUE", {}), ("genre < 9", {"filter": tree})):
            for offset in (5000, 12_345, 200_000):
                expected = f"SELECT num FROM mouvant WHERE {text} ORDER BY num LIMIT 30 OFFSET {offset}"
                found = rows(changing, limit=30, offset=offset, **asked)
                assert [row["num"] for row in found] == [num for (num,) in sql(database, expected)]


def test_a_snapshot_is_of_one_state_and_gives_its_connection_back(database, changing):
    everything = FeatureQuery("mouvant", LAMBERT, properties=("num",))
    before = open_features(changing).count(everything)
    for turn in range(12):
        with open_features(changing).snapshot() as source:
            assert source.count(everything) == before + turn
            sql(database, f"INSERT INTO mouvant VALUES ({-1 - turn}, 1, 'é1', 'SRID=2154;POINT(1 2)')")
            batches = source.features(everything)
            next(batches)
            batches.close()
            assert sum(batch.num_rows for batch in source.features(everything)) == before + turn
            assert source.count(everything) == before + turn
    assert open_features(changing).count(everything) == before + 12


def test_a_large_answer_counts_what_it_holds_whatever_was_counted_before(database, changing):
    """What was counted when the answer was begun is no more so when another process writes it."""
    from layers.crs import parse_crs
    from server.wfs.answer import Answer, Page, settled
    from server.wfs.collections import geojson_collection
    from server.wfs.dialect import WFS20
    from server.wfs.feature_type import FeatureType
    from server.wfs.parameters import Query

    asked = FeatureQuery("mouvant", LAMBERT, properties=("num",), limit=9_000, offset=0)
    query = Query(FeatureType(changing, model.Namespace()), asked, parse_crs(LAMBERT))
    page = Page(query, 9_000, 9_000, limit=25_000, state="another")
    told = json.loads(b"".join(settled(geojson_collection, Answer(WFS20, "http://x", (page,), "now"))))
    there = sql(database, "SELECT count(*) FROM mouvant")[0][0]
    assert told["numberMatched"] == there
    assert told["numberReturned"] == len(told["features"]) == min(there, 25_000)


def test_a_table_that_is_altered_is_away_until_it_is_looked_at_again(database, changing):
    sql(database, "ALTER TABLE mouvant ADD COLUMN de_plus int, DROP COLUMN nom")
    assert rows(changing, limit=1, properties=("genre",))
    for asked in (
        {},
        {"filter": filters.read_cql("nom = 'é1'", filters.Names(changing.facts, "m", lambda name: name))},
    ):
        with pytest.raises(UnavailableError, match="garrigue check"):
            rows(changing, limit=1, **asked)
    assert "de_plus" in rows(layer(database, "mouvant"), limit=1)[0]
    sql(database, "ALTER TABLE mouvant RENAME TO parti")
    with pytest.raises(UnavailableError, match="garrigue check"):
        rows(changing, limit=1, properties=("genre",))
    sql(database, "DROP TABLE parti")


def test_a_layer_whose_count_is_too_dear_is_not_counted_to_the_end(database, many):
    dear = layer(database, "beaucoup", count="unknown")
    assert dear.facts.count == COUNT  # by the statistics
    source = open_features(dear)
    assert not source.counted
    assert source.count(FeatureQuery("beaucoup", LAMBERT, limit=10, offset=5)) == 16
    assert source.count(FeatureQuery("beaucoup", LAMBERT, limit=10, offset=COUNT - 3)) == COUNT
    tree = filters.read_cql("nom ILIKE 'É1'", filters.Names(many.facts, "beaucoup", lambda name: name))
    assert source.count(FeatureQuery("beaucoup", LAMBERT, limit=10, filter=tree)) == 11


def test_a_reader_that_leaves_early_gives_its_connection_back(database, many):
    for _ in range(25):
        batches = open_features(many).features(FeatureQuery("beaucoup", LAMBERT))
        assert next(batches).num_rows
        batches.close()
    assert rows(many, limit=1)


@pytest.mark.parametrize(
    ("name", "times"),
    [
        ("jour", ("1999-12-31", "2024-02-29")),
        ("moment", ("1999-12-31T10:00:00+00:00", "2024-02-29T23:59:58+00:00")),
        ("quand", ("1999-12-31T10:00:00", "2024-02-29T23:59:58")),
        ("annee", ("1999", "2024")),
        ("edition", ("v1", "v2")),
    ],
)
def test_a_time_dimension_may_be_of_any_type(database, name, times):
    sql(
        database,
        "CREATE TABLE IF NOT EXISTS dates (num int PRIMARY KEY, jour date, moment timestamptz, quand timestamp, "
        "annee int, edition text, lieu geometry(Point, 2154))",
        "INSERT INTO dates VALUES (1, '1999-12-31', '1999-12-31 11:00+01', '1999-12-31 10:00', 1999, 'v1', NULL), "
        "(2, '2024-02-29', '2024-02-29 23:59:58+00', '2024-02-29 23:59:58', 2024, 'v2', NULL), "
        "(3, NULL, NULL, NULL, NULL, NULL, NULL) ON CONFLICT DO NOTHING",
    )
    made = layer(database, "dates", time={"attribute": name})
    assert made.times == times
    assert [row["num"] for row in rows(made, time=times[:1])] == [1]
    assert [row["num"] for row in rows(made, time=times)] == [1, 2]


def test_a_registry_over_tables_comes_back_from_json_as_it_was(database, many, typed):
    made = {one.id: one for one in (many, typed)}
    registry = Registry(model.Service(), {"base": model.Theme(title=model.Text(fr="Base"))}, made, "1", None)
    again = Registry.from_json(registry.to_json().replace('"config": "None"', '"config": "/"'))
    assert dict(again.layers) == made
    assert connection_string(database) not in registry.to_json()
