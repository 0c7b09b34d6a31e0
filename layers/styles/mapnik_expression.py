"""Expressions and filters as Mapnik writes them.

Mapnik compares without converting (3 is not '3') and divides whole numbers as such, so the types of the fields decide
how a literal is written; where a field's type is not known, both ways are asked.
"""

import re
from collections.abc import Callable, Mapping
from itertools import pairwise

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
)

type Fields = Mapping[str, str]
"""Name of a field to its type as in `layers.facts.Field`; empty where nothing is known."""

NUMERIC = frozenset(("integer", "real"))
_SPECIAL = re.compile(r"([.^$|()\[\]{}*+?\\])")
_TEXT_FUNCTIONS = frozenset(
    [
        "strsubstring",
        "strsubstringstart",
        "substring",
        "substr",
        "left",
        "right",
        "concatenate",
        "concat",
        "strconcat",
        "strtrim",
        "trim",
        "strreplace",
        "replace",
        "numberformat",
        "formatnumber",
        "dateformat",
        "formatdate",
        "strtruncate",
        "to_string",
    ]
)


class UndrawableError(Exception):
    """Something that Mapnik has no words for; the message says what."""


def quoted(text: str) -> str:
    """A text as a literal."""
    return "'" + text.replace("\\", "\\\\").replace("'", "\\'") + "'"


def field(name: str, fields: Fields) -> str:
    """A field as Mapnik names it, by its own spelling where only the case differs; null where the data has it not."""
    if fields and name not in fields:
        found = next((known for known in fields if known.lower() == name.lower()), None)
        if found is None:
            # Mapnik draws nothing at all of a layer that lacks a field.
            return "null"
        name = found
    if "]" in name:
        raise UndrawableError(f"the field {name!r} has a bracket in its name")
    return f"[{name}]"


def field_type(expression: Expression, fields: Fields) -> str | None:
    """The type of a field, None where the expression is none or it is not known."""
    if not isinstance(expression, Property):
        return None
    return next((kind for known, kind in fields.items() if known.lower() == expression.name.lower()), None)


def value(expression: Expression, fields: Fields) -> str:
    """A value; a literal that looks like a number is one."""
    match expression:
        case Literal():
            found = number(expression)
            return quoted(str(expression.value)) if found is None else _plain(found)
        case Property(name):
            return field(name, fields)
        case Arithmetic(operator, left, right):
            factor = "1.0*" if operator == "/" else ""
            return f"({factor}{value(left, fields)} {operator} {value(right, fields)})"
        case Function(name, arguments):
            return _function(name, arguments, fields)
        case Unsupported(what):
            raise UndrawableError(what)
    return condition(expression, fields)


def text_value(expression: Expression, fields: Fields) -> str:
    """A value used as text: literals are quoted."""
    return quoted(str(expression.value)) if isinstance(expression, Literal) else value(expression, fields)


def _plain(found: float) -> str:
    return f"{found:.10g}" if abs(found) < 1e15 and "e" not in f"{found:.10g}" else f"{found:.10f}"


def condition(expression: Expression, fields: Fields) -> str:
    """A filter, in parentheses where it has parts."""
    match expression:
        case And(parts) | Or(parts):
            word = " and " if isinstance(expression, And) else " or "
            return f"({word.join(condition(p, fields) for p in parts)})" if parts else "true"
        case Not(part):
            return f"not ({condition(part, fields)})"
        case Comparison():
            return _comparison(expression, fields)
        case Like():
            return _like(expression, fields)
        case Between(inner, lower, upper):
            parts = (Comparison(">=", inner, lower), Comparison("<=", inner, upper))
            return condition(And(parts), fields)
        case IsNull(inner):
            return f"({value(inner, fields)} = null)"
        case Function(name, arguments):
            return _boolean_function(name, arguments, fields)
        case Literal(found):
            return "true" if str(found).strip().lower() in ("true", "1") else "false"
        case Unsupported(what):
            raise UndrawableError(what)
    return f"({value(expression, fields)} = true)"


def _comparison(node: Comparison, fields: Fields) -> str:
    operator, left, right = node.operator, node.left, node.right
    if isinstance(left, Literal) and not isinstance(right, Literal):
        mirrored = {"<": ">", ">": "<", "<=": ">=", ">=": "<="}.get(operator, operator)
        return _comparison(Comparison(mirrored, right, left, node.match_case), fields)
    if not isinstance(right, Literal):
        return f"({value(left, fields)} {operator} {value(right, fields)})"
    truth = str(right.value).strip().lower()
    if isinstance(left, Function) and left.name.lower() in BOOLEAN and truth in ("true", "false"):
        asked = condition(left, fields)
        return asked if (truth == "true") == (operator == "=") else f"not {asked}"
    if (prefix := _prefix(left, right, operator)) is not None:
        return f"({text_value(prefix, fields)}.match({_pattern(re_escape(str(right.value)) + '.*')}))"
    return _with_literal(operator, left, right, node.match_case, fields)


