"""What runs in the render processes, which alone import Mapnik, rasterio and pyogrio: the engine stays small."""

from typing import Any

from layers.query import MapQuery, PointQuery
from layers.registry import Registry


def picture(registry: Registry, query: MapQuery) -> bytes:
    """The map, encoded."""
    from layers.render import render_map

    return render_map(registry, query)


def information(registry: Registry, query: PointQuery, name: str, language: str) -> bytes:
    """What lies under a pixel, in an information format, with titles in "fr" or "en"."""
    from layers.info import point_info

    from server.wms.info_formats import FORMATS, Answer, found

    infos = point_info(registry, query)
    return FORMATS[name](Answer(registry, query, found(registry, infos, language), language))


def legend(registry: Registry, layer_id: str, style: str, options: dict[str, Any]) -> bytes:
    """The legend of a layer's style, a PNG."""
    from layers.legend import legend as drawn

    return drawn(registry, layer_id, style, **options)


def capabilities(registry: Registry, theme: str | None, version: str, language: str) -> bytes:
    """The capabilities of a theme, or of all."""
    from server.wms.documents import capabilities_of

    return capabilities_of(registry, theme, version, language)
