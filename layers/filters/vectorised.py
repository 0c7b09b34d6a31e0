"""Conditions decided over Arrow batches: exactly, with SQL's three values."""

import base64
import math
import re
from functools import cached_property, reduce
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyproj
import shapely

from layers.crs import is_geographic, metres_per_unit, proj_crs
from layers.facts import VectorFacts
from layers.filters.ids import keys_of
from layers.filters.tree import (
    AllOf,
    Always,
    AnyOf,
    Arithmetic,
    Comparison,
    Condition,
    Distance,
    Expression,
    Function,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    OfKind,
    Property,
    ResourceId,
    Spatial,
    Temporal,
)
from layers.sources import geometry

_COMPARE = {
    "=": pc.equal,
    "<>": pc.not_equal,
    "<": pc.less,
    "<=": pc.less_equal,
    ">": pc.greater,
    ">=": pc.greater_equal,
}
_ARITHMETIC = {"+": pc.add, "-": pc.subtract, "*": pc.multiply, "/": pc.divide}
_FUNCTIONS = {
    "lower": pc.utf8_lower,
    "casei": pc.utf8_lower,
    "upper": pc.utf8_upper,
    "length": pc.utf8_length,
    "abs": pc.abs,
}


class Rows:
    """A batch with `#fid` or `#key`, fields and `#geometry`, and the shapes of the last, made once."""

    def __init__(self, batch: pa.RecordBatch, facts: VectorFacts, layer_id: str) -> None:
        self.batch = batch
        self.facts = facts
        self.layer_id = layer_id

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    @cached_property
    def shapes(self) -> geometry.Shapes:
        """The geometries, in the layer's CRS."""
        return geometry.shapes(self.batch["#geometry"])


def matches(tree: Condition, batch: pa.RecordBatch, facts: VectorFacts, layer_id: str) -> pa.Array:
    """Which rows of a batch match: true or false."""
    return pc.fill_null(_decided(tree, Rows(batch, facts, layer_id)), False)


def _decided(node: Condition, rows: Rows) -> pa.Array:
    match node:
        case AllOf(items):
            return reduce(pc.and_kleene, (_decided(item, rows) for item in items))
        case AnyOf(items):
            return reduce(pc.or_kleene, (_decided(item, rows) for item in items))
        case Not(item):
            return pc.invert(_decided(item, rows))
        case Always(value):
            return _constant(value, rows)
        case Spatial() | Distance():
            return _related(node, rows)
        case OfKind(kinds):
            return pa.array(np.isin(shapely.get_type_id(rows.shapes), [geometry.KINDS.index(kind) for kind in kinds]))
        case ResourceId(ids):
            return _identified(ids, rows)
    return _compared(node, rows)


def _compared(node: Condition, rows: Rows) -> pa.Array:
    match node:
        case Comparison(op, left, right, match_case):
            return _comparison(op, left, right, match_case, rows)
        case Like(operand, parts, match_case):
            return _like(operand, parts, match_case, rows)
        case In(operand, values):
            found = [_comparison("=", operand, Literal(value), True, rows) for value in values]
            return reduce(pc.or_kleene, found) if found else _constant(False, rows)
        case IsNull(None):
            return pa.array(rows.shapes == None)  # noqa: E711 - each of the array's items is compared
        case IsNull(operand):
            assert operand is not None
            return pc.is_null(_evaluated(operand, rows))
        case Temporal(op, operand, start, end):
            return _temporal(op, _moments(_evaluated(operand, rows)), pa.scalar(start, _MOMENT), end)
    raise AssertionError(node)


def _constant(value: bool, rows: Rows) -> pa.Array:
    return pa.array(np.full(len(rows), value))


def _evaluated(node: Expression, rows: Rows) -> pa.Array:
    match node:
        case Property(name):
            column = rows.batch[name]
            return _base64(column) if pa.types.is_binary(column.type) else column
        case Literal(value):
            return pa.array([value] * len(rows)) if isinstance(value, str) else pa.repeat(pa.scalar(value), len(rows))
        case Arithmetic(op, left, right):
            sides = (pc.cast(_evaluated(side, rows), pa.float64(), safe=False) for side in (left, right))
            return _ARITHMETIC[op](*sides)
        case Function(name, arguments):
            return _FUNCTIONS[name](*(_evaluated(argument, rows) for argument in arguments))
    raise AssertionError(node)


def _base64(column: pa.Array) -> pa.Array:
    """Bytes as the text that they are written as."""
    values = column.to_pylist()
    return pa.array([None if v is None else base64.b64encode(v).decode() for v in values], pa.string())


_MOMENT = pa.timestamp("us")


def _moments(array: pa.Array) -> pa.Array:
    """Dates and datetimes as moments in UTC without a zone."""
    if pa.types.is_timestamp(array.type) and array.type.tz:
        return array.cast(pa.timestamp("us", tz="UTC")).cast(_MOMENT)
    return array.cast(_MOMENT)


def _comparison(op: str, left: Expression, right: Expression, match_case: bool, rows: Rows) -> pa.Array:
    sides = [_comparable(_evaluated(side, rows)) for side in (left, right)]
    kinds = {_family(side.type) for side in sides}
    if len(kinds) > 1:
        sides = [pc.cast(side, pa.string()) for side in sides]
    if not match_case and _family(sides[0].type) == "string":
        sides = [pc.utf8_lower(side) for side in sides]
    return _COMPARE[op](*_exact(*sides))


