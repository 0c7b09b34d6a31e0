"""Small pictures of styles: an SLD, features of 64 × 64 ground units, and what Mapnik makes of them."""

import json
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any
from xml.sax.saxutils import escape

import numpy as np
import numpy.typing as npt

from layers.mapnik_env import mapnik
from layers.styles.mapnik import NOTHING_KNOWN, drawn
from layers.styles.sld import read_sld

SQUARE = {"type": "Polygon", "coordinates": [[[8, 8], [56, 8], [56, 56], [8, 56], [8, 8]]]}
LINE = {"type": "LineString", "coordinates": [[0, 32], [64, 32]]}
POINT = {"type": "Point", "coordinates": [32, 32]}
NAMESPACES = (
    'xmlns="http://www.opengis.net/sld" xmlns:se="http://www.opengis.net/se" xmlns:ogc="http://www.opengis.net/ogc" '
    'xmlns:xlink="http://www.w3.org/1999/xlink"'
)


def sld(*rules: str, options: str = "") -> bytes:
    """An SLD 1.0.0 with one FeatureTypeStyle of these rules (their content)."""
    inside = "".join(f"<Rule>{rule}</Rule>" for rule in rules)
    return (
        f'<StyledLayerDescriptor version="1.0.0" {NAMESPACES}><NamedLayer><Name>n</Name><UserStyle>'
        f"<FeatureTypeStyle>{inside}{options}</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"
    ).encode()


def fill(color: str, inside: str = "") -> str:
    """A polygon symbolizer of one colour."""
    return (
        f'<PolygonSymbolizer><Fill><CssParameter name="fill">{color}</CssParameter></Fill>{inside}</PolygonSymbolizer>'
    )


def picture(
    style: bytes | Path,
    geometry: Mapping[str, Any] | Iterable[tuple[Mapping[str, Any], Mapping[str, Any]]],
    properties: Mapping[str, Any] | None = None,
    *,
    side: int = 64,
    factor: float = 1.0,
    fields: Mapping[str, str] = NOTHING_KNOWN,
    metre: float = 1.0,
    base: Path | None = None,
    strict: bool = True,
) -> npt.NDArray[np.uint8]:
    """RGBA of one geometry, or of several (geometry, properties); the map is 64 × 64 units wide."""
    pairs = [(geometry, properties or {})] if isinstance(geometry, Mapping) else list(geometry)
    features = [{"type": "Feature", "geometry": g, "properties": dict(p)} for g, p in pairs]
    source = escape(json.dumps({"type": "FeatureCollection", "features": features}))
    read = read_sld(style, base=base)
    if strict:
        assert read.warnings == ()
    found = drawn(read, "style", fields)
    styles = [*found.styles, *found.labels]
    names = "".join(f"<StyleName>{name}</StyleName>" for name, _ in styles)
    drawing = mapnik.Map(side, side)
    xml = "".join(text for _, text in styles)
    layer = (
        f'<Layer name="l" srs="epsg:3857">{names}<Datasource><Parameter name="type">geojson</Parameter>'
        f'<Parameter name="inline">{source}</Parameter></Datasource></Layer>'
    )
    mapnik.load_map_from_string(drawing, f'<Map srs="epsg:3857">{found.font_sets}{xml}{layer if styles else ""}</Map>')
    drawing.zoom_to_box(mapnik.Box2d(0, 0, 64, 64))
    image = mapnik.Image(side, side)
    mapnik.render_with_vars(drawing, image, {"metre": metre}, factor)
    image.demultiply()
    return np.frombuffer(image.to_string(), np.uint8).reshape(side, side, 4).copy()


def at(pixels: npt.NDArray[np.uint8], x: int = 32, y: int = 32) -> str:
    """ "#rrggbb" of a pixel, "" where it is transparent."""
    red, green, blue, alpha = (int(v) for v in pixels[y, x])
    return f"#{red:02x}{green:02x}{blue:02x}" if alpha else ""


def extent(pixels: npt.NDArray[np.uint8]) -> tuple[int, int, int, int]:
    """Left, top, right, bottom of what is drawn (right and bottom beyond it)."""
    rows, columns = np.nonzero(pixels[..., 3] > 100)
    return int(columns.min()), int(rows.min()), int(columns.max()) + 1, int(rows.max()) + 1
