"""Conditions as SQL of PostGIS, where it decides exactly as we would. Values are parameters; names are quoted.

What is left to us: letters compared without their case (each database folds them in its own way), and the relations
whose answer for a geometry that is not valid depends on the version of GEOS, of which the database looks at boxes.
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime, time
from typing import Any

import pyarrow as pa
import shapely

from layers.crs import is_geographic, metres_per_unit
from layers.facts import PostgisFacts
from layers.filters.ids import keys_of
from layers.filters.sql import quoted
from layers.filters.tree import (
    AllOf,
    Always,
    AnyOf,
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
    Property,
    ResourceId,
    Spatial,
    Temporal,
    Value,
    all_of,
)

MOST = 5_000
"""Conditions of one And or Or that the database is asked to decide."""

_NUMBERS = frozenset({"integer", "real"})
_MOMENTS = frozenset({"date", "datetime"})
_INSTANTS = frozenset({"after", "before", "during", "begins", "ends", "tequals", "anyinteracts"})
_UUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Writer:
    """Writes conditions; None where the database would not decide as we do.

    `add` keeps a value and gives its mark, `read` gives the SQL of a field's value.
    """

    def __init__(
        self,
        facts: PostgisFacts,
        layer_id: str,
        add: Callable[[Any, pa.DataType], str],
        read: Callable[[str], str],
    ) -> None:
        self.facts = facts
        self.layer_id = layer_id
        self.add = add
        self.read = read

    def push_down(self, tree: Condition | None) -> tuple[list[str], Any]:
        """SQL of the parts that can be decided there, all of which must hold, and what is left (None: nothing)."""
        if tree is None:
            return [], None
        parts: list[str] = []
        left: list[Condition] = []
        for item in tree.items if isinstance(tree, AllOf) else (tree,):
            text = self.condition(item)
            if text is None:
                left.append(item)
            else:
                parts.append(text)
        return parts, all_of(left) if left else None

    def condition(self, node: Condition) -> str | None:
        """SQL of a condition."""
        match node:
            case AllOf(items):
                return self._joined(items, " AND ")
            case AnyOf(items):
                return self._joined(items, " OR ")
            case Not(item):
                inner = self.condition(item)
                return f"NOT ({inner})" if inner is not None else None
            case Always(value):
                return "TRUE" if value else "FALSE"
            case ResourceId(ids):
                return self._ids(ids)
            case Spatial():
                return self._spatial(node)
            case Distance():
                return self._distance(node)
            case IsNull(None):
                return f"{quoted(self.facts.place)} IS NULL"
        return self._predicate(node)

    def _joined(self, items: tuple[Condition, ...], word: str) -> str | None:
        if len(items) > MOST:
            return None
        texts: list[str] = []
        for item in items:
            text = self.condition(item)
            if text is None:
                return None
            texts.append(f"({text})")
        return word.join(texts)

    def _predicate(self, node: Condition) -> str | None:
        match node:
            case Comparison(op, left, right, True):
                return self._comparison(op, left, right)
            case Like(Property(name, "string"), parts, True):
                return self._like(name, parts)
            case In(operand, values):
                return self._one_of(operand, values)
            case IsNull(Property(name)):
                return f"{quoted(name)} IS NULL"
            case Temporal(op, Property(name), start, end):
                return self._temporal(op, name, start, end)
        return None

    def _comparison(self, op: str, left: Expression, right: Expression) -> str | None:
        families = {_family(side) for side in (left, right)} - {""}
        if len(families) != 1 or families == {"binary"}:
            return None
        sides = [self._side(left, right), self._side(right, left)]
        if None in sides:
            return None
        # Every other source has the order of the letters' numbers, whatever the database's own.
        collation = ' COLLATE "C"' if families == {"string"} and op not in ("=", "<>") else ""
        return f"{sides[0]} {op} {sides[1]}{collation}"

    def _side(self, node: Expression, other: Expression) -> str | None:
        match node:
            case Literal(value):
                return self._value(value, other)
            case Property(name, kind) if kind in _MOMENTS:
                return self._moment(name, [other.value] if isinstance(other, Literal) else [])
            case Property(name):
                return self.read(name)
            case Function("length", (Property(name, "string"),)):
                return f"char_length({self.read(name)})"
            case Function("abs", (Property(name, kind),)) if kind in _NUMBERS:
                return f"abs({self.read(name)})"
        return None

    def _value(self, value: Value, other: Expression) -> str | None:
        """The mark of a literal, None where its comparison is not the same there."""
        match other.type if isinstance(other, Property) else _family(other), value:
            case "boolean", bool():
                return self.add(value, pa.bool_())
            case "integer" | "real" | "number", int() if not isinstance(value, bool) and abs(value) < 2**63:
                return self.add(value, pa.int64())
            case "integer" | "real" | "number", float():
                return self.add(value, pa.float64())
            case "string", str() if "\0" not in value:
                return self.add(value, pa.string())
            case "time", str():
                return self.add(time.fromisoformat(value), pa.time64("us"))
            case "date" | "datetime", datetime() if isinstance(other, Property):
                return self._instant(other.name, value, [value])
        return None

    def _moment(self, name: str, values: Sequence[Value]) -> str:
        """A date or a datetime as it is compared with such values; with none, as a moment in UTC without a zone."""
        native, text = self.facts.column(name).native, self.read(name)
        if native == "date":
            return text if values and all(map(_is_midnight, values)) else f"{text}::timestamp"
        return text if values or native == "timestamp" else f"({text} AT TIME ZONE 'UTC')"

    def _instant(self, name: str, value: datetime, values: Sequence[Value]) -> str:
        """The mark of one of such values: in the column's own type, so that its index can be used."""
        native = self.facts.column(name).native
        if native == "date" and all(map(_is_midnight, values)):
            return self.add(value.date(), pa.date32())
        if native == "timestamptz":
            # A zone of its own makes ADBC begin and commit a transaction around the statement.
            return f"({self.add(value, pa.timestamp('us'))} AT TIME ZONE 'UTC')"
        return self.add(value, pa.timestamp("us"))

    def _like(self, name: str, parts: tuple[str | None, ...]) -> str | None:
        if any(part is not None and "\0" in part for part in parts):
            return None
        pattern = "".join(
            "%" if part is None else "_" if part == "" else f"\\{part}" if part in "%_\\" else part for part in parts
        )
        return f"{self.read(name)} LIKE {self.add(pattern, pa.string())} ESCAPE '\\'"

    def _one_of(self, operand: Expression, values: tuple[Value, ...]) -> str | None:
        if not isinstance(operand, Property) or not values:
            return None
        if operand.type == "string" and all(isinstance(value, str) and "\0" not in value for value in values):
            return f"{self.read(operand.name)} = ANY ({self.add(list(values), pa.list_(pa.string()))})"
        if operand.type == "integer" and all(type(value) is int and abs(value) < 2**63 for value in values):
            return f"{self.read(operand.name)} = ANY ({self.add(list(values), pa.list_(pa.int64()))})"
        texts = [self._comparison("=", operand, Literal(value)) for value in values[: MOST + 1]]
        return None if None in texts or len(texts) > MOST else " OR ".join(f"({text})" for text in texts)

    def _temporal(self, op: str, name: str, start: datetime, end: datetime | None) -> str:
        """An instant against an instant or a period (ISO 19108, 5.2.3.5)."""
        values = [start] if end is None else [start, end]
        when = self._moment(name, values)
        no = f"{when} <> {when}"
        if op not in _INSTANTS or (end is None and op in ("during", "begins", "ends")):
            # The other relations are of two periods: an instant is in none of them.
            return no
        first = self._instant(name, start, values)
        last = first if end is None else self._instant(name, end, values)
        answers = {
            "after": f"{when} > {last}",
            "before": f"{when} < {first}",
            "during": f"{when} > {first} AND {when} < {last}",
            "begins": f"{when} = {first}",
            "ends": f"{when} = {last}",
            "tequals": f"{when} = {first} AND {when} = {last}",
            "anyinteracts": f"{when} >= {first} AND {when} <= {last}",
        }
        return answers[op]

    def _ids(self, ids: tuple[str, ...]) -> str | None:
        keys = keys_of(ids, self.facts, self.layer_id)
        values = [value for value in keys.values if not (isinstance(value, str) and "\0" in value)]
        return self.keys(values) if keys.column else None

    def keys(self, values: Sequence[Any]) -> str:
        """SQL that the key is one of some values: in the key's own type, so that its index is used."""
        column = self.facts.column(str(self.facts.key))
        if column.native == "uuid":
            values = [value for value in values if _UUID.fullmatch(value)]
        if not values:
            return "FALSE"
        kind = pa.int64() if isinstance(values[0], int) else pa.string()
        mark = self.add(list(values), pa.list_(kind))
        if column.native in ("uuid", "numeric") and (column.native == "uuid" or kind == pa.int64()):
            return f"{quoted(column.name)} = ANY ({mark}::{column.native}[])"
        # What cannot be read as the key's type is no key, and not an error: the key is compared as it is written.
        as_text = "" if kind == pa.int64() or column.native in ("text", "varchar") else "::text"
        return f"{quoted(column.name)}{as_text} = ANY ({mark})"

    def shape(self, shape: Any) -> str:
        """The mark of a shape in the layer's CRS, as a geometry with the database's SRID."""
        return f"ST_SetSRID(ST_GeomFromWKB({self.add(shapely.to_wkb(shape), pa.binary())}), {self.facts.srid})"

    def meets(self, shape: Any) -> str:
        """SQL that the features' geometry is not disjoint from a shape."""
        mark = self.shape(shape)
        exact = f"ST_Intersects({self.facts.shape}, {mark})"
        return exact if self.facts.shape == quoted(self.facts.place) else f"{self.box(shape)} AND {exact}"

    def box(self, shape: Any) -> str:
        """SQL that the box of a feature meets the box of a shape: what the index knows."""
        plain = self.facts.shape if "::geometry" in self.facts.shape else quoted(self.facts.place)
        return f"{plain} && {self.shape(shapely.box(*shape.bounds))}"

    def _spatial(self, node: Spatial) -> str | None:
        if node.op == "intersects":
            return self.meets(node.shape)
        if node.op == "disjoint":
            return f"NOT ST_Intersects({self.facts.shape}, {self.shape(node.shape)})"
        return None

    def _distance(self, node: Distance) -> str | None:
        if node.metres and is_geographic(self.facts.crs):
            return None
        length = node.distance / (metres_per_unit(self.facts.crs) if node.metres else 1.0)
        mark, limit = self.shape(node.shape), self.add(length, pa.float64())
        if not node.beyond:
            return f"ST_DWithin({self.facts.shape}, {mark}, {limit})"
        # An empty geometry has no distance; it is not beyond anything.
        far = f"ST_Distance({self.facts.shape}, {mark}) > {limit}"
        return f"CASE WHEN ST_IsEmpty({self.facts.shape}) THEN FALSE ELSE {far} END"


def _family(node: Expression) -> str:
    """What values can be compared with each other; nothing for a literal, which takes the other's."""
    match node:
        case Property(_, kind):
            return "number" if kind in _NUMBERS else "moment" if kind in _MOMENTS else kind
        case Function("length" | "abs"):
            return "number"
        case Literal():
            return ""
        case Function():
            return "string"
    return "computed"


def _is_midnight(value: Value) -> bool:
    """True for the moment that a date means."""
    return isinstance(value, datetime) and value.time() == time()
