"""The stored queries of a service (OGC 09-025r2, 14): found by their ids, listed, described."""

from collections.abc import Iterator
from dataclasses import replace
from xml.sax.saxutils import escape, quoteattr

from starlette.responses import Response

from layers.errors import UnknownLayerError, hint
from layers.registry import Registry
from server.errors import InvalidParameterError
from server.wfs import managed_queries, parameters
from server.wfs.asked import Asked
from server.wfs.collections import GML, WFS, WFS_XSD, XSI
from server.wfs.get_feature_by_id import FEATURE_BY_ID, NAMES
from server.wfs.inspire import GET_SPATIAL_DATA_SET, datasets
from server.wfs.parameters import Query
from server.wfs.stored_query import LANGUAGES, DeclaredQuery, Parameter, StoredQuery, Words


def fixed_queries(asked: Asked) -> list[StoredQuery]:
    """The queries that clients cannot drop: the standard's own, and those that the registry declares."""
    declared = asked.registry.service.stored_queries.items()
    own = [FEATURE_BY_ID, *((GET_SPATIAL_DATA_SET,) if datasets(asked.registry, asked.theme) else ())]
    return [*own, *(DeclaredQuery.of(name, one) for name, one in declared)]


def _known(asked: Asked) -> list[StoredQuery]:
    return [*fixed_queries(asked), *managed_queries.all_of(asked.store)]


def stored_queries(asked: Asked) -> Iterator[StoredQuery]:
    """The stored queries whose feature types are all in reach."""
    for query in _known(asked):
        try:
            query.returned(asked.registry, asked.theme)
        except UnknownLayerError:
            continue
        yield query


def stored_query(asked: Asked, name: str) -> StoredQuery:
    """The stored query of an id. Raises InvalidParameterError."""
    found = {query.id: query for query in _known(asked)} | dict.fromkeys(NAMES, FEATURE_BY_ID)
    if name not in found:
        reached = [query.id for query in stored_queries(asked)]
        message = f"STOREDQUERY_ID={name[:200]!r} is not one of {', '.join(reached[:12])}{hint(name[:200], reached)}"
        raise InvalidParameterError(message, "STOREDQUERY_ID")
    return found[name]


def is_whole(asked: Asked) -> bool:
    """True where the answer has no pages, for the stored query that is asked means all of a data set."""
    name = asked.params.text("STOREDQUERY_ID")
    return len(asked.queries) == 1 and bool(name) and stored_query(asked, name).whole


def queries_of(asked: Asked) -> list[Query]:
    """Every query of a request, those that stored ones stand for among them."""
    found: list[Query] = []
    for params in asked.queries:
        if name := params.text("STOREDQUERY_ID"):
            found += stored_query(asked, name).queries(replace(asked, queries=(params,)))
        else:
            found.append(parameters.query(asked, params))
    return found


async def list_stored_queries(asked: Asked) -> Response:
    """Identifier, titles and feature types of each stored query (09-025r2, 14.3)."""
    lines: list[str] = []
    for query in stored_queries(asked):
        lines.append(f"  <wfs:StoredQuery id={quoteattr(query.id)}>")
        lines += _words("Title", query.titles, "    ")
        returned = query.returned(asked.registry, asked.theme)
        lines += [f"    <wfs:ReturnFeatureType>{name}</wfs:ReturnFeatureType>" for name in returned]
        lines.append("  </wfs:StoredQuery>")
    return _document("ListStoredQueriesResponse", asked.registry, lines)


async def describe_stored_queries(asked: Asked) -> Response:
    """Parameters and text of the asked stored queries, or of all (09-025r2, 14.4)."""
    names = [name for name in asked.params.items_of("STOREDQUERY_ID") if name]
    found = [stored_query(asked, name) for name in names] or list(stored_queries(asked))
    lines = [line for query in found for line in _description(asked, query)]
    return _document("DescribeStoredQueriesResponse", asked.registry, lines)


def _description(asked: Asked, query: StoredQuery) -> Iterator[str]:
    returned = " ".join(query.returned(asked.registry, asked.theme))
    yield f"  <wfs:StoredQueryDescription id={quoteattr(query.id)}>"
    yield from _words("Title", query.titles, "    ")
    yield from _words("Abstract", query.abstracts, "    ")
    for parameter in query.parameters:
        yield from _parameter(parameter)
    private = str(query.private).lower()
    text = f'    <wfs:QueryExpressionText isPrivate="{private}" language="{LANGUAGES[1]}"'
    inside = "" if query.private else "".join(query.texts())
    yield f"{text} returnFeatureTypes={quoteattr(returned)}>{inside}</wfs:QueryExpressionText>"
    yield "  </wfs:StoredQueryDescription>"


def _parameter(parameter: Parameter) -> Iterator[str]:
    yield f"    <wfs:Parameter name={quoteattr(parameter.name)} type={quoteattr(parameter.xsd)}>"
    yield from _words("Title", parameter.titles, "      ")
    yield from _words("Abstract", parameter.abstracts, "      ")
    yield "    </wfs:Parameter>"


def _words(name: str, words: Words, indent: str) -> Iterator[str]:
    for language, text in words:
        yield f"{indent}<wfs:{name} xml:lang={quoteattr(language)}>{escape(text)}</wfs:{name}>"


def _document(root: str, registry: Registry, lines: list[str]) -> Response:
    space = registry.service.namespace
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:{root} xmlns:wfs="{WFS}" xmlns:xsi="{XSI}" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:gml="{GML}" xmlns:{space.prefix}={quoteattr(space.uri)} '
        f'xsi:schemaLocation="{WFS} {WFS_XSD}">\n' + "\n".join([*lines, f"</wfs:{root}>", ""])
    )
    return Response(text.encode(), media_type="text/xml")