def _with_literal(operator: str, left: Expression, right: Literal, match_case: bool, fields: Fields) -> str:
    subject, written = value(left, fields), str(right.value)
    kind, found = field_type(left, fields), number(right)
    if kind == "boolean" and written.strip().lower() in ("true", "false", "1", "0"):
        options = ["true" if written.strip().lower() in ("true", "1") else "false"]
    elif kind in NUMERIC or _is_numeric(left):
        options = [quoted(written) if found is None else _plain(found)]
    elif kind is not None or found is None or _is_text(left):
        if operator in ("=", "!=") and not match_case and written.lower() != written.upper():
            asked = f"({subject}.match({_pattern('(?i)' + re_escape(written))}))"
            return asked if operator == "=" else f"(not {asked})"
        options = [quoted(written)]
        if kind is None and written in ("true", "false") and not _is_text(left):
            options.append(written)
    else:
        options = [_plain(found), quoted(written)]
    if operator == "!=":
        return f"({' and '.join(f'{subject} != {o}' for o in options)} and {subject} != null)"
    asked = " or ".join(f"{subject} {operator} {o}" for o in options)
    return f"({asked})"


def _is_text(expression: Expression) -> bool:
    return isinstance(expression, Function) and expression.name.lower() in _TEXT_FUNCTIONS


def _is_numeric(expression: Expression) -> bool:
    return isinstance(expression, Arithmetic) or (isinstance(expression, Function) and not _is_text(expression))


def _prefix(left: Expression, right: Literal, operator: str) -> Expression | None:
    """What begins with the literal, where strSubstring(x, 0, n) = 'n letters' says just that."""
    if operator != "=" or not isinstance(left, Function) or left.name.lower() != "strsubstring":
        return None
    if len(left.arguments) != 3 or number(left.arguments[1]) != 0:
        return None
    return left.arguments[0] if number(left.arguments[2]) == len(str(right.value)) else None


def re_escape(text: str) -> str:
    """A text as a regular expression."""
    return _SPECIAL.sub(r"\\\1", text)


def _pattern(expression: str) -> str:
    return "'" + expression.replace("\\", "\\\\").replace("'", "\\'") + "'"


def _like(node: Like, fields: Fields) -> str:
    pieces, text = [], node.pattern
    while text:
        if node.escape and text.startswith(node.escape) and len(text) > len(node.escape):
            start = len(node.escape)
            pieces.append(re_escape(text[start]))
            text = text[start + 1 :]
        elif node.wild and text.startswith(node.wild):
            pieces.append(".*")
            text = text[len(node.wild) :]
        elif node.single and text.startswith(node.single):
            pieces.append(".")
            text = text[len(node.single) :]
        else:
            pieces.append(re_escape(text[0]))
            text = text[1:]
    flags = "" if node.match_case else "(?i)"
    return f"({value(node.value, fields)}.match({_pattern(flags + ''.join(pieces))}))"


def _whole(expression: Expression, what: str) -> int:
    found = number(expression)
    if found is None or found < 0:
        raise UndrawableError(f"{what} with a position that is not a whole number")
    return int(found)


def _between_letters(subject: str, start: int, length: int | None) -> str:
    rest = ".*" if length is None else f".{{0,{length}}}"
    return f"{subject}.replace('^.{{0,{start}}}({rest}).*$', '$1')"


def _substring(name: str, arguments: tuple[Expression, ...], fields: Fields) -> str:
    subject = f"('' + {value(arguments[0], fields)})"
    numbers = [_whole(a, name) for a in arguments[1:]]
    if name == "strsubstring" and len(numbers) == 2:
        return _between_letters(subject, numbers[0], max(numbers[1] - numbers[0], 0))
    if name == "strsubstringstart":
        return _between_letters(subject, numbers[0], None)
    if name == "left":
        return _between_letters(subject, 0, numbers[0])
    if name == "right":
        return f"{subject}.replace('^.*(.{{{numbers[0]}}})$', '$1')"
    return _between_letters(subject, max(numbers[0] - 1, 0), numbers[1] if len(numbers) > 1 else None)


def _joined(arguments: tuple[Expression, ...], fields: Fields) -> str:
    return "(" + " + ".join(["''", *(text_value(a, fields) for a in arguments)]) + ")"


def _trim(arguments: tuple[Expression, ...], fields: Fields) -> str:
    return f"('' + {value(arguments[0], fields)}).replace('^ +| +$', '')"


def _replace(arguments: tuple[Expression, ...], fields: Fields) -> str:
    if not all(isinstance(a, Literal) for a in arguments[1:3]):
        raise UndrawableError("a replacement by something that is not a literal")
    old, new = (str(a.value) for a in arguments[1:3] if isinstance(a, Literal))
    return f"('' + {value(arguments[0], fields)}).replace({_pattern(old)}, {_pattern(new)})"


