"""Transaction (OGC 09-025r2, 15; 04-094, 12; 02-058, 11): Insert, Update, Replace, Delete, all of them or none."""

from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.filters.fes import local
from layers.sources.edits import Done, Edit, EditError, EditValueError, apply
from server.access import asker, refusal
from server.errors import InvalidParameterError
from server.wfs.actions import edits_of
from server.wfs.asked import Asked
from server.wfs.errors import InvalidValueError, OperationParsingError, OperationProcessingError
from server.wfs.journal import write_journal
from server.wfs.locks import locks
from server.wfs.names import xml_name
from server.wfs.transaction_response import response
from server.wfs.xml_request import document


async def transaction(asked: Asked) -> Response:
    """Makes the changes of the request's body and tells what they touched."""
    body = bytes(getattr(asked.request.state, "body", b"")) if asked.request is not None else b""
    if not body.lstrip().startswith(b"<"):
        raise OperationParsingError("a transaction is sent by POST, in XML")
    root = document(body)
    edits = [edit for element in root for edit in edits_of(asked, element)]
    _check_rights(edits)
    done = await run_in_threadpool(_made, asked, edits, _lock_id(root), some=_releases_some(root))
    return Response(response(done, asked.dialect).encode(), media_type="text/xml")


def _check_rights(edits: list[Edit]) -> None:
    """Raises CredentialsError (401) or ForbiddenError (403) for a change that is there, and not for who asks."""
    for edit in edits:
        declared = edit.layer.definition.edit
        if declared and not asker().may(declared.groups_of(edit.kind)):
            error = refusal(f"{edit.kind} of features of {edit.layer.id} is not for everybody")
            error.locator = edit.handle or edit.kind.capitalize()
            raise error


def _lock_id(root: Any) -> str:
    """The lock that the changes are made under: an attribute in 2.0, an element before."""
    found = next((child.text for child in root if local(child).lower() == "lockid"), None)
    return (root.get("lockId") or found or "").strip()


def _releases_some(root: Any) -> bool:
    text = root.get("releaseAction", "ALL")
    if text.upper() not in ("ALL", "SOME"):
        raise InvalidParameterError(f"releaseAction={text[:60]!r} is not one of ALL, SOME", "releaseAction")
    return bool(text.upper() == "SOME")


def _made(asked: Asked, edits: list[Edit], lock_id: str, *, some: bool) -> list[Done]:
    """The changes, made under the locks that others hold."""
    if asked.store is None:
        return _applied(edits)
    with locks(asked.store) as held:
        if lock_id:
            held.check_id(lock_id)
        done = _applied(edits, lambda names: held.check(names, lock_id))
        if lock_id:
            held.release(lock_id, [name for one in done for name in one.ids], some=some)
        held.forget(name for one in done if one.edit.kind == "delete" for name in one.ids)
    if done:
        write_journal(asked.store, done, asker().name)
    return done


def _applied(edits: list[Edit], guard: Any = None) -> list[Done]:
    try:
        return apply(edits, guard)
    except EditValueError as error:
        raise InvalidValueError(str(error), xml_name(error.field) if error.field else "Transaction") from None
    except EditError as error:
        raise OperationProcessingError(str(error), "Transaction") from None
