"""Heights as light and shade, or as slopes, for one picture."""

from dataclasses import replace
from typing import Any

import numpy as np
from pyproj import Geod

from layers.crs import CRS84, is_geographic, metres_per_unit, transformer
from layers.facts import Band
from layers.query import MapQuery
from layers.sources.coverage import Coverage
from layers.styles.model import RasterSymbolizer
from layers.styles.raster import RasterLook, to_rgba
from layers.styles.relief import MARGIN, Relief, level, relief

STEEP = 45.0
"""Degrees that are white where slopes have no colour map."""
_TINY = 1e-3
"""A factor of heights below which it turns metres into degrees."""
_GEOD = Geod(ellps="WGS84")


def terrain(coverage: Coverage, symbolizer: RasterSymbolizer, query: MapQuery, time: str | None) -> Any:
    """Height × width × RGBA of a picture, None where there is nothing.

    Slopes take the colour map; a hillshade darkens and brightens its colours, or is gray without one.
    """
    what = _in_metres(symbolizer.relief or Relief(), coverage.facts.crs)
    wide = _widened(query)
    # Steps of nearest pixels would be taken for cliffs.
    method = "bilinear" if coverage.source.resampling == "nearest" else None
    heights = coverage.read(wide.bbox, wide.crs, wide.width, wide.height, time=time, resampling=method)[:1]
    inner = heights[:, MARGIN:-MARGIN, MARGIN:-MARGIN]
    if np.ma.getmaskarray(inner).all():
        return None
    made = relief(what, heights[0], ground_pixel(query))
    if what.kind == "slope" or symbolizer.color_map is None:
        band = Band(str(made.dtype), "gray", None, 0.0, STEEP)
        facts = replace(coverage.facts, bands=(band,))
        return to_rgba(RasterLook(replace(symbolizer, channels=())), made[None], facts)
    picture = to_rgba(RasterLook(replace(symbolizer, channels=())), inner, coverage.facts)
    bright = np.ma.getdata(made).astype(np.float32) / np.float32(255 * level(what))
    picture[..., :3] = np.clip(picture[..., :3] * bright[..., None] + 0.5, 0, 255).astype(np.uint8)
    return picture


def _in_metres(what: Relief, crs: str) -> Relief:
    """The relief with a factor for heights in metres.

    QGIS and GeoServer count distances in the data's degrees, so styles for such data have a factor of about 1 / 111120,
    which is meant to exaggerate nothing.
    """
    tiny = is_geographic(crs) and 0 < what.factor < _TINY
    return replace(what, factor=what.factor * metres_per_unit(crs)) if tiny else what


def _widened(query: MapQuery) -> MapQuery:
    left, bottom, right, top = query.bbox
    across, down = (right - left) / query.width * MARGIN, (top - bottom) / query.height * MARGIN
    box = (left - across, bottom - down, right + across, top + down)
    return replace(query, bbox=box, width=query.width + 2 * MARGIN, height=query.height + 2 * MARGIN)


def ground_pixel(query: MapQuery) -> tuple[float, float]:
    """Width and height of a pixel in metres on the ground, in the middle of the picture."""
    left, bottom, right, top = query.bbox
    x, y = (left + right) / 2, (bottom + top) / 2
    across, down = (right - left) / query.width / 2, (top - bottom) / query.height / 2
    xs, ys = [x - across, x + across, x, x], [y, y, y - down, y + down]
    lon, lat = transformer(query.crs, CRS84).transform(xs, ys)
    _, _, distances = _GEOD.inv([lon[0], lon[2]], [lat[0], lat[2]], [lon[1], lon[3]], [lat[1], lat[3]])
    wide, high = (float(distance) if np.isfinite(distance) and distance > 0 else 1.0 for distance in distances)
    return wide, high
