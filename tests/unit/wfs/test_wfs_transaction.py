# ruff: noqa: E501 - requests as they are sent
"""Transactions: all or nothing, checked, with ids back and a journal."""

import json
import sqlite3
from contextlib import closing
from dataclasses import replace
from types import MappingProxyType

import pyogrio
import pytest
import shapely
from lxml import etree

from layers import model
from support.schemas import assert_valid

FES = 'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:gml="http://www.opengis.net/gml/3.2"'
HEAD = f'<wfs:Transaction service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" {FES} xmlns:e="https://essai.example/ns">'
POINT = (
    '<e:geometry><gml:Point gml:id="p" srsName="EPSG:2154"><gml:pos>770500 6279500</gml:pos></gml:Point></e:geometry>'
)
NEW = f"<wfs:Insert handle='a'><e:point gml:id='x'><e:nom>tour d'été</e:nom><e:entier>12</e:entier><e:vrai>true</e:vrai><e:jour>2024-02-29</e:jour>{POINT}</e:point></wfs:Insert>"
BY_ID = "<fes:Filter><fes:ResourceId rid='{}'/></fes:Filter>"


def update(name: str, value: str, rid: str = "point.2", layer: str = "point") -> str:
    """An Update of one property."""
    value = f"<wfs:Value>{value}</wfs:Value>" if value else ""
    return (
        f"<wfs:Update typeName='e:{layer}'><wfs:Property><wfs:ValueReference>{name}</wfs:ValueReference>{value}"
        f"</wfs:Property>{BY_ID.format(rid)}</wfs:Update>"
    )


def delete(rid: str) -> str:
    return f"<wfs:Delete typeName='e:point'>{BY_ID.format(rid)}</wfs:Delete>"


def sent(client, *actions: str):
    return client(body=f"{HEAD}{''.join(actions)}</wfs:Transaction>".encode())


def rows(client, layer: str = "point"):
    """The features of a layer by OGR."""
    _, found = pyogrio.read_arrow(client.registry.config / "types.gpkg", layer=layer, return_fids=True)
    return {row["fid" if "fid" in row else next(iter(row))]: row for row in found.to_pylist()}


def test_an_inserted_feature_is_there_with_every_value_and_its_id_is_told(edited):
    answer = sent(edited, NEW)
    assert answer.status_code == 200, answer.text
    root = assert_valid(answer.content, "wfs/2.0")
    assert root.findtext(".//{*}totalInserted") == "1"
    assert root.find(".//{*}ResourceId").get("rid") == "point.9"
    assert root.find(".//{*}InsertResults/{*}Feature").get("handle") == "a"
    found = edited(REQUEST="GetFeature", RESOURCEID="point.9").text
    for text in ("tour d'été", ">12<", ">true<", ">2024-02-29<", "770500.0 6279500.0"):
        assert text in found
    box = edited(REQUEST="GetFeature", TYPENAMES="point", BBOX="770499,6279499,770501,6279501").text
    assert 'numberMatched="1"' in box
    assert 'numberMatched="9"' in edited(REQUEST="GetFeature", TYPENAMES="point", RESULTTYPE="hits").text
    assert "ok" in sqlite_check(edited)


def sqlite_check(client) -> str:
    with closing(sqlite3.connect(client.registry.config / "types.gpkg")) as connection:
        return connection.execute("PRAGMA integrity_check").fetchone()[0]


def test_update_replace_and_delete_touch_what_the_filter_says(edited):
    replaced = (
        f"<wfs:Replace><e:point gml:id='x'><e:nom>seul</e:nom>{POINT}</e:point>{BY_ID.format('point.3')}</wfs:Replace>"
    )
    answer = sent(edited, update("e:nom", "neuf"), update("entier", ""), replaced, delete("point.4"))
    root = assert_valid(answer.content, "wfs/2.0")
    totals = {etree.QName(one).localname: one.text for one in root.find("{*}TransactionSummary")}
    assert totals == {"totalInserted": "0", "totalUpdated": "2", "totalReplaced": "1", "totalDeleted": "1"}
    found = rows(edited)
    assert (found[2]["nom"], found[2]["entier"]) == ("neuf", None)
    assert (found[3]["nom"], found[3]["vrai"]) == ("seul", None)
    assert 4 not in found
    assert len(found) == 7


