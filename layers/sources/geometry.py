"""Geometry columns (WKB) as arrays of shapes: read, reprojected, compared with the box of a query."""

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import shapely

from layers.crs import CRS84, BBox, area_of_use, transform_bbox, transformer
from layers.facts import PostgisFacts, VectorFacts
from layers.query import FeatureQuery
from layers.sources.first_positions import first_positions

type Shapes = npt.NDArray[np.object_]

KINDS = (
    "Point",
    "LineString",
    "LinearRing",
    "Polygon",
    "MultiPoint",
    "MultiLineString",
    "MultiPolygon",
    "GeometryCollection",
)
"""The names of GEOS's type ids."""


@dataclass(frozen=True, slots=True)
class Region:
    """The box of a query in the layer's CRS: the shape that features must meet, and the box around it.

    `nothing`: no feature of the layer can meet it. `straight`: the shape is the box itself.
    """

    shape: Any
    bounds: BBox
    nothing: bool = False
    straight: bool = False

    def matches(self, column: pa.Array) -> pa.Array:
        """Which geometries (WKB) are not disjoint from the shape (OGC 09-026r2, 7.8.3.2).

        One whose first position lies in the box is not looked at further: most are known by that.
        """
        found = _inside(first_positions(column), self.bounds) if self.straight else np.zeros(len(column), dtype=bool)
        unknown = np.flatnonzero(~found)
        if len(unknown):
            shapely.prepare(self.shape)
            found[unknown] = shapely.intersects(self.shape, shapes(column.take(pa.array(unknown))))
        return pa.array(found)


def shapes(column: pa.Array) -> Shapes:
    """Shapely geometries of a column of plain WKB; None where there is none."""
    # A position that is nowhere (NaN) is no reason to warn.
    with np.errstate(invalid="ignore"):
        return shapely.from_wkb(column.to_numpy(zero_copy_only=False), on_invalid="fix")  # type: ignore[no-any-return]


def _inside(positions: npt.NDArray[np.float64], bbox: BBox) -> npt.NDArray[np.bool_]:
    """Which positions lie in a box, or on its edge."""
    found: npt.NDArray[np.bool_] = ((positions >= bbox[:2]) & (positions <= bbox[2:])).all(axis=1)
    return found


def reprojected(column: pa.Array, source: str, target: str) -> pa.Array:
    """The WKB column in another CRS, x first, Z untouched; null where the target has no such place."""
    if source == target:
        return column
    moved = move(shapes(column), source, target)
    return pa.array(shapely.to_wkb(moved, flavor="iso"), pa.binary())


def move(geometries: Shapes, source: str, target: str) -> Shapes:
    """The geometries in another CRS, x first, Z untouched; None where the target has no such place."""
    if source == target:
        return geometries
    change = transformer(source, target)

    def along(coordinates: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        x, y = change.transform(coordinates[:, 0], coordinates[:, 1])
        return np.column_stack([x, y, *coordinates.T[2:]])

    flat = ~shapely.has_z(geometries)
    out = geometries.copy()
    out[flat] = shapely.transform(geometries[flat], along)
    out[~flat] = shapely.transform(geometries[~flat], along, include_z=True)
    lost = ~np.isfinite(shapely.bounds(out)).all(axis=1) & ~shapely.is_empty(out)
    out[lost] = None
    return out


def region(query: FeatureQuery, facts: VectorFacts) -> Region:
    """The query's box in the layer's CRS; a box in another CRS becomes the curved shape that it is there."""
    assert query.bbox is not None
    crs = query.bbox_crs or query.crs
    if crs == facts.crs:
        return Region(box(query.bbox), query.bbox, straight=True)
    extent = _around(everywhere(facts.crs), facts.extent) if isinstance(facts, PostgisFacts) else facts.extent
    reach = transform_bbox(_grown(extent), facts.crs, crs)
    if not np.isfinite(reach).all():
        return _moved(query.bbox, crs, facts.crs)
    x0, y0, x1, y1 = query.bbox
    if x0 <= reach[0] and y0 <= reach[1] and x1 >= reach[2] and y1 >= reach[3]:
        # A file's own extent may be rounded, and leave out the very features that make it.
        return Region(box(_grown(extent)), _grown(extent), straight=True)
    cut = (max(x0, reach[0]), max(y0, reach[1]), min(x1, reach[2]), min(y1, reach[3]))
    if cut[0] > cut[2] or cut[1] > cut[3]:
        return Region(shapely.Point(), facts.extent, nothing=True)
    return _moved(cut, crs, facts.crs)


def _around(one: BBox, other: BBox) -> BBox:
    return (min(one[0], other[0]), min(one[1], other[1]), max(one[2], other[2]), max(one[3], other[3]))


def everywhere(crs: str) -> BBox:
    """Where features of a CRS can be: what is asked of data that changes while it is served."""
    return transform_bbox(area_of_use(crs) or (-180.0, -90.0, 180.0, 90.0), CRS84, crs)


def box(bbox: BBox) -> Any:
    """The box as a shape: a line or a point where it has no area."""
    x0, y0, x1, y1 = bbox
    if x0 == x1 and y0 == y1:
        return shapely.Point(x0, y0)
    if x0 == x1 or y0 == y1:
        return shapely.LineString([(x0, y0), (x1, y1)])
    return shapely.box(x0, y0, x1, y1)


def _grown(extent: BBox) -> BBox:
    margin = 0.01 * max(extent[2] - extent[0], extent[3] - extent[1], 1e-9)
    return (extent[0] - margin, extent[1] - margin, extent[2] + margin, extent[3] + margin)


def _moved(bbox: BBox, source: str, target: str) -> Region:
    shape = box(bbox)
    size = max(bbox[2] - bbox[0], bbox[3] - bbox[1])
    if size:
        shape = shapely.segmentize(shape, size / 64)
    moved = move(np.array([shape]), source, target)[0]
    if moved is None:
        return Region(shapely.Point(), bbox, nothing=True)
    return Region(moved, tuple(moved.bounds))
