"""Stored queries (OGC 09-025r2, 14): their list, their description, and GetFeatureById."""

from collections.abc import Iterator
from dataclasses import replace
from xml.sax.saxutils import escape

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.errors import UnknownLayerError
from layers.sources import open_features
from server.errors import InvalidParameterError, MissingParameterError
from server.kvp import Params
from server.wfs import geojson, gml, parameters
from server.wfs.asked import Asked
from server.wfs.collections import GML, WFS, WFS_XSD, XSI, namespaces
from server.wfs.coordinates import body
from server.wfs.errors import FeatureNotFoundError
from server.wfs.feature_type import FeatureType, feature_types
from server.wfs.get_feature import MEDIA_TYPES
from server.wfs.parameters import Query

GET_FEATURE_BY_ID = "urn:ogc:def:query:OGC-WFS::GetFeatureById"
OLD_NAMES = (GET_FEATURE_BY_ID, "urn:ogc:def:storedQuery:OGC-WFS::GetFeatureById")
LANGUAGE = "urn:ogc:def:queryLanguage:OGC-WFS::WFS_QueryExpression"


async def list_stored_queries(asked: Asked) -> Response:
    """Identifier, title and feature types of each stored query (09-025r2, 14.3)."""
    kinds = list(feature_types(asked.registry, asked.theme))
    inside = (
        f'  <wfs:StoredQuery id="{GET_FEATURE_BY_ID}">\n'
        '    <wfs:Title xml:lang="en">Get a feature by its id</wfs:Title>\n'
        + "".join(f"    <wfs:ReturnFeatureType>{kind.name}</wfs:ReturnFeatureType>\n" for kind in kinds)
        + "  </wfs:StoredQuery>\n"
    )
    return _document("ListStoredQueriesResponse", kinds, inside)


async def describe_stored_queries(asked: Asked) -> Response:
    """Parameters and text of the asked stored queries, or of all (09-025r2, 14.4)."""
    for name in asked.params.items_of("STOREDQUERY_ID"):
        if name and name not in OLD_NAMES:
            raise _unknown(name, "STOREDQUERY_ID")
    kinds = list(feature_types(asked.registry, asked.theme))
    return _document("DescribeStoredQueriesResponse", kinds, "".join(_description(kinds)))


def _description(kinds: list[FeatureType]) -> Iterator[str]:
    yield f'  <wfs:StoredQueryDescription id="{GET_FEATURE_BY_ID}">\n'
    yield '    <wfs:Title xml:lang="en">Get a feature by its id</wfs:Title>\n'
    yield '    <wfs:Title xml:lang="fr">Un objet par son identifiant</wfs:Title>\n'
    yield '    <wfs:Parameter name="ID" type="xsd:string"/>\n'
    names = " ".join(kind.name for kind in kinds)
    yield (
        f'    <wfs:QueryExpressionText isPrivate="true" language="{LANGUAGE}" returnFeatureTypes="{escape(names)}"/>\n'
    )
    yield "  </wfs:StoredQueryDescription>\n"


def _document(root: str, kinds: list[FeatureType], inside: str) -> Response:
    space = kinds[0].namespace if kinds else None
    own = f' xmlns:{space.prefix}="{escape(space.uri)}"' if space else ""
    text = (
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:{root} xmlns:wfs="{WFS}" xmlns:xsi="{XSI}" '
        f'xmlns:xsd="http://www.w3.org/2001/XMLSchema" xmlns:gml="{GML}"{own} '
        f'xsi:schemaLocation="{WFS} {WFS_XSD}">\n{inside}</wfs:{root}>\n'
    )
    return Response(text.encode(), media_type="text/xml")


def _unknown(name: str, locator: str) -> InvalidParameterError:
    return InvalidParameterError(f"STOREDQUERY_ID={name[:200]!r} is not {GET_FEATURE_BY_ID}", locator)


async def invoke(asked: Asked) -> Response:
    """GetFeature by a stored query: the feature itself is the answer, not a collection (09-025r2, 7.9.3.6)."""
    query = query_of(asked)
    parameters.check_resolve(asked.params)
    form = parameters.output_format(asked)
    if form not in MEDIA_TYPES:
        raise InvalidParameterError("a single feature is written in GML and GeoJSON only", "outputFormat")
    found = await run_in_threadpool(feature, asked, query, form)
    if found is None:
        raise _not_found(asked.params.text("ID"))
    return Response(found, media_type=MEDIA_TYPES[form])


def queries_of(asked: Asked) -> list[Query]:
    """Every query of a request, those that stored ones stand for among them."""
    return [
        query_of(replace(asked, queries=(params,)))
        if params.text("STOREDQUERY_ID")
        else parameters.query(asked, params)
        for params in asked.queries
    ]


def query_of(asked: Asked) -> Query:
    """The query that a stored one stands for."""
    name = asked.params.text("STOREDQUERY_ID")
    if name not in OLD_NAMES:
        raise _unknown(name, "STOREDQUERY_ID")
    feature_id = asked.params.text("ID")
    if not feature_id:
        raise MissingParameterError("ID")
    pairs = [("RESOURCEID", feature_id), ("SRSNAME", asked.params.text("SRSNAME"))]
    try:
        return parameters.query(asked, Params(pairs))
    except UnknownLayerError:
        raise _not_found(feature_id) from None


def _not_found(feature_id: str) -> FeatureNotFoundError:
    return FeatureNotFoundError(f"there is no feature {feature_id[:200]!r}", "ID")


def feature(asked: Asked, query: Query, form: str) -> bytes | None:
    """The one feature that a query finds, as a document; None where it finds none."""
    source = open_features(query.kind.layer)
    for batch in source.features(replace(query.features, limit=1)):
        if form == "geojson":
            return bytes(body(geojson.features(batch, degrees=query.notation.degrees)))[2:]
        text = bytes(body(gml.members(batch, query.kind, query.notation)))
        text = text.removeprefix(b"<wfs:member>").removesuffix(b"</wfs:member>\n")
        start = f"<{query.kind.name} ".encode()
        head = f'<?xml version="1.0" encoding="UTF-8"?>\n<{query.kind.name} '.encode()
        return head + namespaces([query.kind], asked.address).encode() + b" " + text.removeprefix(start)
    return None
