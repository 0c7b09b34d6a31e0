"""LockFeature and GetFeatureWithLock (OGC 09-025r2, 12 and 13; 04-094, 10 and 11; 02-058, 10)."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from xml.sax.saxutils import quoteattr

from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.sources import open_features
from layers.sources.batch import ids
from server.access import refusal
from server.errors import InvalidParameterError, OperationNotSupportedError
from server.wfs import parameters
from server.wfs.answer import Answer, answer_of
from server.wfs.asked import Asked
from server.wfs.collections import XSI
from server.wfs.dialect import WFS10, WFS20
from server.wfs.errors import OperationProcessingError
from server.wfs.get_feature import MEDIA_TYPES, collected
from server.wfs.locks import LONGEST, Granted, locks
from server.wfs.names import xml_name
from server.wfs.parameters import Query
from server.wfs.stored_queries import queries_of

SECONDS = 300
"""The time of a lock that asks for none."""


async def lock_feature(asked: Asked) -> Response:
    """Locks the features of the queries, or starts the time of a lock anew."""
    seconds, some = _expiry(asked), _some(asked)
    if lock_id := asked.params.text("LOCKID"):
        granted = await run_in_threadpool(_renewed, asked, lock_id, seconds)
    else:
        queries = queries_of(asked)
        granted = await run_in_threadpool(_granted, asked, queries, seconds, some=some)
    return Response(_response(asked, granted).encode(), media_type="text/xml")


async def get_feature_with_lock(asked: Asked) -> Response:
    """GetFeature of features that are locked from then on; of those only which could be."""
    if parameters.result_type(asked.params) == "hits":
        raise InvalidParameterError("resultType=hits locks nothing: it is one of results", "resultType")
    form = parameters.output_format(asked)
    if form not in MEDIA_TYPES:
        raise InvalidParameterError("locked features are written in GML and GeoJSON only", "outputFormat")
    parameters.check_resolve(asked.params)
    queries, seconds, some = queries_of(asked), _expiry(asked), _some(asked)
    granted = await run_in_threadpool(_granted, asked, queries, seconds, some=some)
    found = [replace(query, features=replace(query.features, ids=granted.locked)) for query in queries]

    def made() -> Answer:
        return replace(answer_of(asked, found, len(granted.locked), 0), lock=granted.id)

    return await collected(asked, made, form)


def _expiry(asked: Asked) -> int:
    """Seconds that the lock is to last; before 2.0 the request tells minutes."""
    unit = 1 if asked.dialect is WFS20 else 60
    try:
        return asked.params.integer("EXPIRY", SECONDS // unit, minimum=1, maximum=LONGEST // unit) * unit
    except InvalidParameterError as error:
        raise InvalidParameterError(error.message, "expiry") from None


def _some(asked: Asked) -> bool:
    text = asked.params.text("LOCKACTION", "ALL")
    if text.upper() not in ("ALL", "SOME"):
        raise InvalidParameterError(f"lockAction={text[:60]!r} is not one of ALL, SOME", "lockAction")
    return text.upper() == "SOME"


def _granted(asked: Asked, queries: list[Query], seconds: int, *, some: bool) -> Granted:
    most = asked.registry.service.limits.features
    limit, offset = parameters.count(asked), parameters.start_index(asked)
    features: list[str] = []
    for query in queries:
        _check_editable(query)
        page = replace(query.features, properties=(), geometry=False, limit=min(limit, most + 1), offset=offset)
        for batch in open_features(query.kind.layer).features(page):
            features += ids(batch).to_pylist()
    features = list(dict.fromkeys(features))
    if len(features) > most:
        raise OperationProcessingError(f"a lock holds at most {most} features", "LockFeature")
    with locks(_store(asked)) as held:
        return held.grant(features, seconds, some=some)


def _check_editable(query: Query) -> None:
    if query.kind.edited and not query.kind.edits:
        raise refusal(f"features of {query.kind.name} are not for everybody to change, nor to lock")
    if not query.kind.edited:
        raise InvalidParameterError(f"the features of {query.kind.name} cannot be changed, nor locked", "typeNames")


def _renewed(asked: Asked, lock_id: str, seconds: int) -> Granted:
    with locks(_store(asked)) as held:
        return held.renew(lock_id, seconds)


def _store(asked: Asked) -> Path:
    if asked.store is None:
        raise OperationNotSupportedError("there is no store to keep locks in", "LockFeature")
    return asked.store


def _response(asked: Asked, granted: Granted) -> str:
    """LockFeatureResponse of the version that was asked."""
    dialect, modern = asked.dialect, asked.dialect is WFS20
    root = "WFS_LockFeatureResponse" if dialect is WFS10 else "LockFeatureResponse"
    names = 'xmlns:fes="http://www.opengis.net/fes/2.0"' if modern else 'xmlns:ogc="http://www.opengis.net/ogc"'
    lock = f' lockId="{granted.id}"' if modern else ""
    lines = [
        f'<?xml version="1.0" encoding="UTF-8"?>\n<wfs:{root} xmlns:wfs="{dialect.wfs}" {names} xmlns:xsi="{XSI}" '
        f'xsi:schemaLocation="{dialect.wfs} {_SCHEMAS.get(dialect, dialect.wfs_xsd)}"{lock}>'
    ]
    lines += [] if modern else [f"<wfs:LockId>{granted.id}</wfs:LockId>"]
    for element, features in (("FeaturesLocked", granted.locked), ("FeaturesNotLocked", granted.refused)):
        if features:
            inside = "".join(_named(features, modern=modern))
            lines.append(f"<wfs:{element}>{inside}</wfs:{element}>")
    return "\n".join([*lines, f"</wfs:{root}>", ""])


_SCHEMAS = {WFS10: "http://schemas.opengis.net/wfs/1.0.0/WFS-transaction.xsd"}


def _named(features: tuple[str, ...], *, modern: bool) -> Iterator[str]:
    for feature in features:
        name = quoteattr(xml_name(feature))
        yield f"<fes:ResourceId rid={name}/>" if modern else f"<ogc:FeatureId fid={name}/>"
