"""MapQuery -> picture. Vector layers that follow each other are one Mapnik map; rasters are coloured and laid between.

Nothing here knows HTTP. The pixels that may be asked are limited by the protocols; a picture takes the memory of three.
"""

import math
import re
from collections import OrderedDict
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from itertools import groupby
from threading import Lock
from typing import Any

import numpy as np

from layers.crs import CRS84, BBox, beside, is_geographic, metres_per_unit, proj_crs
from layers.encode import as_image, encode, is_opaque, to_array, to_image
from layers.errors import SourceError
from layers.facts import RasterFacts, VectorFacts
from layers.formats import image_format
from layers.mapnik_env import mapnik
from layers.query import STANDARD_DPI, MapQuery, Selection
from layers.registry import Layer, Registry
from layers.selected import selected
from layers.sources import drawn, open_coverage, open_picture
from layers.styles.derived import DATA
from layers.styles.load import field_types, look_for
from layers.styles.mapnik import Drawn
from layers.styles.mapnik import drawn as look_of
from layers.styles.model import RasterSymbolizer
from layers.styles.paint import GROUND
from layers.styles.raster import RasterLook, to_rgba
from layers.styles.reach import FARTHEST, SYMBOL, Reach
from layers.styles.reach import reach as reach_of
from layers.terrain import terrain

MAPS = 32
"""Mapnik maps kept ready in a process."""

LEAST = 16
"""Pixels of the smallest picture that Mapnik draws."""

LINE_REACH = 16
"""The most where only lines and fills are drawn."""

_SYMBOLS = re.compile(r"<(?:Markers|Point|Text|Shield|Group|Dot)Symbolizer")
_UNEVEN = re.compile(r"<(?!Line|Polygon)\w+Symbolizer|<\w+PatternSymbolizer|miterlimit|transform|offset|smooth")
_WIDTH = re.compile(r'stroke-width="([^"]*)"')
_NUMBER = re.compile(r"\d+(?:\.\d*)?")


@dataclass(frozen=True, slots=True)
class Ready:
    """A Mapnik map with its styles and datasources, and how far from features its symbols reach."""

    map: Any
    reach: Reach
    ground_units: bool


_maps: OrderedDict[Any, Ready] = OrderedDict()
_one_at_a_time = Lock()
"""OGR layers cannot be read by two maps at once, and processes are what gains (two threads: 1.1–1.6 ×)."""


def warm() -> None:
    """Pay ahead, in a worker, for what the first picture would wait for: imports, fonts, PROJ's database."""
    canvas = mapnik.Image(16, 16)
    mapnik.render(mapnik.Map(16, 16, "epsg:3857"), canvas)
    mapnik.ProjTransform(mapnik.Projection("epsg:2154"), mapnik.Projection("epsg:3857"))
    encode(canvas, "image/png")


def render_map(registry: Registry, query: MapQuery) -> bytes:
    """The picture in the query's format. Raises UnknownLayerError, UnknownStyleError, SourceError."""
    return encode(_drawn(registry, query), query.format, opaque=not query.transparent)


def draw(registry: Registry, query: MapQuery) -> Any:
    """The picture as a mapnik.Image, of exactly width × height.

    Raises UnknownLayerError, UnknownStyleError, SourceError.
    """
    return as_image(_drawn(registry, query))


def _drawn(registry: Registry, query: MapQuery) -> Any:
    """A mapnik.Image; or where nothing is drawn on a picture without a hole its pixels, height × width × RGBA."""
    if min(query.width, query.height) < LEAST:
        return _cut(draw(registry, _enlarged(query)), query)
    canvas: Any = None
    for kind, items in groupby(_shown(registry, query), _run):
        if kind == "together":
            canvas = _canvas(query) if canvas is None else as_image(canvas)
            _draw_vectors(canvas, list(items), query)
            continue
        for layer, selection in items:
            canvas = _draw_alone(canvas, layer, selection, query)
    return _canvas(query) if canvas is None else canvas


@contextmanager
def prepared(registry: Registry, query: MapQuery) -> Iterator[Any]:
    """A mapnik.Map of a query's vector layers, for one drawing: no other is made meanwhile.

    Raises UnknownLayerError, UnknownStyleError, SourceError.
    """
    group = _shown(registry, query)
    with _one_at_a_time:
        ready = _new_map(group, query, metre=_pixels_per_metre(query) * STANDARD_DPI / query.dpi)
        ready.map.zoom_to_box(mapnik.Box2d(*query.bbox))
        ready.map.buffer_size = round(_reaching(ready.reach, query))
        yield ready.map


def _shown(registry: Registry, query: MapQuery) -> list[tuple[Layer, Selection]]:
    """What is drawn at this scale, and from which of its copies. Raises UnknownLayerError, UnknownStyleError."""
    found = (item for item in selected(registry, query.layers) if _in_scale(item[0], query))
    return [(drawn.in_crs(layer, selection, query.crs), selection) for layer, selection in found]


