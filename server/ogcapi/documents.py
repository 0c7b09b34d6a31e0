"""The documents of OGC API – Tiles, rendered ahead: they are answered while the engine sleeps."""

from collections.abc import Iterator

from layers.registry import Registry
from server.documents import Document
from server.ogcapi.tiles import addresses, written


def documents(registry: Registry) -> Iterator[Document]:
    """`ogcapi/tileMatrixSets…` and `ogcapi/collections/{id}/map/tiles…`."""
    for key, document in addresses(registry):
        yield Document(key, "application/json", written(document))
