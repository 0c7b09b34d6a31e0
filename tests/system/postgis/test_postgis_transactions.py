# ruff: noqa: E501 - requests as they are sent
"""Transactions on tables: all or nothing, checked, with native ids back, as on a GeoPackage."""

import json
import threading
from collections.abc import Iterator
from types import MappingProxyType
from urllib.parse import quote

import pytest
from lxml import etree

from layers import model
from layers.registry import Layer, Registry
from layers.sources.postgis.address import connection_string
from layers.sources.postgis.connections import close_all
from support.postgis import layer, load
from support.postgres import PASSWORD, run_sql
from support.schemas import assert_valid
from support.vectors import table
from support.wfs import Client

pytestmark = pytest.mark.postgis

FES = 'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'
HEAD = f'<wfs:Transaction service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance" {FES} xmlns:e="https://essai.example/ns">'
POINT = (
    '<e:geometry><gml:Point gml:id="p" srsName="EPSG:2154"><gml:pos>770500 6279500</gml:pos></gml:Point></e:geometry>'
)
NEW = f"<wfs:Insert handle='a'><e:point gml:id='x'><e:nom>tour d'été</e:nom><e:entier>12</e:entier><e:vrai>true</e:vrai><e:jour>2024-02-29</e:jour>{POINT}</e:point></wfs:Insert>"
SPECIAL = """
CREATE TABLE inventaire (
  id uuid PRIMARY KEY DEFAULT gen_random_uuid(),
  nom varchar(12) NOT NULL CHECK (nom <> 'interdit'),
  petit int2, exact numeric(12, 3), prix money, moment timestamptz, heure time, quand timestamp, note jsonb,
  mots text[], rangs int[], brut bytea, etat etat_du_bien, ident uuid,
  cree timestamptz NOT NULL DEFAULT now(), vu int DEFAULT 7,
  double_petit int GENERATED ALWAYS AS (petit * 2) STORED,
  code text UNIQUE DEFERRABLE INITIALLY DEFERRED,
  lieu geometry(PointZM, 2154))
"""


TRIGGER = (
    "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.nom = 'trop' THEN RAISE EXCEPTION 'pas celui-ci'; END IF; RETURN NEW; END $$",
    "CREATE TRIGGER t BEFORE INSERT ON inventaire FOR EACH ROW EXECUTE FUNCTION refuse()",
)


def by_id(rid: str) -> str:
    return f"<fes:Filter><fes:ResourceId rid='{rid}'/></fes:Filter>"


def update(name: str, value: str | None, rid: str = "point.2", kind: str = "point") -> str:
    """An Update of one property; None is no value."""
    value = "" if value is None else f"<wfs:Value>{value}</wfs:Value>"
    return (
        f"<wfs:Update typeName='e:{kind}'><wfs:Property><wfs:ValueReference>{name}</wfs:ValueReference>{value}"
        f"</wfs:Property>{by_id(rid)}</wfs:Update>"
    )


def delete(rid: str, kind: str = "point") -> str:
    return f"<wfs:Delete typeName='e:{kind}'>{by_id(rid)}</wfs:Delete>"


def insert(kind: str, **values: str) -> str:
    inside = "".join(f"<e:{name}>{value}</e:{name}>" for name, value in values.items())
    return f"<wfs:Insert><e:{kind}>{inside}</e:{kind}></wfs:Insert>"


def sent(client, *actions: str):
    return client(body=f"{HEAD}{''.join(actions)}</wfs:Transaction>".encode())


class Edited(Client):
    """A WFS over tables, and the tables themselves."""

    database = ""

    def sql(self, *statements: str) -> list:
        return run_sql(connection_string(self.database), *statements)


def client_of(database: str, store, *layers) -> Edited:
    service = model.Service.model_validate(
        {"namespace": {"prefix": "essai", "uri": "https://essai.example/ns"}, "crs": ("EPSG:2154", "EPSG:4326")}
    )
    themes = {"base": model.Theme(title=model.Text(fr="Base"))}
    found = Edited(Registry(service, themes, MappingProxyType({one.id: one for one in layers}), "1", store))
    found.app.state.context.store = store
    found.database = database
    return found