def test_an_action_sees_what_the_ones_before_it_did(edited):
    """A filter that the file decides, and one that it leaves to be decided: without case, and by place."""
    near = "<fes:Intersects><fes:ValueReference>geometry</fes:ValueReference><gml:Point srsName='EPSG:2154'><gml:pos>770500 6279500</gml:pos></gml:Point></fes:Intersects>"
    named = "<fes:PropertyIsEqualTo matchCase='false'><fes:ValueReference>nom</fes:ValueReference><fes:Literal>TOUR D'ÉTÉ</fes:Literal></fes:PropertyIsEqualTo>"
    dated = "<fes:PropertyIsEqualTo><fes:ValueReference>jour</fes:ValueReference><fes:Literal>2024-02-29</fes:Literal></fes:PropertyIsEqualTo>"
    for condition in (near, named, f"<fes:And>{dated}{near}</fes:And>"):
        where = f"<fes:Filter>{condition}</fes:Filter>"
        change = f"<wfs:Update typeName='e:point'><wfs:Property><wfs:ValueReference>entier</wfs:ValueReference><wfs:Value>7</wfs:Value></wfs:Property>{where}</wfs:Update>"
        answer = sent(edited, NEW, change, f"<wfs:Delete typeName='e:point'>{where}</wfs:Delete>")
        root = assert_valid(answer.content, "wfs/2.0")
        assert (root.findtext(".//{*}totalUpdated"), root.findtext(".//{*}totalDeleted")) == ("1", "1"), condition
    assert len(rows(edited)) == 8


def test_nothing_is_changed_where_one_action_is_refused(edited):
    before = rows(edited)
    answer = sent(
        edited,
        NEW,
        update("nom", "neuf"),
        "<wfs:Insert><e:point><e:geometry><gml:LineString><gml:posList>0 0 1 1</gml:posList></gml:LineString></e:geometry></e:point></wfs:Insert>",
    )
    assert answer.status_code == 400
    assert "the geometry is a LineString, the layer has Point" in answer.text
    assert rows(edited) == before
    assert not (edited.app.state.context.store / "journal").exists()


@pytest.mark.parametrize(
    ("action", "status"),
    [
        (update("entier", "douze"), 400),
        (update("jour", "30 février"), 400),
        (update("jour", "2024/02/29"), 200),
        (update("jour", "2024/02/30"), 400),
        (update("nulle_part", "x"), 400),
        (update("nom", "x", "polygon.1", "polygon"), 403),
        ("<wfs:Delete typeName='e:point'/>", 400),
        (
            "<wfs:Update typeName='e:point'><wfs:Property><wfs:ValueReference>nom</wfs:ValueReference></wfs:Property></wfs:Update>",
            400,
        ),
        ("<wfs:Native vendorId='x' safeToIgnore='false'/>", 400),
        ("<wfs:Drop/>", 400),
        (update("gml:name", "x"), 400),
        (update("geometry", "<gml:Point><gml:pos>9999999 1</gml:pos></gml:Point>"), 400),
        (update("geometry", "<gml:Point><gml:pos>9e400 1</gml:pos></gml:Point>"), 400),
    ],
)
def test_what_is_wrong_is_told(edited, action, status):
    answer = sent(edited, action)
    assert answer.status_code == status, answer.text
    assert_valid(answer.content, "ows/1.1.0" if status != 200 else "wfs/2.0")


DOMAIN = {
    "nom": {"values": {"A1": {"fr": "bon état", "en": "good"}, "B2": "ruiné & perdu"}},
    "entier": {"values": [1, 2, 12]},
}


@pytest.fixture
def listed(edited):
    """An edited WFS whose points have fields with lists of values."""
    registry, layer = edited.registry, edited.registry.layers["point"]
    fields = {name: model.FieldAlias.model_validate(one) for name, one in DOMAIN.items()}
    layer = replace(layer, definition=layer.definition.model_copy(update={"fields": fields}))
    client = type(edited)(replace(registry, layers=MappingProxyType({"point": layer})))
    client.app.state.context.store = edited.app.state.context.store
    return client


@pytest.mark.parametrize(
    ("name", "value", "message"),
    [
        ("nom", "A1", ""),
        ("nom", "", ""),
        ("nom", "C3", "nom='C3' is not one of A1, B2"),
        ("nom", "A11", "did you mean 'A1'?"),
        ("entier", "2", ""),
        ("entier", "3", "entier='3' is not one of 1, 2, 12"),
    ],
)
def test_a_value_is_one_of_its_list(listed, name, value, message):
    answer = sent(listed, update(name, value))
    assert answer.status_code == (400 if message else 200), answer.text
    if message:
        report = assert_valid(answer.content, "ows/1.1.0")
        assert (report[0].get("exceptionCode"), report[0].get("locator")) == ("InvalidValue", name)
        assert message in report[0].findtext("{*}ExceptionText")


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.0.0"])
def test_the_schema_has_the_lists(listed, version):
    text = listed(REQUEST="DescribeFeatureType", VERSION=version, TYPENAMES="point", TYPENAME="point").content
    root = etree.fromstring(text)
    found = {
        element.get("name"): [one.get("value") for one in element.iter("{*}enumeration")]
        for element in root.iterfind(".//{*}sequence/{*}element")
    }
    assert (found["nom"], found["entier"], found["vrai"]) == (["A1", "B2"], [], [])
    assert "ruiné &amp; perdu" in text.decode()


