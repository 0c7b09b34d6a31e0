"""CreateStoredQuery and DropStoredQuery (OGC 09-025r2, 14.5 and 14.6), for who may."""

from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.filters.fes import local
from layers.filters.placeholders import names_in
from layers.model import ManagedQueries
from server.access import asker, refusal
from server.errors import InvalidParameterError, MissingParameterError, OperationNotSupportedError
from server.wfs import managed_queries
from server.wfs.asked import Asked
from server.wfs.collections import WFS, WFS_XSD, XSI
from server.wfs.errors import DuplicateStoredQueryIdError, OperationParsingError
from server.wfs.feature_type import feature_type
from server.wfs.stored_queries import fixed_queries
from server.wfs.stored_query import ANY_TYPE, ManagedQuery, type_names
from server.wfs.xml_request import document


async def create_stored_query(asked: Asked) -> Response:
    """Keeps each definition of the request's body; none of them where one is wrong."""
    managed, store = _managed(asked, "CreateStoredQuery")
    body = bytes(getattr(asked.request.state, "body", b"")) if asked.request is not None else b""
    if not body.lstrip().startswith(b"<"):
        raise OperationParsingError("a stored query is created by POST, in XML", "CreateStoredQuery")
    definitions = [element for element in document(body) if local(element) == "StoredQueryDefinition"]
    if len(definitions) != 1:
        raise OperationParsingError("a request creates one stored query", "StoredQueryDefinition")
    _check(asked, definitions[0])
    await run_in_threadpool(managed_queries.keep, store, definitions[0], asker().name, managed.most)
    return _done("CreateStoredQueryResponse")


async def drop_stored_query(asked: Asked) -> Response:
    """Takes away a query that was created."""
    _, store = _managed(asked, "DropStoredQuery")
    name = asked.params.text("ID") or asked.params.text("STOREDQUERY_ID")
    if not name:
        raise MissingParameterError("id")
    if name in {query.id for query in fixed_queries(asked)}:
        raise InvalidParameterError(f"the stored query {name[:200]!r} is the service's own", "id")
    if not await run_in_threadpool(managed_queries.drop, store, name):
        raise InvalidParameterError(f"there is no stored query {name[:200]!r}", "id")
    return _done("DropStoredQueryResponse")


def _managed(asked: Asked, operation: str) -> tuple[ManagedQueries, Path]:
    """The setting and the store. Raises OperationNotSupportedError, CredentialsError, ForbiddenError."""
    managed = asked.registry.service.manage_stored_queries
    if managed is None or asked.store is None:
        raise OperationNotSupportedError("stored queries are not managed by clients here", operation)
    if not asker().may(frozenset(managed.groups)):
        raise refusal(f"{operation} is not for everybody")
    return managed, asked.store


def _check(asked: Asked, definition: Any) -> None:
    """The definition is one that can be answered."""
    from lxml import etree

    text = etree.tostring(definition, encoding="unicode", with_tail=False)
    if len(text.encode()) > managed_queries.LARGEST:
        raise InvalidParameterError(f"a stored query has at most {managed_queries.LARGEST} bytes", "CreateStoredQuery")
    query = managed_queries.query_of(definition)
    if query.id in {one.id for one in fixed_queries(asked)}:
        raise DuplicateStoredQueryIdError(f"there is a stored query {query.id!r} already", query.id)
    known = {parameter.name for parameter in query.parameters}
    for text in query.texts():
        if unknown := next((name for name in names_in(text) if name not in known), None):
            raise InvalidParameterError(f"{unknown[:60]!r} is not a parameter of this query", "Parameter")
    _check_types(asked, query)


def _check_types(asked: Asked, query: ManagedQuery) -> None:
    named = [name for element in query.elements for name in type_names(element)]
    if not named:
        raise MissingParameterError("typeNames")
    for name in (*named, *query.types):
        if "{" not in name and name != ANY_TYPE:
            feature_type(asked.registry, name, asked.theme)


def _done(root: str) -> Response:
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:{root} status="OK" xmlns:wfs="{WFS}" xmlns:xsi="{XSI}" '
        f'xsi:schemaLocation="{WFS} {WFS_XSD}"/>\n'
    )
    return Response(text.encode(), media_type="text/xml")