def _comparable(array: pa.Array) -> pa.Array:
    if pa.types.is_date(array.type) or pa.types.is_timestamp(array.type):
        return _moments(array)
    if pa.types.is_time(array.type):
        return pc.cast(array, pa.string(), safe=False)
    return array


def _family(kind: pa.DataType) -> str:
    if pa.types.is_integer(kind) or pa.types.is_floating(kind):
        return "number"
    return "string" if pa.types.is_string(kind) else str(kind)


def _exact(left: pa.Array, right: pa.Array) -> tuple[pa.Array, pa.Array]:
    """Both sides as they can be compared without loss: whole numbers stay whole where both are."""
    if pa.types.is_boolean(left.type) and pa.types.is_boolean(right.type):
        return left.cast(pa.int8()), right.cast(pa.int8())
    if pa.types.is_integer(left.type) != pa.types.is_integer(right.type) and _family(left.type) == "number":
        return pc.cast(left, pa.float64(), safe=False), pc.cast(right, pa.float64(), safe=False)
    return left, right


def _like(operand: Expression, parts: tuple[str | None, ...], match_case: bool, rows: Rows) -> pa.Array:
    pattern = "".join(".*" if part is None else "." if part == "" else re.escape(part) for part in parts)
    flags = "s" if match_case else "is"
    values = _evaluated(operand, rows)
    if pa.types.is_timestamp(values.type):
        # As answers have it (ISO 8601).
        values = pc.strftime(values, "%Y-%m-%dT%H:%M:%SZ" if values.type.tz else "%Y-%m-%dT%H:%M:%S")
    text = values if pa.types.is_string(values.type) else pc.cast(values, pa.string())
    return pc.match_substring_regex(text, rf"\A(?{flags}:{pattern})\z")


def _temporal(op: str, when: pa.Array, start: pa.Scalar, end: Any) -> pa.Array:
    """An instant against an instant or a period (ISO 19108, 5.2.3.5)."""
    stop = start if end is None else pa.scalar(end, _MOMENT)
    inside = pc.and_kleene(pc.greater(when, start), pc.less(when, stop))
    no = pc.if_else(pc.is_valid(when), False, pa.scalar(None, pa.bool_()))
    answers = {
        "after": lambda: pc.greater(when, stop),
        "before": lambda: pc.less(when, start),
        "during": lambda: inside if end is not None else no,
        "begins": lambda: pc.equal(when, start) if end is not None else no,
        "ends": lambda: pc.equal(when, stop) if end is not None else no,
        "tequals": lambda: pc.and_kleene(pc.equal(when, start), pc.equal(when, stop)),
        "anyinteracts": lambda: pc.and_kleene(pc.greater_equal(when, start), pc.less_equal(when, stop)),
    }
    # The other relations are of two periods: an instant is in none of them.
    return answers.get(op, lambda: no)()


def _identified(ids: tuple[str, ...], rows: Rows) -> pa.Array:
    keys = keys_of(ids, rows.facts, rows.layer_id)
    own = "#key" if "#key" in rows.batch.schema.names else "#fid"
    column = rows.batch[rows.facts.key if keys.column and own == "#fid" else own]
    return pc.is_in(column, value_set=pa.array(list(keys.values), column.type))


def _related(node: Spatial | Distance, rows: Rows) -> pa.Array:
    shapes = rows.shapes
    present = ~shapely.is_missing(shapes)
    answer = np.zeros(len(shapes), dtype=bool)
    found = (
        _distances(node, shapes[present], rows.facts.crs)
        if isinstance(node, Distance)
        else _spatial(node, shapes[present])
    )
    answer[present] = found
    return pa.array(answer, mask=~present)


_INVERSE = {"contains": "within", "within": "contains"}


def _spatial(node: Spatial, shapes: geometry.Shapes) -> Any:
    """The relation, with the shape prepared and the features' geometries as its other side."""
    shapely.prepare(node.shape)
    if node.op == "relate":
        return shapely.relate_pattern(shapes, node.shape, node.pattern)
    if node.op == "equals":
        return shapely.equals(shapes, node.shape)
    return getattr(shapely, _INVERSE.get(node.op, node.op))(node.shape, shapes)


def _distances(node: Distance, shapes: geometry.Shapes, crs: str) -> Any:
    if node.metres and is_geographic(crs):
        found = _metric_distances(node, shapes, crs)
    else:
        found = shapely.distance(shapes, node.shape) * (metres_per_unit(crs) if node.metres else 1.0)
    return found > node.distance if node.beyond else found <= node.distance


def _metric_distances(node: Distance, shapes: geometry.Shapes, crs: str) -> Any:
    """Metres between geometries in degrees, on the plane that is true around the shape."""
    centre = shapely.centroid(node.shape)
    plane = pyproj.CRS.from_proj4(f"+proj=aeqd +lat_0={centre.y!r} +lon_0={centre.x!r} +ellps=GRS80 +units=m")
    change = pyproj.Transformer.from_crs(proj_crs(crs), plane, always_xy=True)

    def along(coordinates: Any) -> Any:
        return np.column_stack(change.transform(coordinates[:, 0], coordinates[:, 1]))

    found = shapely.distance(shapely.transform(shapes, along), shapely.transform(node.shape, along))
    return np.where(np.isfinite(found), found, math.inf)
