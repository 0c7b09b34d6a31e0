"""Filters as trees: conditions over one layer, geometries in its CRS, values of its fields' types.

Frozen, and with as many branches as a condition has, so that a long And is no deep one. Conditions have SQL's
three values: what is asked of a null is neither true nor false (OGC 21-065r2, 6.3; ISO 9075-2).
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from layers.crs import BBox
from layers.errors import FilterError

MAX_NODES = 20_000
"""Conditions, values and names in one filter, at most."""

MAX_DEPTH = 100
"""Conditions within conditions, at most."""

type Value = str | int | float | bool | date | datetime
type Expression = Property | Literal | Arithmetic | Function
type Condition = (
    AllOf | AnyOf | Not | Comparison | Like | In | IsNull | Always | ResourceId | Temporal | Spatial | Distance | OfKind
)


@dataclass(frozen=True, slots=True)
class Property:
    """A field, with its type in `layers.facts.Field`'s words."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Literal:
    """A value."""

    value: Value


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`+ - * /` of two numbers."""

    op: str
    left: Expression
    right: Expression


@dataclass(frozen=True, slots=True)
class Function:
    """A function of `layers.filters.build.FUNCTIONS`."""

    name: str
    arguments: tuple[Expression, ...]


@dataclass(frozen=True, slots=True)
class AllOf:
    """And."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """Or."""

    items: tuple[Condition, ...]


@dataclass(frozen=True, slots=True)
class Not:
    """Not."""

    item: Condition


@dataclass(frozen=True, slots=True)
class Comparison:
    """`=`, `<>`, `<`, `<=`, `>`, `>=`; `match_case` False compares text in any case."""

    op: str
    left: Expression
    right: Expression
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class Like:
    """Text like a pattern: `parts` are literal pieces, None is any text, "" any one character."""

    operand: Expression
    parts: tuple[str | None, ...]
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class In:
    """One of several values."""

    operand: Expression
    values: tuple[Value, ...]


@dataclass(frozen=True, slots=True)
class IsNull:
    """There is no value; `operand` None is the geometry."""

    operand: Expression | None


@dataclass(frozen=True, slots=True)
class Always:
    """True or false, whatever the feature."""

    value: bool


@dataclass(frozen=True, slots=True)
class ResourceId:
    """The feature has one of these ids (OGC 09-026r2, 7.11)."""

    ids: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Temporal:
    """A relation of an instant to an instant or a period (09-026r2, 7.9), `end` None for an instant."""

    op: str
    operand: Property
    start: datetime
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Spatial:
    """A relation of the geometry to a shape in the layer's CRS, in GEOS's words; `relate` has a DE-9IM pattern."""

    op: str
    shape: Any
    pattern: str = ""


@dataclass(frozen=True, slots=True)
class Distance:
    """The geometry is within a distance of a shape, or beyond; in metres, or in units of the CRS (`metres` False)."""

    shape: Any
    distance: float
    beyond: bool
    metres: bool


@dataclass(frozen=True, slots=True)
class OfKind:
    """The geometry is of one of these types (`Point`, `MultiPolygon` …)."""

    kinds: tuple[str, ...]


def both(left: Condition | None, right: Condition | None) -> Condition | None:
    """Both conditions; None is no condition."""
    found = [item for item in (left, right) if item is not None]
    return all_of(found) if found else None


def all_of(items: Iterable[Condition]) -> Condition:
    """And, flat."""
    flat: list[Condition] = []
    for item in items:
        flat.extend(item.items if isinstance(item, AllOf) else (item,))
    return flat[0] if len(flat) == 1 else AllOf(tuple(flat))


def any_of(items: Iterable[Condition]) -> Condition:
    """Or, flat."""
    flat: list[Condition] = []
    for item in items:
        flat.extend(item.items if isinstance(item, AnyOf) else (item,))
    return flat[0] if len(flat) == 1 else AnyOf(tuple(flat))


def children(node: Any) -> tuple[Any, ...]:
    """The conditions and expressions directly below one."""
    match node:
        case AllOf(items) | AnyOf(items):
            return items
        case Not(item):
            return (item,)
        case Comparison(_, left, right) | Arithmetic(_, left, right):
            return (left, right)
        case Like(operand) | In(operand) | IsNull(operand) | Temporal(_, operand):
            return (operand,) if operand is not None else ()
        case Function(_, arguments):
            return arguments
    return ()


def walk(tree: Any) -> Iterator[Any]:
    """Every node."""
    return (node for node, _ in _levels(tree))


def _levels(tree: Any) -> Iterator[tuple[Any, int]]:
    waiting = [(tree, 1)] if tree is not None else []
    while waiting:
        node, level = waiting.pop()
        yield node, level
        waiting.extend((child, level + 1) for child in children(node))


def checked[T](tree: T) -> T:
    """The tree, if it is of a size that can be answered. Raises FilterError."""
    for number, (_, level) in enumerate(_levels(tree)):
        if level > MAX_DEPTH:
            raise FilterError(f"the filter is more than {MAX_DEPTH} conditions deep")
        if number > MAX_NODES:
            raise FilterError(f"the filter has more than {MAX_NODES} conditions and values")
    return tree


def properties_of(tree: Any) -> set[str]:
    """Names of the fields that a filter reads."""
    return {node.name for node in walk(tree) if isinstance(node, Property)}


def is_spatial(tree: Any) -> bool:
    """True where a filter reads the geometry."""
    return any(
        isinstance(node, Spatial | Distance | OfKind) or (isinstance(node, IsNull) and node.operand is None)
        for node in walk(tree)
    )


def reach(tree: Any, units_per_metre: float | None) -> BBox | None:
    """A box that every feature matching the filter meets; None where there is none to be told.

    `units_per_metre` of the layer's CRS, None where it is not one number (degrees).
    """
    items = tree.items if isinstance(tree, AllOf) else (tree,)
    boxes: list[BBox] = []
    for item in items:
        if isinstance(item, Spatial) and item.op not in ("disjoint", "relate"):
            boxes.append(tuple(item.shape.bounds))
        elif isinstance(item, Distance) and not item.beyond and (units_per_metre or not item.metres):
            margin = item.distance * (units_per_metre or 1.0 if item.metres else 1.0)
            x0, y0, x1, y1 = item.shape.bounds
            boxes.append((x0 - margin, y0 - margin, x1 + margin, y1 + margin))
    return min(boxes, key=lambda box: (box[2] - box[0]) * (box[3] - box[1])) if boxes else None
