"""Feature information as GML: 2.1.2 as OpenLayers and QGIS read it from a WMS, 3.2 with wfs:FeatureCollection."""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

import numpy as np
import shapely

from layers.crs import CRS84, north_first, urn
from server.wms.written import escaped

_NOT_NAME = re.compile(r"[^\w.\-]")


@dataclass(frozen=True, slots=True)
class Dialect:
    """A version of GML: its namespaces and elements."""

    gml: str
    wfs: str
    member: str
    identifier: str


GML2 = Dialect("http://www.opengis.net/gml", "http://www.opengis.net/wfs", "gml:featureMember", "fid")
GML32 = Dialect("http://www.opengis.net/gml/3.2", "http://www.opengis.net/wfs/2.0", "wfs:member", "gml:id")


def xml_name(name: str) -> str:
    """A field's name as an XML element's: whatever XML does not allow there becomes "_"."""
    cleaned = _NOT_NAME.sub("_", name)
    return cleaned if cleaned[:1].isalpha() or cleaned[:1] == "_" else f"_{cleaned}"


def value(item: Any) -> str:
    """A value as XML Schema writes it."""
    if isinstance(item, bool | np.bool_):
        return "true" if item else "false"
    if isinstance(item, datetime | date):
        return item.isoformat()
    return escaped(str(item))


def geometry(shape: shapely.Geometry, crs: str, dialect: Dialect, identifier: str) -> str:
    """A geometry in a CRS: x first in GML 2, in the authority's order in GML 3.2."""
    writer = _Writer(crs, dialect, identifier)
    return writer.write(shapely.force_2d(shape), top=True)


def bounded_by(shapes: Sequence[shapely.Geometry], crs: str) -> str:
    """The extent of a GML 2 collection, which must tell that there is none."""
    west, south, east, north = shapely.total_bounds(list(shapes)).tolist() if shapes else [np.nan] * 4
    if not np.isfinite(west):
        return "<gml:boundedBy><gml:null>missing</gml:null></gml:boundedBy>\n"
    corners = f"{west:.15g},{south:.15g} {east:.15g},{north:.15g}"
    box = f'<gml:Box srsName="{_old_name(crs)}"><gml:coordinates>{corners}</gml:coordinates></gml:Box>'
    return f"<gml:boundedBy>{box}</gml:boundedBy>\n"


def _old_name(crs: str) -> str:
    """A CRS in GML 2, x first: OpenLayers would take EPSG:4326 for latitude first."""
    return urn(CRS84) if crs in (CRS84, "EPSG:4326") else crs


class _Writer:
    """Writes one geometry; numbers its parts, because GML 3.2 wants an id on each."""

    def __init__(self, crs: str, dialect: Dialect, identifier: str) -> None:
        self.dialect, self.identifier, self.parts = dialect, xml_name(identifier), 0
        self.new = dialect is GML32
        self.srs = urn(crs) if self.new else _old_name(crs)
        self.swapped = self.new and north_first(crs)

    def write(self, shape: shapely.Geometry, *, top: bool = False) -> str:
        kind = shape.geom_type
        if kind == "LinearRing":
            return f"<gml:LinearRing>{self.coordinates(shape.coords)}</gml:LinearRing>"
        element, inner = _ELEMENTS[kind][self.new], _INNER[kind](self, shape)
        identifier = ""
        if self.new:
            identifier = f' gml:id="{self.identifier}.g{self.parts}"'
            self.parts += 1
        srs = f' srsName="{self.srs}"' if top else ""
        return f"<gml:{element}{srs}{identifier}>{inner}</gml:{element}>"

    def coordinates(self, coords: Sequence[tuple[float, ...]]) -> str:
        pairs = [(y, x) if self.swapped else (x, y) for x, y, *_ in coords]
        if not self.new:
            return f"<gml:coordinates>{' '.join(f'{x:.15g},{y:.15g}' for x, y in pairs)}</gml:coordinates>"
        name = "pos" if len(pairs) == 1 else "posList"
        return f"<gml:{name}>{' '.join(f'{x:.15g} {y:.15g}' for x, y in pairs)}</gml:{name}>"

    def rings(self, shape: shapely.Polygon) -> Iterator[str]:
        outer, inner = ("exterior", "interior") if self.new else ("outerBoundaryIs", "innerBoundaryIs")
        yield f"<gml:{outer}>{self.write(shape.exterior)}</gml:{outer}>"
        for ring in shape.interiors:
            yield f"<gml:{inner}>{self.write(ring)}</gml:{inner}>"

    def members(self, shape: Any, old: str, new: str) -> str:
        name = new if self.new else old
        return "".join(f"<gml:{name}>{self.write(part)}</gml:{name}>" for part in shape.geoms)


_ELEMENTS: dict[str, tuple[str, str]] = {
    "Point": ("Point", "Point"),
    "LineString": ("LineString", "LineString"),
    "Polygon": ("Polygon", "Polygon"),
    "MultiPoint": ("MultiPoint", "MultiPoint"),
    "MultiLineString": ("MultiLineString", "MultiCurve"),
    "MultiPolygon": ("MultiPolygon", "MultiSurface"),
    "GeometryCollection": ("MultiGeometry", "MultiGeometry"),
}
_INNER: dict[str, Callable[[_Writer, Any], str]] = {
    "Point": lambda writer, shape: writer.coordinates(shape.coords),
    "LineString": lambda writer, shape: writer.coordinates(shape.coords),
    "Polygon": lambda writer, shape: "".join(writer.rings(shape)),
    "MultiPoint": lambda writer, shape: writer.members(shape, "pointMember", "pointMember"),
    "MultiLineString": lambda writer, shape: writer.members(shape, "lineStringMember", "curveMember"),
    "MultiPolygon": lambda writer, shape: writer.members(shape, "polygonMember", "surfaceMember"),
    "GeometryCollection": lambda writer, shape: writer.members(shape, "geometryMember", "geometryMember"),
}
