"""What runs in the render processes, which alone import Mapnik, rasterio and pyogrio: the engine stays small."""

from dataclasses import replace

from layers.query import LegendQuery, MapQuery, PointQuery
from layers.registry import Registry
from server.wms.formats import DRAWINGS


def picture(registry: Registry, query: MapQuery) -> bytes:
    """The map, encoded."""
    if query.format == "image/tiff":
        from layers.geotiff import geotiff

        return geotiff(registry, query)
    if query.format in DRAWINGS:
        from layers.drawing_file import drawing_file

        return drawing_file(registry, query)
    from layers.render import render_map

    return render_map(registry, query)


def animation(registry: Registry, frames: tuple[MapQuery, ...], delay: int) -> bytes:
    """Maps that play one after the other, each for `delay` milliseconds."""
    from layers import animation as animations

    return animations.animation(registry, frames, delay)


def information(registry: Registry, query: PointQuery, name: str, language: str) -> bytes:
    """What lies under a pixel, in an information format, with titles in "fr" or "en"."""
    from layers.info import point_info
    from server.wms.info_formats import FORMATS, Answer, found

    infos = point_info(registry, query)
    return FORMATS[name](Answer(registry, query, found(registry, infos, language), language))


def legend(registry: Registry, query: LegendQuery, name: str, context: MapQuery | None) -> bytes:
    """The legend of a layer's style, a PNG or JSON; of what occurs in a picture, where one is given."""
    from layers import legend as legends

    if context is not None:
        from layers.legend_context import occurring

        query = replace(query, only=occurring(registry, context, query.language))
    return (legends.legend_json if name == "application/json" else legends.legend)(registry, query)


def capabilities(
    registry: Registry, groups: frozenset[str], theme: str | None, version: str, language: str, tiled: bool
) -> bytes:
    """The capabilities of a theme, or of all, as members of these groups see them."""
    from server.wms.documents import capabilities_of

    return capabilities_of(registry.reached_by(groups), theme, version, language, tiled=tiled)
