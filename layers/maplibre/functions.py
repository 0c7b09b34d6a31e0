"""Functions of numbers and texts as MapLibre's operators."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from layers.maplibre.errors import UnsayableError
from layers.styles.expressions import Expression, Literal, Property
from layers.styles.expressions import number as literal_number

if TYPE_CHECKING:
    from layers.maplibre.words import Json, Words

type Arguments = tuple[Expression, ...]

_SAME = {"abs": "abs", "sin": "sin", "cos": "cos", "tan": "tan", "atan": "atan", "log": "ln", "ln": "ln"}
_SAME |= {"sqrt": "sqrt", "floor": "floor", "ceil": "ceil", "rint": "round", "round_2": "round", "abs_2": "abs"}
_SEVERAL = {"pow": "^", "min": "min", "max": "max", "min_2": "min", "max_2": "max", "min_4": "min", "max_4": "max"}
_AS_IT_IS = frozenset(("tonumber", "todouble", "parsedouble", "parseint", "to_real", "to_int"))
_LENGTHS = frozenset(("strlength", "length", "stringlength"))


def number(name: str, arguments: Arguments, words: Words) -> Json:
    """A function that gives a number, or a text that is one. Raises UnsayableError."""
    key = name.lower()
    try:
        if key in _SAME:
            return [_SAME[key], words.number(arguments[0])]
        if key in _SEVERAL:
            return [_SEVERAL[key], *(words.number(a) for a in arguments)]
        if key in _AS_IT_IS:
            return words.number(arguments[0])
        if key in _LENGTHS:
            return ["length", words.text(arguments[0])]
        if key in _NUMBERS:
            return _NUMBERS[key](arguments, words)
        if key in TEXTS:
            return ["to-number", TEXTS[key](arguments, words), 0]
    except (IndexError, ValueError):
        raise UnsayableError(f"the function {name} with {len(arguments)} arguments") from None
    raise UnsayableError(f"the function {name}")


def text(name: str, arguments: Arguments, words: Words) -> Json:
    """A function that gives a text, or a number written as one. Raises UnsayableError."""
    key = name.lower()
    try:
        if key in TEXTS:
            return TEXTS[key](arguments, words)
        if key == "env":
            return words.text(arguments[1])
        if key == "property":
            return words.text(_named(arguments))
    except (IndexError, ValueError):
        raise UnsayableError(f"the function {name} with {len(arguments)} arguments") from None
    return ["to-string", number(name, arguments, words)]


def _named(arguments: Arguments) -> Property:
    return Property(str(arguments[0].value) if isinstance(arguments[0], Literal) else "")


def _rounded(arguments: Arguments, words: Words) -> Json:
    decimals = int(literal_number(arguments[1]) or 0) if len(arguments) > 1 else 0
    return _to_decimals(words.number(arguments[0]), decimals)


def _to_decimals(subject: Json, decimals: int) -> Json:
    return ["/", ["round", ["*", subject, 10**decimals]], 10**decimals] if decimals else ["round", subject]


def _number_format(arguments: Arguments, words: Words) -> Json:
    """numberFormat(pattern, x) and FormatNumber(x, pattern): rounded to the decimals of the pattern."""
    pattern, subject = arguments[:2] if isinstance(arguments[0], Literal) else (arguments[1], arguments[0])
    decimals = len(str(pattern.value).partition(".")[2]) if isinstance(pattern, Literal) else 0
    return ["to-string", _to_decimals(words.number(subject), decimals)]


def _change_case(arguments: Arguments, words: Words) -> Json:
    up = any(isinstance(a, Literal) and str(a.value).lower() == "toupper" for a in arguments)
    return ["upcase" if up else "downcase", words.text(arguments[0])]


def _place(expression: Expression) -> int:
    found = literal_number(expression)
    if found is None or found < 0:
        raise UnsayableError("a position that is not a whole number")
    return int(found)


def _piece(arguments: Arguments, words: Words) -> Json:
    """Substring of Symbology Encoding: places count from 1, then a length."""
    start = max(_place(arguments[1]) - 1, 0)
    end = [start + _place(arguments[2])] if len(arguments) > 2 else []
    return ["slice", words.text(arguments[0]), start, *end]


def _right(arguments: Arguments, words: Words) -> Json:
    subject = words.text(arguments[0])
    return ["slice", subject, ["max", 0, ["-", ["length", subject], _place(arguments[1])]]]


_NUMBERS: dict[str, Callable[[Arguments, Words], Json]] = {
    "round": _rounded,
    "exp": lambda a, w: ["^", ["e"], w.number(a[0])],
    "pi": lambda _a, _w: ["pi"],
    "torad": lambda a, w: ["*", w.number(a[0]), ["/", ["pi"], 180]],
    "env": lambda a, w: w.number(a[1]),
    "property": lambda a, w: w.number(_named(a)),
}
TEXTS: dict[str, Callable[[Arguments, Words], Json]] = {
    **{n: lambda a, w: ["concat", *(w.text(x) for x in a)] for n in ("concatenate", "concat", "strconcat")},
    **{n: lambda a, w: ["upcase", w.text(a[0])] for n in ("strtouppercase", "upper")},
    **{n: lambda a, w: ["downcase", w.text(a[0])] for n in ("strtolowercase", "lower")},
    "changecase": _change_case,
    "numberformat": _number_format,
    "formatnumber": _number_format,
    "to_string": lambda a, w: w.text(a[0]),
    "strsubstring": lambda a, w: ["slice", w.text(a[0]), *(_place(x) for x in a[1:3])],
    "strsubstringstart": lambda a, w: ["slice", w.text(a[0]), _place(a[1])],
    "substring": _piece,
    "substr": _piece,
    "left": lambda a, w: ["slice", w.text(a[0]), 0, _place(a[1])],
    "right": _right,
    "geometrytype": lambda _a, _w: ["geometry-type"],
}
