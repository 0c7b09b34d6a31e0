"""The WFS documents that are rendered ahead: capabilities of the whole and of each theme that has features."""

from collections.abc import Iterator

from layers.registry import Registry
from server.documents import Document
from server.wfs.capabilities import document
from server.wfs.feature_type import feature_types


def documents(registry: Registry) -> Iterator[Document]:
    """Each capabilities document, under the key that the front looks up."""
    yield Document("wfs/2.0.0/capabilities", "text/xml", document(registry))
    for theme in registry.themes:
        if any(feature_types(registry, theme)):
            yield Document(f"themes/{theme}/wfs/2.0.0/capabilities", "text/xml", document(registry, theme))