def _number_format(arguments: tuple[Expression, ...], fields: Fields) -> str:
    """numberFormat(pattern, x) and FormatNumber(x, pattern): rounded to the decimals of the pattern."""
    pattern, subject = arguments[:2] if isinstance(arguments[0], Literal) else (arguments[1], arguments[0])
    decimals = len(str(pattern.value).partition(".")[2]) if isinstance(pattern, Literal) else 0
    return f"('' + {_rounded(value(subject, fields), decimals)})"


def _rounded(subject: str, decimals: int = 0) -> str:
    scaled = f"({subject}*{10**decimals}.0 + 0.5)"
    return f"(({scaled} - {scaled} % 1)/{10**decimals})"


def _interpolated(arguments: tuple[Expression, ...], fields: Fields) -> str:
    """Interpolate between numbers: the first value, and each segment's slope times the way into it."""
    subject = value(arguments[0], fields)
    numbers = [found for a in arguments[1:] if (found := number(a)) is not None]
    words = [str(a.value).lower() for a in arguments[1:] if isinstance(a, Literal) and number(a) is None]
    if len(numbers) < 2 or len(numbers) % 2 or len(numbers) + len(words) != len(arguments) - 1:
        raise UndrawableError("Interpolate between values that are not numbers")
    if not set(words) <= {"linear", "numeric"}:
        raise UndrawableError(f"Interpolate with {', '.join(words)}")
    xs, ys = numbers[::2], numbers[1::2]
    terms = [_plain(ys[0])]
    for (x0, x1), (y0, y1) in zip(pairwise(xs), pairwise(ys), strict=True):
        if x1 > x0 and y1 != y0:
            way = f"min(max({subject} - ({_plain(x0)}), 0), {_plain(x1 - x0)})"
            terms.append(f"({_plain((y1 - y0) / (x1 - x0))})*{way}")
    return f"({' + '.join(terms)})"


_MOMENT = r"^(\\d{4})[-/](\\d\\d)[-/](\\d\\d)(?:[T ](\\d\\d):(\\d\\d):(\\d\\d))?.*$"
_PARTS_OF_DATES = (("yyyy", "$1"), ("dd", "$3"), ("hh", "$4"), ("ss", "$6"))


def _date_format(arguments: tuple[Expression, ...], fields: Fields) -> str:
    """dateFormat(pattern, date), FormatDate(date, pattern): years, months, days, hours, minutes, seconds in digits."""
    pattern, subject = arguments[:2] if isinstance(arguments[0], Literal) else (arguments[1], arguments[0])
    written = str(pattern.value) if isinstance(pattern, Literal) else ""
    # MM are months and mm minutes, in both languages; the case of the others does not matter.
    written = written.replace("MM", "$2").replace("mm", "$5")
    for letters, group in _PARTS_OF_DATES:
        written = re.sub(letters, group, written, flags=re.IGNORECASE)
    if not written or re.search(r"[A-Za-z]", written):
        raise UndrawableError(f"a date written {getattr(pattern, 'value', '')!r}")
    return f"('' + {value(subject, fields)}).replace('{_MOMENT}', {_pattern(written)})"


_PLAIN = {
    "abs": "abs",
    "sin": "sin",
    "cos": "cos",
    "tan": "tan",
    "atan": "atan",
    "exp": "exp",
    "log": "log",
    "ln": "log",
}
_PLAIN |= {"strlength": "length", "length": "length", "stringlength": "length", "abs_2": "abs", "abs_3": "abs"}
_PAIRS = {"pow": "pow", "min": "min", "max": "max", "min_2": "min", "max_2": "max", "min_4": "min", "max_4": "max"}
_FUNCTIONS: dict[str, Callable[[tuple[Expression, ...], Fields], str]] = {
    "concatenate": _joined,
    "concat": _joined,
    "strconcat": _joined,
    "strtrim": _trim,
    "trim": _trim,
    "strreplace": _replace,
    "replace": _replace,
    "numberformat": _number_format,
    "formatnumber": _number_format,
    "dateformat": _date_format,
    "formatdate": _date_format,
    "modulo": lambda a, f: f"({value(a[0], f)} % {value(a[1], f)})",
    "todegrees": lambda a, f: f"({value(a[0], f)}*57.29577951308232)",
    "toradians": lambda a, f: f"({value(a[0], f)}*0.017453292519943)",
    "strtruncate": lambda a, f: _substring("left", a, f),
    "interpolate": _interpolated,
    "sqrt": lambda a, f: f"pow({value(a[0], f)}, 0.5)",
    "round": lambda a, f: _rounded(value(a[0], f), int(number(a[1]) or 0) if len(a) > 1 else 0),
    "rint": lambda a, f: _rounded(value(a[0], f)),
    "round_2": lambda a, f: _rounded(value(a[0], f)),
    "floor": lambda a, f: f"({value(a[0], f)} - {value(a[0], f)} % 1)",
    "ceil": lambda a, f: f"({value(a[0], f)} + 0.999999999 - ({value(a[0], f)} + 0.999999999) % 1)",
    "to_string": lambda a, f: f"('' + {value(a[0], f)})",
    "tonumber": lambda a, f: value(a[0], f),
    "todouble": lambda a, f: value(a[0], f),
    "parsedouble": lambda a, f: value(a[0], f),
    "parseint": lambda a, f: value(a[0], f),
    "to_real": lambda a, f: value(a[0], f),
    "to_int": lambda a, f: value(a[0], f),
    "property": lambda a, f: field(str(a[0].value) if isinstance(a[0], Literal) else "", f),
    "pi": lambda _a, _f: "3.14159265358979",
    "torad": lambda a, f: f"({value(a[0], f)}*0.017453292519943)",
    "geometrytype": lambda _a, _f: "[mapnik::geometry_type]",
    "dimension": lambda _a, _f: "([mapnik::geometry_type] - 1)",
}


