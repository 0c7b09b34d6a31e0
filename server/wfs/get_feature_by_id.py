"""GetFeatureById, the stored query that every WFS 2.0 has (OGC 09-025r2, 7.9.3.6)."""

from dataclasses import replace

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.errors import UnknownLayerError, WithheldLayerError
from layers.registry import Registry
from layers.sources import open_features
from server.errors import InvalidParameterError, MissingParameterError
from server.kvp import Params
from server.wfs import geojson, gml, parameters
from server.wfs.asked import Asked
from server.wfs.collections import namespaces
from server.wfs.coordinates import body
from server.wfs.errors import FeatureNotFoundError
from server.wfs.feature_type import feature_types
from server.wfs.get_feature import MEDIA_TYPES
from server.wfs.parameters import Query
from server.wfs.stored_query import Parameter, StoredQuery

ID = "urn:ogc:def:query:OGC-WFS::GetFeatureById"
NAMES = (ID, "urn:ogc:def:storedQuery:OGC-WFS::GetFeatureById")


class FeatureById(StoredQuery):
    """The feature of an id, of whatever type."""

    def returned(self, registry: Registry, theme: str | None) -> list[str]:
        """Every type."""
        return [kind.name for kind in feature_types(registry, theme)]

    def queries(self, asked: Asked) -> list[Query]:
        """A query of the type that the id tells. Raises FeatureNotFoundError."""
        feature_id = asked.params.text("ID")
        if not feature_id:
            raise MissingParameterError("ID")
        pairs = [("RESOURCEID", feature_id), ("SRSNAME", asked.params.text("SRSNAME"))]
        try:
            return [parameters.query(asked, Params(pairs))]
        except WithheldLayerError:
            raise
        except UnknownLayerError:
            raise _not_found(feature_id) from None


FEATURE_BY_ID = FeatureById(
    ID,
    (("en", "Get a feature by its id"), ("fr", "Un objet par son identifiant")),
    parameters=(Parameter("ID", "string", "xsd:string"),),
)


async def get_feature_by_id(asked: Asked) -> Response:
    """The feature itself is the answer, not a collection."""
    query = FEATURE_BY_ID.queries(asked)[0]
    parameters.check_resolve(asked.params)
    form = parameters.output_format(asked)
    if form not in MEDIA_TYPES:
        raise InvalidParameterError("a single feature is written in GML and GeoJSON only", "outputFormat")
    found = await run_in_threadpool(feature, asked, query, form)
    if found is None:
        raise _not_found(asked.params.text("ID"))
    return Response(found, media_type=MEDIA_TYPES[form])


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
