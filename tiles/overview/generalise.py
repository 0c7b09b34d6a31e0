"""Features as a small scale shows them: shapes without what no pixel shows, and one feature for many of half a pixel.

Polygons much smaller than a pixel become, by half pixel and by class (what the style tells apart), one rectangle of
their area together, so that a town of small houses keeps its tone; lines one line through them; points one of them.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from tiles.overview.recipe import Keep, Recipe

TOLERANCE = 0.125
"""Pixels that a simplified outline may be off."""
CELL = 0.5
"""Pixels of a cell in which one feature stands for all, and of the largest feature that is treated so."""
SHRINKING = 8.0
"""Pixels of the largest polygon whose area is kept when it is simplified: larger ones lose nothing that shows."""

type Floats = npt.NDArray[np.float64]
type Ints = npt.NDArray[np.int64]


def generalised(batch: pa.RecordBatch, recipe: Recipe, pixel: float) -> pa.RecordBatch:
    """A batch whose last column is the geometry (WKB) for pixels of a size in its units; empty geometries are gone."""
    shapes = shapely.from_wkb(batch.columns[-1].to_numpy(zero_copy_only=False))
    there = np.flatnonzero(~(shapely.is_missing(shapes) | shapely.is_empty(shapes)))
    shapes = shapes[there]
    bounds = shapely.bounds(shapes).reshape(-1, 4)
    small = _is_small(shapes, bounds, pixel) & (recipe.keep is Keep.LOOK)
    kept, replaced = there[~small], simplified(shapes[~small], bounds[~small], pixel)
    if small.any():
        rows = there[small]
        classes = _classes(batch.take(pa.array(rows)), recipe)
        chosen, made = _one_for_many(shapes[small], bounds[small], classes, pixel * CELL)
        kept, replaced = np.concatenate((kept, rows[chosen])), np.concatenate((replaced, made))
    return _with(batch, kept, replaced)


def _with(batch: pa.RecordBatch, rows: Ints, shapes: Any) -> pa.RecordBatch:
    order = np.argsort(rows, kind="stable")
    taken = batch.take(pa.array(rows[order]))
    wkb = pa.array(shapely.to_wkb(shapes[order], output_dimension=2, flavor="iso"), pa.binary())
    return pa.RecordBatch.from_arrays([*taken.columns[:-1], wkb], schema=batch.schema)


def _is_small(shapes: Any, bounds: Floats, pixel: float) -> npt.NDArray[np.bool_]:
    """Collections are left alone: what a symbolizer draws of them depends on their parts."""
    size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    return np.asarray((size < pixel * CELL) & (shapely.get_type_id(shapes) != 7))


def simplified(shapes: Any, bounds: Floats, pixel: float) -> Any:
    """Shapes of some bounds (n × 4) for pixels of a size in their units; what would vanish stays as it is."""
    simple = shapely.simplify(shapes, pixel * TOLERANCE, preserve_topology=False)
    simple = np.where(shapely.is_empty(simple), shapes, simple)
    size = np.maximum(bounds[:, 2] - bounds[:, 0], bounds[:, 3] - bounds[:, 1])
    mended = np.flatnonzero((size < pixel * SHRINKING) & (shapely.get_dimensions(shapes) == 2))
    simple[mended] = _of_area(simple[mended], shapely.area(shapes[mended]))
    return simple


def _of_area(polygons: Any, areas: Floats) -> Any:
    """Polygons made larger or smaller about their centres: corners cut off all make a town paler."""
    factors = np.sqrt(areas / np.maximum(shapely.area(polygons), 1e-300)).clip(0.5, 2.0)
    centres = shapely.get_coordinates(shapely.centroid(polygons))
    points, of = shapely.get_coordinates(polygons, return_index=True)
    moved = centres[of] + (points - centres[of]) * factors[of, None]
    return shapely.set_coordinates(polygons, moved)


def _classes(batch: pa.RecordBatch, recipe: Recipe) -> Ints:
    """A number for each row, the same where the style draws the same."""
    codes = np.zeros(batch.num_rows, np.int64)
    for name, parts in recipe.splits.items():
        found = _coded(batch.column(name), parts)
        codes = np.unique(codes * (found.max(initial=0) + 1) + found, return_inverse=True)[1]
    return codes


def _coded(column: Any, parts: tuple[float, ...] | None) -> Ints:
    """0 for null; else which value it is, or between or on which of the parting numbers it lies."""
    if parts is None:
        indices = pc.dictionary_encode(column).indices
        return np.asarray(pc.fill_null(indices.cast(pa.int64()), -1)) + 1
    values = np.asarray(pc.fill_null(column.cast(pa.float64()), np.nan))
    borders = np.array(parts)
    sides = np.searchsorted(borders, values, "left") + np.searchsorted(borders, values, "right") + 1
    return np.where(np.isnan(values), 0, sides).astype(np.int64)


def _one_for_many(shapes: Any, bounds: Floats, classes: Ints, cell: float) -> tuple[Ints, Any]:
    """Of each cell, class and dimension: the row of the largest feature, and the shape that stands for all."""
    dimensions = shapely.get_dimensions(shapes).astype(np.int64)
    places = np.floor((bounds[:, :2] + bounds[:, 2:]) / 2 / cell).astype(np.int64)
    measures = np.where(dimensions == 2, shapely.area(shapes), shapely.length(shapes))
    keys = (places[:, 0], places[:, 1], dimensions, classes)
    order = np.lexsort((-measures, *keys))
    changes = np.any([np.diff(key[order]) != 0 for key in keys], axis=0)
    starts = np.concatenate(([0], np.flatnonzero(changes) + 1))
    boxes = np.hstack(
        (
            np.minimum.reduceat(bounds[order, :2], starts, axis=0),
            np.maximum.reduceat(bounds[order, 2:], starts, axis=0),
        )
    )
    chosen = order[starts]
    sums = np.add.reduceat(measures[order], starts)
    made = shapes[chosen].copy()
    polygons, lines = dimensions[chosen] == 2, dimensions[chosen] == 1
    made[polygons] = _rectangles(boxes[polygons], sums[polygons], cell)
    made[lines] = _diagonals(boxes[lines], made[lines])
    return chosen, made


def _rectangles(boxes: Floats, areas: Floats, cell: float) -> Any:
    """Of an area each, in the middle of a box and no larger than it."""
    centres, halves = (boxes[:, :2] + boxes[:, 2:]) / 2, (boxes[:, 2:] - boxes[:, :2]) / 2
    halves = np.maximum(halves, cell * 1e-3)
    halves *= np.sqrt(np.minimum(1.0, areas / (4 * halves[:, 0] * halves[:, 1])))[:, None]
    return shapely.box(*np.hstack((centres - halves, centres + halves)).T)


def _diagonals(boxes: Floats, longest: Any) -> Any:
    """From corner to corner, as the longest line runs."""
    first, last = (shapely.get_coordinates(shapely.get_point(_first_part(longest), at)) for at in (0, -1))
    falls = np.prod(last - first, axis=1) < 0
    ys = np.where(falls[:, None], boxes[:, [3, 1]], boxes[:, [1, 3]])
    return shapely.linestrings(np.stack((boxes[:, [0, 2]], ys), axis=-1))


def _first_part(lines: Any) -> Any:
    return shapely.get_geometry(lines, 0)
