"""Conditions made of what a request says: names checked, values read in the types of the fields, geometries moved.

Every reader (FES, CQL) makes its tree with these; whatever is wrong raises FilterError or UnknownPropertyError.
"""

import math
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time
from typing import Any

import numpy as np
import shapely

from layers.crs import BBox
from layers.errors import FilterError
from layers.facts import VectorFacts
from layers.filters.placeholders import Bound
from layers.filters.tree import (
    Always,
    Arithmetic,
    Comparison,
    Condition,
    Distance,
    Expression,
    Function,
    In,
    Like,
    Literal,
    Not,
    OfKind,
    Property,
    Spatial,
    Temporal,
    Value,
    all_of,
)
from layers.query import FeatureQuery
from layers.sources import geometry

FUNCTIONS = {"lower": "string", "upper": "string", "casei": "string", "length": "integer", "abs": "real"}
"""Functions that a filter may call, and the type of their result."""

UNITS = {
    **dict.fromkeys(("m", "metre", "metres", "meter", "meters", "urn:ogc:def:uom:epsg::9001"), 1.0),
    **dict.fromkeys(("km", "kilometre", "kilometres", "kilometer", "kilometers"), 1000.0),
    **dict.fromkeys(("ft", "foot", "feet"), 0.3048),
    **dict.fromkeys(("mi", "mile", "miles", "statute miles"), 1609.344),
    **dict.fromkeys(("nm", "[nmi_i]", "nautical miles", "nauticalmile"), 1852.0),
    "cm": 0.01,
    "mm": 0.001,
}
"""Metres in a unit of distance."""

_DEGREES = frozenset({"deg", "degree", "degrees", "urn:ogc:def:uom:epsg::9102"})

SPATIAL = frozenset(
    {"intersects", "disjoint", "contains", "within", "touches", "crosses", "overlaps", "equals", "relate"}
)
TEMPORAL = (
    "After",
    "Before",
    "Begins",
    "BegunBy",
    "TContains",
    "During",
    "EndedBy",
    "Ends",
    "TEquals",
    "Meets",
    "MetBy",
    "TOverlaps",
    "OverlappedBy",
    "AnyInteracts",
)
"""The temporal operators as FES calls them (OGC 09-026r2, 7.9)."""

_TEMPORAL = frozenset(name.lower() for name in TEMPORAL)
_TRUTH = {"true": True, "1": True, "false": False, "0": False}


class OperandError(FilterError):
    """A property that is there, but of a kind that the operator cannot take."""


class ForeignIdError(FilterError):
    """The id of another layer's feature."""


@dataclass(frozen=True)
class Names:
    """The layer that a filter is about. `resolve` gives the field that a name means, None for the geometry.

    `crs` is the CRS of geometries that do not tell theirs, the layer's own where it is empty; `swapped`: they are
    written y first. `others` are the layers whose ids would be out of place. `kinds` tells the types of geometry that
    a name of the geometry means, where it does not mean any. `values` are those of a stored query's parameters.
    """

    facts: VectorFacts
    layer_id: str
    resolve: Callable[[str], str | None]
    crs: str = ""
    swapped: bool = False
    others: frozenset[str] = frozenset()
    values: Mapping[str, Bound] = field(default_factory=dict)
    kinds: Callable[[str], tuple[str, ...]] = field(default=lambda _: ())

    def check_id(self, text: str) -> None:
        """An id may be unknown, but not that of another layer's feature. Raises ForeignIdError."""
        if text.rpartition(".")[0] in self.others - {self.layer_id}:
            raise ForeignIdError(f"{text[:80]!r} is an id of another layer than {self.layer_id}")

    def property(self, name: str) -> Property | None:
        """The field of a name, None for the geometry. Raises UnknownPropertyError."""
        found = self.resolve(name[:200])
        if found is None:
            return None
        return Property(found, next(field.type for field in self.facts.fields if field.name == found))

    def narrowed(self, name: str, condition: Condition) -> Condition:
        """A condition on the geometry, for the types of it that the name means."""
        kinds = self.kinds(name[:200])
        return all_of([OfKind(kinds), condition]) if kinds else condition

    def value_property(self, name: str) -> Property:
        """The field of a name where a geometry cannot stand."""
        found = self.property(name)
        if found is None:
            raise OperandError(f"{name!r} is a geometry, which has no value to compare")
        return found


