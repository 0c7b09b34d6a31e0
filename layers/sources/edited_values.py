"""What a change may bring: values that fit their fields, shapes that fit their layer."""

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from layers.crs import CRS84, BBox, area_of_use, is_geographic, transform_bbox
from layers.facts import Field, VectorFacts
from layers.registry import Layer
from layers.sources.edits import Edit, EditValueError
from layers.sources.geometry import move


def fitting(one: Field, value: Any) -> Any:
    """A value that its field can hold: whole where whole numbers are kept. Raises EditValueError."""
    if one.type != "integer" or value is None:
        return value
    whole = not isinstance(value, float) or value.is_integer()
    if not whole or abs(value) >= (2**31 if one.width == 32 else 2**63):
        raise EditValueError(f"{one.name}: {value!r} is not a whole number that it can hold", one.name)
    return int(value)


_FAMILY = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
_MULTIPLE: dict[str, Callable[[list[Any]], Any]] = {
    "MultiPoint": shapely.MultiPoint,
    "MultiLineString": shapely.MultiLineString,
    "MultiPolygon": shapely.MultiPolygon,
}


def shape_of(edit: Edit, facts: VectorFacts) -> Any:
    """The shape of a change as the layer holds it: of its type and CRS, valid, inside of where that CRS can be used.

    None where there is none. Raises EditValueError.
    """
    if edit.shape is None:
        return None
    shape = move(np.array([edit.shape], dtype=object), edit.crs or facts.crs, facts.crs)[0]
    if shape is None or shapely.is_empty(shape) or not np.isfinite(shapely.bounds(shape)).all():
        raise EditValueError(f"the geometry is empty or outside of where {facts.crs} can be used")
    shape = _typed(shape, facts.geometry)
    _check_extent(edit.layer, shape)
    if not shapely.is_valid(shape):
        raise EditValueError(f"the geometry is not valid: {shapely.is_valid_reason(shape)}")
    if facts.has_z and not shapely.has_z(shape):
        shape = shapely.force_3d(shape)
    return shape if facts.has_z else shapely.force_2d(shape)


def _check_extent(layer: Layer, shape: Any) -> None:
    """The shape is inside of what the layer declares, else of where its CRS is meant to be used."""
    declared = layer.definition.edit.extent if layer.definition.edit else None
    bounds = declared or _usable(layer.crs)
    x0, y0, x1, y1 = shapely.bounds(shape)
    if bounds and not (bounds[0] <= x0 and bounds[1] <= y0 and x1 <= bounds[2] and y1 <= bounds[3]):
        shown = ", ".join(f"{value:.10g}" for value in (x0, y0, x1, y1))
        allowed = ", ".join(f"{value:.10g}" for value in bounds)
        raise EditValueError(f"the geometry reaches over {shown}, beyond {allowed} ({layer.crs})")


@lru_cache(maxsize=64)
def _usable(crs: str) -> BBox | None:
    """The box of a CRS's area of use, a tenth wider on each side; degrees end at the poles and the antimeridian."""
    area = area_of_use(crs)
    if area is None:
        return None
    if is_geographic(crs):
        return (-180.0, -90.0, 180.0, 90.0)
    x0, y0, x1, y1 = transform_bbox(area, CRS84, crs)
    across, up = (x1 - x0) / 10, (y1 - y0) / 10
    found = (x0 - across, y0 - up, x1 + across, y1 + up)
    return found if np.isfinite(found).all() else None


def _typed(shape: Any, wanted: str) -> Any:
    kind = _FAMILY.get(int(shapely.get_type_id(shape)), "GeometryCollection")
    if wanted in (kind, "Unknown"):
        return shape
    if wanted == f"Multi{kind}":
        return _MULTIPLE[wanted]([shape])
    if kind == f"Multi{wanted}" and shapely.get_num_geometries(shape) == 1:
        return shapely.get_geometry(shape, 0)
    raise EditValueError(f"the geometry is a {kind}, the layer has {wanted}")
