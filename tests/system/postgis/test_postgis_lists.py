"""What a database says of its columns: lists of values by enums, domains and constraints, comments as titles."""

from dataclasses import replace

import pytest

from layers import model
from layers.domains import refused
from layers.sources.postgis.address import connection_string
from layers.told import completed
from support.postgis import layer
from support.postgres import run_sql

pytestmark = pytest.mark.postgis

COLUMNS = {
    "etat": ("etat", ["bon", "moyen", "ruiné, l'été"]),
    "choix": ("choix", ["moyen"]),
    "dessous": ("dessous", ["2", "3"]),
    "nature": ("nature", ["Muret", "Capitelle"]),
    "mot": ("text CHECK (mot IN ('a', 'b, c', '(d)', 'l''é'))", ["a", "b, c", "(d)", "l'é"]),
    "court": ("varchar(9) CHECK (court IN ('x', 'y') )", ["x", "y"]),
    "lettre": ("char(2) CHECK (lettre = ANY (ARRAY['A', 'B']))", ["A", "B"]),
    "rang": ("int CHECK (rang IN (-1, 2, 3))", ["-1", "2", "3"]),
    "grand": ("bigint CHECK (grand IS NULL OR grand IN (1, 9007199254740993))", ["1", "9007199254740993"]),
    "cote": ("numeric(5,2) CHECK (cote IN (0.5, 1))", ["0.5", "1"]),
    "réel": ('float8 CHECK ("réel" IN (0.5, 1))', ["0.5", "1"]),
    "deux": ("text CHECK (deux IN ('a', 'b', 'c')) CHECK (deux IN ('c', 'b'))", ["b", "c"]),
    "seul": ("text CHECK (seul = 'a')", ["a"]),
    "libre": ("text", []),
    "plus": ("text CHECK (plus IN ('a', 'b') OR length(plus) > 9)", []),
    "moins": ("text CHECK (moins IN ('a', 'b') AND moins <> 'b')", []),
    "pas": ("text CHECK (pas NOT IN ('a', 'b'))", []),
    "barre": ("text CHECK (barre IN (E'a\\\\b', 'c'))", []),
    "vrai": ("bool CHECK (vrai IN (true))", []),
    "seuil": ("int CHECK (seuil > 3)", []),
    "liste": ("text[] CHECK (liste IN ('{a}', '{b}'))", []),
}


@pytest.fixture(scope="module")
def told(database):
    """The layer of a table with a column of each kind, completed by what the table says."""
    columns = ", ".join(f'"{name}" {kind}' for name, (kind, _) in COLUMNS.items())
    run_sql(
        connection_string(database),
        "CREATE TYPE etat AS ENUM ('bon', 'moyen', 'ruiné, l''été')",
        "CREATE DOMAIN choix AS etat CHECK (VALUE IN ('moyen'))",
        "CREATE DOMAIN dessus AS int CHECK (VALUE IN (1, 2, 3))",
        "CREATE DOMAIN dessous AS dessus CHECK (VALUE IN (2, 3))",
        "CREATE DOMAIN nature AS text CHECK (VALUE IN ('Muret', 'Capitelle'))",
        f"CREATE TABLE liste (num serial PRIMARY KEY, {columns}, deja text, lieu geometry(Point, 2154))",
        "INSERT INTO liste (deja) VALUES ('z')",
        "ALTER TABLE liste ADD CHECK (deja IN ('a')) NOT VALID",
        "COMMENT ON TABLE liste IS 'Ce qu''est la table'",
        "COMMENT ON COLUMN liste.etat IS 'État de conservation'",
        "COMMENT ON COLUMN liste.mot IS 'Un mot'",
    )
    fields = {"mot": {"title": "Déclaré", "values": ["a"]}}
    made = layer(database, "liste", fields=fields)
    return replace(made, definition=completed(made.definition, made.facts))


@pytest.mark.parametrize("name", [name for name in COLUMNS if name != "mot"])
def test_a_column_has_the_list_that_the_database_keeps_it_to(told, name):
    alias = told.definition.fields.get(name)
    assert list(alias.values if alias else ()) == COLUMNS[name][1]


def test_every_sign_in_a_value_is_read(told):
    (field,) = (field for field in told.facts.fields if field.name == "mot")
    assert [value for value, _ in field.values] == COLUMNS["mot"][1]


def test_what_is_declared_comes_before_what_the_database_says(told):
    assert told.definition.fields["mot"].title.get("fr") == "Déclaré"
    assert list(told.definition.fields["mot"].values) == ["a"]
    assert told.definition.fields["etat"].title.get("fr") == "État de conservation"
    assert told.definition.abstract.get("en") == "Ce qu'est la table"
    assert "deja" not in told.definition.fields


def test_a_value_that_is_not_in_the_list_is_told_before_the_database_is_asked(told):
    assert [name for name, _ in refused(told, {"etat": "neuf", "rang": 4, "cote": 0.5, "grand": 2**53 + 1})] == [
        "etat",
        "rang",
    ]


def test_a_compiled_layer_is_read_back_as_it_was(told):
    from layers.registry import Registry

    registry = Registry(model.Service(), {"base": model.Theme(title=model.Text(fr="Base"))}, {"liste": told}, "1", None)
    assert Registry.from_json(registry.to_json()).layers["liste"].definition.fields == told.definition.fields
