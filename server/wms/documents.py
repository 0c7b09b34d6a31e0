"""The documents of WMS that are rendered ahead: capabilities, and the legend of every style.

Keys: `wms/{version}/capabilities` in the service's own language, `wms/{version}/capabilities.{fr|en}` in both,
the same below `themes/{theme}/`; `wms/legend/{layer}/{style}.png`.
"""

from collections.abc import Iterator

from layers.legend import legend
from layers.query import LegendQuery
from layers.registry import Registry
from server.documents import Document
from server.wms.capabilities import View, capabilities
from server.wms.get_capabilities import CAPABILITIES_TYPES
from server.wms.parameters import LANGUAGES, VERSIONS


def documents(registry: Registry) -> Iterator[Document]:
    """Every document of WMS for a registry."""
    for theme in (None, *registry.themes):
        prefix = "wms" if theme is None else f"themes/{theme}/wms"
        for version in VERSIONS:
            for language in LANGUAGES:
                body = capabilities_of(registry, theme, version, language)
                key = f"{prefix}/{version}/capabilities"
                yield Document(f"{key}.{language}", CAPABILITIES_TYPES[version], body)
                if language == registry.service.language:
                    yield Document(key, CAPABILITIES_TYPES[version], body)
    for layer in registry.layers.values():
        for style in layer.styles:
            picture = legend(registry, LegendQuery(layer.id, style, registry.service.language))
            yield Document(f"wms/legend/{layer.id}/{style}.png", "image/png", picture)


def legend_sizes(registry: Registry, language: str = "") -> dict[tuple[str, str], tuple[int, int]]:
    """Width and height in pixels of every style's legend in a language, the service's own by default."""
    spoken = language or registry.service.language
    return {
        (layer.id, style): size for layer in registry.layers.values() for style, size in layer.legends[spoken].items()
    }


def capabilities_of(
    registry: Registry, theme: str | None, version: str, language: str, *, tiled: bool = False
) -> bytes:
    """One capabilities document, of 1.1.1 also with tile sets."""
    boxes = {layer.id: layer.boxes for layer in registry.layers.values()}
    return capabilities(View(registry, theme, version, language, boxes, legend_sizes(registry, language), tiled))