def _function(name: str, arguments: tuple[Expression, ...], fields: Fields) -> str:
    key = name.lower()
    try:
        if key in ("strsubstring", "strsubstringstart", "substring", "substr", "left", "right"):
            return _substring(key, arguments, fields)
        if key in _PLAIN:
            return f"{_PLAIN[key]}({value(arguments[0], fields)})"
        if key in _PAIRS:
            first, *rest = [value(a, fields) for a in arguments]
            for other in rest:
                first = f"{_PAIRS[key]}({first}, {other})"
            return first
        if key == "env":
            return value(arguments[1], fields)
        if key in _FUNCTIONS:
            return _FUNCTIONS[key](arguments, fields)
        if key in BOOLEAN:
            return _boolean_function(name, arguments, fields)
    except (IndexError, ValueError) as error:
        raise UndrawableError(f"the function {name} with {len(arguments)} arguments") from error
    raise UndrawableError(f"the function {name}")


def _affix(arguments: tuple[Expression, ...], fields: Fields, before: str, after: str) -> str:
    if not isinstance(arguments[1], Literal):
        raise UndrawableError("a search for something that is not a literal")
    pattern = f"{before}{re_escape(str(arguments[1].value))}{after}"
    return f"({value(arguments[0], fields)}.match({_pattern(pattern)}))"


def _any_of(arguments: tuple[Expression, ...], fields: Fields) -> str:
    subject, *options = arguments
    return condition(Or(tuple(Comparison("=", subject, o) for o in options)), fields)


def _matches(arguments: tuple[Expression, ...], fields: Fields) -> str:
    if not isinstance(arguments[1], Literal):
        raise UndrawableError("a pattern that is not a literal")
    return f"({value(arguments[0], fields)}.match({_pattern(str(arguments[1].value))}))"


def _compared(operator: str, *, match_case: bool = True) -> Callable[[tuple[Expression, ...], Fields], str]:
    return lambda a, f: condition(Comparison(operator, a[0], a[1], match_case), f)


BOOLEAN: dict[str, Callable[[tuple[Expression, ...], Fields], str]] = {
    "iscoverage": lambda _a, _f: "false",
    "strstartswith": lambda a, f: _affix(a, f, "", ".*"),
    "strendswith": lambda a, f: _affix(a, f, ".*", ""),
    "strcontains": lambda a, f: _affix(a, f, ".*", ".*"),
    "strmatches": _matches,
    "strequalsignorecase": _compared("=", match_case=False),
    "isnull": lambda a, f: condition(IsNull(a[0]), f),
    "in": _any_of,
    **{f"in{count}": _any_of for count in range(2, 11)},
    "between": lambda a, f: condition(Between(a[0], a[1], a[2]), f),
    "equalto": _compared("="),
    "notequalto": _compared("!="),
    "lessthan": _compared("<"),
    "lessequalthan": _compared("<="),
    "greaterthan": _compared(">"),
    "greaterequalthan": _compared(">="),
    "not": lambda a, f: condition(Not(a[0]), f),
    "and": lambda a, f: condition(And(a), f),
    "or": lambda a, f: condition(Or(a), f),
    "islike": _matches,
}


def _boolean_function(name: str, arguments: tuple[Expression, ...], fields: Fields) -> str:
    reader = BOOLEAN.get(name.lower())
    if reader is None:
        return f"({_function(name, arguments, fields)} = true)"
    try:
        return reader(arguments, fields)
    except (IndexError, ValueError) as error:
        raise UndrawableError(f"the function {name} with {len(arguments)} arguments") from error
