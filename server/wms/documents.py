"""The documents of WMS that are rendered ahead: capabilities, and the legend of every style.

Keys: `wms/{version}/capabilities` in the service's own language, `wms/{version}/capabilities.{fr|en}` in both,
the same below `themes/{theme}/`; `wms/legend/{layer}/{style}.png`.
"""

from collections.abc import Iterator, Mapping
from functools import lru_cache

from layers.legend import legend, legend_size
from layers.registry import Registry
from server.documents import Document
from server.wms.capabilities import View, capabilities
from server.wms.extents import Boxes, extents
from server.wms.parameters import LANGUAGES, VERSIONS

CAPABILITIES_TYPES = {"1.3.0": "text/xml", "1.1.1": "application/vnd.ogc.wms_xml"}


def documents(registry: Registry) -> Iterator[Document]:
    """Every document of WMS for a registry."""
    boxes = extents(registry)
    sizes = {language: legend_sizes(registry, language) for language in LANGUAGES}
    for theme in (None, *registry.themes):
        prefix = "wms" if theme is None else f"themes/{theme}/wms"
        for version in VERSIONS:
            for language in LANGUAGES:
                body = capabilities(View(registry, theme, version, language, boxes, sizes[language]))
                key = f"{prefix}/{version}/capabilities"
                yield Document(f"{key}.{language}", CAPABILITIES_TYPES[version], body)
                if language == registry.service.language:
                    yield Document(key, CAPABILITIES_TYPES[version], body)
    for layer in registry.layers.values():
        for style in layer.styles:
            picture = legend(registry, layer.id, style, language=registry.service.language, transparent=True)
            yield Document(f"wms/legend/{layer.id}/{style}.png", "image/png", picture)


def legend_sizes(registry: Registry, language: str = "") -> dict[tuple[str, str], tuple[int, int]]:
    """Width and height in pixels of every style's legend in a language, the service's own by default."""
    spoken = language or registry.service.language
    return {
        (layer.id, style): legend_size(registry, layer.id, style, language=spoken)
        for layer in registry.layers.values()
        for style in layer.styles
    }


def capabilities_of(registry: Registry, theme: str | None, version: str, language: str) -> bytes:
    """One capabilities document, kept while the registry lives."""
    return _kept(_ByVersion(registry), theme, version, language)


class _ByVersion:
    """A registry as the key of a cache: two are equal where their versions are."""

    def __init__(self, registry: Registry) -> None:
        self.registry = registry

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _ByVersion) and other.registry.version == self.registry.version

    def __hash__(self) -> int:
        return hash(self.registry.version)


@lru_cache(maxsize=64)
def _kept(key: _ByVersion, theme: str | None, version: str, language: str) -> bytes:
    boxes, sizes = _measured(key, language)
    return capabilities(View(key.registry, theme, version, language, boxes, sizes))


@lru_cache(maxsize=2)
def _measured(key: _ByVersion, language: str) -> tuple[Mapping[str, Boxes], Mapping[tuple[str, str], tuple[int, int]]]:
    return extents(key.registry), legend_sizes(key.registry, language)
