"""Expressions and filters of styles as a small tree (OGC 02-059, 05-077r4, 09-026r2).

    Expression = Literal | Property | Function | Arithmetic | every filter
    Filter     = Comparison | Like | Between | IsNull | And | Or | Not

The same tree is drawn (`layers.styles.mapnik_expression`), evaluated on one feature (`layers.styles.evaluate`)
and read for the names of the fields that a style needs.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass

type Scalar = str | float | int | bool | None


@dataclass(frozen=True, slots=True)
class Literal:
    """A constant; text of XML is kept as text, and is a number where a number is asked."""

    value: Scalar


@dataclass(frozen=True, slots=True)
class Property:
    """The value of a field."""

    name: str


@dataclass(frozen=True, slots=True)
class Function:
    """A function by its name as written, compared without case."""

    name: str
    arguments: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Arithmetic:
    """`operator` is one of + - * /."""

    operator: str
    left: "Expression"
    right: "Expression"


@dataclass(frozen=True, slots=True)
class Comparison:
    """`operator` is one of = != < <= > >=; without `match_case`, texts are compared in one case."""

    operator: str
    left: "Expression"
    right: "Expression"
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class Like:
    """PropertyIsLike: `pattern` with its own wildcards."""

    value: "Expression"
    pattern: str
    wild: str = "*"
    single: str = "?"
    escape: str = "\\"
    match_case: bool = True


@dataclass(frozen=True, slots=True)
class Between:
    """Both bounds are part of the range."""

    value: "Expression"
    lower: "Expression"
    upper: "Expression"


@dataclass(frozen=True, slots=True)
class IsNull:
    """PropertyIsNull and PropertyIsNil."""

    value: "Expression"


@dataclass(frozen=True, slots=True)
class And:
    """True where every part is."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Or:
    """True where some part is."""

    parts: tuple["Expression", ...]


@dataclass(frozen=True, slots=True)
class Not:
    """True where the part is not."""

    part: "Expression"


@dataclass(frozen=True, slots=True)
class Unsupported:
    """Something that was read and cannot be computed; `what` says it in words."""

    what: str


type Filter = Comparison | Like | Between | IsNull | And | Or | Not | Function | Literal | Unsupported
type Expression = (
    Literal | Property | Function | Arithmetic | Comparison | Like | Between | IsNull | And | Or | Not | Unsupported
)


def walk(node: object) -> Iterator[object]:
    """The node and everything under it: dataclasses and tuples."""
    yield node
    if isinstance(node, tuple):
        for item in node:
            yield from walk(item)
    elif is_dataclass(node) and not isinstance(node, type):
        for field in fields(node):
            yield from walk(getattr(node, field.name))


def property_names(node: object) -> frozenset[str]:
    """The fields that an expression, a symbolizer or a whole style asks for."""
    parts = list(walk(node))
    by_function = (part.arguments[0] for part in parts if isinstance(part, Function) and _is_property(part))
    return frozenset(part.name for part in parts if isinstance(part, Property)) | {
        str(name.value) for name in by_function if isinstance(name, Literal)
    }


def _is_property(function: Function) -> bool:
    """True for `property('name')`, which is the value of a field."""
    return function.name.lower() == "property" and bool(function.arguments)


def number(expression: Expression | None) -> float | None:
    """The number of a literal, None for anything else."""
    if not isinstance(expression, Literal) or expression.value is None:
        return None
    try:
        return float(expression.value)
    except ValueError:
        return None


_CHOSEN = {"recode": slice(2, None, 2), "interpolate": slice(2, None, 2), "categorize": slice(1, None, 2)}
_CHOSEN |= dict.fromkeys(("if_then_else", "ifthenelse", "if"), slice(1, None))
_CHOSEN |= dict.fromkeys(("coalesce", "max", "min"), slice(None))
"""Which arguments of a function may be its result."""


def greatest(expression: Expression | None) -> float | None:
    """The number of a literal, or the greatest that a function may choose; None where that is not known."""
    if not isinstance(expression, Function):
        return number(expression)
    chosen = expression.arguments[_CHOSEN.get(expression.name.lower(), slice(0))]
    return max((found for found in map(greatest, chosen) if found is not None), default=None)


def text(expression: Expression | None) -> str | None:
    """The text of a literal, None for anything else."""
    if not isinstance(expression, Literal) or expression.value is None:
        return None
    return str(expression.value)