@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.0.0"])
def test_a_number_with_a_list_is_still_a_number_and_its_list_is_told_in_words(listed, version):
    root = etree.fromstring(
        listed(REQUEST="DescribeFeatureType", VERSION=version, TYPENAMES="point", TYPENAME="point").content
    )
    (element,) = root.iterfind(".//{*}sequence/{*}element[@name='entier']")
    assert element.get("type") == "xsd:long"
    codes = DOMAIN["entier"]["values"]
    told = "".join(element.itertext())
    assert all(str(code) in told for code in codes)


def test_a_polygon_becomes_one_part_and_a_crossed_one_is_refused(edited):
    def inserted(ring: str):
        place = f"<gml:Polygon srsName='urn:ogc:def:crs:EPSG::4326'><gml:exterior><gml:LinearRing><gml:posList>{ring}</gml:posList></gml:LinearRing></gml:exterior></gml:Polygon>"
        return sent(
            edited, f"<wfs:Insert><e:multipolygon><e:geometry>{place}</e:geometry></e:multipolygon></wfs:Insert>"
        )

    assert inserted("43.6 3.8 43.7 3.8 43.7 3.9 43.6 3.8").status_code == 200
    _, found = pyogrio.read_arrow(edited.registry.config / "types.gpkg", layer="multipolygon")
    shape = shapely.from_wkb(found.column(found.num_columns - 1)[-1].as_py())
    assert shape.geom_type == "MultiPolygon"
    assert 760000 < shape.bounds[0] < 780000
    crossed = inserted("43.6 3.8 43.7 3.9 43.7 3.8 43.6 3.9 43.6 3.8")
    assert 'exceptionCode="InvalidValue"' in crossed.text
    assert "Self-intersection" in crossed.text


def test_heights_are_kept(edited):
    place = "<gml:LineString srsName='EPSG:2154' srsDimension='3'><gml:posList>770000 6279000 7 770001 6279001 8</gml:posList></gml:LineString>"
    sent(edited, f"<wfs:Insert><e:linestring_z><e:geometry>{place}</e:geometry></e:linestring_z></wfs:Insert>")
    answer = edited(REQUEST="GetFeature", RESOURCEID="linestring_z.9")
    assert "770000.0 6279000.0 7.0 770001.0 6279001.0 8.0" in answer.text


def test_the_journal_tells_when_what_and_where(edited):
    sent(edited, NEW, delete("point.1"))
    lines = (edited.app.state.context.store / "journal" / "point.jsonl").read_text().splitlines()
    first, second = map(json.loads, lines)
    assert (first["operation"], first["ids"]) == ("insert", ["point.9"])
    assert first["bbox"] == [770500.0, 6279500.0, 770500.0, 6279500.0]
    assert (second["operation"], second["ids"]) == ("delete", ["point.1"])
    assert first["time"].startswith("20")


@pytest.mark.parametrize("version", ["1.1.0", "1.0.0", "2.0.0"])
def test_the_older_vocabulary_works(edited, version):
    """GDAL says 2.0.0 in the words of 1.1, and reads the answer in these."""
    head = f'<Transaction xmlns="http://www.opengis.net/wfs" service="WFS" version="{version}" xmlns:gml="http://www.opengis.net/gml" xmlns:ogc="http://www.opengis.net/ogc" xmlns:e="https://essai.example/ns">'
    place = '<gml:Point srsName="EPSG:2154"><gml:coordinates cs="," ts=" ">770500,6279500</gml:coordinates></gml:Point>'
    where = '<ogc:Filter><ogc:FeatureId fid="point.2"/></ogc:Filter>'
    body = (
        f"{head}<Insert><e:point><e:nom>a</e:nom><e:geometry>{place}</e:geometry></e:point></Insert><Update typeName='e:point'>"
        f"<Property><Name>nom</Name><Value>b</Value></Property>{where}</Update></Transaction>"
    )
    answer = edited(body=body.encode())
    assert answer.status_code == 200, answer.text
    names = {"1.0.0": "wfs/1.0.0/WFS-transaction.xsd"}
    root = assert_valid(answer.content, names.get(version, "wfs/1.1.0"))
    assert root.find(".//{*}FeatureId").get("fid") == "point.9"
    assert rows(edited)[2]["nom"] == "b"


def test_capabilities_tell_of_transactions_only_where_a_layer_is_edited(edited, wfs):
    for version, name in (("2.0.0", "wfs/2.0"), ("1.1.0", "wfs/1.1.0"), ("1.0.0", "wfs/1.0.0")):
        told = edited(REQUEST="GetCapabilities", VERSION=version)
        assert_valid(told.content, name)
        assert "Transaction" in told.text
    assert "ImplementsTransactionalWFS" in edited(REQUEST="GetCapabilities").text
    assert 'Operation name="Transaction"' not in wfs(REQUEST="GetCapabilities").text
