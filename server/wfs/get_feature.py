"""GetFeature (OGC 09-025r2, 11): features of one or several queries, streamed."""

import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import replace
from functools import partial
from importlib import import_module
from itertools import count

from starlette.responses import Response

from layers.crs import CRS84
from layers.query import FeatureQuery
from layers.sources import open_features
from server.errors import InvalidParameterError
from server.wfs import answer as answers
from server.wfs import parameters
from server.wfs.answer import Answer, answer_of
from server.wfs.asked import Asked
from server.wfs.collections import geojson_collection, gml_collection
from server.wfs.dialect import WFS20
from server.wfs.feature_type import FeatureType
from server.wfs.formats import FILES, STREAMED, FileFormat
from server.wfs.parameters import Query
from server.wfs.stream import Chunk, Stream, StreamedResponse, in_thread

MEDIA_TYPES = {"gml": WFS20.media_type, "geojson": "application/json"}

type Parts = tuple[tuple[FeatureType, FeatureQuery], ...]
"""What goes into a file: features of one type, or of several."""

_COMPRESSIBLE = ("text/", "application/gml", "application/json", "application/dxf", "application/vnd.google")


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
    if name == "geojson":
        return await answered(asked, make, geojson_collection, MEDIA_TYPES[name])
    return await answered(asked, make, gml_collection, asked.dialect.media_type)


async def answered(
    asked: Asked, make: Callable[[], Answer], write: Callable[[Answer], Iterator[Chunk]], media_type: str
) -> Response:
    """The answer that `make` gives as `write` writes it, whole where it is small. `write` can be pickled."""
    headers, packed = _headers(asked, media_type)
    found = await in_thread(partial(_written, make, write, packed=packed))
    if isinstance(found, bytes):
        return Response(found, media_type=media_type, headers=headers)
    return await streamed(asked, partial(answers.settled, write, found), media_type, large=True)


def _written(make: Callable[[], Answer], write: Callable[[Answer], Iterator[Chunk]], *, packed: bool) -> bytes | Answer:
    """The bytes of a small answer; a large one as it is."""
    answer = make()
    if answer.large:
        return answer
    chunks = write(answer)
    return b"".join(_packed(chunks) if packed else chunks)


async def _file(asked: Asked, queries: list[Query], form: FileFormat, limit: int, offset: int) -> Response:
    """The features of each query as a file, all of them unless COUNT says otherwise."""
    if len(queries) > 1 and not form.several:
        raise InvalidParameterError(f"{form.name} holds the features of one type only", "typeNames")
    parts = tuple((query.kind, _part(query, form, limit, offset)) for query in queries)
    for kind, query in parts if form.most else ():
        there = min(limit, kind.facts.count)
        if there > form.most and min(limit, open_features(kind.layer).count(query) - offset) > form.most:
            message = f"{form.name} holds {form.most} features at most: ask for fewer by COUNT, or for another format"
            raise InvalidParameterError(message, "outputFormat")
    large = sum(min(limit, kind.facts.count) for kind, _ in parts) > answers.SMALL
    title = parts[0][0].layer.id if len(parts) == 1 else asked.theme or "features"
    name = f"{title}.{form.extension}"
    if large or asked.prefers_aside:
        from server.wfs.aside import aside

        if found := await aside(asked, parts, form, name):
            return found
    return await streamed(asked, partial(rows, parts, form.key), form.media_type, name, large=large)


def _part(query: Query, form: FileFormat, limit: int, offset: int) -> FeatureQuery:
    crs = CRS84 if form.degrees else query.features.crs
    return replace(query.features, crs=crs, limit=limit, offset=offset)


def rows(parts: Parts, key: str) -> Iterator[bytes]:
    """The bytes of a file in a format of FILES: of one part, or of several where the format has tables."""
    from server.wfs import files

    with ExitStack() as stack:
        found: dict[str, files.Features] = {}
        for kind, query in parts:
            batches = stack.enter_context(closing(open_features(kind.layer).features(query)))  # type: ignore[type-var]
            name = next(name for name in _names(kind.layer.id) if name not in found)
            fields = query.properties or ()
            found[name] = files.Features(batches, kind.facts, query.crs, name, fields, has_geometry=query.geometry)
        if key in STREAMED:
            yield from import_module(f"server.wfs.{key}_rows").rows(next(iter(found.values())))
        else:
            yield from files.sent(list(found.values()), getattr(files, key))


def _names(name: str) -> Iterator[str]:
    """Names for the tables of a layer that is asked several times."""
    yield name
    yield from (f"{name}_{number}" for number in count(2))


async def streamed(
    asked: Asked, chunks: Callable[[], Iterator[Chunk]], media_type: str, name: str = "", *, large: bool = False
) -> Response:
    """The chunks as an answer, compressed where the client takes that; `name` is that of a file to save.

    What is `large` is made by a process of its own, and `chunks` can be pickled then.
    """
    headers, packed = _headers(asked, media_type)
    if name:
        headers["Content-Disposition"] = f'attachment; filename="{name}"'
    work = partial(_sent, chunks, packed=packed)
    stream = await asked.downloads.open(work) if large and asked.downloads is not None else Stream(work())
    await stream.first()
    return StreamedResponse(stream, media_type=media_type, headers=headers)


def _headers(asked: Asked, media_type: str) -> tuple[dict[str, str], bool]:
    """Headers of every answer, and whether it is compressed."""
    headers = {"Vary": "Accept-Encoding", "Cache-Control": "no-cache"}
    packed = asked.request is not None and "gzip" in asked.request.headers.get("accept-encoding", "")
    packed = packed and media_type.startswith(_COMPRESSIBLE)
    return headers | ({"Content-Encoding": "gzip"} if packed else {}), packed


def _sent(chunks: Callable[[], Iterator[Chunk]], *, packed: bool) -> Iterator[Chunk]:
    """What goes to the client."""
    begun = _begun(chunks())
    return _packed(begun) if packed else begun


def _begun(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks, the first two as one: data that cannot be read is told before anything is sent."""
    with closing(chunks):  # type: ignore[type-var]
        yield b"".join((next(chunks), next(chunks, b"")))
        yield from chunks


def _packed(chunks: Iterator[Chunk]) -> Iterator[Chunk]:
    """The chunks as one gzip stream, each sent as it comes."""
    packer = zlib.compressobj(1, zlib.DEFLATED, 31)
    with closing(chunks):  # type: ignore[type-var]
        for chunk in chunks:
            yield packer.compress(chunk) + packer.flush(zlib.Z_SYNC_FLUSH)
    yield packer.flush()