LAYERS = ("point", "multipolygon", "linestring_z", "inventaire")


@pytest.fixture(scope="module")
def tables(database) -> list[Layer]:
    """Layers over points, collections of polygons, lines with heights, and a table of every type."""
    address = connection_string(database)
    for kind, name in (("Point", "point"), ("MultiPolygon", "multipolygon"), ("LineString Z", "linestring_z")):
        load(address, name, table(kind), kind)
    run_sql(address, "CREATE TYPE etat_du_bien AS ENUM ('bon', 'ruiné')", SPECIAL, *TRIGGER, "CREATE SCHEMA garde")
    run_sql(address, *(f"CREATE TABLE garde.{name} AS TABLE {name}" for name in LAYERS))
    return [layer(database, name, edit=True) for name in LAYERS]


@pytest.fixture
def edited(database, tables, tmp_path) -> Iterator[Edited]:
    """A WFS whose layers may be edited, over the tables as they were at first."""
    client = client_of(database, tmp_path, *tables)
    yield client
    close_all()
    client.sql(f"TRUNCATE {', '.join(LAYERS)} RESTART IDENTITY")
    client.sql(*(f"INSERT INTO {name} SELECT * FROM garde.{name}" for name in LAYERS[:3]))


def rows(client: Edited, kind: str = "point") -> dict[int, dict]:
    names = [
        row[0]
        for row in client.sql(
            f"SELECT attname::text FROM pg_attribute WHERE attrelid = '{kind}'::regclass AND attnum > 0 ORDER BY attnum"
        )
    ]
    columns = ", ".join(
        f'"{name}"::text'.replace('"nom"', '"nom"') for name in (one.replace('"', '""') for one in names)
    )
    return {
        int(dict(zip(names, row, strict=True))["fid"]): dict(zip(names, row, strict=True))
        for row in client.sql(f"SELECT {columns} FROM {kind}")
    }


def test_an_inserted_feature_is_there_with_every_value_and_its_id_is_told(edited):
    answer = sent(edited, NEW)
    assert answer.status_code == 200, answer.text
    root = assert_valid(answer.content, "wfs/2.0")
    assert root.findtext(".//{*}totalInserted") == "1"
    assert root.find(".//{*}ResourceId").get("rid") == "point.9"
    assert root.find(".//{*}InsertResults/{*}Feature").get("handle") == "a"
    found = edited.sql("SELECT nom, entier, vrai, jour::text, ST_AsEWKT(geometry), réel FROM point WHERE fid = 9")
    assert found == [("tour d'été", 12, True, "2024-02-29", "SRID=2154;POINT(770500 6279500)", None)]
    assert 'numberMatched="9"' in edited(REQUEST="GetFeature", TYPENAMES="point", RESULTTYPE="hits").text


def test_update_replace_and_delete_touch_what_the_filter_says(edited):
    replaced = f"<wfs:Replace><e:point gml:id='x'><e:nom>seul</e:nom>{POINT}</e:point>{by_id('point.3')}</wfs:Replace>"
    answer = sent(edited, update("e:nom", "neuf"), update("entier", None), replaced, delete("point.4"))
    root = assert_valid(answer.content, "wfs/2.0")
    totals = {etree.QName(one).localname: one.text for one in root.find("{*}TransactionSummary")}
    assert totals == {"totalInserted": "0", "totalUpdated": "2", "totalReplaced": "1", "totalDeleted": "1"}
    found = rows(edited)
    assert (found[2]["nom"], found[2]["entier"]) == ("neuf", None)
    assert (found[3]["nom"], found[3]["vrai"]) == ("seul", None)
    assert sorted(found) == [1, 2, 3, 5, 6, 7, 8]