def _enlarged(query: MapQuery) -> MapQuery:
    """The same picture with more to its right and below, as small as Mapnik draws (it ignores smaller sizes)."""
    left, bottom, right, top = query.bbox
    width, height = max(query.width, LEAST), max(query.height, LEAST)
    right = left + (right - left) / query.width * width
    bottom = top - (top - bottom) / query.height * height
    return replace(query, bbox=(left, bottom, right, top), width=width, height=height)


def _cut(image: Any, query: MapQuery) -> Any:
    if image.premultiplied():
        image.demultiply()
    return to_image(to_array(image)[: query.height, : query.width])


def _canvas(query: MapQuery) -> Any:
    canvas = mapnik.Image(query.width, query.height)
    if not (query.transparent and _has_alpha(query.format)):
        canvas.fill(mapnik.Color(query.background))
    return canvas


def _has_alpha(name: str) -> bool:
    kind = image_format(name)
    return kind is None or kind.alpha


def _in_scale(layer: Layer, query: MapQuery) -> bool:
    """Whether a layer is shown at the scale of a picture, its resolution taken into account."""
    scale = query.scale_denominator * query.dpi / STANDARD_DPI
    least, most = layer.definition.min_scale, layer.definition.max_scale
    return (least is None or scale >= least) and (most is None or scale < most)


def _run(item: tuple[Layer, Selection]) -> str:
    layer, selection = item
    return "together" if isinstance(layer.facts, VectorFacts) and selection.opacity >= 1 else "alone"


def _draw_alone(canvas: Any, layer: Layer, selection: Selection, query: MapQuery) -> Any:
    """The canvas with a raster, another server's picture, or a vector layer of some opacity on it.

    A picture without a hole that comes first is the canvas: nothing of a background would be seen.
    """
    if isinstance(layer.facts, VectorFacts):
        image = mapnik.Image(query.width, query.height)
        _draw_vectors(image, [(layer, selection)], query)
    else:
        picture = _raster(layer, selection, query) if isinstance(layer.facts, RasterFacts) else _picture(layer, query)
        if picture is None:
            return canvas
        if canvas is None and selection.opacity >= 1 and is_opaque(picture):
            return picture
        image = to_image(picture)
    canvas = _canvas(query) if canvas is None else as_image(canvas)
    canvas.composite(image, mapnik.CompositeOp.src_over, selection.opacity)
    return canvas


def _picture(layer: Layer, query: MapQuery) -> Any:
    return open_picture(layer).picture(query.bbox, query.crs, query.width, query.height)


def raster_pixels(layer: Layer, selection: Selection, query: MapQuery) -> Any:
    """Height × width × RGBA of a raster layer alone; None where there is nothing, or nothing at this scale."""
    return _raster(layer, selection, query) if _in_scale(layer, query) else None


def fields_of(layer: Layer, style: str) -> frozenset[str]:
    """The fields of a vector layer that a style reads."""
    return _look(layer, Selection(layer.id, style), "0").fields


def _raster(layer: Layer, selection: Selection, query: MapQuery) -> Any:
    """Height × width × RGBA, None where there is nothing."""
    coverage = open_coverage(layer)
    time = selection.time[-1] if selection.time else None
    symbolizer = look_for(layer, selection).raster or RasterSymbolizer()
    if symbolizer.relief is not None:
        return terrain(coverage, symbolizer, query, time)
    pixels = coverage.read(query.bbox, query.crs, query.width, query.height, time=time)
    if selection.ranges:
        pixels = _within(pixels, selection.ranges)
    if pixels.mask.all():
        return None
    source = coverage.source
    look = RasterLook(symbolizer, coverage.palette(), source.limits, ranged=source.percentiles is not None)
    return to_rgba(look, pixels, coverage.facts)


def _within(pixels: Any, ranges: tuple[tuple[float, float], ...]) -> Any:
    """Pixels without those whose first band's value is in none of the ranges."""
    shown = np.zeros(pixels.shape[1:], bool)
    for low, high in ranges:
        shown |= (pixels.data[0] >= low) & (pixels.data[0] <= high)
    return np.ma.MaskedArray(pixels.data, mask=np.ma.getmaskarray(pixels) | ~shown)


def _draw_vectors(canvas: Any, group: list[tuple[Layer, Selection]], query: MapQuery) -> None:
    scale = query.dpi / STANDARD_DPI
    with _one_at_a_time:
        ready = _map(group, query)
        ready.map.resize(query.width, query.height)
        ready.map.zoom_to_box(mapnik.Box2d(*query.bbox))
        ready.map.buffer_size = round(_reaching(ready.reach, query))
        try:
            if ready.ground_units:
                mapnik.render_with_vars(ready.map, canvas, {"metre": _pixels_per_metre(query) / scale}, scale)
            else:
                mapnik.render(ready.map, canvas, scale)
        except RuntimeError as error:
            raise SourceError(f"{', '.join(layer.id for layer, _ in group)}: cannot be drawn: {error}") from None


def _pixels_per_metre(query: MapQuery) -> float:
    return query.width / ((query.bbox[2] - query.bbox[0]) * metres_per_unit(query.crs))


