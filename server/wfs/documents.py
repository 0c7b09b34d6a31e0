"""The WFS documents that are rendered ahead: capabilities of the whole and of each theme that has features."""

from collections.abc import Iterator

from layers.registry import Registry
from server.documents import Document
from server.wfs import capabilities, capabilities_1_0, capabilities_1_1
from server.wfs.feature_type import feature_types
from server.wfs.ows import SECTIONS
from server.wfs.view import LANGUAGES

WRITERS = {
    "2.0.0": capabilities.document,
    "1.1.0": capabilities_1_1.document,
    "1.0.0": capabilities_1_0.document,
}


def documents(registry: Registry) -> Iterator[Document]:
    """Each capabilities document in each language, under the key that the front looks up."""
    themes = [theme for theme in registry.themes if any(feature_types(registry, theme))]
    for version, write in WRITERS.items():
        for theme in (None, *themes):
            key = f"themes/{theme}/wfs/{version}/capabilities" if theme else f"wfs/{version}/capabilities"
            for language in LANGUAGES:
                body = write(registry, theme, SECTIONS, language)
                yield Document(f"{key}.{language}", "text/xml", body)
                if language == registry.service.language:
                    yield Document(key, "text/xml", body)
