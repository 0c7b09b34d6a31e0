"""GetFeature (OGC 09-025r2, 11): features of one or several queries, streamed."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import partial
from urllib.parse import urlencode

import pyarrow as pa
from starlette.concurrency import run_in_threadpool
from starlette.responses import Response

from layers.crs import CRS84
from layers.query import FeatureQuery
from layers.sources import open_features
from server.errors import InvalidParameterError
from server.wfs import parameters
from server.wfs.asked import Asked
from server.wfs.collections import geojson_collection, gml_collection
from server.wfs.dialect import WFS20, Dialect
from server.wfs.feature_type import FeatureType
from server.wfs.formats import FILES, FileFormat
from server.wfs.parameters import Query
from server.wfs.stream import Stream, StreamedResponse

MEDIA_TYPES = {"gml": WFS20.media_type, "geojson": "application/json"}

SMALL = 5000
"""Features that the engine itself writes, at most; more are written by a process of their own."""

_COMPRESSIBLE = ("text/", "application/gml", "application/json", "application/dxf", "application/vnd.google")


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered to a query: how many features match (None: not counted), how many of them are in this answer."""

    query: Query
    matched: int | None
    returned: int

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The features of the page."""
        if self.returned:
            yield from open_features(self.query.kind.layer).features(self.query.features)


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole answer: its pages, when it is made, the addresses of the service and of the pages before and after."""

    dialect: Dialect
    address: str
    pages: tuple[Page, ...]
    time: str
    hits: bool = False
    lock: str = ""
    next: str | None = None
    previous: str | None = None

    @property
    def matched(self) -> int | None:
        """Features that match, in all; None where they are not counted."""
        found = [page.matched for page in self.pages if page.matched is not None]
        return sum(found) if len(found) == len(self.pages) else None

    @property
    def returned(self) -> int:
        """Features in this answer."""
        return sum(page.returned for page in self.pages)

    @property
    def large(self) -> bool:
        """True where a process of its own is to write it."""
        return self.returned > SMALL


async def get_feature(asked: Asked) -> Response:
    """A FeatureCollection in GML 3.2 or GeoJSON; the number of matching features stands at its beginning."""
    # They use what is here, and are imported when they are needed.
    from server.wfs.get_feature_by_id import NAMES, get_feature_by_id
    from server.wfs.stored_queries import is_whole, queries_of

    if len(asked.queries) == 1 and asked.params.text("STOREDQUERY_ID") in NAMES:
        return await get_feature_by_id(asked)
    parameters.check_resolve(asked.params)
    name = parameters.output_format(asked)
    queries = queries_of(asked)
    hits = parameters.result_type(asked.params) == "hits"
    whole = name in FILES and not hits
    limit = parameters.count(asked, whole=whole or is_whole(asked))
    offset = parameters.start_index(asked)
    if whole:
        return await _file(asked, queries, FILES[name], limit, offset)

    return await collected(asked, lambda: answer_of(asked, queries, limit, offset, hits=hits), name)


async def collected(asked: Asked, make: Callable[[], Answer], name: str) -> Response:
    """The answer that `make` gives, as a collection in GML or GeoJSON."""

    answer = await run_in_threadpool(make)
    write = geojson_collection if name == "geojson" else gml_collection
    media_type = MEDIA_TYPES[name] if name == "geojson" else asked.dialect.media_type
    return await streamed(asked, partial(write, answer), media_type, large=answer.large)


async def _file(asked: Asked, queries: list[Query], form: FileFormat, limit: int, offset: int) -> Response:
    """The features of one query as a file, all of them unless COUNT says otherwise."""
    if len(queries) > 1:
        raise InvalidParameterError(f"{form.name} holds the features of one type only", "typeNames")
    query = queries[0]
    crs = CRS84 if form.degrees else query.features.crs
    features = replace(query.features, crs=crs, limit=limit, offset=offset)
    large = min(limit, query.kind.facts.count) > SMALL
    name = f"{query.kind.layer.id}.{form.extension}"
    if large or asked.prefers_aside:
        from server.wfs.aside import aside

        if found := await aside(asked, query.kind, features, form, name):
            return found
    return await streamed(asked, partial(rows, query.kind, features, form.key), form.media_type, name, large=large)


