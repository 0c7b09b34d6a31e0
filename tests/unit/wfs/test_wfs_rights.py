"""Who may change what, by group and operation: told in capabilities, refused with 401 or 403, kept in the journal."""

import json
from dataclasses import replace
from types import MappingProxyType

import pytest
from lxml import etree

from layers import model
from server.access import ANYBODY, ASKER, Asker
from support.schemas import assert_valid

HEAD = (
    '<wfs:Transaction service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" '
    'xmlns:fes="http://www.opengis.net/fes/2.0" xmlns:e="https://essai.example/ns">'
)
WHICH = "<fes:Filter><fes:ResourceId rid='point.2'/></fes:Filter>"
CHANGES = {
    "Insert": "<wfs:Insert handle='neuf'><e:point><e:nom>x</e:nom></e:point></wfs:Insert>",
    "Update": "<wfs:Update typeName='e:point'><wfs:Property><wfs:ValueReference>nom</wfs:ValueReference>"
    f"<wfs:Value>x</wfs:Value></wfs:Property>{WHICH}</wfs:Update>",
    "Replace": f"<wfs:Replace><e:point><e:nom>x</e:nom></e:point>{WHICH}</wfs:Replace>",
    "Delete": f"<wfs:Delete typeName='e:point'>{WHICH}</wfs:Delete>",
}
SIG = Asker("camille", frozenset({"sig"}))
TOWN = Asker("lou", frozenset({"mairie"}))


@pytest.fixture
def client(edited):
    """A WFS whose points are for two groups to change, and for one of them to delete; nobody may replace them."""
    edit = model.Edit.model_validate(
        {
            "operations": ["insert", "update", "delete"],
            "groups": {"insert": ["sig", "mairie"], "update": ["sig", "mairie"], "delete": ["sig"]},
        }
    )
    registry, layer = edited.registry, edited.registry.layers["point"]
    layer = replace(layer, definition=layer.definition.model_copy(update={"edit": edit}))
    registry = replace(registry, layers=MappingProxyType({"point": layer}))
    found = type(edited)(registry)
    found.app.state.context.store = edited.app.state.context.store
    yield found
    ASKER.set(ANYBODY)


def sent(client, asker, change: str):
    ASKER.set(asker)
    return client(body=f"{HEAD}{CHANGES[change]}</wfs:Transaction>".encode())


@pytest.mark.parametrize(
    ("asker", "change", "status"),
    [
        (ANYBODY, "Update", 401),
        (ANYBODY, "Delete", 401),
        (Asker("passant", frozenset()), "Insert", 403),
        (TOWN, "Insert", 200),
        (TOWN, "Update", 200),
        (TOWN, "Delete", 403),
        (TOWN, "Replace", 403),
        (SIG, "Delete", 200),
        (SIG, "Replace", 403),
    ],
)
def test_a_change_is_for_who_may_make_it(client, asker, change, status):
    answer = sent(client, asker, change)
    assert answer.status_code == status, answer.text
    assert ("WWW-Authenticate" in answer.headers) == (status == 401)
    assert_valid(answer.content, "wfs/2.0" if status == 200 else "ows/1.1.0")


def test_a_refusal_tells_the_operation_or_its_handle(client):
    report = etree.fromstring(sent(client, ANYBODY, "Insert").content)
    assert report[0].get("locator") == "neuf"
    assert "insert of features of point is not for everybody: send a key" in report[0].findtext("{*}ExceptionText")


def test_the_journal_names_the_author(client):
    sent(client, TOWN, "Update")
    line = json.loads((client.app.state.context.store / "journal" / "point.jsonl").read_text())
    assert (line["author"], line["ids"]) == ("lou", ["point.2"])


@pytest.mark.parametrize(
    ("asker", "offered"), [(ANYBODY, set()), (TOWN, {"Insert", "Update"}), (SIG, {"Insert", "Update", "Delete"})]
)
def test_capabilities_tell_each_asker_what_is_theirs_to_do(client, asker, offered):
    ASKER.set(asker)
    claims = etree.fromstring(client(REQUEST="GetCapabilities").content)
    name = ".//{*}Constraint[@name='ImplementsTransactionalWFS']/{*}DefaultValue"
    assert claims.findtext(name) == str(bool(offered)).upper()
    older = assert_valid(client(REQUEST="GetCapabilities", VERSION="1.1.0").content, "wfs/1.1.0")
    told = {one.text for one in older.iterfind(".//{*}FeatureType/{*}Operations/{*}Operation")}
    assert told - {"Query", "Lock"} == offered


def test_a_lock_is_for_who_may_change_something(client):
    asked = {"REQUEST": "LockFeature", "TYPENAMES": "point"}
    for asker, status in ((ANYBODY, 401), (Asker("passant", frozenset()), 403), (TOWN, 200)):
        ASKER.set(asker)
        assert client(**asked).status_code == status


def test_capabilities_keep_the_key_of_an_address_in_their_addresses(client):
    ASKER.set(TOWN)
    root = assert_valid(client(REQUEST="GetCapabilities", APIKEY='a&"b').content, "wfs/2.0")
    hrefs = {one.get("{http://www.w3.org/1999/xlink}href") for one in root.iter("{*}Get", "{*}Post")}
    assert hrefs == {"http://wfs.test/wfs?apikey=a%26%22b&", "http://wfs.test/wfs?apikey=a%26%22b"}
    ASKER.set(ANYBODY)
    assert "apikey" not in client(REQUEST="GetCapabilities", APIKEY="a").text
