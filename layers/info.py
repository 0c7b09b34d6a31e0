"""What lies under a pixel of a picture (GetFeatureInfo: OGC 06-042, 7.4): features, or the values of bands."""

from dataclasses import dataclass, field
from typing import Any

import numpy as np
import shapely

from layers.crs import BBox, metres_per_unit
from layers.facts import RasterFacts, VectorFacts
from layers.query import STANDARD_DPI, FeatureQuery, MapQuery, PointQuery, Selection
from layers.registry import Layer, Registry
from layers.selected import selected
from layers.sources import open_coverage, open_features
from layers.sources.batch import geometry, ids, properties
from layers.styles.expressions import greatest, walk
from layers.styles.load import look_for
from layers.styles.model import ColorMap, Graphic, Stroke, Style, Symbolizer

CANDIDATES = 5000
"""Features looked at for one layer, at most: a pixel of a small-scale map may have any number."""


WIDEST = 32.0
"""Pixels of the standard's size beyond which a symbol no longer widens the search."""

HAIR = 1e-6
"""Part of a pixel over which a raster's value is read: the point itself."""


@dataclass(frozen=True, slots=True)
class InfoFeature:
    """A feature: its id, the fields that the registry shows by name, its geometry in the map's CRS, x first."""

    id: str
    properties: dict[str, Any]
    geometry: shapely.Geometry | None = None


@dataclass(frozen=True, slots=True)
class BandValue:
    """A band's value at a point; `label` is what the legend calls it, where it has a class of its own."""

    band: str
    value: int | float
    label: str = ""


@dataclass(frozen=True, slots=True)
class LayerInfo:
    """What a layer has at a point. A raster has one feature too, whose properties are its values."""

    layer: str
    features: tuple[InfoFeature, ...] = ()
    values: tuple[BandValue, ...] = field(default=())


def point_info(registry: Registry, query: PointQuery) -> list[LayerInfo]:
    """What each layer of the query's map has at the pixel, in their order; at most `query.limit` features a layer.

    Raises UnknownLayerError, UnknownStyleError, SourceError. Another server's pictures tell nothing.
    """
    return [_info(layer, selection, query) for layer, selection in selected(registry, query.map.layers)]


def _info(layer: Layer, selection: Selection, query: PointQuery) -> LayerInfo:
    if isinstance(layer.facts, VectorFacts):
        return LayerInfo(layer.id, _features(layer, selection, query))
    if isinstance(layer.facts, RasterFacts):
        return _pixel(layer, selection, query)
    return LayerInfo(layer.id)


def _cell(picture: MapQuery) -> tuple[float, float]:
    """Width and height of a pixel in units of the map's CRS."""
    left, bottom, right, top = picture.bbox
    return (right - left) / picture.width, (top - bottom) / picture.height


def _point(query: PointQuery) -> tuple[float, float]:
    """The middle of the pixel."""
    across, down = _cell(query.map)
    return query.map.bbox[0] + (query.column + 0.5) * across, query.map.bbox[3] - (query.row + 0.5) * down


def _around(query: PointQuery, pixels: float) -> BBox:
    (x, y), (across, down) = _point(query), _cell(query.map)
    return (x - pixels * across, y - pixels * down, x + pixels * across, y + pixels * down)


def _features(layer: Layer, selection: Selection, query: PointQuery) -> tuple[InfoFeature, ...]:
    """The nearest first; of features at one distance, the one that is drawn over the others."""
    radius = _radius(look_for(layer, selection), query)
    shown = tuple(f.name for f in layer.facts.fields if not _hidden(layer, f.name))  # type: ignore[union-attr]
    asked = FeatureQuery(
        layer.id,
        query.map.crs,
        bbox=_around(query, radius),
        bbox_crs=query.map.crs,
        filter=selection.filter,
        properties=shown,
        time=selection.time,
        limit=CANDIDATES,
    )
    near: list[tuple[float, int, InfoFeature]] = []
    for batch in open_features(layer).features(asked):
        shapes = shapely.from_wkb(geometry(batch).to_numpy(zero_copy_only=False))
        distances = _distances(shapes, query)
        for row in np.flatnonzero(distances <= radius).tolist():
            near.append((float(distances[row]), -len(near), _feature(batch, row, shapes[row], shown)))
    near.sort(key=lambda item: item[:2])
    return tuple(feature for *_, feature in near[: query.limit])


