"""Geometries of GML 2.1.2 (OGC 02-069), for WFS 1.0.0: a batch's positions as gml:coordinates."""

from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pyarrow as pa

from layers.sources.ragged import Offsets
from server.wfs.coordinates import grouped, joined, tuples, within

_MULTIPLE = {
    4: ("MultiPoint", "pointMember", 0),
    5: ("MultiLineString", "lineStringMember", 1),
    6: ("MultiPolygon", "polygonMember", 3),
}
"""Element, element of a member and type of a part, by GEOS's type."""


def written(kind: int, coordinates: Any, offsets: list[Offsets], srs_name: str, *, promoted: bool) -> pa.Array:
    """The geometries of one family; `promoted`: each single one as a multi-geometry of one part."""
    srs = f" srsName={quoteattr(srs_name)}"
    if kind < 4 and not promoted:
        return _single(kind, coordinates, offsets, srs)
    element, member, part = _MULTIPLE[kind if kind >= 4 else {0: 4, 1: 5, 3: 6}[kind]]
    parts = _single(part, coordinates, offsets[:-1] if kind >= 4 else offsets, "")
    inside = joined(f"<gml:{member}>", parts, f"</gml:{member}>")
    if kind >= 4:
        inside = grouped(inside, offsets[-1])
    return joined(f"<gml:{element}{srs}>", inside, f"</gml:{element}>")


def _single(kind: int, coordinates: Any, offsets: list[Offsets], srs: str) -> pa.Array:
    ends = np.arange(1, len(coordinates) + 1) if kind == 0 else offsets[0][1:]
    text = joined("<gml:coordinates>", tuples(coordinates, ends), "</gml:coordinates>")
    if kind == 0:
        return joined(f"<gml:Point{srs}>", text, "</gml:Point>")
    if kind == 1:
        return joined(f"<gml:LineString{srs}>", text, "</gml:LineString>")
    first = pa.array(within(offsets[1]) == 0)
    opening = pa.compute.if_else(
        first, "<gml:outerBoundaryIs><gml:LinearRing>", "<gml:innerBoundaryIs><gml:LinearRing>"
    )
    closing = pa.compute.if_else(
        first, "</gml:LinearRing></gml:outerBoundaryIs>", "</gml:LinearRing></gml:innerBoundaryIs>"
    )
    rings = grouped(joined(opening, text, closing), offsets[1])
    return joined(f"<gml:Polygon{srs}>", rings, "</gml:Polygon>")
