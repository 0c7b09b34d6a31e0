"""Functions that choose (Recode, Categorize, Interpolate of colours, if_then_else, Coalesce), made into rules.

Mapnik's expressions cannot choose, its rules can: a symbolizer with a choice becomes one symbolizer a branch, each with
the condition under which it is drawn.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields, is_dataclass, replace
from itertools import pairwise
from typing import Any

from layers.styles.color import hex_color, rgb
from layers.styles.expressions import (
    And,
    Comparison,
    Expression,
    Filter,
    Function,
    IsNull,
    Literal,
    Not,
    number,
    walk,
)
from layers.styles.mapnik_expression import UndrawableError
from layers.styles.model import Symbolizer

MOST = 256
_COLOR_STEPS = 24
_NAMES = frozenset(("recode", "categorize", "if_then_else", "ifthenelse", "coalesce", "if"))


@dataclass(frozen=True, slots=True)
class Branch[T]:
    """What is drawn where every condition holds."""

    conditions: tuple[Filter, ...]
    drawn: T


def branches(symbolizer: Symbolizer) -> tuple[Branch[Symbolizer], ...]:
    """The symbolizer's branches, one without condition where it has no choice. Raises UndrawableError over MOST."""
    found: list[Branch[Symbolizer]] = []
    waiting: list[Branch[Symbolizer]] = [Branch((), symbolizer)]
    while waiting:
        branch = waiting.pop(0)
        choice = next((n for n in walk(branch.drawn) if isinstance(n, Function) and _chooses(n)), None)
        if choice is None:
            found.append(branch)
            continue
        for condition, value in _options(choice):
            waiting.append(Branch((*branch.conditions, condition), _put(branch.drawn, choice, value)))
        if len(found) + len(waiting) > MOST:
            raise UndrawableError(f"more than {MOST} combinations of values")
    return tuple(found)


def _chooses(node: Function) -> bool:
    name = node.name.lower()
    return name in _NAMES or (name == "interpolate" and _of_colors(node))


def _of_colors(node: Function) -> bool:
    values = node.arguments[2::2]
    return any(isinstance(v, Literal) and number(v) is None and hex_color(str(v.value)) for v in values)


def _put(node: Any, old: Function, new: Expression) -> Any:
    """The same tree with one node put in another's place."""
    if node is old:
        return new
    if isinstance(node, tuple):
        return tuple(_put(item, old, new) for item in node)
    if is_dataclass(node) and not isinstance(node, type):
        changed = {f.name: _put(getattr(node, f.name), old, new) for f in fields(node)}
        return replace(node, **changed)
    return node


def _options(node: Function) -> Iterator[tuple[Filter, Expression]]:
    name, arguments = node.name.lower(), node.arguments
    try:
        if name in ("if_then_else", "ifthenelse", "if"):
            asked: Any = arguments[0]
            yield asked, arguments[1]
            yield Not(asked), arguments[2]
        elif name == "coalesce":
            yield from _coalesced(arguments)
        elif name == "recode":
            for key, value in zip(arguments[1::2], arguments[2::2], strict=True):
                yield Comparison("=", arguments[0], key), value
        elif name == "categorize":
            yield from _categories(arguments)
        else:
            yield from _blended(arguments)
    except (IndexError, ValueError) as error:
        raise UndrawableError(f"the function {node.name} with {len(arguments)} arguments") from error


def _coalesced(arguments: tuple[Expression, ...]) -> Iterator[tuple[Filter, Expression]]:
    before: tuple[Filter, ...] = ()
    for argument in arguments:
        if isinstance(argument, Literal):
            yield And(before), argument
            return
        yield And((*before, Not(IsNull(argument)))), argument
        before = (*before, IsNull(argument))


def _categories(arguments: tuple[Expression, ...]) -> Iterator[tuple[Filter, Expression]]:
    """Categorize(x, value, threshold, value, …): a threshold belongs to what follows it unless told otherwise."""
    subject, *rest = arguments
    last = rest[-1]
    preceding = isinstance(last, Literal) and str(last.value).lower() == "preceding"
    if isinstance(last, Literal) and str(last.value).lower() in ("preceding", "succeeding"):
        rest = rest[:-1]
    below, above = ("<=", ">") if preceding else ("<", ">=")
    values, thresholds = rest[::2], rest[1::2]
    for index, value in enumerate(values):
        bounds: list[Filter] = []
        if index > 0:
            bounds.append(Comparison(above, subject, thresholds[index - 1]))
        if index < len(thresholds):
            bounds.append(Comparison(below, subject, thresholds[index]))
        yield And(tuple(bounds)), value


def _blended(arguments: tuple[Expression, ...]) -> Iterator[tuple[Filter, Expression]]:
    """Interpolate between colours, in steps small enough not to be seen."""
    subject = arguments[0]
    words = [a for a in arguments[1:] if isinstance(a, Literal) and str(a.value).lower() in ("color", "linear")]
    items = [a for a in arguments[1:] if a not in words]
    xs = [number(a) for a in items[::2]]
    colors = [hex_color(str(a.value)) if isinstance(a, Literal) else None for a in items[1::2]]
    if any(x is None for x in xs) or any(c is None for c in colors) or len(xs) != len(colors) or len(xs) < 2:
        raise UndrawableError("Interpolate between colours with something that is not a literal")
    stops = [(x, rgb(c)) for x, c in zip(xs, colors, strict=True) if x is not None and c is not None]
    steps = max(_COLOR_STEPS // (len(stops) - 1), 4)
    points = [stops[0]]
    for (x0, c0), (x1, c1) in pairwise(stops):
        points += [_between(x0, c0, x1, c1, i / steps) for i in range(1, steps + 1)]
    for index, (_, color) in enumerate(points):
        bounds: list[Filter] = []
        if index > 0:
            bounds.append(Comparison(">=", subject, Literal((points[index - 1][0] + points[index][0]) / 2)))
        if index < len(points) - 1:
            bounds.append(Comparison("<", subject, Literal((points[index][0] + points[index + 1][0]) / 2)))
        yield And(tuple(bounds)), Literal("#{:02x}{:02x}{:02x}".format(*color))


type _Rgb = tuple[int, int, int]


def _between(x0: float, c0: _Rgb, x1: float, c1: _Rgb, part: float) -> tuple[float, _Rgb]:
    red, green, blue = (round(a + (b - a) * part) for a, b in zip(c0, c1, strict=True))
    return x0 + (x1 - x0) * part, (red, green, blue)