def _hidden(layer: Layer, name: str) -> bool:
    alias = layer.definition.fields.get(name)
    return alias is not None and alias.hidden


def _feature(batch: Any, row: int, shape: shapely.Geometry, shown: tuple[str, ...]) -> InfoFeature:
    columns = properties(batch, has_geometry=True)
    return InfoFeature(str(ids(batch)[row].as_py()), {name: columns[name][row].as_py() for name in shown}, shape)


def _distances(shapes: Any, query: PointQuery) -> Any:
    """Pixels from the point; in degrees a pixel may be wider than high, so shapes are measured in pixels."""
    origin, cell = np.array(_point(query)), np.array(_cell(query.map))
    moved = shapely.transform(shapes, lambda xy: (xy - origin) / cell)
    return np.nan_to_num(shapely.distance(moved, shapely.Point(0, 0)), nan=np.inf)


def _radius(style: Style, query: PointQuery) -> float:
    """The query's radius, or as far as the style's widest symbol reaches from its place, in pixels of the map."""
    factor = query.map.dpi / STANDARD_DPI
    symbolizers = [symbolizer for part in style.parts for rule in part.rules for symbolizer in rule.symbolizers]
    reach = max((_reach(symbolizer, query.map, factor) for symbolizer in symbolizers), default=0.0)
    return max(query.radius * max(factor, 1.0), min(reach, WIDEST * factor))


def _reach(symbolizer: Symbolizer, picture: MapQuery, factor: float) -> float:
    """Half of a symbolizer's widest graphic or line, in pixels of the map; sizes may be metres on the ground."""
    parts = list(walk(symbolizer))
    sizes = [greatest(part.size) or 0.0 for part in parts if isinstance(part, Graphic)]
    widths = [greatest(part.width) or 0.0 for part in parts if isinstance(part, Stroke)]
    ground = {"metre": 1.0, "foot": 0.3048}.get(symbolizer.unit)
    pixel = _cell(picture)[0] * metres_per_unit(picture.crs)
    return max((*sizes, *widths), default=0.0) / 2 * (ground / pixel if ground else factor)


def _pixel(layer: Layer, selection: Selection, query: PointQuery) -> LayerInfo:
    coverage = open_coverage(layer)
    time = selection.time[-1] if selection.time else None
    box = _around(query, HAIR)
    pixels = coverage.read(box, query.map.crs, 1, 1, time=time, resampling="nearest")
    symbolizer = look_for(layer, selection).raster
    # Of a slope's colour map, the classes are not those of heights.
    color_map = symbolizer.color_map if symbolizer and not symbolizer.relief else None
    values = tuple(
        BandValue(name, value, _label(color_map, value))
        for name, value in zip(_names(layer), _values(pixels), strict=True)
        if value is not None and name != "alpha"
    )
    if not values:
        return LayerInfo(layer.id)
    properties: dict[str, Any] = {value.band: value.value for value in values}
    if values[0].label:
        properties["label"] = values[0].label
    if time:
        properties["time"] = time
    return LayerInfo(layer.id, (InfoFeature(f"{layer.id}.pixel", properties, shapely.Point(_point(query))),), values)


def _names(layer: Layer) -> list[str]:
    """A name for each band: the file's own description, else its colour, else its number; "value" of a single one."""
    bands = layer.facts.bands  # type: ignore[union-attr]
    single = sum(band.interpretation != "alpha" for band in bands) == 1
    names: list[str] = []
    for place, band in enumerate(bands, 1):
        colour = band.interpretation if band.interpretation in ("red", "green", "blue", "alpha") else ""
        name = band.description or colour or ("value" if single else f"band_{place}")
        names.append(name if name not in names else f"{name}_{place}")
    return names


def _values(pixels: Any) -> list[int | float | None]:
    """Each band's value, None where it is masked; the shortest number that is the same in the band's own type."""
    values = [None if pixel is np.ma.masked else pixel for pixel in pixels[:, 0, 0]]
    return [None if v is None else int(v) if v.dtype.kind in "iu" else float(str(v)) for v in values]


def _label(color_map: ColorMap | None, value: int | float) -> str:
    """The class that a value is in: of colour maps by value or by interval."""
    if color_map is None or color_map.kind == "ramp":
        return ""
    if color_map.kind == "values":
        return next((stop.label for stop in color_map.stops if abs(stop.value - value) < 1e-6), "")
    return next((stop.label for stop in color_map.stops if value < stop.value), "")
