"""Documents that are rendered ahead: capabilities, legends, TileJSON, pages. Each protocol yields its own.

Addresses in them start with `server.urls.BASE`; the front puts in the one that was asked.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.registry import Registry

PROTOCOLS = ("wms", "wfs", "wmts", "tms", "ogcapi", "styles", "portal")


@dataclass(frozen=True, slots=True)
class Document:
    """A rendered answer: the key it is found by, its media type, its bytes, headers beside the usual ones."""

    key: str
    content_type: str
    body: bytes
    headers: Mapping[str, str] = field(default_factory=dict)


def gather(registry: "Registry") -> Iterator[Document]:
    """The documents of every protocol that renders some ahead (its module `documents`)."""
    for protocol in PROTOCOLS:
        name = f"server.{protocol}.documents"
        if find_spec(name) is None:
            continue
        render = getattr(import_module(name), "documents", None)
        if render is not None:
            yield from render(registry)
