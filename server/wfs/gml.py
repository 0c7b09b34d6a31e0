"""Features as GML 3.2 (ISO 19136) and 3.1.1, written as bytes from Arrow batches; geometries of GML 2: `gml2`.

In 3.2 every geometry carries gml:id, which its type requires, made of the feature's own; a multi-geometry of one part
stays one. The order of the axes is that of `srs_name`.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import partial
from itertools import groupby
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely
from shapely import GeometryType

from layers.sources.batch import geometry as column_of_geometry
from layers.sources.batch import ids as feature_ids
from layers.sources.batch import properties
from layers.sources.geometry import KINDS
from layers.sources.geometry import shapes as read_shapes
from server.wfs import gml2
from server.wfs.coordinates import Offsets, by_family, grouped, joined, owners, ragged, spaced, within
from server.wfs.feature_type import FeatureType
from server.wfs.names import xml_ids
from server.wfs.values import rounded, xml_texts

type Shapes = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Notation:
    """How coordinates are written: the CRS's name, y first or not, digits (None: as stored), the version of GML."""

    srs_name: str
    swapped: bool
    degrees: bool | None = None
    gml: str = "3.2"

    @property
    def ids(self) -> bool:
        """True where a geometry must have an id."""
        return self.gml == "3.2"


def members(batch: pa.RecordBatch, kind: FeatureType, notation: Notation, *, has_geometry: bool = True) -> pa.Array:
    """A member for each feature of a batch: `wfs:member` (OGC 09-025r2, 11.3.3), `gml:featureMember` before 3.2."""
    ids = xml_ids(feature_ids(batch))
    member = "wfs:member" if notation.gml == "3.2" else "gml:featureMember"
    identifier = "fid" if notation.gml == "2" else "gml:id"
    parts: list[Any] = [f'<{member}><{kind.name} {identifier}="', ids, '">']
    values = properties(batch, has_geometry=has_geometry)
    for field, name in kind.standard_in(notation.gml).items():
        if field in values:
            space = f" codeSpace={quoteattr(kind.namespace.uri)}" if name == "identifier" else ""
            _add(parts, f"gml:{name}", values.pop(field), space)
    shapes = [_geometry_property(batch, ids, kind, notation)] if has_geometry else []
    parts += shapes if kind.geometry_first else []
    for name, column in values.items():
        _add(parts, f"{kind.namespace.prefix}:{kind.elements[name]}", column)
    parts += [] if kind.geometry_first else shapes
    parts.append(f"</{kind.name}></{member}>\n")
    return pa.compute.binary_join_element_wise(*_merged(parts), "", null_handling="skip")


def _geometry_property(batch: pa.RecordBatch, ids: pa.Array, kind: FeatureType, notation: Notation) -> pa.Array:
    """The element with the geometry of each feature: a nil one where there is none, as far as GML has that."""
    column = column_of_geometry(batch)
    written = geometries(column, ids, notation, promoted=kind.facts.geometry)
    prefix = kind.namespace.prefix
    if "" in kind.geometries:
        name = f"{prefix}:{kind.geometry}"
        nil = f'<{name} xsi:nil="true"/>' if notation.gml == "3.2" else ""
        return pa.compute.fill_null(joined(f"<{name}>", written, f"</{name}>"), nil)
    # A missing geometry's type id is -1: the last of the names, which no feature is written with.
    names = [kind.geometries.get(found, kind.geometry) for found in (*KINDS, "")]
    elements = pa.array([f"{prefix}:{names[found]}" for found in shapely.get_type_id(read_shapes(column)).tolist()])
    return pa.compute.fill_null(joined("<", elements, ">", written, "</", elements, ">"), "")


def _add(parts: list[Any], element: str, values: pa.Array, attributes: str = "") -> None:
    """An element with a value, left out where there is none; joined ahead only where some are missing."""
    if values.null_count == len(values):
        return
    texts = xml_texts(values)
    pieces = [f"<{element}{attributes}>", texts, f"</{element}>"]
    parts.extend([joined(*pieces)] if texts.null_count else pieces)


