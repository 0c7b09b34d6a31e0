"""Stored queries that clients created, in a small database of the store: bounded in number and in size."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from lxml import etree

from server.errors import InvalidParameterError, MissingParameterError
from server.wfs.errors import (
    DuplicateStoredQueryIdError,
    DuplicateStoredQueryParameterError,
    OperationParsingError,
    OperationProcessingError,
)
from server.wfs.stored_query import LANGUAGES, ManagedQuery, Parameter, Words

LARGEST = 65_536
"""Bytes of a definition, at most."""

MOST_PARAMETERS = 50

WAIT = 15.0
"""Seconds to wait for another request's changes."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS query (
    id TEXT PRIMARY KEY, definition BLOB NOT NULL, author TEXT NOT NULL, time TEXT NOT NULL
);
"""

_TYPES = {
    **dict.fromkeys(("integer", "int", "long", "short", "byte", "nonNegativeInteger", "positiveInteger"), "integer"),
    **dict.fromkeys(("double", "float", "decimal"), "real"),
    **dict.fromkeys(("string", "QName", "NCName", "Name", "anyURI", "token", "normalizedString", "ID"), "string"),
    "boolean": "boolean",
    "date": "date",
    "dateTime": "datetime",
}


@contextmanager
def _opened(store: Path) -> Iterator[sqlite3.Connection]:
    folder = store / "wfs"
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "stored_queries.sqlite", timeout=WAIT)) as connection, connection:
        connection.execute(_SCHEMA)
        yield connection


def all_of(store: Path | None) -> list[ManagedQuery]:
    """Every query that was created, by its id."""
    if store is None or not (store / "wfs" / "stored_queries.sqlite").exists():
        return []
    with _opened(store) as connection:
        return [read(text) for (text,) in connection.execute("SELECT definition FROM query ORDER BY id")]


def keep(store: Path, definition: Any, author: str, most: int) -> None:
    """Add a definition that `read` takes. Raises DuplicateStoredQueryIdError, OperationProcessingError."""
    text, name = etree.tostring(definition, with_tail=False), definition.get("id")
    with _opened(store) as connection:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("SELECT count(*) FROM query").fetchone()[0] >= most:
            raise OperationProcessingError(f"there are {most} stored queries already: drop one first", "id")
        try:
            now = datetime.now(UTC).isoformat(timespec="seconds")
            connection.execute("INSERT INTO query VALUES (?, ?, ?, ?)", (name, text, author, now))
        except sqlite3.IntegrityError:
            raise DuplicateStoredQueryIdError(f"there is a stored query {name[:200]!r} already", name[:200]) from None


def drop(store: Path, name: str) -> bool:
    """Take a query away; False where there is none of that id."""
    with _opened(store) as connection:
        return connection.execute("DELETE FROM query WHERE id = ?", (name,)).rowcount > 0


def read(text: bytes) -> ManagedQuery:
    """A query of its definition's text."""
    from server.wfs.xml_request import document

    return query_of(document(text))


def query_of(definition: Any) -> ManagedQuery:
    """A wfs:StoredQueryDefinition as a query. Raises ServiceError for what is wrong with it."""
    name = (definition.get("id") or "").strip()
    if not name:
        raise MissingParameterError("id")
    if len(name) > 200 or any(letter in name for letter in " ,<>\"'&\t\n"):
        raise InvalidParameterError(f"id={name[:200]!r} is not a URI of at most 200 characters", "id")
    texts = _children(definition, "QueryExpressionText")
    if not texts:
        raise MissingParameterError("QueryExpressionText")
    found = tuple(_parameter(element) for element in _children(definition, "Parameter"))
    names = [parameter.name.upper() for parameter in found]
    if twice := next((name for name in names if names.count(name) > 1), None):
        raise DuplicateStoredQueryParameterError(f"the parameter {twice} is there twice", twice)
    if len(found) > MOST_PARAMETERS:
        raise OperationParsingError(f"a stored query has at most {MOST_PARAMETERS} parameters", "Parameter")
    return ManagedQuery(
        name,
        _words(definition, "Title"),
        _words(definition, "Abstract"),
        found,
        private=any(text.get("isPrivate", "false").strip() in ("true", "1") for text in texts),
        elements=tuple(element for text in texts for element in _queries(text)),
        types=tuple(name for text in texts for name in text.get("returnFeatureTypes", "").split()),
    )


def _children(element: Any, name: str) -> list[Any]:
    return [child for child in element if isinstance(child.tag, str) and etree.QName(child).localname == name]


def _words(element: Any, name: str) -> Words:
    lang = "{http://www.w3.org/XML/1998/namespace}lang"
    return tuple((one.get(lang, "en"), (one.text or "").strip()) for one in _children(element, name))


def _parameter(element: Any) -> Parameter:
    from server.wfs.xml_request import RESERVED

    name, kind = (element.get(key, "").strip() for key in ("name", "type"))
    if not name or name.upper() in RESERVED:
        raise InvalidParameterError(f"{name[:60]!r} is not a name that a parameter can have", "name")
    local = kind.rpartition(":")[2]
    found = "geometry" if kind.startswith("gml:") else _TYPES.get(local)
    if found is None:
        raise InvalidParameterError(f"type={kind[:60]!r} is not one of {', '.join(_TYPES)}, gml:…", "type")
    xsd = kind if found == "geometry" else f"xsd:{local}"
    return Parameter(name, found, xsd, _words(element, "Title"), _words(element, "Abstract"))


def _queries(text: Any) -> list[Any]:
    language = text.get("language", "").strip()
    if language not in LANGUAGES:
        raise InvalidParameterError(f"language={language[:100]!r} is not one of {', '.join(LANGUAGES)}", "language")
    found = _children(text, "Query")
    if not found or len(found) != len(text):
        raise OperationParsingError("a QueryExpressionText holds wfs:Query elements", "QueryExpressionText")
    return found
