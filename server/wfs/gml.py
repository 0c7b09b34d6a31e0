"""Features as GML 3.2 (ISO 19136) and 3.1.1, written as bytes from Arrow batches; geometries of GML 2: `gml2`.

In 3.2 every geometry carries gml:id, which its type requires, made of the feature's own; a multi-geometry of one part
stays one. The order of the axes is that of `srs_name`.
"""

from dataclasses import dataclass, replace
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
import pyarrow as pa
import shapely

from layers.sources.batch import geometry as column_of_geometry
from layers.sources.batch import ids as feature_ids
from layers.sources.batch import properties
from layers.sources.geometry import KINDS, Shapes
from layers.sources.geometry import shapes as read_shapes
from layers.sources.ragged import LINE, POINT, POLYGON, SINGLE, Offsets, Ragged
from server.wfs import gml2
from server.wfs.coordinates import arranged, grouped, joined, merged, of_shapes, owners, spaced, within, written
from server.wfs.feature_type import FeatureType
from server.wfs.names import xml_ids
from server.wfs.values import xml_texts

type _Ids = tuple[pa.Array, str] | None
"""What the ids of geometries are made of: the features' ids and what is added to them; None where they have none."""


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
    shapes = _geometry_property(batch, ids, kind, notation) if has_geometry else []
    parts += shapes if kind.geometry_first else []
    for name, column in values.items():
        _add(parts, f"{kind.namespace.prefix}:{kind.elements[name]}", column)
    parts += [] if kind.geometry_first else shapes
    parts.append(f"</{kind.name}></{member}>\n")
    return pa.compute.binary_join_element_wise(*merged(parts), "", null_handling="skip")


def _geometry_property(batch: pa.RecordBatch, ids: pa.Array, kind: FeatureType, notation: Notation) -> list[Any]:
    """The element with the geometry of each feature: a nil one where there is none, as far as GML has that."""
    column = column_of_geometry(batch)
    texts = geometries(column, ids, notation, promoted=kind.facts.geometry)
    prefix = kind.namespace.prefix
    if "" in kind.geometries:
        name = f"{prefix}:{kind.geometry}"
        if not texts.null_count:
            return [f"<{name}>", texts, f"</{name}>"]
        nil = f'<{name} xsi:nil="true"/>' if notation.gml == "3.2" else ""
        return [pa.compute.fill_null(joined(f"<{name}>", texts, f"</{name}>"), nil)]
    # A missing geometry's type id is -1: the last of the names, which no feature is written with.
    names = [kind.geometries.get(found, kind.geometry) for found in (*KINDS, "")]
    elements = pa.array([f"{prefix}:{names[found]}" for found in shapely.get_type_id(read_shapes(column)).tolist()])
    return [pa.compute.fill_null(joined("<", elements, ">", texts, "</", elements, ">"), "")]


def _add(parts: list[Any], element: str, values: pa.Array, attributes: str = "") -> None:
    """An element with a value, left out where there is none; joined ahead only where some are missing."""
    if values.null_count == len(values):
        return
    texts = xml_texts(values)
    pieces = [f"<{element}{attributes}>", texts, f"</{element}>"]
    parts.extend([joined(*pieces)] if texts.null_count else pieces)


def geometries(column: pa.Array, ids: pa.Array, notation: Notation, *, promoted: str) -> pa.Array:
    """GML of a WKB column; null where there is none. `promoted` is the geometry type that the schema says."""
    writer = _Writer(ids, notation, promoted=promoted.startswith("Multi"))
    return written(column, writer.geometries, writer.collections)


@dataclass(frozen=True, slots=True)
class _Writer:
    """Writes the geometries of features of these ids; `promoted`: single ones as multi-geometries of one part."""

    ids: pa.Array
    notation: Notation
    promoted: bool
    suffix: str = ".g"

    def geometries(self, group: Ragged) -> pa.Array:
        """GML of a group."""
        notation, kind = self.notation, group.kind
        coordinates = arranged(group.coordinates, notation.degrees, swapped=notation.swapped)
        group = replace(group, coordinates=coordinates)
        if notation.gml == "2":
            srs = notation.srs_name
            return gml2.written(kind, coordinates, list(group.offsets), srs, promoted=self.promoted)
        attributes = f" srsName={quoteattr(notation.srs_name)}"
        if notation.ids or coordinates.shape[1] == 3:
            # The simple features of GML 3.1 have no attribute for what is two-dimensional anyway (OGC 06-049, 8.4).
            attributes += f' srsDimension="{coordinates.shape[1]}"'
        own = (self.ids if len(group.rows) == len(self.ids) else self.ids.take(pa.array(group.rows)), self.suffix)
        ids = own if notation.ids else None
        if kind in SINGLE or self.promoted:
            return _multiple(group, ids, attributes)
        part = _PARTS[kind]
        return joined(*merged([*_start(part.element, ids, attributes), *_content(group), f"</gml:{part.element}>"]))

    def collections(self, shapes: Shapes, rows: Offsets) -> pa.Array:
        """gml:MultiGeometry, one by one: they are rare."""
        out = []
        srs = quoteattr(self.notation.srs_name)
        for shape, own in zip(shapes, self.ids.take(pa.array(rows)).to_pylist(), strict=True):
            parts = np.array([part for part in shape.geoms if not part.is_empty], dtype=object)
            own_ids = pa.array([f"{own}{self.suffix}.{number}" for number in range(1, len(parts) + 1)])
            writer = _Writer(own_ids, self.notation, promoted=False, suffix="")
            inner = of_shapes(parts, writer.geometries, writer.collections).drop_null().to_pylist()
            members_ = "".join(f"<gml:geometryMember>{text}</gml:geometryMember>" for text in inner)
            own_id = f' gml:id="{own}{self.suffix}"' if self.notation.ids else ""
            out.append(f"<gml:MultiGeometry{own_id} srsName={srs}>{members_}</gml:MultiGeometry>")
        return pa.array(out, pa.string())


