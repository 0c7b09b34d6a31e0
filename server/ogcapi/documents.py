"""The documents of OGC API – Tiles, rendered ahead: they are answered while the engine sleeps."""

from collections.abc import Iterator
from itertools import chain

from layers.registry import Registry
from server.documents import Document
from server.ogcapi import vector_tiles
from server.ogcapi.tiles import addresses, written


def documents(registry: Registry) -> Iterator[Document]:
    """`ogcapi/tileMatrixSets…`, `ogcapi/collections/{id}/map/tiles…` and `ogcapi/collections/{id}/tiles…`."""
    for key, document in chain(addresses(registry), vector_tiles.addresses(registry)):
        yield Document(key, "application/json", written(document))