def _map(group: list[tuple[Layer, Selection]], query: MapQuery) -> Ready:
    """The Mapnik map of some layers, kept for the next picture of the same."""
    if not all(selection.look is None and drawn.is_kept(layer, selection) for layer, selection in group):
        return _new_map(group, query)
    key = (query.crs, *((layer.stamp, repr(selection)) for layer, selection in group))
    if key not in _maps:
        _maps[key] = _new_map(group, query)
        while len(_maps) > MAPS:
            _maps.popitem(last=False)
    _maps.move_to_end(key)
    return _maps[key]


def _new_map(group: list[tuple[Layer, Selection]], query: MapQuery, metre: float | None = None) -> Ready:
    """Layers in their order, their labels after all of them, so that no later layer hides a label.

    `metre` is put in for ground units where the drawing takes no variables.
    """
    looks = [_look(layer, selection, str(n)) for n, (layer, selection) in enumerate(group)]
    styles = "".join(xml for look in looks for _, xml in (*look.styles, *look.labels))
    document = f"<Map>{''.join({look.font_sets: None for look in looks})}{styles}</Map>"
    if metre is not None:
        document = document.replace(GROUND, repr(metre))
    drawing = mapnik.Map(query.width, query.height)
    try:
        mapnik.load_map_from_string(drawing, document)
    except RuntimeError as error:
        raise SourceError(f"{', '.join(layer.id for layer, _ in group)}: the style cannot be drawn: {error}") from None
    alike = all(srs(layer.crs) == srs(query.crs) for layer, _ in group)
    drawing.srs = _words_of_its_kind(query.crs) if alike else srs(query.crs, *(layer.crs for layer, _ in group))
    drawing.aspect_fix_mode = mapnik.aspect_fix_mode.RESPECT
    reach = Reach(_reach(styles))
    for layer, selection in group:
        reach = reach.joined(reach_of(look_for(layer, selection)))
    seen = _grown(query, _reaching(reach, query))
    sources: dict[Any, Any] = {}
    for part in ("styles", "labels"):
        for (layer, selection), look in zip(group, looks, strict=True):
            shown = {name: look.sources.get(name, DATA) for name, _ in getattr(look, part)}
            for asked, names in groupby(shown, shown.__getitem__):
                key = (id(look), asked)
                if key not in sources:
                    sources[key] = drawn.datasource(layer, selection, seen, query.crs, look.fields, asked)
                words = _words_of_its_kind(layer.crs) if alike else srs(layer.crs, query.crs)
                drawing.layers.append(_layer(layer, words, sources[key], list(names)))
    return Ready(drawing, reach, any(look.ground_units for look in looks))


def _reaching(reach: Reach, query: MapQuery) -> float:
    """Pixels of the picture around it in which features are looked for."""
    pixels = max(reach.pixels * query.dpi / STANDARD_DPI, reach.metres * _pixels_per_metre(query))
    return min(pixels, FARTHEST * max(query.dpi / STANDARD_DPI, 1.0))


def _reach(styles: str) -> float:
    """Pixels of the standard's size around a picture from which something of a feature may be seen in it."""
    if _SYMBOLS.search(styles):
        return SYMBOL
    widths = _WIDTH.findall(styles)
    if _UNEVEN.search(styles) or not all(_NUMBER.fullmatch(width) for width in widths):
        return LINE_REACH
    # A mitre reaches twice the width, four times its half; a line without a width has that of a pixel.
    return min(LINE_REACH, math.ceil(2 * max([1.0, *map(float, widths)])) + 1)


def _grown(query: MapQuery, pixels: float) -> BBox:
    """The box of a picture with some pixels around it, from which symbols and labels reach in."""
    left, bottom, right, top = query.bbox
    across, down = (right - left) / query.width * pixels, (top - bottom) / query.height * pixels
    return (left - across, bottom - down, right + across, top + down)


def _look(layer: Layer, selection: Selection, prefix: str) -> Drawn:
    return look_of(look_for(layer, selection), prefix, field_types(layer))


def _layer(layer: Layer, words: str, source: Any, styles: list[str]) -> Any:
    shown = mapnik.Layer(layer.id, words)
    shown.datasource = source
    # several styles read the features once; what is kept in memory is what the picture shows
    shown.cache_features = len(styles) > 1
    for name in styles:
        shown.styles.append(name)
    return shown


def srs(crs: str, *others: str) -> str:
    """A CRS in Mapnik's words, beside others; Mapnik has x first whatever the order of the axes."""
    told = next((found for other in others if (found := beside(crs, other)) != proj_crs(crs)), None)
    if told is not None:
        return told.to_json()
    return "epsg:4326" if crs == CRS84 else crs.lower()


def _words_of_its_kind(crs: str) -> str:
    """The CRS in degrees or in metres that Mapnik knows by heart, where nothing is transformed.

    All that it asks of a map's CRS then is which of the two it is, and it asks PROJ's database, for every picture: that
    takes as long as drawing some streets.
    """
    return "epsg:4326" if is_geographic(crs) else "epsg:3857"
