"""Filters as MapLibre's boolean expressions."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from layers.maplibre.choices import chooses
from layers.maplibre.errors import UnsayableError
from layers.maplibre.functions import TEXTS
from layers.maplibre.patterns import like
from layers.styles.expressions import (
    And,
    Arithmetic,
    Between,
    Comparison,
    Expression,
    Function,
    IsNull,
    Like,
    Literal,
    Not,
    Or,
    Property,
    Unsupported,
    number,
    property_names,
)
from layers.styles.mapnik_expression import NUMERIC

if TYPE_CHECKING:
    from layers.maplibre.words import Json, Words

_MIRRORED = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}


def condition(expression: Expression, words: Words) -> Json:
    """A filter. Raises UnsayableError."""
    match expression:
        case And(parts):
            return ["all", *(condition(part, words) for part in parts)]
        case Or(parts):
            return ["any", *(condition(part, words) for part in parts)]
        case Not(IsNull(inner)):
            return _there(inner, words)
        case Not(part):
            return ["!", condition(part, words)]
        case Comparison():
            return _comparison(expression, words)
        case Between(inner, lower, upper):
            return condition(And((Comparison(">=", inner, lower), Comparison("<=", inner, upper))), words)
        case IsNull(inner):
            return ["!", _there(inner, words)]
        case Like():
            return ["all", _there(expression.value, words), like(expression, words)]
        case Literal(found):
            return str(found).strip().lower() in ("true", "1")
        case Property(name):
            return ["==", words.get(name), True]
        case Function(name, arguments):
            return _function(name, arguments, words)
        case Unsupported(what):
            raise UnsayableError(what)
    raise UnsayableError(f"{type(expression).__name__} as a condition")


def _there(expression: Expression, words: Words) -> Json:
    """True where the feature has every field of an expression: tiles leave out what is null."""
    names = sorted(property_names(expression))
    found = [["has", words.name(name)] for name in names]
    return found[0] if len(found) == 1 else ["all", *found]


def _comparison(node: Comparison, words: Words) -> Json:
    operator, left, right = node.operator, node.left, node.right
    if isinstance(left, Literal) and not isinstance(right, Literal):
        return _comparison(Comparison(_MIRRORED.get(operator, operator), right, left, node.match_case), words)
    if isinstance(left, Function) and isinstance(right, Literal) and left.name.lower() in BOOLEAN:
        asked = condition(left, words)
        truth = str(right.value).strip().lower() in ("true", "1")
        return asked if truth == (operator == "=") else ["!", asked]
    subject, other = _operands(left, right, node.match_case, words)
    if operator == "=":
        return ["==", subject, other]
    if operator == "!=":
        return ["all", _there(And((left, right)), words), ["!=", subject, other]]
    return ["all", _there(And((left, right)), words), [operator, subject, other]]


def _operands(left: Expression, right: Expression, match_case: bool, words: Words) -> tuple[Json, Json]:
    """Both sides in one type: a field's own is kept, since the text '3' is not the number 3."""
    kind = _kind(left, words) or _kind(right, words)
    if kind == "boolean" and isinstance(right, Literal):
        return _plain(left, words), str(right.value).strip().lower() in ("true", "1")
    if kind == "number" and not (isinstance(right, Literal) and number(right) is None):
        return (_plain(left, words), _plain(right, words))
    if kind == "number":
        return words.text(left), words.text(right)
    if not match_case:
        return ["downcase", words.text(left)], ["downcase", words.text(right)]
    return (words.get(left.name) if isinstance(left, Property) else words.text(left)), words.text(right)


def _plain(expression: Expression, words: Words) -> Json:
    return words.get(expression.name) if isinstance(expression, Property) else words.number(expression)


def _kind(expression: Expression, words: Words) -> str | None:
    if isinstance(expression, Property):
        kind = words.fields[words.name(expression.name)]
        return "number" if kind in NUMERIC else "boolean" if kind == "boolean" else "text"
    if isinstance(expression, Arithmetic):
        return "number"
    if isinstance(expression, Function) and not chooses(expression.name):
        return "text" if expression.name.lower() in TEXTS else "number"
    return None


def _function(name: str, arguments: tuple[Expression, ...], words: Words) -> Json:
    reader = BOOLEAN.get(name.lower())
    if reader is None:
        raise UnsayableError(f"the function {name} as a condition")
    try:
        return condition(reader(*arguments), words)
    except TypeError:
        raise UnsayableError(f"the function {name} with {len(arguments)} arguments") from None


def _begins(value: Expression, start: Expression) -> Expression:
    return Like(value, f"{_escaped(start)}*")


def _ends(value: Expression, end: Expression) -> Expression:
    return Like(value, f"*{_escaped(end)}")


def _contains(value: Expression, piece: Expression) -> Expression:
    return Like(value, f"*{_escaped(piece)}*")


def _escaped(expression: Expression) -> str:
    if not isinstance(expression, Literal):
        raise UnsayableError("a search for something that is not a literal")
    return "".join(f"\\{letter}" if letter in "*?\\" else letter for letter in str(expression.value))


def _any_of(subject: Expression, *options: Expression) -> Expression:
    return Or(tuple(Comparison("=", subject, option) for option in options))


BOOLEAN: dict[str, Callable[..., Expression]] = {
    "strstartswith": _begins,
    "strendswith": _ends,
    "strcontains": _contains,
    "strequalsignorecase": lambda a, b: Comparison("=", a, b, match_case=False),
    "isnull": IsNull,
    "in": _any_of,
    **{f"in{count}": _any_of for count in range(2, 11)},
    "between": Between,
    "equalto": lambda a, b: Comparison("=", a, b),
    "notequalto": lambda a, b: Comparison("!=", a, b),
    "lessthan": lambda a, b: Comparison("<", a, b),
    "lessequalthan": lambda a, b: Comparison("<=", a, b),
    "greaterthan": lambda a, b: Comparison(">", a, b),
    "greaterequalthan": lambda a, b: Comparison(">=", a, b),
    "not": Not,
    "and": lambda *parts: And(parts),
    "or": lambda *parts: Or(parts),
}
"""Functions that are conditions, as the filter that they mean."""