@dataclass(frozen=True, slots=True)
class _Part:
    """A geometry that is not made of others: its element, what its positions stand in, what it is a part of."""

    element: str
    opening: str
    closing: str
    whole: str
    member: str


_RING = ("<gml:LinearRing><gml:posList>", "</gml:posList></gml:LinearRing>")
_PARTS = {
    POINT: _Part("Point", "<gml:pos>", "</gml:pos>", "MultiPoint", "pointMember"),
    LINE: _Part("LineString", "<gml:posList>", "</gml:posList>", "MultiCurve", "curveMember"),
    POLYGON: _Part(
        "Polygon", f"<gml:exterior>{_RING[0]}", f"{_RING[1]}</gml:exterior>", "MultiSurface", "surfaceMember"
    ),
}


def _multiple(group: Ragged, ids: _Ids, attributes: str) -> pa.Array:
    """Multi-geometries, each in one go where it has one part only."""
    part = _PARTS[SINGLE.get(group.kind, group.kind)]
    # Some clients do not look for three dimensions on the whole.
    dimension = ' srsDimension="3"' if group.coordinates.shape[1] == 3 else ""
    offsets = group.offsets[-1] if group.kind in SINGLE else None
    alone = offsets is None or len(offsets) == offsets[-1] + 1
    part_ids = ids
    if ids is not None:
        part_ids = (ids[0], f"{ids[1]}.1") if alone or offsets is None else _part_ids(ids, offsets)
    start, end = _start(part.whole, ids, attributes), f"</gml:{part.whole}>"
    inside = [
        f"<gml:{part.member}>",
        *_start(part.element, part_ids, dimension),
        *_content(group),
        f"</gml:{part.element}></gml:{part.member}>",
    ]
    if not alone and offsets is not None:
        inside = [grouped(joined(*merged(inside)), offsets)]
    return joined(*merged([*start, *inside, end]))


def _start(name: str, ids: _Ids, attributes: str) -> list[Any]:
    """The start tag of a geometry, with its id where it has one."""
    return (
        [f"<gml:{name}{attributes}>"] if ids is None else [f'<gml:{name} gml:id="', ids[0], f'{ids[1]}"{attributes}>']
    )


def _part_ids(ids: tuple[pa.Array, str], offsets: Offsets) -> tuple[pa.Array, str]:
    numbers = pa.compute.cast(pa.array(within(offsets) + 1), pa.string())
    return joined(ids[0].take(pa.array(owners(offsets))), f"{ids[1]}.", numbers), ""


def _content(group: Ragged) -> list[Any]:
    """What stands in each point, line or polygon of a group."""
    kind, coordinates = SINGLE.get(group.kind, group.kind), group.coordinates
    ends = group.offsets[0][1:] if kind != POINT else np.arange(1, len(coordinates) + 1)
    text, part = spaced(coordinates, ends), _PARTS[kind]
    opening, ring = part.opening, _RING[0]
    if coordinates.shape[1] == 3:
        # Some clients look for three dimensions here only.
        opening, ring = (tag.replace("<gml:posList>", '<gml:posList srsDimension="3">') for tag in (opening, ring))
    if kind != POLYGON or len(group.offsets[1]) == len(group.offsets[0]):
        return [opening, text, part.closing]
    first = pa.array(within(group.offsets[1]) == 0)
    openings = pa.compute.if_else(first, opening, f"<gml:interior>{ring}")
    closings = pa.compute.if_else(first, part.closing, f"{_RING[1]}</gml:interior>")
    return [grouped(joined(openings, text, closings), group.offsets[1])]
