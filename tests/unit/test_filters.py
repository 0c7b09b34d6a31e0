"""Filters: the same answer whether the file's own engine decides or we do, in every language."""

import pytest

from layers import filters
from layers.errors import FilterError, GarrigueError, UnknownPropertyError
from layers.query import FeatureQuery
from layers.sources.features import Features
from server.wfs.feature_type import FeatureType
from support.filter_cases import CQL, FES_CASES, compare, envelope, fes
from support.vectors import make_registry


@pytest.fixture(scope="module")
def registry(tmp_path_factory):
    return make_registry(tmp_path_factory.mktemp("filters"))


@pytest.fixture(scope="module")
def names(registry):
    kind = FeatureType(registry.layers["polygon"], registry.service.namespace)
    return filters.Names(
        kind.facts, "polygon", lambda name: kind.property_name(name, parameter="filter"), others=frozenset({"point"})
    )


class Unpushed(Features):
    """The same source, which decides everything itself."""

    def _plan(self, query):
        from dataclasses import replace

        plan = super()._plan(replace(query, filter=None))
        needed = filters.properties_of(query.filter) | set(plan.columns)
        columns = tuple(name for name in self.types if name in needed)
        return replace(plan, query=query, rest=query.filter, columns=columns, geometry=True)


def found(registry, tree) -> list[str]:
    """Ids that match; asked three ways, which must agree."""
    query = FeatureQuery("polygon", "EPSG:2154", filter=tree)
    source = Features.of(registry.layers["polygon"])
    pushed = [i for batch in source.features(query) for i in batch["id"].to_pylist()]
    decided = [i for batch in Unpushed.of(registry.layers["polygon"]).features(query) for i in batch["id"].to_pylist()]
    assert pushed == decided
    assert source.count(query) == len(pushed)
    return [int(i.removeprefix("polygon.")) for i in pushed]


@pytest.mark.parametrize(("text", "expected"), CQL)
def test_a_cql_text_finds_the_same_features_pushed_down_and_decided_here(registry, names, text, expected):
    tree = filters.read_cql(text, names)
    assert found(registry, tree) == expected


@pytest.mark.parametrize(("text", "expected"), FES_CASES)
def test_a_fes_filter_finds_the_same_features_pushed_down_and_decided_here(registry, names, text, expected):
    assert found(registry, filters.read_fes(fes(text), names)) == expected


@pytest.mark.parametrize(
    "prefix", ["<!DOCTYPE Filter [<!ENTITY x 'été'>]>", "<!DOCTYPE F SYSTEM 'file:///etc/passwd'>"]
)
def test_a_filter_with_a_document_type_is_refused(names, prefix):
    text = prefix.encode() + fes(compare("PropertyIsEqualTo", "nom", "x"))
    with pytest.raises(FilterError):
        filters.read_fes(text, names)


BAD_FES = [
    "",
    "<And/>",
    "<Nothing/>",
    "<And>" * 1000 + "</And>" * 1000,
    "<Not>" * 150 + compare("PropertyIsEqualTo", "nom", "x") + "</Not>" * 150,
    compare("PropertyIsEqualTo", "absent", "x"),
    compare("PropertyIsEqualTo", "exec(java.lang.Runtime.getRuntime(),'id')", "x"),
    compare("PropertyIsEqualTo", "entier", "un"),
    compare("PropertyIsEqualTo", "entier", "nan"),
    compare("PropertyIsEqualTo", "jour", "hier"),
    compare("PropertyIsEqualTo", "geometry", "x"),
    "<PropertyIsEqualTo><Function name='system'><Literal>id</Literal></Function><Literal>1</Literal>"
    "</PropertyIsEqualTo>",
    "<Intersects><ValueReference>nom</ValueReference><gml:Point><gml:pos>0 0</gml:pos></gml:Point></Intersects>",
    "<Intersects><ValueReference>geometry</ValueReference><gml:Point><gml:pos>a b</gml:pos></gml:Point></Intersects>",
    "<Intersects><ValueReference>geometry</ValueReference><gml:Point><gml:pos>nan 0</gml:pos></gml:Point></Intersects>",
    "<Intersects><ValueReference>geometry</ValueReference><gml:Polygon/></Intersects>",
    f"<BBOX>{envelope(1, 1, 0, 0)}</BBOX>",
    f"<BBOX>{envelope(0, 0, 1, 1, ' srsName="EPSG:0"')}</BBOX>",
    "<ResourceId/>",
    "<ResourceId rid='point.1'/>",
]


@pytest.mark.parametrize("text", BAD_FES)
def test_a_wrong_fes_filter_is_told_in_words(names, text):
    with pytest.raises(GarrigueError):
        filters.read_fes(fes(text), names)


BAD_CQL = [
    "",
    "nom",
    "nom =",
    "nom = 'x' OR",
    "nom = 'x' ; DROP TABLE polygon",
    "nom = 'x",
    "(" * 5000 + "nom = 'x'" + ")" * 5000,
    "NOT " * 5000,
    "absent = 1",
    "entier = 'un'",
    "system('id') = 1",
    "INTERSECTS(nom, POINT(0 0))",
    "INTERSECTS(geometry, POINT(0 0)",
    "INTERSECTS(geometry, POLYGON((0 0, 1 1)))",
    "BBOX(geometry, 1, 2, 3)",
    "BBOX(geometry, 1, 1, 0, 0)",
    "DWITHIN(geometry, POINT(0 0), 1, parsecs)",
    "RELATE(geometry, POINT(0 0), 'XXXXXXXXX')",
    "nom DURING 2020-01-01/2021-01-01",
    "1 = ",
    "nom = 'x' nom = 'y'",
    "\x00",
    "nom LIKE " + "'" + "%" * 2000 + "'",
]


@pytest.mark.parametrize("text", BAD_CQL)
def test_a_wrong_cql_text_is_told_in_words(names, text):
    with pytest.raises(GarrigueError):
        filters.read_cql(text, names)


def test_a_thousand_conditions_in_a_row_are_answered(registry, names):
    text = " OR ".join(f"entier = {number}" for number in range(2, 1002))
    assert found(registry, filters.read_cql(text, names)) == [5, 6, 7, 8]


def test_more_conditions_than_are_answered_are_refused(names):
    with pytest.raises(FilterError, match="more than"):
        filters.read_cql(" OR ".join(["entier = 1"] * 10_000)[:190_000], names)


def test_an_unknown_property_comes_with_a_near_one(names):
    with pytest.raises(UnknownPropertyError, match="entier"):
        filters.read_cql("entyer = 1", names)


HOSTILE = ["x' OR '1'='1", "'; DROP TABLE polygon; --", "\\'; SELECT 1 --", "%", 'été"', "a\u0000b", "\ud800"[:0] + "𝔘"]


@pytest.mark.parametrize("value", HOSTILE)
def test_a_hostile_literal_is_only_a_literal(registry, names, value):
    escaped = value.replace("'", "''")
    assert found(registry, filters.read_cql(f"nom = '{escaped}'", names)) == []
    assert found(registry, filters.read_cql(f"nom LIKE '%{escaped}%zz'", names)) == []
