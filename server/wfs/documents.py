"""The WFS documents that are rendered ahead: capabilities of the whole and of each theme that has features."""

from collections.abc import Iterator

from layers.registry import Registry
from server.documents import Document
from server.wfs import capabilities, capabilities_1_0, capabilities_1_1
from server.wfs.feature_type import feature_types

WRITERS = {
    "2.0.0": capabilities.document,
    "1.1.0": capabilities_1_1.document,
    "1.0.0": capabilities_1_0.document,
}


def documents(registry: Registry) -> Iterator[Document]:
    """Each capabilities document, under the key that the front looks up."""
    for version, write in WRITERS.items():
        yield Document(f"wfs/{version}/capabilities", "text/xml", write(registry))
        for theme in registry.themes:
            if any(feature_types(registry, theme)):
                yield Document(f"themes/{theme}/wfs/{version}/capabilities", "text/xml", write(registry, theme))
