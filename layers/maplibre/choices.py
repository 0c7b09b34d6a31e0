"""Functions that choose (Recode, Categorize, Interpolate, if_then_else, Coalesce): match, step, interpolate, case."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import TYPE_CHECKING

from layers.maplibre.errors import UnsayableError
from layers.styles.expressions import Comparison, Expression, IsNull, Literal, Not, Property, number, property_names

if TYPE_CHECKING:
    from layers.maplibre.words import Json, Words

type Arguments = tuple[Expression, ...]
type Say = Callable[[Expression], Json]
"""Says a value in the type that is asked: number, text or colour."""

_WORDS = frozenset(("linear", "numeric", "color", "cosine", "cubic", "preceding", "succeeding"))


def chooses(name: str) -> bool:
    """True for a function that chooses."""
    return name.lower() in _CHOICES


def choice(name: str, arguments: Arguments, words: Words, say: Say, nothing: Json) -> Json:
    """The choice; `nothing` stands where no branch is taken. Raises UnsayableError."""
    try:
        return _CHOICES[name.lower()](arguments, words, say, nothing)
    except (IndexError, ValueError):
        raise UnsayableError(f"the function {name} with {len(arguments)} arguments") from None


def _if(arguments: Arguments, words: Words, say: Say, _nothing: Json) -> Json:
    return ["case", words.condition(arguments[0]), say(arguments[1]), say(arguments[2])]


def _coalesced(arguments: Arguments, words: Words, say: Say, nothing: Json) -> Json:
    found: list[Json] = []
    for argument in arguments:
        if not property_names(argument):
            return ["case", *found, say(argument)] if found else say(argument)
        found += [words.condition(Not(IsNull(argument))), say(argument)]
    return ["case", *found, nothing]


def _recoded(arguments: Arguments, words: Words, say: Say, nothing: Json) -> Json:
    subject, keys, values = arguments[0], arguments[1::2], arguments[2::2]
    pairs = list(zip(keys, values, strict=True))
    if _are_labels(subject, keys, words):
        texts = {str(key.value): say(value) for key, value in reversed(pairs) if isinstance(key, Literal)}
        return ["match", words.text(subject), *(part for pair in reversed(texts.items()) for part in pair), nothing]
    branches = [part for k, v in pairs for part in (words.condition(Comparison("=", subject, k)), say(v))]
    return ["case", *branches, nothing]


def _are_labels(subject: Expression, keys: Arguments, words: Words) -> bool:
    """True where `match` may be used: texts against a field of texts."""
    if not isinstance(subject, Property) or not all(isinstance(key, Literal) for key in keys):
        return False
    return words.fields[words.name(subject.name)] not in ("integer", "real", "boolean")


def _categories(arguments: Arguments, words: Words, say: Say, nothing: Json) -> Json:
    """Categorize(x, value, threshold, value, …): a threshold belongs to what follows it unless told otherwise."""
    subject, rest, told = arguments[0], *_without_words(arguments[1:])
    values, thresholds = rest[::2], [number(t) for t in rest[1::2]]
    steps = [t for t in thresholds if t is not None]
    if len(steps) < len(thresholds) or any(b <= a for a, b in pairwise(steps)):
        raise UnsayableError("Categorize with thresholds that are not ascending numbers")
    if len(values) != len(steps) + 1:
        raise ValueError(values)
    if "preceding" in told:
        asked = [words.condition(Comparison("<=", subject, Literal(t))) for t in steps]
        found = ["case", *(p for pair in zip(asked, map(say, values), strict=False) for p in pair), say(values[-1])]
    else:
        pairs = zip(steps, values[1:], strict=True)
        found = ["step", words.number(subject), say(values[0]), *(p for t, v in pairs for p in (_plain(t), say(v)))]
    return _where_known(subject, found, words, nothing)


def _between(arguments: Arguments, words: Words, say: Say, nothing: Json) -> Json:
    """Interpolate(x, data, value, data, value, …)."""
    subject, rest, told = arguments[0], *_without_words(arguments[1:])
    stops = [number(x) for x in rest[::2]]
    xs = [x for x in stops if x is not None]
    if len(xs) < len(stops) or any(b <= a for a, b in pairwise(xs)):
        raise UnsayableError("Interpolate between data that are not ascending numbers")
    if told & {"cosine", "cubic"}:
        raise UnsayableError(f"Interpolate with {', '.join(sorted(told))}")
    pairs = zip(xs, rest[1::2], strict=True)
    line = ["interpolate", ["linear"], words.number(subject), *(p for x, v in pairs for p in (_plain(x), say(v)))]
    return _where_known(subject, line, words, nothing)


def _where_known(subject: Expression, found: Json, words: Words, nothing: Json) -> Json:
    """Nothing where the subject is null."""
    if not property_names(subject):
        return found
    return ["case", words.condition(Not(IsNull(subject))), found, nothing]


def _without_words(arguments: Arguments) -> tuple[Arguments, frozenset[str]]:
    """The arguments that are values, and the words that tell the mode."""
    told = [a for a in arguments if isinstance(a, Literal) and str(a.value).lower() in _WORDS]
    return tuple(a for a in arguments if a not in told), frozenset(str(a.value).lower() for a in told)


def _plain(found: float) -> int | float:
    return int(found) if found == int(found) else found


_CHOICES: dict[str, Callable[[Arguments, Words, Say, Json], Json]] = {
    "if_then_else": _if,
    "ifthenelse": _if,
    "if": _if,
    "coalesce": _coalesced,
    "recode": _recoded,
    "categorize": _categories,
    "interpolate": _between,
}
