"""Filters on PostGIS: the same features as from a GeoPackage, as decided here, and as plain SQL finds."""

import json
import os
from contextlib import closing
from dataclasses import replace
from datetime import time

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
import shapely
from adbc_driver_postgresql import dbapi
from hypothesis import given, settings
from pyogrio import write_arrow

from layers import filters, model
from layers.filters.tree import Condition
from layers.query import FeatureQuery
from layers.sources.features import Features
from layers.sources.geoparquet import ParquetFeatures
from layers.sources.postgis import PostgisFeatures
from layers.sources.postgis.address import connection_string
from layers.sources.vector import describe
from server.wfs.feature_type import FeatureType
from support.filter_cases import CQL, FES_CASES, fes
from support.filter_trees import ROWS, TRIALS, rows
from support.postgis import layer, load
from support.postgres import run_sql
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


@pytest.fixture(scope="module")
def sources(database, tmp_path_factory):
    """The same rows in a table and in files: the sources, the names of filters, what plain SQL finds."""
    data, address = rows(), connection_string(database)
    load(address, "lot", data, "Geometry")
    run_sql(address, "ALTER TABLE lot ALTER prix TYPE numeric(8,2)", "ALTER TABLE lot ALTER petit TYPE int2")
    folder = tmp_path_factory.mktemp("lot")
    write(folder / "lot.gpkg", "Unknown", "lot", data=data)
    write_arrow(data, folder / "lot.fgb", layer="lot", geometry_name="geometry", geometry_type="Unknown",
                crs="EPSG:2154", layer_options={"SPATIAL_INDEX": "NO"})  # fmt: skip
    write_parquet(folder / "lot.parquet", data)
    made = layer(database, "lot")
    files = [
        source_of("lot", describe(model.VectorSource(vector=f"lot.{kind}", key=key), folder))
        for kind, key in (("gpkg", None), ("fgb", "numero"), ("parquet", "numero"))
    ]
    kind = FeatureType(made, model.Namespace())
    names = filters.Names(made.facts, "lot", lambda name: kind.property_name(name, parameter="filter"))
    with closing(dbapi.connect(address, autocommit=True)) as connection, connection.cursor() as cursor:

        def plain(sql: str) -> list[int]:
            cursor.execute(sql)
            return [row[0] for row in cursor.fetchall()]

        yield [PostgisFeatures.of(made), Undecided.of(made), *files], names, plain


def source_of(layer_id: str, facts) -> Features:
    """The source of a file, whose features are numbered from 1 as the table's are."""
    return (ParquetFeatures if facts.driver == "Parquet" else Features)(layer_id, facts)


def write_parquet(path, data: pa.Table) -> None:
    column = {"encoding": "WKB", "geometry_types": [], "crs": {"id": {"authority": "EPSG", "code": 2154}}}
    geo = {"version": "1.1.0", "primary_column": "geometry", "columns": {"geometry": column}}
    pq.write_table(data.replace_schema_metadata({"geo": json.dumps(geo)}), path)


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


@settings(max_examples=int(os.environ.get("TRIALS", "100")), deadline=None, derandomize="TRIALS" not in os.environ)
@given(TRIALS)
def test_any_filter_finds_what_plain_sql_finds_in_every_format_and_language(sources, trial):
    found, names, plain = sources
    expected = plain(f"SELECT fid FROM lot WHERE {trial.sql} ORDER BY fid")
    for text in (trial.fes, trial.cql):
        tree = filters.read_fes(fes(text), names) if text is trial.fes else filters.read_cql(text, names)
        for source in found:
            assert ids_of(source, tree) == expected, (source.facts.driver, type(source), text)


def test_a_hostile_literal_is_only_a_literal(sources):
    (pushed, *_), names, plain = sources
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