def type_of(expression: Expression) -> str | None:
    """The type of an expression; None for a literal, which takes that of what it is compared with."""
    match expression:
        case Property(_, kind):
            return kind
        case Arithmetic():
            return "real"
        case Function(name):
            return FUNCTIONS[name]
    return None


def literal(value: Value, kind: str | None) -> Literal:
    """A value in the type that it is compared in. Raises FilterError where it is none of that type."""
    try:
        return Literal(_value(value, kind))
    except (ValueError, OverflowError):
        raise FilterError(f"{str(value)[:80]!r} is not a value of type {kind}") from None


def _value(value: Value, kind: str | None) -> Value:
    match kind:
        case "integer" | "real":
            return number(value)
        case "boolean":
            return truth(value)
        case "date" | "datetime":
            return instant(value)
        case "time":
            return time.fromisoformat(str(value).strip()).replace(tzinfo=None).isoformat("microseconds")
        case "string" | "binary":
            return _text(value)
    return value


def truth(value: Value) -> bool:
    """True or false. Raises ValueError."""
    text = str(value).strip().lower()
    if text not in _TRUTH:
        raise ValueError
    return _TRUTH[text]


def _text(value: Value) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date) else str(value)


def number(value: Value) -> int | float:
    """A finite number. Raises ValueError."""
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, int | float):
        found: int | float = value
    else:
        text = str(value).strip()
        if len(text) > 60 or "_" in text:
            raise ValueError
        found = int(text) if text.lstrip("+-").isdigit() else float(text)
    if isinstance(found, float) and not math.isfinite(found):
        raise ValueError
    if isinstance(found, int) and abs(found) >= 2**63:
        return float(found)
    return found


_SLASHES = re.compile(r"^(\d{4})/(\d\d)/(\d\d)", re.ASCII)
_ZONED_DATE = re.compile(r"\d{4}-\d\d-\d\d(Z|[+-]\d\d:\d\d)", re.ASCII)


def instant(value: Value) -> datetime:
    """A moment in UTC, without a zone; a date is its midnight. Raises ValueError."""
    if isinstance(value, datetime):
        moment = value
    elif isinstance(value, date):
        moment = datetime(value.year, value.month, value.day)
    else:
        # GDAL writes dates with slashes, in transactions too.
        text = _SLASHES.sub(r"\1-\2-\3", str(value).strip())
        if _ZONED_DATE.fullmatch(text):
            # A day is the same day whatever its zone (XML Schema, 3.2.9).
            text = text[:10]
        moment = datetime.fromisoformat({4: f"{text}-01-01", 7: f"{text}-01"}.get(len(text), text))
    return moment.astimezone(UTC).replace(tzinfo=None) if moment.tzinfo else moment


def comparison(op: str, left: Expression, right: Expression, *, match_case: bool = True) -> Condition:
    """A comparison, with literals in the type of the other side."""
    if isinstance(left, Literal) and isinstance(right, Literal):
        left, right = literal(left.value, _kind(left)), literal(right.value, _kind(left))
    elif isinstance(left, Literal):
        left = literal(left.value, type_of(right))
    elif isinstance(right, Literal):
        right = literal(right.value, type_of(left))
    return Comparison(op, left, right, match_case)


def _kind(item: Literal) -> str:
    kinds = {bool: "boolean", int: "real", float: "real", datetime: "datetime", date: "date"}
    return kinds.get(type(item.value), "string")


def between(operand: Expression, low: Expression, high: Expression) -> Condition:
    """Not less than `low` and not more than `high`."""
    return all_of([comparison(">=", operand, low), comparison("<=", operand, high)])


def one_of(operand: Expression, values: Iterable[Value]) -> Condition:
    """The operand is one of the values."""
    kind = type_of(operand) or "string"
    return In(operand, tuple(literal(value, kind).value for value in values))


def like(
    operand: Expression, pattern: str, *, wildcard: str, single: str, escape: str, match_case: bool = True
) -> Condition:
    """Text like a pattern (OGC 09-026r2, 7.7.3.4); each sign is one character, or none."""
    if len(pattern) > 1000:
        raise FilterError("a pattern has at most 1,000 characters")
    parts: list[str | None] = []
    characters = iter(pattern)
    for character in characters:
        if character == escape:
            parts.append(next(characters, character))
        elif character == wildcard:
            parts.append(None)
        else:
            parts.append("" if character == single else character)
    return Like(operand, tuple(parts), match_case)


