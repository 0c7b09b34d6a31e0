"""Expressions and filters as MapLibre's expressions (MapLibre Style Specification, `expressions`).

MapLibre asks each value in the type that it needs: number, text, colour or condition. A field that a feature has not
is null, and comparing null is an error that hides the feature: what is compared by order is asked for first.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from layers.maplibre import choices, conditions, functions
from layers.maplibre.errors import UnsayableError
from layers.styles.color import hex_color
from layers.styles.expressions import Arithmetic, Expression, Function, Literal, Property, Unsupported, number

type Json = Any
"""A value of JSON."""

NOTHING = "rgba(0,0,0,0)"
"""The colour of what is not drawn."""


@dataclass(frozen=True, slots=True)
class Words:
    """Says expressions over the fields of the tiles (name to type as in `layers.facts`). Raises UnsayableError."""

    fields: Mapping[str, str]

    def get(self, name: str) -> Json:
        """A field's value as it is."""
        return ["get", self.name(name)]

    def name(self, name: str) -> str:
        """A field by its own spelling where only the case differs."""
        found = name if name in self.fields else next((f for f in self.fields if f.lower() == name.lower()), None)
        if found is None:
            raise UnsayableError(f"the field {name!r} is not in the vector tiles")
        return found

    def number(self, expression: Expression) -> Json:
        """A number."""
        match expression:
            case Literal():
                found = number(expression)
                if found is None:
                    raise UnsayableError(f"{expression.value!r} is not a number")
                return plain(found)
            case Property(name):
                return ["to-number", self.get(name), 0]
            case Arithmetic(operator, left, right):
                return [operator, self.number(left), self.number(right)]
            case Function(name, arguments) if choices.chooses(name):
                return choices.choice(name, arguments, self, self.number, 0)
            case Function(name, arguments):
                return functions.number(name, arguments, self)
        raise UnsayableError(_what(expression, "a number"))

    def text(self, expression: Expression) -> Json:
        """A text."""
        match expression:
            case Literal(value):
                return str(value)
            case Property(name):
                return ["to-string", self.get(name)]
            case Arithmetic():
                return ["to-string", self.number(expression)]
            case Function(name, arguments) if choices.chooses(name):
                return choices.choice(name, arguments, self, self.text, "")
            case Function(name, arguments):
                return functions.text(name, arguments, self)
        raise UnsayableError(_what(expression, "a text"))

    def color(self, expression: Expression) -> Json:
        """A colour."""
        match expression:
            case Literal(value):
                found = hex_color(str(value))
                if found is None:
                    raise UnsayableError(f"{value!r} is not a colour")
                return found
            case Function(name, arguments) if choices.chooses(name):
                return choices.choice(name, arguments, self, self.color, NOTHING)
            case Function("env" | "Env", arguments) if len(arguments) > 1:
                return self.color(arguments[1])
        return ["to-color", self.text(expression), NOTHING]

    def condition(self, expression: Expression) -> Json:
        """True or false."""
        return conditions.condition(expression, self)


def plain(found: float) -> int | float:
    """A number, whole where it is."""
    return int(found) if found == int(found) and abs(found) < 1e15 else round(found, 6)


def _what(expression: Expression, asked: str) -> str:
    if isinstance(expression, Unsupported):
        return expression.what
    return f"{type(expression).__name__} where {asked} is asked"
