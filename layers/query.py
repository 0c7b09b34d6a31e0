"""What is asked of layers: frozen, free of HTTP, axis order already undone.

Every bbox is (xmin, ymin, xmax, ymax) with x the easting or longitude, whatever the order of the CRS's axes.
Every CRS is written `AUTHORITY:CODE` as `layers.crs.Crs.id` gives it ("EPSG:2154", "OGC:CRS84").
"""

from dataclasses import dataclass, field
from typing import Any

from layers.crs import BBox, metres_per_unit

STANDARD_DPI = 25.4 / 0.28
"""Dots an inch of the standard's pixel of 0.28 mm (OGC 06-042, 7.2.4.6.9)."""


@dataclass(frozen=True, slots=True)
class Selection:
    """A layer to draw or to ask, in a style; `time` holds ISO 8601 values of the layer's own list.

    `ranges` are the least and greatest values of a raster's first band that are shown, all where it is empty;
    `look` is a `layers.styles.model.Style` that a client brought, drawn instead of the style.
    """

    layer: str
    style: str = ""
    time: tuple[str, ...] = ()
    filter: Any = None
    opacity: float = 1.0
    ranges: tuple[tuple[float, float], ...] = ()
    look: Any = None


@dataclass(frozen=True, slots=True)
class MapQuery:
    """A picture of layers, drawn first to last (OGC 06-042, 7.3.3).

    `width` and `height` are pixels; `dpi` scales symbols (90.71 is the standard's 0.28 mm pixel);
    `background` is "#rrggbb"; `format` is a key of `layers.formats.IMAGE_FORMATS`.
    """

    layers: tuple[Selection, ...]
    crs: str
    bbox: BBox
    width: int
    height: int
    format: str = "image/png"
    transparent: bool = False
    background: str = "#ffffff"
    dpi: float = STANDARD_DPI

    @property
    def scale_denominator(self) -> float:
        """Units of the CRS a pixel over 0.28 mm (06-042, 7.2.4.6.9); degrees count as 111,319.49 m."""
        return (self.bbox[2] - self.bbox[0]) / self.width * metres_per_unit(self.crs) / 0.00028


@dataclass(frozen=True, slots=True)
class PointQuery:
    """What lies under a pixel of a picture (GetFeatureInfo): column and row from the upper left corner."""

    map: MapQuery
    column: int
    row: int
    limit: int = 1
    radius: float = 4.0


@dataclass(frozen=True, slots=True)
class LegendQuery:
    """The legend of a layer's style ("" is the default one), with words in "fr" or "en".

    `scale` keeps the rules of that denominator, `rule` only the swatch of one, `size` is the width and height of a
    swatch in pixels; `look` is a client's own style, drawn instead of the layer's; `only` keeps the entries of these
    labels.
    """

    layer: str
    style: str = ""
    language: str = "fr"
    scale: float | None = None
    rule: str | None = None
    dpi: float = STANDARD_DPI
    transparent: bool = True
    size: tuple[int | None, int | None] = (None, None)
    look: Any = None
    only: frozenset[str] | None = None


@dataclass(frozen=True, slots=True)
class FeatureQuery:
    """Features of one layer, in a total order.

    `bbox` is in `bbox_crs`; geometries come out in `crs`, x first. `filter` is pygeofilter's tree with
    geometries in the layer's own CRS. `sort_by` is (property, ascending). `properties` None means all.
    """

    layer: str
    crs: str
    bbox: BBox | None = None
    bbox_crs: str | None = None
    ids: tuple[str, ...] | None = None
    filter: Any = None
    properties: tuple[str, ...] | None = None
    sort_by: tuple[tuple[str, bool], ...] = field(default=())
    time: tuple[str, ...] = ()
    limit: int | None = None
    offset: int = 0
    geometry: bool = True
