"""The documents of WMTS that are rendered ahead: the capabilities of the whole service and of each theme."""

from collections.abc import Iterator

from layers.registry import Registry
from server.documents import Document
from server.wms.documents import legend_sizes
from server.wmts.capabilities import View, capabilities

CONTENT_TYPE = "application/xml"


def documents(registry: Registry) -> Iterator[Document]:
    """`wmts/1.0.0/capabilities`, and the same below `themes/{theme}/`."""
    legends = legend_sizes(registry)
    for theme in (None, *registry.themes):
        prefix = "wmts" if theme is None else f"themes/{theme}/wmts"
        yield Document(f"{prefix}/1.0.0/capabilities", CONTENT_TYPE, capabilities(View(registry, theme, legends)))
