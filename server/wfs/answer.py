"""What is answered to queries for features: how many match, which of them are in the answer, the pages around it."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from urllib.parse import urlencode

import pyarrow as pa

from layers.query import FeatureQuery
from layers.sources import open_features
from layers.sources.base import FeatureSource
from server.wfs.asked import Asked
from server.wfs.dialect import Dialect
from server.wfs.parameters import Query
from server.wfs.stream import Chunk

SMALL = 5000
"""Features that the engine itself writes, at most; more are written by a process of their own."""
HELD = 8 * 1024 * 1024
"""Bytes of such features, at most."""

type Batches = tuple[pa.RecordBatch, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """What is answered to a query: how many features match (None: not counted), how many of them are in this answer.

    `held` are these features where they are few and were read already. Others are read later: `limit` is how many were
    asked, `state` that of the data which was counted, `source` what reads one state of it.
    """

    query: Query
    matched: int | None
    returned: int
    held: Batches | None = None
    limit: int = 0
    state: str = ""
    source: FeatureSource | None = None

    def batches(self) -> Iterator[pa.RecordBatch]:
        """The features of the page."""
        if self.held is not None:
            yield from self.held
        elif self.returned:
            source = self.source or open_features(self.query.kind.layer)
            yield from source.features(self.query.features)

    def counted_by(self, source: FeatureSource) -> "Page":
        """The page as it is in the state that a source reads."""
        if source.state == self.state:
            return replace(self, source=source)
        features = self.query.features
        found = source.count(replace(features, limit=self.limit))
        returned = max(0, min(self.limit, found - features.offset))
        query = replace(self.query, features=replace(features, limit=returned))
        return replace(self, query=query, matched=found if source.counted else None, returned=returned, source=source)


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
        return any(page.returned and page.held is None for page in self.pages)


def answer_of(asked: Asked, queries: list[Query], limit: int, offset: int, *, hits: bool = False) -> Answer:
    """Counts what matches and tells what this answer holds of it.

    The limit is of each query; before 2.0, where all make one collection, of the whole.
    """
    pages: list[Page] = []
    most, room, left = 0, HELD, limit
    for query in queries:
        if hits:
            page, found = _hits(query, limit, offset)
        else:
            page, found = _page(query, limit if asked.dialect.paged else left, offset, room)
            room -= sum(batch.nbytes for batch in page.held or ())
            left -= page.returned
        most = max(most, found)
        pages.append(page)
    return Answer(
        asked.dialect,
        asked.address,
        tuple(pages),
        datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ"),
        hits=hits,
        next=_next(asked, limit, offset, most, hits=hits),
        previous=_page_address(asked, max(0, offset - limit), limit) if offset and limit and not hits else None,
    )


def _hits(query: Query, limit: int, offset: int) -> tuple[Page, int]:
    """Without features; and whether there is something to see on a page."""
    source = open_features(query.kind.layer)
    found = source.count(replace(query.features, limit=limit, offset=offset)) if source.counted else 1
    return Page(query, found if source.counted else None, 0), found


def _page(query: Query, limit: int, offset: int, room: int) -> tuple[Page, int]:
    """A page, its features read where they are few (`room` is for how many bytes); and how many there are to page.

    What is filtered is read before it is counted: all that was asked may be there already.
    """
    with open_features(query.kind.layer).snapshot() as source:
        return _counted(source, query, replace(query.features, limit=limit, offset=offset), room)


def _counted(source: FeatureSource, query: Query, features: FeatureQuery, room: int) -> tuple[Page, int]:
    """The page of `features` as a source reads it, and how many there are to page."""
    limit, offset = int(features.limit or 0), features.offset
    few = min(limit, SMALL)
    early = offset == 0 and few > 0 and (limit <= SMALL or _narrowed(features))
    held = _read(source, replace(features, limit=few + 1), room) if early else None
    read = sum(batch.num_rows for batch in held or ())
    found = read if held is not None and read <= few else source.count(features)
    returned = max(0, min(limit, found - offset))
    features = replace(features, limit=returned)
    if returned > SMALL:
        held = None
    elif held is not None:
        held = _first(held, returned)
    elif returned and not early:
        held = _read(source, features, room)
    matched = found if source.counted else None
    return Page(replace(query, features=features), matched, returned, held, limit, source.state), found


def settled(write: Callable[[Answer], Iterator[Chunk]], answer: Answer) -> Iterator[Chunk]:
    """The bytes of an answer whose features are still to be read: counted and read in one state of the data."""
    with ExitStack() as stack:
        pages = tuple(
            page.counted_by(stack.enter_context(open_features(page.query.kind.layer).snapshot()))
            if page.returned and page.held is None
            else page
            for page in answer.pages
        )
        yield from write(replace(answer, pages=pages))


def _narrowed(features: FeatureQuery) -> bool:
    """True where not everything is asked."""
    return bool(features.filter or features.bbox or features.time or features.ids is not None)


def _read(source: FeatureSource, features: FeatureQuery, room: int) -> Batches | None:
    """The features; None where they are more bytes than there is room for."""
    found = []
    with closing(source.features(features)) as batches:  # type: ignore[type-var]
        for batch in batches:
            room -= batch.nbytes
            if room < 0:
                return None
            found.append(batch)
    return tuple(found)


def _first(batches: Batches, count: int) -> Batches:
    """So many features."""
    found = []
    for batch in batches:
        if count > 0:
            found.append(batch.slice(0, count))
        count -= batch.num_rows
    return tuple(found)


def _next(asked: Asked, limit: int, offset: int, most: int, *, hits: bool) -> str | None:
    """The next page; of hits the first one, with the features (09-025r2, 7.7.4.4.1)."""
    start = 0 if hits else offset + limit
    return _page_address(asked, start, limit) if limit and start < most else None


def _page_address(asked: Asked, offset: int, limit: int) -> str:
    left_out = {"STARTINDEX", "COUNT", "MAXFEATURES", "RESULTTYPE"}
    pairs = [(name, value) for name, value in asked.params.raw if name.upper() not in left_out]
    return f"{asked.address}?{urlencode([*pairs, ('STARTINDEX', str(offset)), ('COUNT', str(limit))])}"