def _merged(parts: list[Any]) -> Iterator[Any]:
    """The parts, with literals that follow each other made one."""
    for literal, group in groupby(parts, lambda part: isinstance(part, str)):
        if literal:
            yield "".join(group)
        else:
            yield from group


def geometries(column: pa.Array, ids: pa.Array, notation: Notation, *, promoted: str) -> pa.Array:
    """GML of a WKB column; null where there is none. `promoted` is the geometry type that the schema says."""
    return by_family(
        read_shapes(column), partial(_written, ids=ids, notation=notation, promoted=promoted.startswith("Multi"))
    )


def _written(shapes: Shapes, rows: Offsets, *, ids: pa.Array, notation: Notation, promoted: bool) -> pa.Array:
    own = joined(ids.take(pa.array(rows)), ".g") if notation.ids else None
    if shapely.get_type_id(shapes[0]) == GeometryType.GEOMETRYCOLLECTION:
        return _collections(shapes, own, notation)
    kind, coordinates, offsets = ragged(shapes)
    if notation.degrees is not None:
        coordinates[:, :2] = rounded(coordinates[:, :2], degrees=notation.degrees)
    if notation.swapped:
        coordinates[:, [0, 1]] = coordinates[:, [1, 0]]
    if notation.gml == "2":
        return gml2.written(int(kind), coordinates, offsets, notation.srs_name, promoted=promoted)
    attributes = f" srsName={quoteattr(notation.srs_name)}"
    if notation.ids or coordinates.shape[1] == 3:
        # The simple features of GML 3.1 have no attribute for what is two-dimensional anyway (OGC 06-049, 8.4).
        attributes += f' srsDimension="{coordinates.shape[1]}"'
    writer = {0: _points, 1: _lines, 3: _polygons, 4: _multi_points, 5: _multi_lines, 6: _multi_polygons}[int(kind)]
    return writer(coordinates, offsets, own, attributes, promoted)


def _start(name: str, ids: pa.Array | None, attributes: str) -> list[Any]:
    """The start tag of a geometry, with its id where it has one."""
    if ids is None:
        return [f"<gml:{name}{attributes}>"]
    return [f'<gml:{name} gml:id="', ids, f'"{attributes}>']


def _points(coordinates: Any, _: list[Offsets], ids: pa.Array | None, attributes: str, promoted: bool) -> pa.Array:
    text = spaced(coordinates, np.arange(1, len(coordinates) + 1))
    if promoted:
        return _multi("MultiPoint", "pointMember", _point(_only_ids(ids), text), None, ids, attributes)
    return _point(ids, text, attributes)


def _multi_points(coordinates: Any, offsets: list[Offsets], ids: pa.Array | None, attributes: str, _: bool) -> pa.Array:
    text = spaced(coordinates, np.arange(1, len(coordinates) + 1))
    return _multi("MultiPoint", "pointMember", _point(_part_ids(ids, offsets[0]), text), offsets[0], ids, attributes)


def _point(ids: pa.Array | None, text: pa.Array, attributes: str = "") -> pa.Array:
    return joined(*_start("Point", ids, attributes), "<gml:pos>", text, "</gml:pos></gml:Point>")


def _lines(coordinates: Any, offsets: list[Offsets], ids: pa.Array | None, attributes: str, promoted: bool) -> pa.Array:
    text = spaced(coordinates, offsets[0][1:])
    if promoted:
        parts = _line(_only_ids(ids), text, coordinates, _dimension(coordinates))
        return _multi("MultiCurve", "curveMember", parts, None, ids, attributes)
    return _line(ids, text, coordinates, attributes)


def _multi_lines(coordinates: Any, offsets: list[Offsets], ids: pa.Array | None, attributes: str, _: bool) -> pa.Array:
    text = spaced(coordinates, offsets[0][1:])
    parts = _line(_part_ids(ids, offsets[1]), text, coordinates, _dimension(coordinates))
    return _multi("MultiCurve", "curveMember", parts, offsets[1], ids, attributes)


