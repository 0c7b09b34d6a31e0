"""Geometries as GML and GeoJSON, written shape by shape: what the fast writers are compared with, byte for byte."""

import json
import math
from xml.sax.saxutils import quoteattr

import orjson
import shapely

_MULTIPLE = {
    "MultiPoint": ("MultiPoint", "pointMember"),
    "MultiLineString": ("MultiCurve", "curveMember"),
    "MultiPolygon": ("MultiSurface", "surfaceMember"),
}
_PROMOTED = {"Point": "MultiPoint", "LineString": "MultiLineString", "Polygon": "MultiPolygon"}


def number(value: float) -> str:
    return orjson.dumps(value).decode()


def _positions(shape) -> list[list[float]]:
    found = shapely.get_coordinates(shape, include_z=bool(shapely.has_z(shape))).tolist()
    return [[*point[:2], *(0.0 if math.isnan(height) else height for height in point[2:])] for point in found]


class Gml:
    """GML 3.2 (with ids) or 3.1 of a shape."""

    def __init__(self, srs_name: str, *, swapped: bool, ids: bool, promoted: bool) -> None:
        self.srs, self.swapped, self.ids, self.promoted = srs_name, swapped, ids, promoted

    def __call__(self, shape, name: str) -> str | None:
        return None if shape is None or shape.is_empty else self._whole(shape, name, promoted=self.promoted)

    def _whole(self, shape, name: str, *, promoted: bool) -> str:
        kind = shape.geom_type
        if kind == "GeometryCollection":
            parts = [part for part in shape.geoms if not part.is_empty]
            inside = "".join(
                f"<gml:geometryMember>{self._whole(part, f'{name}.{number}', promoted=False)}</gml:geometryMember>"
                for number, part in enumerate(parts, 1)
            )
            return f"<gml:MultiGeometry{self._id(name)} srsName={quoteattr(self.srs)}>{inside}</gml:MultiGeometry>"
        three = bool(shapely.has_z(shape))
        attributes = f" srsName={quoteattr(self.srs)}"
        attributes += f' srsDimension="{3 if three else 2}"' if self.ids or three else ""
        parts = list(shape.geoms) if kind in _MULTIPLE else [shape] if promoted else []
        if not parts:
            return self._part(shape, name, attributes)
        element, member = _MULTIPLE[kind if kind in _MULTIPLE else _PROMOTED[kind]]
        inner = ' srsDimension="3"' if three else ""
        inside = "".join(
            f"<gml:{member}>{self._part(part, f'{name}.{number}', inner)}</gml:{member}>"
            for number, part in enumerate(parts, 1)
        )
        return f"<gml:{element}{self._id(name)}{attributes}>{inside}</gml:{element}>"

    def _id(self, name: str) -> str:
        return f' gml:id="{name}"' if self.ids else ""

    def _part(self, shape, name: str, attributes: str) -> str:
        kind = shape.geom_type
        if kind == "Point":
            inside = f"<gml:pos>{self._list(shape)}</gml:pos>"
        elif kind == "LineString":
            inside = self._pos_list(shape)
        else:
            rings = [("exterior", shape.exterior), *(("interior", ring) for ring in shape.interiors)]
            inside = "".join(
                f"<gml:{name_}><gml:LinearRing>{self._pos_list(ring)}</gml:LinearRing></gml:{name_}>"
                for name_, ring in rings
            )
        return f"<gml:{kind}{self._id(name)}{attributes}>{inside}</gml:{kind}>"

    def _pos_list(self, shape) -> str:
        dimension = ' srsDimension="3"' if shapely.has_z(shape) else ""
        return f"<gml:posList{dimension}>{self._list(shape)}</gml:posList>"

    def _list(self, shape) -> str:
        points = [[y, x, *z] if self.swapped else [x, y, *z] for x, y, *z in _positions(shape)]
        return "".join(f"{number(value)} " for point in points for value in point)


def geojson(shape) -> dict | None:
    """GeoJSON of a shape, as an object."""
    if shape is None or shape.is_empty:
        return None
    kind = shape.geom_type
    if kind == "GeometryCollection":
        return json.loads(shapely.to_geojson(shape))
    return {"type": kind, "coordinates": _nested(shape)}


def _nested(shape):
    kind = shape.geom_type
    if hasattr(shape, "geoms"):
        return [_nested(part) for part in shape.geoms]
    if kind == "Polygon":
        return [_positions(ring) for ring in (shape.exterior, *shape.interiors)]
    return _positions(shape)[0] if kind == "Point" else _positions(shape)
