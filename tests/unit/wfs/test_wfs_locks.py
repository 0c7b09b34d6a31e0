# ruff: noqa: E501 - requests as they are sent
"""Locks: on all or on some, known to every version, over a restart, until their time is up."""

import sqlite3
from contextlib import closing

import pytest

from support.schemas import assert_valid

FES = 'xmlns:fes="http://www.opengis.net/fes/2.0"'
WFS = 'xmlns:wfs="http://www.opengis.net/wfs/2.0"'


def lock(client, *ids: str, attributes: str = "", operation: str = "LockFeature"):
    """The answer to a lock on these points, or on all of them."""
    names = "".join(f"<fes:ResourceId rid='{one}'/>" for one in ids)
    where = f"<fes:Filter>{names}</fes:Filter>" if ids else ""
    query = f"<wfs:Query typeNames='point'>{where}</wfs:Query>"
    body = f"<wfs:{operation} service='WFS' version='2.0.0' {WFS} {FES} {attributes}>{query}</wfs:{operation}>"
    return client(body=body.encode())


def delete(client, rid: str, attributes: str = ""):
    """The answer to the deletion of a point."""
    where = f"<fes:Filter><fes:ResourceId rid='{rid}'/></fes:Filter>"
    body = f"<wfs:Transaction service='WFS' version='2.0.0' {WFS} {FES} {attributes}><wfs:Delete typeName='point'>{where}</wfs:Delete></wfs:Transaction>"
    return client(body=body.encode())


def code(answer) -> tuple[int, str]:
    """Status and code of an exception report."""
    report = assert_valid(answer.content, "ows/1.1.0")
    return answer.status_code, report[0].get("exceptionCode")


def expire(client) -> None:
    """The time of every lock is up."""
    with closing(sqlite3.connect(client.app.state.context.store / "wfs" / "locks.sqlite")) as connection:
        connection.execute("UPDATE lock SET ends = 1 + (SELECT unixepoch('now', '-1 hour'))")
        connection.commit()


def test_a_locked_feature_is_changed_under_its_lock_only(edited):
    told = assert_valid(lock(edited, "point.1", "point.2").content, "wfs/2.0")
    name = told.get("lockId")
    assert [one.get("rid") for one in told.find("{*}FeaturesLocked")] == ["point.1", "point.2"]
    assert code(delete(edited, "point.1")) == (400, "MissingParameterValue")
    assert code(delete(edited, "point.1", "lockId='other'")) == (400, "InvalidLockId")
    another = assert_valid(lock(edited, "point.5").content, "wfs/2.0").get("lockId")
    assert code(delete(edited, "point.1", f"lockId='{another}'")) == (403, "OperationProcessingFailed")
    assert delete(edited, "point.3").status_code == 200
    assert delete(edited, "point.1", f"lockId='{name}' releaseAction='SOME'").status_code == 200
    assert code(delete(edited, "point.2")) == (400, "MissingParameterValue")
    assert delete(edited, "point.2", f"lockId='{name}'").status_code == 200
    assert code(delete(edited, "point.4", f"lockId='{name}'")) == (400, "InvalidLockId")


def test_all_or_some_of_the_features_are_locked(edited):
    lock(edited, "point.2")
    assert code(lock(edited)) == (400, "CannotLockAllFeatures")
    told = assert_valid(lock(edited, attributes="lockAction='SOME'").content, "wfs/2.0")
    assert [one.get("rid") for one in told.find("{*}FeaturesNotLocked")] == ["point.2"]
    assert len(told.find("{*}FeaturesLocked")) == 7
    assert code(lock(edited, attributes="lockAction='MOST'")) == (400, "InvalidParameterValue")
    assert code(lock(edited, attributes="expiry='-1'")) == (400, "InvalidParameterValue")
    assert code(lock(edited, attributes="expiry='999999'")) == (400, "InvalidParameterValue")


def test_a_lock_ends_by_its_own_time_and_may_be_prolonged_before(edited):
    name = assert_valid(lock(edited, "point.1", attributes="expiry='10'").content, "wfs/2.0").get("lockId")
    again = assert_valid(lock(edited, attributes=f"lockId='{name}'").content, "wfs/2.0")
    assert again.get("lockId") == name
    expire(edited)
    assert code(lock(edited, attributes=f"lockId='{name}'")) == (403, "LockHasExpired")
    assert code(delete(edited, "point.1", f"lockId='{name}'")) == (403, "LockHasExpired")
    assert delete(edited, "point.1").status_code == 200


def test_a_restart_keeps_the_locks(edited):
    lock(edited, "point.1")
    restarted = type(edited)(edited.registry)
    restarted.app.state.context.store = edited.app.state.context.store
    assert code(delete(restarted, "point.1")) == (400, "MissingParameterValue")


def test_get_feature_with_lock_answers_what_it_locked(edited):
    lock(edited, "point.2")
    answer = lock(edited, attributes="lockAction='SOME' count='3'", operation="GetFeatureWithLock")
    assert answer.text.count("<wfs:member>") == 2
    assert 'lockId="lock-' in answer.text
    assert 'numberReturned="2"' in answer.text
    hits = lock(edited, attributes="resultType='hits'", operation="GetFeatureWithLock")
    assert code(hits) == (400, "InvalidParameterValue")
    assert code(delete(edited, "point.1")) == (400, "MissingParameterValue")
    assert delete(edited, "point.4").status_code == 200


def test_only_features_that_may_be_changed_are_locked(edited):
    assert code(edited(REQUEST="LockFeature", TYPENAMES="polygon")) == (400, "InvalidParameterValue")
    assert edited(REQUEST="LockFeature", TYPENAMES="point", LOCKACTION="SOME", EXPIRY="5").status_code == 200


@pytest.mark.parametrize(("version", "schema"), [("1.1.0", "wfs/1.1.0"), ("1.0.0", "wfs/1.0.0/WFS-transaction.xsd")])
def test_older_versions_lock_by_minutes_and_honour_locks_of_others(edited, version, schema):
    head = (
        f"service='WFS' version='{version}' xmlns='http://www.opengis.net/wfs' xmlns:ogc='http://www.opengis.net/ogc'"
    )
    where = "<ogc:Filter><ogc:FeatureId fid='point.2'/></ogc:Filter>"
    asked = f"<LockFeature {head} expiry='1'><Lock typeName='point'>{where}</Lock></LockFeature>"
    told = assert_valid(edited(body=asked.encode()).content, schema)
    name = told.findtext("{*}LockId")
    assert told.find("{*}FeaturesLocked/{*}FeatureId").get("fid") == "point.2"
    assert code(delete(edited, "point.2")) == (400, "MissingParameterValue")
    change = f"<Delete typeName='point'>{where}</Delete></Transaction>"
    refused = edited(body=f"<Transaction {head}>{change}".encode())
    assert b"MissingParameterValue" in refused.content
    wrong = edited(body=f"<Transaction {head}><LockId>x</LockId>{change}".encode())
    assert b"InvalidParameterValue" in wrong.content
    made = edited(body=f"<Transaction {head}><LockId>{name}</LockId>{change}".encode())
    assert made.status_code == 200, made.text


def test_capabilities_tell_of_locks_where_a_layer_is_edited(edited, wfs):
    told = edited(REQUEST="GetCapabilities").text
    assert told.count('Operation name="LockFeature"') == told.count('Operation name="GetFeatureWithLock"') == 1
    assert "LockFeature" not in wfs(REQUEST="GetCapabilities").text