def _line(ids: pa.Array | None, text: pa.Array, coordinates: Any, attributes: str) -> pa.Array:
    start = _start("LineString", ids, attributes)
    return joined(*start, _pos_list(coordinates), text, "</gml:posList></gml:LineString>")


def _polygons(
    coordinates: Any, offsets: list[Offsets], ids: pa.Array | None, attributes: str, promoted: bool
) -> pa.Array:
    rings = _rings(coordinates, offsets)
    if promoted:
        parts = joined(*_start("Polygon", _only_ids(ids), _dimension(coordinates)), rings, "</gml:Polygon>")
        return _multi("MultiSurface", "surfaceMember", parts, None, ids, attributes)
    return joined(*_start("Polygon", ids, attributes), rings, "</gml:Polygon>")


def _multi_polygons(
    coordinates: Any, offsets: list[Offsets], ids: pa.Array | None, attributes: str, _: bool
) -> pa.Array:
    rings = _rings(coordinates, offsets[:2])
    start = _start("Polygon", _part_ids(ids, offsets[2]), _dimension(coordinates))
    return _multi("MultiSurface", "surfaceMember", joined(*start, rings, "</gml:Polygon>"), offsets[2], ids, attributes)


def _rings(coordinates: Any, offsets: list[Offsets]) -> pa.Array:
    """The exterior and the interiors of each polygon."""
    first = pa.array(within(offsets[1]) == 0)
    start, end = f"<gml:LinearRing>{_pos_list(coordinates)}", "</gml:posList></gml:LinearRing>"
    opening = pa.compute.if_else(first, f"<gml:exterior>{start}", f"<gml:interior>{start}")
    closing = pa.compute.if_else(first, f"{end}</gml:exterior>", f"{end}</gml:interior>")
    return grouped(joined(opening, spaced(coordinates, offsets[0][1:]), closing), offsets[1])


def _dimension(coordinates: Any) -> str:
    """An attribute of the parts of a multi-geometry: some clients do not look for it on the whole."""
    return ' srsDimension="3"' if coordinates.shape[1] == 3 else ""


def _pos_list(coordinates: Any) -> str:
    """Its start tag: some clients look for three dimensions here only."""
    return '<gml:posList srsDimension="3">' if coordinates.shape[1] == 3 else "<gml:posList>"


def _part_ids(ids: pa.Array | None, offsets: Offsets) -> pa.Array | None:
    if ids is None:
        return None
    numbers = pa.compute.cast(pa.array(within(offsets) + 1), pa.string())
    return joined(ids.take(pa.array(owners(offsets))), ".", numbers)


def _only_ids(ids: pa.Array | None) -> pa.Array | None:
    """The ids of the only part of each."""
    return None if ids is None else joined(ids, ".1")


def _multi(
    element: str, member: str, parts: pa.Array, offsets: Offsets | None, ids: pa.Array | None, attributes: str
) -> pa.Array:
    """A multi-geometry of its parts; `offsets` None means one part each."""
    inside = joined(f"<gml:{member}>", parts, f"</gml:{member}>")
    if offsets is not None:
        inside = grouped(inside, offsets)
    return joined(*_start(element, ids, attributes), inside, f"</gml:{element}>")


def _collections(shapes: Shapes, ids: pa.Array | None, notation: Notation) -> pa.Array:
    """gml:MultiGeometry, one by one: they are rare."""
    out = []
    srs = quoteattr(notation.srs_name)
    for shape, own in zip(shapes, ids.to_pylist() if ids is not None else [""] * len(shapes), strict=True):
        parts = np.array([part for part in shape.geoms if not part.is_empty], dtype=object)
        own_ids = pa.array([f"{own}.{number}" for number in range(1, len(parts) + 1)])
        inner = by_family(parts, partial(_written, ids=own_ids, notation=notation, promoted=False)).to_pylist()
        members_ = "".join(f"<gml:geometryMember>{text}</gml:geometryMember>" for text in inner)
        start = "".join(_start("MultiGeometry", own or None, f" srsName={srs}"))
        out.append(f"{start}{members_}</gml:MultiGeometry>")
    return pa.array(out, pa.string())