def rows(kind: FeatureType, query: FeatureQuery, key: str) -> Iterator[bytes]:
    """The bytes of a file in a format of FILES."""
    from server.wfs import csv_rows, files

    with closing(open_features(kind.layer).features(query)) as batches:  # type: ignore[type-var]
        names = query.properties or ()
        found = files.Features(batches, kind.facts, query.crs, kind.layer.id, names, has_geometry=query.geometry)
        if key == "csv":
            yield from csv_rows.rows(found)
        else:
            yield from files.sent(found, getattr(files, key))


async def streamed(
    asked: Asked, chunks: Callable[[], Iterator[bytes]], media_type: str, name: str = "", *, large: bool = False
) -> Response:
    """The chunks as an answer, compressed where the client takes that; `name` is that of a file to save.

    What is `large` is made by a process of its own, and `chunks` can be pickled then.
    """
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    packed = "gzip" in asked.request.headers.get("accept-encoding", "") if asked.request is not None else False
    packed = packed and media_type.startswith(_COMPRESSIBLE)
    if packed:
        headers["Content-Encoding"] = "gzip"
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    work = partial(_sent, chunks, packed=packed)
    stream = await asked.downloads.open(work) if large and asked.downloads is not None else Stream(work())
    await stream.first()
    return StreamedResponse(stream, media_type=media_type, headers=headers)


def answer_of(asked: Asked, queries: list[Query], limit: int, offset: int, *, hits: bool = False) -> Answer:
    """Counts what matches and tells what this answer holds of it.

    The limit is of each query; before 2.0, where all make one collection, of the whole.
    """
    pages: list[Page] = []
    most = 0
    for query in queries:
        source = open_features(query.kind.layer)
        found = 1 if hits and not source.counted else source.count(replace(query.features, limit=limit, offset=offset))
        most = max(most, found)
        returned = 0 if hits else max(0, min(limit, found - offset))
        if not asked.dialect.paged and pages:
            returned = min(returned, limit - sum(page.returned for page in pages))
        paged = replace(query, features=replace(query.features, limit=returned, offset=offset))
        pages.append(Page(paged, found if source.counted else None, returned))
    return Answer(
        asked.dialect,
        asked.address,
        tuple(pages),
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        hits=hits,
        next=_next(asked, limit, offset, most, hits=hits),
        previous=_page_address(asked, max(0, offset - limit), limit) if offset and limit and not hits else None,
    )


def _next(asked: Asked, limit: int, offset: int, most: int, *, hits: bool) -> str | None:
    """The next page; of hits the first one, with the features (09-025r2, 7.7.4.4.1)."""
    start = 0 if hits else offset + limit
    return _page_address(asked, start, limit) if limit and start < most else None


def _page_address(asked: Asked, offset: int, limit: int) -> str:
    left_out = {"STARTINDEX", "COUNT", "MAXFEATURES", "RESULTTYPE"}
    pairs = [(name, value) for name, value in asked.params.raw if name.upper() not in left_out]
    return f"{asked.address}?{urlencode([*pairs, ('STARTINDEX', str(offset)), ('COUNT', str(limit))])}"


def _sent(chunks: Callable[[], Iterator[bytes]], *, packed: bool) -> Iterator[bytes]:
    """What goes to the client."""
    begun = _begun(chunks())
    return _packed(begun) if packed else begun


def _begun(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks, the first two as one: data that cannot be read is told before anything is sent."""
    with closing(chunks):  # type: ignore[type-var]
        yield next(chunks) + next(chunks, b"")
        yield from chunks


def _packed(chunks: Iterator[bytes]) -> Iterator[bytes]:
    """The chunks as one gzip stream, each sent as it comes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    with closing(chunks):  # type: ignore[type-var]
        for chunk in chunks:
            yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