def test_an_action_sees_what_the_ones_before_it_did(edited):
    near = "<fes:Intersects><fes:ValueReference>geometry</fes:ValueReference><gml:Point srsName='EPSG:2154'><gml:pos>770500 6279500</gml:pos></gml:Point></fes:Intersects>"
    named = "<fes:PropertyIsEqualTo matchCase='false'><fes:ValueReference>nom</fes:ValueReference><fes:Literal>TOUR D'ÉTÉ</fes:Literal></fes:PropertyIsEqualTo>"
    for condition in (near, named):
        where = f"<fes:Filter>{condition}</fes:Filter>"
        change = f"<wfs:Update typeName='e:point'><wfs:Property><wfs:ValueReference>entier</wfs:ValueReference><wfs:Value>7</wfs:Value></wfs:Property>{where}</wfs:Update>"
        root = assert_valid(
            sent(edited, NEW, change, f"<wfs:Delete typeName='e:point'>{where}</wfs:Delete>").content, "wfs/2.0"
        )
        assert (root.findtext(".//{*}totalUpdated"), root.findtext(".//{*}totalDeleted")) == ("1", "1"), condition
    assert len(rows(edited)) == 8


LINE = "<wfs:Insert><e:point><e:geometry><gml:LineString><gml:posList>0 0 1 1</gml:posList></gml:LineString></e:geometry></e:point></wfs:Insert>"
FAULTS = {
    "ours": (LINE, 400, "the geometry is a LineString, the layer has Point"),
    "a check": (insert("inventaire", nom="interdit"), 403, "violates check constraint"),
    "no value": (insert("inventaire", petit="1"), 400, "nom must have a value"),
    "too long": (insert("inventaire", nom="x" * 13), 400, "value too long for type character varying(12)"),
    "too large": (insert("inventaire", nom="x", petit="40000"), 400, "smallint out of range"),
    "no json": (insert("inventaire", nom="x", note="{"), 400, "invalid input syntax for type json"),
    "no such word": (insert("inventaire", nom="x", etat="neuf"), 400, "invalid input value for enum"),
    "twice the same key": (insert("point", nom="x", fid="2"), 403, "violates unique constraint"),
    "when all is done": (
        insert("inventaire", nom="a", code="c") + insert("inventaire", nom="b", code="c"),
        403,
        "violates unique constraint",
    ),
    "filled in by the database": (
        insert("inventaire", nom="x", double_petit="4"),
        400,
        "double_petit is filled in by the database",
    ),
    "a trigger": (insert("inventaire", nom="trop"), 403, "pas celui-ci"),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_nothing_is_changed_where_one_action_is_refused(edited, fault):
    action, status, words = FAULTS[fault]
    before = rows(edited)
    answer = sent(edited, NEW, update("nom", "neuf"), delete("point.1"), action)
    assert answer.status_code == status, answer.text
    assert_valid(answer.content, "ows/1.1.0")
    assert words in answer.text
    assert rows(edited) == before
    assert edited.sql("SELECT count(*) FROM inventaire") == [(0,)]
    assert not (edited.app.state.context.store / "journal").exists()


VALUES = [
    ("nom", "L'été &lt;b&gt;", "L'été <b>"),
    ("petit", "-32768", "-32768"),
    ("exact", "123456789.125", "123456789.125"),
    ("prix", "12.5", "$12.50"),
    ("moment", "2024-03-01T00:59:58.25+01:00", "2024-02-29 23:59:58.25+00"),
    ("heure", "10:00:00.5", "10:00:00.5"),
    ("quand", "2024-02-29T10:00:00", "2024-02-29 10:00:00"),
    ("note", '{"a": ["é", 1]}', '{"a": ["é", 1]}'),
    ("mots", '["é, b", "c\\"d"]', '{"é, b","c\\"d"}'),
    ("mots", "{x,y}", "{x,y}"),
    ("rangs", "[1, 2, null]", "{1,2,NULL}"),
    ("brut", "AP8=", "\\x00ff"),
    ("etat", "ruiné", "ruiné"),
    ("ident", "A0EEBC99-9C0B-4EF8-BB6D-6BB9BD380A11", "a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11"),
]


@pytest.mark.parametrize(("name", "text", "stored"), VALUES)
def test_a_value_of_any_type_is_stored_as_it_was_meant(edited, name, text, stored):
    (key,) = edited.sql("INSERT INTO inventaire (nom) VALUES ('a') RETURNING id::text")[0]
    answer = sent(edited, update(name, text, f"inventaire.{key}", "inventaire"))
    assert answer.status_code == 200, answer.text
    assert edited.sql("SET timezone TO 'UTC'", f"SELECT {name}::text FROM inventaire") == [(stored,)]
    if name != "nom":
        assert sent(edited, update(name, None, f"inventaire.{key}", "inventaire")).status_code == 200
        assert edited.sql(f"SELECT {name} FROM inventaire") == [(None,)]


def test_what_the_database_fills_in_is_left_to_it(edited):
    place = "<gml:Point srsName='EPSG:2154' srsDimension='3'><gml:pos>770500 6279500 12.5</gml:pos></gml:Point>"
    answer = sent(edited, insert("inventaire", nom="a", petit="4", geometry=place, cree="", id=""))
    assert answer.status_code == 200, answer.text
    root = assert_valid(answer.content, "wfs/2.0")
    rid = root.find(".//{*}ResourceId").get("rid")
    found = edited.sql("SELECT 'inventaire.' || id, cree <= now(), vu, double_petit, ST_AsText(lieu) FROM inventaire")
    assert found == [(rid, True, 7, 8, "POINT ZM (770500 6279500 12.5 0)")]
    edited.sql("UPDATE inventaire SET vu = 1, code = 'c', cree = '1999-01-01'")
    replaced = f"<wfs:Replace><e:inventaire><e:nom>b</e:nom></e:inventaire>{by_id(rid)}</wfs:Replace>"
    answer = sent(edited, replaced)
    assert answer.status_code == 200, answer.text
    found = edited.sql(
        "SELECT 'inventaire.' || id, nom, cree > '2000-01-01', vu, code, petit, lieu IS NULL FROM inventaire"
    )
    assert found == [(rid, "b", True, 7, None, None, True)]


def test_a_key_stays_and_may_be_told_again(edited):
    assert sent(edited, update("fid", "2")).status_code == 200
    refused = sent(edited, update("fid", "99"))
    assert refused.status_code == 403
    assert "fid makes the id of a feature: it stays" in refused.text
    assert sorted(rows(edited)) == list(range(1, 9))


def test_a_key_that_nobody_fills_in_is_needed(edited, tmp_path):
    edited.sql(
        "CREATE TABLE codes (code text PRIMARY KEY, nom text, geometry geometry(Point, 2154))",
        "CREATE TABLE rangs (num int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, nom text, geometry geometry(Point, 2154))",
        "CREATE VIEW vue AS SELECT code, nom, geometry FROM codes WHERE nom <> 'caché'",
    )
    made = [layer(edited.database, name, edit=True) for name in ("codes", "rangs")]
    client = client_of(edited.database, tmp_path, *made, layer(edited.database, "vue", key="code", edit=True))
    refused = sent(client, insert("codes", nom="a"))
    assert (refused.status_code, "code must have a value" in refused.text) == (400, True)
    assert 'rid="codes.A 1"' in sent(client, insert("codes", code="A 1", nom="a")).text.replace("_x0020_", " ")
    assert 'rid="vue.B"' in sent(client, insert("vue", code="B", nom="b")).text
    assert sent(client, update("nom", "bb", "vue.B", "vue"), delete("vue.A_x0020_1", "vue")).status_code == 200
    assert client.sql("SELECT code, nom FROM codes") == [("B", "bb")]
    assert 'rid="rangs.1"' in sent(client, insert("rangs", nom="a")).text
    assert "num is filled in by the database" in sent(client, insert("rangs", nom="a", num="7")).text


def test_shapes_become_what_the_table_has(edited):
    ring = "43.6 3.8 43.7 3.8 43.7 3.9 43.6 3.8"
    place = "<gml:Polygon srsName='urn:ogc:def:crs:EPSG::4326'><gml:exterior><gml:LinearRing><gml:posList>{}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
    assert sent(edited, insert("multipolygon", geometry=place.format(ring))).status_code == 200
    kind, x = edited.sql("SELECT GeometryType(geometry)::text, ST_XMin(geometry) FROM multipolygon WHERE fid = 9")[0]
    assert kind == "MULTIPOLYGON"
    assert 760000 < x < 780000
    crossed = sent(
        edited, insert("multipolygon", geometry=place.format("43.6 3.8 43.7 3.9 43.7 3.8 43.6 3.9 43.6 3.8"))
    )
    assert 'exceptionCode="InvalidValue"' in crossed.text
    assert "Self-intersection" in crossed.text
    line = "<gml:LineString srsName='EPSG:2154' srsDimension='3'><gml:posList>770000 6279000 7 770001 6279001 8</gml:posList></gml:LineString>"
    assert sent(edited, insert("linestring_z", geometry=line)).status_code == 200
    answer = edited(REQUEST="GetFeature", RESOURCEID="linestring_z.9")
    assert "770000.0 6279000.0 7.0 770001.0 6279001.0 8.0" in answer.text


def test_the_journal_tells_when_what_and_where(edited):
    sent(edited, NEW, delete("point.1"))
    lines = (edited.app.state.context.store / "journal" / "point.jsonl").read_text().splitlines()
    first, second = map(json.loads, lines)
    assert (first["operation"], first["ids"]) == ("insert", ["point.9"])
    assert first["bbox"] == [770500.0, 6279500.0, 770500.0, 6279500.0]
    assert (second["operation"], second["ids"]) == ("delete", ["point.1"])


def test_locked_features_are_changed_by_who_holds_the_lock(edited):
    lock = edited(REQUEST="LockFeature", TYPENAMES="point", RESOURCEID="point.2")
    lock_id = etree.fromstring(lock.content).get("lockId")
    assert sent(edited, update("nom", "x")).status_code == 400
    assert rows(edited)[2]["nom"] != "x"
    held = HEAD.replace("service=", f'lockId="{lock_id}" service=')
    assert edited(body=f"{held}{update('nom', 'x')}</wfs:Transaction>".encode()).status_code == 200
    assert rows(edited)[2]["nom"] == "x"


def test_a_user_who_may_only_read_changes_nothing(edited, postgres, tmp_path, monkeypatch):
    name = connection_string(edited.database).partition("?")[0].rpartition("/")[2]
    edited.sql(
        f"DO $$ BEGIN CREATE ROLE lecteur LOGIN PASSWORD '{PASSWORD}'; EXCEPTION WHEN duplicate_object THEN END $$",
        "GRANT SELECT ON ALL TABLES IN SCHEMA public TO lecteur",
    )
    monkeypatch.setenv("ESSAI_LECTEUR", postgres.address(name, user="lecteur"))
    client = client_of(edited.database, tmp_path, layer("${ESSAI_LECTEUR}", "point", edit=True))
    assert client(REQUEST="GetFeature", TYPENAMES="point").status_code == 200
    refused = sent(client, delete("point.1"))
    assert (refused.status_code, "permission denied for table point" in refused.text) == (403, True)
    assert quote(PASSWORD, safe="") not in refused.text


def test_changes_of_many_at_once_are_all_made(edited):
    edited.sql("UPDATE point SET entier = 0")
    answers = []

    def change(name: str) -> None:
        answers.append(sent(edited, NEW.replace("tour", name), update("nom", name)).status_code)

    threads = [threading.Thread(target=change, args=(f"n{i}",)) for i in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert answers == [200] * 8
    found = rows(edited)
    assert sorted(found) == list(range(1, 17))
    assert found[2]["nom"] in {f"n{i}" for i in range(8)}


def test_a_transaction_that_the_database_is_not_there_for_is_told(edited, tmp_path, monkeypatch):
    close_all()
    monkeypatch.setenv(edited.database[2:-1], "host=127.0.0.1 port=1 dbname=x")
    answer = sent(edited, NEW)
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "10")
    assert "the database cannot be reached now" in answer.text
    assert not (tmp_path / "journal").exists()
