"""Extents of all layers in all served CRSs, transformed together: a thousand layers cost no more than some dozens."""

from collections.abc import Iterable, Mapping

import numpy as np
import numpy.typing as npt

from layers.crs import CRS84, BBox, area_of_use, transformer
from layers.registry import Layer, Registry

type Boxes = Mapping[str, BBox]
"""A box by canonical id of its CRS, x first; OGC:CRS84 is always there, others where the layer can be shown in them."""

type Array = npt.NDArray[np.float64]

_WORLD = (-180.0, -90.0, 180.0, 90.0)
_WHOLE: Boxes = {CRS84: _WORLD, "EPSG:4326": _WORLD}
_DEGREES = (CRS84, "EPSG:4326")
_POINTS = 11
_LEAST = 1e-6


def extents(registry: Registry) -> dict[str, Boxes]:
    """The boxes of every layer by its id."""
    layers = list(registry.layers.values())
    if not layers:
        return {}
    geographic = _geographic(layers)
    found: list[dict[str, BBox]] = [{CRS84: box} for box in _boxes(geographic)]
    for crs_id in registry.crs_ids:
        # Of its own CRS a layer's extent is known.
        rows = np.full_like(geographic, np.nan)
        others = [index for index, layer in enumerate(layers) if layer.crs != crs_id or crs_id in _DEGREES]
        if others:
            rows[others] = _inside(geographic[others], crs_id)
        shown = np.isfinite(rows).all(axis=1) & (rows[:, 0] < rows[:, 2]) & (rows[:, 1] < rows[:, 3])
        for boxes, box, visible in zip(found, _boxes(rows), shown.tolist(), strict=True):
            if visible:
                boxes[crs_id] = box
    for boxes, layer in zip(found, layers, strict=True):
        if layer.crs in registry.crs_ids and layer.crs not in _DEGREES:
            boxes[layer.crs] = layer.extent
        if "EPSG:4326" in boxes:
            boxes["EPSG:4326"] = boxes[CRS84]
    return {layer.id: boxes for layer, boxes in zip(layers, found, strict=True)}


def union(several: Iterable[Boxes]) -> Boxes:
    """The boxes around boxes, CRS by CRS."""
    whole: dict[str, BBox] = {}
    for boxes in several:
        for crs_id, box in boxes.items():
            other = whole.get(crs_id, box)
            whole[crs_id] = (
                min(box[0], other[0]),
                min(box[1], other[1]),
                max(box[2], other[2]),
                max(box[3], other[3]),
            )
    return whole or _WHOLE


def _geographic(layers: list[Layer]) -> Array:
    """West, south, east, north of each layer, in degrees, within the earth and of some area."""
    rows: Array = np.empty((len(layers), 4))
    for crs_id in {layer.crs for layer in layers}:
        chosen = [index for index, layer in enumerate(layers) if layer.crs == crs_id]
        rows[chosen] = _transformed(np.array([layers[index].extent for index in chosen]), crs_id, CRS84)
    rows = np.where(np.isfinite(rows), rows, np.array(_WORLD))
    rows = np.clip(rows, [-180, -90, -180, -90], [180, 90, 180, 90])
    rows[:, 2:] = np.maximum(rows[:, 2:], rows[:, :2] + _LEAST)
    return rows


def _inside(geographic: Array, crs_id: str) -> Array:
    """The boxes in a CRS, cut by that CRS's area of use where they reach beyond it and into it."""
    if crs_id in _DEGREES:
        return geographic
    area = np.array(area_of_use(crs_id) or _WORLD)
    cut = np.column_stack([np.maximum(geographic[:, :2], area[:2]), np.minimum(geographic[:, 2:], area[2:])])
    empty = (cut[:, 0] >= cut[:, 2]) | (cut[:, 1] >= cut[:, 3])
    cut[empty] = geographic[empty]
    return _transformed(cut, CRS84, crs_id)


def _transformed(boxes: Array, source: str, target: str) -> Array:
    if source == target:
        return boxes
    steps = np.linspace(0.0, 1.0, _POINTS)
    west, south, east, north = (boxes[:, [index]] for index in range(4))
    across, along = west + (east - west) * steps, south + (north - south) * steps
    here = np.ones(_POINTS)
    x = np.concatenate([across, across, west * here, east * here], axis=1)
    y = np.concatenate([south * here, north * here, along, along], axis=1)
    x, y = transformer(source, target).transform(x, y)
    return np.column_stack([x.min(axis=1), y.min(axis=1), x.max(axis=1), y.max(axis=1)])


def _boxes(rows: Array) -> list[BBox]:
    return [(west, south, east, north) for west, south, east, north in rows.tolist()]
