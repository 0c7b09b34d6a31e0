"""wfs:FeatureCollection of each version and GeoJSON's FeatureCollection, chunk by chunk."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import orjson
import pyarrow as pa

from layers.crs import CRS84, is_geographic, urn
from server.wfs import geojson, gml
from server.wfs.ahead import ahead
from server.wfs.coordinates import body
from server.wfs.dialect import WFS10, WFS11, WFS20, Dialect
from server.wfs.feature_type import FeatureType
from server.wfs.stream import Chunk

if TYPE_CHECKING:
    from server.wfs.answer import Answer, Page

WFS, WFS_XSD, GML = WFS20.wfs, WFS20.wfs_xsd, WFS20.gml
FEW = 200
"""Features that are written before the others of a large answer."""
XSI = "http://www.w3.org/2001/XMLSchema-instance"


def gml_collection(answer: Answer) -> Iterator[Chunk]:
    """The collection in GML; in 2.0 each query of several has a collection of its own inside (09-025r2, 11.3.3.5)."""
    kinds = list({page.query.kind.name: page.query.kind for page in answer.pages}.values())
    yield f'<?xml version="1.0" encoding="UTF-8"?>\n{_opening(answer, kinds)}\n'.encode()
    if len(answer.pages) == 1 or answer.dialect is not WFS20:
        for page in answer.pages:
            yield from _gml_members(page)
    else:
        for page in answer.pages:
            numbers = f'numberMatched="{number(page.matched)}" numberReturned="{page.returned}"'
            yield f'<wfs:member><wfs:FeatureCollection timeStamp="{answer.time}" {numbers}>\n'.encode()
            yield from _gml_members(page)
            yield b"</wfs:FeatureCollection></wfs:member>\n"
    yield b"</wfs:FeatureCollection>\n"


def _opening(answer: Answer, kinds: list[FeatureType]) -> str:
    links = "".join(
        f" {name}={quoteattr(link)}" for name, link in (("next", answer.next), ("previous", answer.previous)) if link
    )
    dialect = answer.dialect
    spaces = namespaces(kinds, answer.address, dialect)
    lock = f' lockId="{answer.lock}"' if answer.lock else ""
    if dialect is WFS11:
        found = answer.matched if answer.hits else answer.returned
        total = "" if found is None else f' numberOfFeatures="{found}"'
        return f'<wfs:FeatureCollection timeStamp="{answer.time}"{total}{lock}\n  {spaces}>'
    if dialect is WFS10:
        return f"<wfs:FeatureCollection{lock}\n  {spaces}>\n<gml:boundedBy><gml:null>unknown</gml:null></gml:boundedBy>"
    return (
        f'<wfs:FeatureCollection timeStamp="{answer.time}" numberMatched="{number(answer.matched)}" '
        f'numberReturned="{answer.returned}"{lock}{links}\n  {spaces}>'
    )


def number(matched: int | None) -> int | str:
    """numberMatched (09-025r2, 7.7.4.2)."""
    return "unknown" if matched is None else matched


def namespaces(kinds: Iterable[FeatureType], address: str, dialect: Dialect = WFS20) -> str:
    """The declarations of an answer's root, with where its schemas are."""
    kinds = list(kinds)
    space = kinds[0].namespace
    names = ",".join(kind.name for kind in kinds)
    asked = f"SERVICE=WFS&VERSION={dialect.version}&REQUEST=DescribeFeatureType&{dialect.type_parameter}={names}"
    where = f"{dialect.wfs} {dialect.wfs_xsd} {space.uri} {address}?{asked}"
    return (
        f'xmlns:wfs="{dialect.wfs}" xmlns:gml="{dialect.gml}" xmlns:xsi="{XSI}" '
        f"xmlns:{space.prefix}={quoteattr(space.uri)}\n"
        f"  xsi:schemaLocation={quoteattr(where)}"
    )


def _gml_members(page: Page) -> Iterator[memoryview]:
    query = page.query

    def written(batch: pa.RecordBatch) -> memoryview:
        return body(gml.members(batch, query.kind, query.notation, has_geometry=query.features.geometry))

    yield from _written(page, written)


def _written(page: Page, write: Callable[[pa.RecordBatch], memoryview]) -> Iterator[memoryview]:
    """The batches of a page, what is not read yet while others are written."""
    return map(write, page.held) if page.held is not None else ahead(_few_first(page.batches()), write)


def _few_first(batches: Iterator[pa.RecordBatch]) -> Iterator[pa.RecordBatch]:
    """The batches, the first in two: the client's first bytes do not wait for all of it."""
    with closing(batches):  # type: ignore[type-var]
        for batch in batches:
            yield batch.slice(0, FEW)
            if batch.num_rows > FEW:
                yield batch.slice(FEW)
            break
        yield from batches


def geojson_collection(answer: Answer) -> Iterator[Chunk]:
    """The collection in GeoJSON; `crs` names the CRS where it is not RFC 7946's, x first in any case."""
    first = answer.pages[0].query
    head: dict[str, object] = {
        "type": "FeatureCollection",
        "name": first.kind.layer.id,
        **({} if answer.matched is None else {"numberMatched": answer.matched}),
        "numberReturned": answer.returned,
        "timeStamp": answer.time,
    }
    if answer.lock:
        head["lockId"] = answer.lock
    if first.crs.id not in (CRS84, "EPSG:4326"):
        head["crs"] = {"type": "name", "properties": {"name": urn(first.crs.id)}}
    links = [
        {"rel": rel, "href": href, "type": "application/json"}
        for rel, href in (("next", answer.next), ("prev", answer.previous))
        if href
    ]
    if links:
        head["links"] = links
    yield orjson.dumps(head)[:-1] + b',"features":['
    yield from _without_first_comma(chunk for page in answer.pages for chunk in _geojson_features(page))
    yield b"\n]}\n"


def _geojson_features(page: Page) -> Iterator[memoryview]:
    query = page.query
    degrees = is_geographic(query.crs.id) if query.crs.id != query.kind.facts.crs else None

    def written(batch: pa.RecordBatch) -> memoryview:
        return body(geojson.features(batch, has_geometry=query.features.geometry, degrees=degrees))

    yield from _written(page, written)


def _without_first_comma(chunks: Iterator[memoryview]) -> Iterator[memoryview]:
    for chunk in chunks:
        yield chunk[1:]
        break
    yield from chunks