def arithmetic(op: str, left: Expression, right: Expression) -> Expression:
    """`+ - * /` of numbers."""
    sides = [literal(side.value, "real") if isinstance(side, Literal) else side for side in (left, right)]
    for side in sides:
        if type_of(side) not in (None, "integer", "real"):
            raise FilterError(f"{op} is of numbers only")
    return Arithmetic(op, sides[0], sides[1])


def function(name: str, arguments: list[Expression]) -> Expression:
    """A call of a known function with one argument."""
    if name.lower() not in FUNCTIONS:
        raise FilterError(f"there is no function {name[:60]!r}, only {', '.join(FUNCTIONS)}")
    if len(arguments) != 1 or isinstance(arguments[0], Literal):
        raise FilterError(f"the function {name} takes one property")
    wanted = ("integer", "real") if name.lower() == "abs" else ("string",)
    if type_of(arguments[0]) not in wanted:
        raise FilterError(f"the function {name} is of type {wanted[-1]} only")
    return Function(name.lower(), tuple(arguments))


def temporal(op: str, operand: Expression, start: Value, end: Value | None) -> Condition:
    """A temporal relation of a date or datetime field; `end` None for an instant."""
    name = op.lower()
    if name not in _TEMPORAL:
        raise FilterError(f"there is no temporal operator {op[:40]!r}")
    if not isinstance(operand, Property) or operand.type not in ("date", "datetime"):
        raise FilterError(f"{op} is of a date or a datetime property only")
    try:
        return Temporal(name, operand, instant(start), None if end is None else instant(end))
    except ValueError:
        raise FilterError(f"{op}: {start!r} is not a date") from None


def spatial(op: str, shape: Any, crs: str, facts: VectorFacts, *, pattern: str = "") -> Condition:
    """A spatial relation to a shape in a CRS, x first."""
    if op not in SPATIAL:
        raise FilterError(f"there is no spatial operator {op[:40]!r}")
    if pattern and (len(pattern) != 9 or pattern.strip("012TF*")):
        raise FilterError(f"{pattern[:20]!r} is not a DE-9IM pattern")
    return Spatial(op, moved(shape, crs, facts), pattern)


def box(bbox: BBox, crs: str, facts: VectorFacts) -> Condition:
    """Not disjoint from a box in a CRS, x first (09-026r2, 7.8.3.2)."""
    region = geometry.region(FeatureQuery("", crs, bbox=bbox, bbox_crs=crs), facts)
    return Always(False) if region.nothing else Spatial("intersects", region.shape)


def distance(shape: Any, crs: str, facts: VectorFacts, length: float, unit: str, *, beyond: bool) -> Condition:
    """Within a distance, or beyond; an unnamed unit is that of the layer's CRS."""
    name = unit.strip().lower()
    if not math.isfinite(length) or length < 0:
        raise FilterError("a distance is a number from 0")
    if name and name not in UNITS and name not in _DEGREES:
        raise FilterError(f"{unit[:40]!r} is not a unit of distance: {', '.join(list(UNITS)[:10])} …")
    metres = name in UNITS
    return Distance(moved(shape, crs, facts), length * UNITS.get(name, 1.0), beyond, metres)


def moved(shape: Any, crs: str, facts: VectorFacts) -> Any:
    """A shape in the layer's CRS; long edges are cut, so that they stay where they were."""
    if shape.is_empty or not np.isfinite(shape.bounds).all():
        raise FilterError("a geometry of the filter is empty or has no place")
    if crs == facts.crs:
        return shape
    x0, y0, x1, y1 = shape.bounds
    size = max(x1 - x0, y1 - y0)
    cut = shapely.segmentize(shape, size / 64) if size else shape
    result = geometry.move(np.array([cut], dtype=object), crs, facts.crs)[0]
    if result is None:
        raise FilterError(f"a geometry of the filter is outside of where {facts.crs} can be used")
    return result


def negated(item: Condition, *, when: bool = True) -> Condition:
    """Not, where it is asked."""
    return Not(item) if when else item
