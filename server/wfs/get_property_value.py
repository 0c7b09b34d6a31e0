"""GetPropertyValue (OGC 09-025r2, 10): the values of one property of the features of a query."""

from collections.abc import Iterator
from contextlib import closing
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
from starlette.responses import Response

from layers.sources.batch import geometry, ids
from server.errors import InvalidParameterError, MissingParameterError
from server.wfs import gml, parameters
from server.wfs.answer import Answer, Page, answer_of
from server.wfs.asked import Asked
from server.wfs.collections import GML, WFS, WFS_XSD, XSI, number
from server.wfs.coordinates import body, joined
from server.wfs.get_feature import MEDIA_TYPES, answered
from server.wfs.names import xml_ids
from server.wfs.parameters import Query
from server.wfs.stored_queries import queries_of
from server.wfs.values import xml_texts


async def get_property_value(asked: Asked) -> Response:
    """A wfs:ValueCollection, one member for each feature that has a value."""
    parameters.check_resolve(asked.params)
    if parameters.output_format(asked) != "gml":
        raise InvalidParameterError("values are written in GML only", "outputFormat")
    if not asked.params.text("VALUEREFERENCE"):
        if "VALUEREFERENCE" in asked.params:
            raise InvalidParameterError("the parameter valueReference is empty", "valueReference")
        raise MissingParameterError("valueReference")
    found = [parameters.with_value(query, asked.params) for query in queries_of(asked)]
    queries, names = [query for query, _ in found], [name for _, name in found]
    hits = parameters.result_type(asked.params) == "hits"
    limit, offset = parameters.count(asked), parameters.start_index(asked)

    def made() -> Answer:
        return answer_of(asked, queries, limit, offset, hits=hits)

    return await answered(asked, made, partial(collection, names=names), MEDIA_TYPES["gml"])


def collection(answer: Answer, names: list[str | None]) -> Iterator[bytes]:
    """The collection of the values of a field of each page, or of the geometry (None)."""
    space = answer.pages[0].query.kind.namespace
    yield (
        '<?xml version="1.0" encoding="UTF-8"?>\n'
        f'<wfs:ValueCollection timeStamp="{answer.time}" numberMatched="{number(answer.matched)}" '
        f'numberReturned="{answer.returned}" xmlns:wfs="{WFS}" xmlns:gml="{GML}" xmlns:xsi="{XSI}" '
        f'xmlns:{space.prefix}="{space.uri}" xsi:schemaLocation="{WFS} {WFS_XSD}">\n'
    ).encode()
    for page, name in zip(answer.pages, names, strict=True):
        yield from _members(page, name)
    yield b"</wfs:ValueCollection>\n"


def _members(page: Page, name: str | None) -> Iterator[bytes]:
    with closing(page.batches()) as batches:  # type: ignore[type-var]
        for batch in batches:
            yield bytes(body(pc.fill_null(_values(batch, page.query, name), "")))


def _values(batch: pa.RecordBatch, query: Query, name: str | None) -> Any:
    if name == parameters.GML_ID:
        return joined("<wfs:member>", xml_ids(ids(batch)), "</wfs:member>\n")
    if name is not None:
        return joined("<wfs:member>", xml_texts(batch.column(1)), "</wfs:member>\n")
    names = xml_ids(ids(batch))
    shapes = gml.geometries(geometry(batch), names, query.notation, promoted=query.kind.facts.geometry)
    return joined("<wfs:member>", shapes, "</wfs:member>\n")
