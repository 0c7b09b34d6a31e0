"""What the OGC's suite wfs20 asks of transactions and locks (ISO 19142)."""

import pytest
from lxml import etree

from support.schemas import assert_valid
from support.wfs import BY_ID, EDITED, FES, OWS, WFS, Client, constraints, editable, fault, ids, post, stored


@pytest.fixture
def edited(tmp_path) -> Client:
    return editable(tmp_path)


def test_capabilities_of_what_is_edited_claim_transactions_and_locks(edited):
    root = assert_valid(edited(REQUEST="GetCapabilities").content, "wfs/2.0")
    told = constraints(root)
    assert (told["ImplementsTransactionalWFS"], told["ImplementsLockingWFS"]) == ("TRUE", "TRUE")
    assert {"Transaction", "LockFeature", "GetFeatureWithLock"} <= {
        item.get("name") for item in root.iter(f"{OWS}Operation")
    }


def chosen(identifier: str) -> str:
    return f"<fes:Filter><fes:ResourceId rid='{identifier}'/></fes:Filter>"


def changed(name: str, value: str, identifier: str) -> str:
    layer = identifier.partition(".")[0]
    return (
        f"<wfs:Update typeName='e:{layer}'><wfs:Property><wfs:ValueReference>{name}</wfs:ValueReference>"
        f"<wfs:Value>{value}</wfs:Value></wfs:Property>{chosen(identifier)}</wfs:Update>"
    )


def totals(answer) -> dict[str, str]:
    root = assert_valid(answer.content, "wfs/2.0")
    return {etree.QName(item).localname: item.text for item in root.find(f"{WFS}TransactionSummary")}


@pytest.mark.parametrize("layer", EDITED)
def test_a_feature_is_inserted_replaced_changed_and_deleted(edited, layer):
    source = etree.fromstring(stored(edited, False, BY_ID, f"{layer}.2").content)
    copy = etree.tostring(source, encoding="unicode")
    inserted = post(edited, "Transaction", f"<wfs:Insert>{copy}</wfs:Insert>")
    assert totals(inserted)["totalInserted"] == "1"
    (new,) = (item.get("rid") for item in etree.fromstring(inserted.content).iter(f"{FES}ResourceId"))
    assert ids(edited(REQUEST="GetFeature", RESOURCEID=new)) == [new]
    assert totals(post(edited, "Transaction", changed("e:nom", "renommé", new)))["totalUpdated"] == "1"
    assert "renommé" in stored(edited, False, BY_ID, new).text
    replaced = post(edited, "Transaction", f"<wfs:Replace>{copy}{chosen(new)}</wfs:Replace>")
    assert totals(replaced)["totalReplaced"] == "1"
    assert "renommé" not in stored(edited, False, BY_ID, new).text
    deleted = post(edited, "Transaction", f"<wfs:Delete typeName='e:{layer}'>{chosen(new)}</wfs:Delete>")
    assert totals(deleted)["totalDeleted"] == "1"
    assert stored(edited, False, BY_ID, new).status_code == 404


@pytest.mark.parametrize(
    "action",
    [
        "<wfs:Insert><e:inconnu/></wfs:Insert>",
        changed(
            "gml:boundedBy",
            "<k:Point xmlns:k='http://www.opengis.net/kml/2.2'><k:coordinates>1,2</k:coordinates></k:Point>",
            "point.1",
        ),
        changed("e:entier", "douze", "point.1"),
    ],
    ids=["unknown type", "boundedBy by KML", "no number"],
)
def test_what_cannot_be_is_refused_and_nothing_changed(edited, action):
    before = edited(REQUEST="GetFeature", TYPENAMES="point", OUTPUTFORMAT="csv").text
    status, code, _ = fault(post(edited, "Transaction", changed("e:nom", "autre", "point.2") + action))
    assert status in (400, 403)
    assert code in ("InvalidValue", "InvalidParameterValue", "OperationProcessingFailed", "OperationParsingFailed")
    assert edited(REQUEST="GetFeature", TYPENAMES="point", OUTPUTFORMAT="csv").text == before


def test_locked_features_are_neither_deleted_nor_locked_again(edited):
    query = '<wfs:Query typeNames="e:point"/>'
    locked = assert_valid(post(edited, "LockFeature", query, 'expiry="20" lockAction="ALL"').content, "wfs/2.0")
    assert locked.get("lockId")
    assert len(list(locked.iter(f"{FES}ResourceId"))) == 8
    deletion = f"<wfs:Delete typeName='e:point'>{chosen('point.1')}</wfs:Delete>"
    assert fault(post(edited, "Transaction", deletion))[:2] == (400, "MissingParameterValue")
    assert fault(post(edited, "LockFeature", query, 'lockAction="ALL"'))[:2] == (400, "CannotLockAllFeatures")
    some = assert_valid(
        post(edited, "GetFeatureWithLock", '<wfs:Query typeNames="e:multipolygon"/>', 'lockAction="SOME"').content,
        "wfs/2.0",
    )
    assert some.get("lockId")
    released = post(edited, "Transaction", deletion, f'lockId="{locked.get("lockId")}"')
    assert totals(released)["totalDeleted"] == "1"


def test_a_lock_that_is_not_there_cannot_be_prolonged(edited):
    assert fault(post(edited, "LockFeature", "", 'lockId="inconnu"'))[1] in ("LockHasExpired", "InvalidLockId")


def test_hits_cannot_be_locked(edited):
    answer = post(edited, "GetFeatureWithLock", '<wfs:Query typeNames="e:point"/>', 'resultType="hits"')
    assert fault(answer)[:2] == (400, "InvalidParameterValue")
