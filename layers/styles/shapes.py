"""Geometry functions of styles, over arrays of shapes in the data's own CRS."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from layers.styles.expressions import Expression, Function, Literal, Property, number, walk

type Shapes = npt.NDArray[np.object_]
type Columns = Mapping[str, npt.NDArray[np.float64]]
"""Fields that are numbers, by their names in lower case."""

_MOST = 64
"""Segments of a quarter of a circle, at the most."""


def known(asked: Expression) -> str | None:
    """The first function of a geometry that is not known, None where all are."""
    for part in walk(asked):
        if isinstance(part, Function) and part.name.lower() not in _FUNCTIONS:
            return part.name
    return None


def reach(asked: Expression) -> float:
    """How far from a feature its derived geometry may lie, in units of the data; the fields' part is not known."""
    moved = [f for f in walk(asked) if isinstance(f, Function) and f.name.lower() in _REACHING]
    return sum(abs(number(a) or 0.0) for f in moved for a in f.arguments[1:3])


def shaped(shapes: Shapes, columns: Columns, asked: Expression) -> Shapes:
    """What a function makes of each shape; None where it makes nothing of it. Raises KeyError, ValueError."""
    if not isinstance(asked, Function) or asked.name.lower() == "property":
        return shapes
    inner = asked.arguments[0] if asked.arguments else Property("")
    given = [_numbers(a, columns, len(shapes)) for a in asked.arguments[1:]]
    return _FUNCTIONS[asked.name.lower()](shaped(shapes, columns, inner), *given)


def _numbers(asked: Expression, columns: Columns, count: int) -> npt.NDArray[np.float64]:
    if isinstance(asked, Property):
        return columns[asked.name.lower()]
    found = number(asked)
    if found is None:
        raise ValueError(f"{asked.value if isinstance(asked, Literal) else 'a function'} is no number of metres")
    return np.full(count, found)


def _each(one: Callable[..., Any]) -> Callable[..., Shapes]:
    """A function of one shape, over arrays."""

    def over(shapes: Shapes, *given: npt.NDArray[np.float64]) -> Shapes:
        out = np.empty(len(shapes), object)
        for index, shape in enumerate(shapes):
            out[index] = None if shape is None else one(shape, *(numbers[index] for numbers in given))
        return out

    return over


def _by_shapely(name: str) -> Callable[..., Shapes]:
    # Imported by need: styles are read where nothing is drawn.
    def over(shapes: Shapes, *_given: npt.NDArray[np.float64]) -> Shapes:
        import shapely

        return getattr(shapely, name)(shapes)  # type: ignore[no-any-return]

    return over


def _buffer(shapes: Shapes, distance: npt.NDArray[np.float64], *more: npt.NDArray[np.float64]) -> Shapes:
    import shapely

    segments = int(min(max(more[0][0], 1), _MOST)) if more and len(shapes) else 8
    return shapely.buffer(shapes, distance, quad_segs=segments)  # type: ignore[no-any-return]


def _simplify(shapes: Shapes, tolerance: npt.NDArray[np.float64]) -> Shapes:
    import shapely

    return shapely.simplify(shapes, tolerance)  # type: ignore[no-any-return]


def _moved(shape: Any, dx: float, dy: float) -> Any:
    from shapely.affinity import translate

    return translate(shape, dx, dy)


def _parallel(shape: Any, distance: float) -> Any:
    return shape.offset_curve(distance) if shape.geom_type in ("LineString", "MultiLineString") else None


def _vertices(shape: Any) -> Any:
    import shapely

    return shapely.MultiPoint(shapely.get_coordinates(shape))


def _end(index: int) -> Callable[[Any], Any]:
    def at(shape: Any) -> Any:
        import shapely

        places = shapely.get_coordinates(shape)
        return shapely.Point(places[index]) if len(places) else None

    return at


def _outer(shape: Any) -> Any:
    import shapely

    return shapely.MultiLineString([p.exterior for p in shapely.get_parts(shape) if p.geom_type == "Polygon"])


_FUNCTIONS: dict[str, Callable[..., Shapes]] = {
    "property": lambda shapes: shapes,
    "centroid": _by_shapely("centroid"),
    **dict.fromkeys(
        ("interiorpoint", "pointonsurface", "point_on_surface", "labelpoint"), _by_shapely("point_on_surface")
    ),
    **dict.fromkeys(("startpoint", "start_point"), _each(_end(0))),
    **dict.fromkeys(("endpoint", "end_point"), _each(_end(-1))),
    **dict.fromkeys(("vertices", "nodes_to_points"), _each(_vertices)),
    "boundary": _by_shapely("boundary"),
    **dict.fromkeys(("exteriorring", "exterior_ring"), _each(_outer)),
    **dict.fromkeys(("envelope", "bounds"), _by_shapely("envelope")),
    **dict.fromkeys(("convexhull", "convex_hull"), _by_shapely("convex_hull")),
    "buffer": _buffer,
    "simplify": _simplify,
    **dict.fromkeys(("offset", "translate"), _each(_moved)),
    "offset_curve": _each(_parallel),
}
_REACHING = frozenset(("buffer", "offset", "translate", "offset_curve"))
