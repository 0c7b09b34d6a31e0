"""Conditions as SQL, where the file's own engine decides them exactly as we would; literals and names are quoted.

Two dialects: SQLite (inside a GeoPackage), and OGR SQL, of which only comparisons of numbers are used: its text
comparison ignores case and its Not takes null for false.
"""

from datetime import datetime
from typing import Any

from layers.facts import VectorFacts
from layers.filters.ids import keys_of
from layers.filters.tree import (
    AllOf,
    Always,
    AnyOf,
    Comparison,
    Condition,
    In,
    IsNull,
    Like,
    Literal,
    Not,
    Property,
    ResourceId,
    Value,
    all_of,
)

MAX_SQL = 200_000
"""Characters of SQL, at most (SQLite takes 1,000,000)."""


def push_down(
    tree: Condition | None, facts: VectorFacts, layer_id: str, dialect: str, fid: str = ""
) -> tuple[str, Any]:
    """SQL for the parts of a filter that can be pushed down, and what is left to decide (None: nothing)."""
    if tree is None:
        return "", None
    parts: list[str] = []
    left: list[Condition] = []
    for item in tree.items if isinstance(tree, AllOf) else (tree,):
        text = Writer(facts, layer_id, dialect, fid).condition(item)
        if text is None or sum(map(len, parts)) + len(text) > MAX_SQL:
            left.append(item)
        else:
            parts.append(text)
    return " AND ".join(f"({part})" for part in parts), all_of(left) if left else None


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


class Writer:
    """Writes conditions in a dialect; None where the dialect would not decide as we do."""

    def __init__(self, facts: VectorFacts, layer_id: str, dialect: str, fid: str) -> None:
        self.facts = facts
        self.layer_id = layer_id
        self.sqlite = dialect == "sqlite"
        self.none = dialect == "none"
        self.fid = fid

    def condition(self, node: Condition) -> str | None:
        """SQL of a condition."""
        if self.none:
            return None
        match node:
            case AllOf(items):
                return self._joined(items, " AND ")
            case AnyOf(items):
                return self._joined(items, " OR ")
            case Not(item):
                inner = self.condition(item) if self.sqlite else None
                return f"NOT ({inner})" if inner is not None else None
            case Always(value):
                return ("1" if value else "0") if self.sqlite else None
            case ResourceId(ids):
                return self._ids(ids)
        return self._predicate(node)

    def _joined(self, items: tuple[Condition, ...], word: str) -> str | None:
        texts = [self.condition(item) for item in items]
        if None in texts or len(texts) > 500:
            return None
        return word.join(f"({text})" for text in texts)

    def _predicate(self, node: Condition) -> str | None:
        match node:
            case Comparison(op, Property() as left, Literal(value), True):
                return self._comparison(op, left, value)
            case Comparison(op, Literal(value), Property() as right, True):
                return self._comparison(_MIRRORED[op], right, value)
            case In(Property() as operand, values) if values:
                items = [self._value(operand.type, value) for value in values]
                return None if None in items else f"{self._name(operand)} IN ({', '.join(str(i) for i in items)})"
            case IsNull(Property() as operand) if self.sqlite:
                return f"{self._name(operand)} IS NULL"
            case Like(Property(_, "string") as operand, parts, True) if self.sqlite:
                return self._glob(operand, parts)
        return None

    def _comparison(self, op: str, operand: Property, value: Value) -> str | None:
        text = self._value(operand.type, value)
        return None if text is None else f"{self._name(operand)} {op} {text}"

    def _name(self, operand: Property) -> str:
        name = operand.name
        return quoted(name) if self.sqlite else '"' + name.replace("\\", "\\\\").replace('"', '\\"') + '"'

    def _value(self, kind: str, value: Value) -> str | None:
        """A literal, None where its comparison is not the same in the dialect."""
        match kind, value:
            case "boolean", bool() if self.sqlite:
                return str(int(value))
            case "integer" | "real", int() | float() if not isinstance(value, bool):
                # A whole number beyond 2^53 and a decimal one are compared otherwise by each engine.
                return repr(value) if abs(value) < 2**53 else None
            case "string", str() if self.sqlite and "\0" not in value:
                return _text(value)
            case "date", datetime() if self.sqlite and value.isoformat().endswith("T00:00:00"):
                return _text(value.date().isoformat())
        return None

    def _glob(self, operand: Property, parts: tuple[str | None, ...]) -> str | None:
        if any(part is not None and "\0" in part for part in parts):
            return None
        pattern = "".join(
            "*" if part is None else "?" if part == "" else f"[{part}]" if part in "*?[" else part for part in parts
        )
        return f"{self._name(operand)} GLOB {_text(pattern)}"

    def _ids(self, ids: tuple[str, ...]) -> str | None:
        keys = keys_of(ids, self.facts, self.layer_id)
        if not self.sqlite:
            # Of OGR's own numbers only, where they are said to be found at once.
            numbers = ", ".join(map(str, keys.values))
            return f"{self.fid} IN ({numbers})" if self.fid and numbers and not keys.column else None
        if any(isinstance(value, str) and "\0" in value for value in keys.values):
            return None
        name = quoted(self.facts.key or "") if keys.column else quoted(self.fid)
        values = ", ".join(_text(value) if isinstance(value, str) else str(value) for value in keys.values)
        return f"{name} IN ({values})" if values else "0"


_MIRRORED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"
