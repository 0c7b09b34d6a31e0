"""CQL text read into conditions: CQL and ECQL as GeoServer's clients write them, and CQL2 text (OGC 21-065r2).

Read by descent, because the precedence of And over Or, doubled quotes, accents in names and the depth matter.
"""

import re
from dataclasses import dataclass
from typing import Any

import shapely
from shapely.errors import GEOSException

from layers.crs import parse_crs, urn
from layers.errors import FilterError
from layers.filters import build
from layers.filters.build import Names
from layers.filters.gml_geometry import read_geometry
from layers.filters.placeholders import Geometry, geometry_element, name_of
from layers.filters.tree import (
    MAX_DEPTH,
    Always,
    Condition,
    Expression,
    IsNull,
    Literal,
    Property,
    ResourceId,
    Value,
    all_of,
    any_of,
    checked,
)

MAX_TEXT = 200_000
"""Characters of a filter, at most."""

_TOKEN = re.compile(
    r"""\s*(?:
    (?P<string>'(?:[^']|'')*')
  | (?P<name>"(?:[^"]|"")*"|[^\W\d][\w.:]*)
  | (?P<moment>\d{4}-\d{2}(?:-\d{2})?(?:T\d{2}:\d{2}(?::\d{2}(?:\.\d+)?)?(?:Z|[+-]\d{2}:?\d{2})?)?)
  | (?P<number>(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)
  | (?P<placeholder>\$?\{[A-Za-z_]\w*\})
  | (?P<sign><>|!=|<=|>=|[=<>(),/*+;-])
    )""",
    re.VERBOSE,
)
_GEOMETRIES = frozenset(
    ["POINT", "LINESTRING", "POLYGON", "MULTIPOINT", "MULTILINESTRING", "MULTIPOLYGON", "GEOMETRYCOLLECTION"]
)
_TEMPORAL2 = {
    f"T_{name}": key
    for name, key in {
        "AFTER": "after",
        "BEFORE": "before",
        "CONTAINS": "tcontains",
        "DISJOINT": "disjoint",
        "DURING": "during",
        "EQUALS": "tequals",
        "FINISHEDBY": "endedby",
        "FINISHES": "ends",
        "INTERSECTS": "anyinteracts",
        "MEETS": "meets",
        "METBY": "metby",
        "OVERLAPPEDBY": "overlappedby",
        "OVERLAPS": "toverlaps",
        "STARTEDBY": "begunby",
        "STARTS": "begins",
    }.items()
}


@dataclass(frozen=True, slots=True)
class Token:
    """A word of the text: its kind, its text, where it starts."""

    kind: str
    text: str
    place: int

    @property
    def word(self) -> str:
        """The text in capitals, for a bare name or a sign; nothing for what is quoted."""
        return "" if self.text[:1] in "'\"" else self.text.upper()


def read(text: str, names: Names) -> Condition:
    """The condition of a CQL text. Raises FilterError, UnknownPropertyError."""
    if len(text) > MAX_TEXT:
        raise FilterError(f"the filter has more than {MAX_TEXT} characters")
    reader = Reader(text, names)
    found = reader.condition()
    reader.expect("")
    return checked(found)


def geometry(given: Any, names: Names) -> tuple[Any, str]:
    """The shape and the CRS of a parameter's value: WKT as in a filter, or GML in the order of its CRS."""
    if not isinstance(given, Geometry):
        raise FilterError(f"{str(given)[:80]!r} is not a geometry")
    element = geometry_element(given)
    if element is not None:
        return read_geometry(element, names.crs if names.crs and not names.swapped else urn(names.facts.crs))
    reader = Reader(given.text, names)
    if reader.token.kind == "placeholder":
        raise reader.error("a geometry was expected")
    found = reader.geometry()
    reader.expect("")
    return found


def _tokens(text: str) -> list[Token]:
    found, place = [], 0
    text = text.rstrip()
    while place < len(text):
        match = _TOKEN.match(text, place)
        if not match:
            raise FilterError(f"the filter cannot be read from {text[place : place + 30]!r}")
        found.append(Token(str(match.lastgroup), match[str(match.lastgroup)], match.start(str(match.lastgroup))))
        place = match.end()
    return found


class Reader:
    """Reads tokens from left to right."""

    def __init__(self, text: str, names: Names) -> None:
        self.text = text
        self.tokens = [*_tokens(text), Token("end", "", len(text))]
        self.index = 0
        self.depth = 0
        self.names = names

    @property
    def token(self) -> Token:
        """The next token."""
        return self.tokens[self.index]

    def ahead(self, count: int = 1) -> str:
        """The word of a token further on."""
        return self.tokens[min(self.index + count, len(self.tokens) - 1)].word

    def take(self) -> Token:
        """The next token, which is then behind."""
        token = self.token
        self.index = min(self.index + 1, len(self.tokens) - 1)
        return token

    def accept(self, *words: str) -> bool:
        """True, and they are behind, where the next tokens are these words."""
        if any(self.ahead(place) != word for place, word in enumerate(words)):
            return False
        self.index += len(words)
        return True

    def expect(self, word: str) -> None:
        """Goes on after a word that must come now; "" is the end."""
        if self.token.word != word or (not word and self.token.kind != "end"):
            raise self.error(f"{word or 'the end'} was expected")
        self.take()

    def error(self, what: str) -> FilterError:
        """Tells where the text is wrong."""
        return FilterError(f"{what} at {self.text[self.token.place : self.token.place + 30]!r} in the filter")

    def deeper(self) -> None:
        """Counts a condition within another."""
        self.depth += 1
        if self.depth > MAX_DEPTH:
            raise FilterError(f"the filter is more than {MAX_DEPTH} conditions deep")

    def condition(self) -> Condition:
        """Or, which binds least."""
        self.deeper()
        items = [self._conjunction()]
        while self.accept("OR"):
            items.append(self._conjunction())
        self.depth -= 1
        return any_of(items)

    def _conjunction(self) -> Condition:
        items = [self._negation()]
        while self.accept("AND"):
            items.append(self._negation())
        return all_of(items)

    def _negation(self) -> Condition:
        negative = False
        while self.accept("NOT"):
            negative = not negative
        return build.negated(self._term(), when=negative)

    def _term(self) -> Condition:
        if self.token.word == "(" and self._is_condition():
            self.take()
            found = self.condition()
            self.expect(")")
            return found
        if self.accept("INCLUDE"):
            return Always(True)
        if self.accept("EXCLUDE"):
            return Always(False)
        if self.token.word == "IN" and self.ahead() == "(":
            self.take()
            return ResourceId(tuple(str(value) for value in self._values()))
        called = self._called() if self.ahead() == "(" else None
        if called is not None:
            return called
        if self.token.kind == "name" and self.ahead() == "IS":
            return self._about(self.names.property(self._name()))
        return self._comparison()

    def _is_condition(self) -> bool:
        """True where a parenthesis opens a condition, not a sum: something in it, or after it, compares."""
        depth = 0
        for place in range(self.index, len(self.tokens)):
            word = self.tokens[place].word
            depth += (word == "(") - (word == ")")
            if depth == 0:
                return self.tokens[place + 1].word in ("", ")", "AND", "OR")
        return True

    def _called(self) -> Condition | None:
        """A predicate written as a function."""
        name = self.token.word
        bare = name.removeprefix("S_").lower()
        if bare in build.SPATIAL and bare != "relate":
            return self._spatial(bare)
        found = {"RELATE": self._relate, "BBOX": self._bbox, "DWITHIN": self._distance, "BEYOND": self._distance}.get(
            name
        )
        if found is not None:
            return found()
        return self._temporal2() if name in _TEMPORAL2 else None

    def _spatial(self, op: str) -> Condition:
        self.take()
        self.expect("(")
        mirrored = self.token.kind == "placeholder" or self.token.word in (*_GEOMETRIES, "SRID", "ENVELOPE", "BBOX")
        shape, crs = self._pair()
        self.expect(")")
        # The operands may stand in either order: what contains the feature has the feature within.
        turned = {"contains": "within", "within": "contains"}.get(op, op) if mirrored else op
        return build.spatial(turned, shape, crs, self.names.facts)

    def _pair(self) -> tuple[Any, str]:
        """A geometry property and a geometry, in either order."""
        found: tuple[Any, str] | None = None
        for place in range(2):
            if place:
                self.expect(",")
            if self.token.word in (*_GEOMETRIES, "SRID", "ENVELOPE", "BBOX") or self.token.kind == "placeholder":
                found = self.geometry()
            elif self.names.property(self._name()) is not None:
                raise self.error("a geometry was expected")
        if found is None:
            raise self.error("a geometry was expected")
        return found

    def _relate(self) -> Condition:
        self.take()
        self.expect("(")
        shape, crs = self._pair()
        self.expect(",")
        pattern = self._string()
        self.expect(")")
        return build.spatial("relate", shape, crs, self.names.facts, pattern=pattern)

    def _bbox(self) -> Condition:
        self.take()
        self.expect("(")
        if self.names.property(self._name()) is not None:
            raise self.error("a geometry was expected")
        numbers = []
        for _ in range(4):
            self.expect(",")
            numbers.append(self._number())
        crs = self.names.facts.crs
        if self.accept(","):
            crs = parse_crs(self._string()[:200], parameter="crs").id
        self.expect(")")
        if numbers[0] > numbers[2] or numbers[1] > numbers[3]:
            raise FilterError("BBOX: the minimum of each axis comes first")
        return build.box((numbers[0], numbers[1], numbers[2], numbers[3]), crs, self.names.facts)

    def _distance(self) -> Condition:
        beyond = self.take().word == "BEYOND"
        self.expect("(")
        shape, crs = self._pair()
        self.expect(",")
        length = self._number()
        words: list[str] = []
        if self.accept(","):
            while self.token.word not in (")", "") or self.token.text[:1] == "'":
                words.append(self.take().text.strip("'"))
        self.expect(")")
        return build.distance(shape, crs, self.names.facts, length, " ".join(words), beyond=beyond)

    def _temporal2(self) -> Condition:
        op = _TEMPORAL2[self.take().word]
        self.expect("(")
        operand = self._expression()
        self.expect(",")
        start, end = self._moment()
        self.expect(")")
        if op == "disjoint":
            return build.negated(build.temporal("anyinteracts", operand, start, end))
        return build.temporal(op, operand, start, end)

    def _moment(self) -> tuple[Value, Value | None]:
        """A moment, or a period: INTERVAL('a','b'), a/b, DATE('…'), TIMESTAMP('…'), or bare."""
        if self.accept("INTERVAL", "("):
            start = self._string()
            self.expect(",")
            end = self._string()
            self.expect(")")
            return start, end
        first = self._instant()
        return first, (self._instant() if self.accept("/") else None)

    def _instant(self) -> Value:
        if self.token.kind == "placeholder":
            return self._bound()
        if self.token.word in ("DATE", "TIMESTAMP") and self.ahead() == "(":
            self.take()
            self.take()
            text = self._string()
            self.expect(")")
            return text
        if self.token.kind not in ("moment", "string", "number"):
            raise self.error("a date was expected")
        return self.take().text.strip("'")

    def _comparison(self) -> Condition:
        left = self._expression()
        negative = self.accept("NOT")
        word = self.token.word
        if word in ("=", "<>", "!=", "<", "<=", ">", ">=") and not negative:
            self.take()
            return build.comparison("<>" if word == "!=" else word, left, self._expression())
        if word in ("LIKE", "ILIKE"):
            self.take()
            pattern = self._string()
            item = build.like(left, pattern, wildcard="%", single="_", escape="\\", match_case=word == "LIKE")
            return build.negated(item, when=negative)
        if word == "BETWEEN":
            self.take()
            low = self._expression()
            self.expect("AND")
            return build.negated(build.between(left, low, self._expression()), when=negative)
        if word == "IN":
            self.take()
            return build.negated(build.one_of(left, self._values()), when=negative)
        return self._about(left)

    def _about(self, left: Expression | None) -> Condition:
        """IS [NOT] NULL, of the geometry too (None), and the temporal operators of CQL 1."""
        if self.accept("IS", "NOT", "NULL"):
            return build.negated(IsNull(left))
        if self.accept("IS", "NULL"):
            return IsNull(left)
        if left is None:
            raise self.error("IS NULL was expected")
        if self.accept("BEFORE", "OR", "DURING") or self.accept("DURING", "OR", "AFTER"):
            before = self.tokens[self.index - 3].word == "BEFORE"
            start, end = self._moment()
            edge = ("<=", end) if before else (">=", start)
            if edge[1] is None:
                raise self.error("a period was expected")
            return build.comparison(edge[0], left, Literal(edge[1]))
        for word in ("AFTER", "BEFORE", "DURING", "TEQUALS"):
            if self.accept(word):
                start, end = self._moment()
                return build.temporal(word, left, start, end)
        raise self.error("a comparison was expected")

    def _expression(self) -> Expression:
        self.deeper()
        left = self._product()
        while self.token.word in ("+", "-"):
            left = build.arithmetic(self.take().word, left, self._product())
        self.depth -= 1
        return left

    def _product(self) -> Expression:
        left = self._atom()
        while self.token.word in ("*", "/"):
            left = build.arithmetic(self.take().word, left, self._atom())
        return left

    def _atom(self) -> Expression:
        token = self.token
        if token.word == "(":
            self.take()
            found = self._expression()
            self.expect(")")
            return found
        if token.kind in ("string", "number", "moment", "placeholder") or token.word in ("-", "TRUE", "FALSE"):
            return Literal(self._value())
        if token.word in ("DATE", "TIMESTAMP") and self.ahead() == "(":
            return Literal(self._instant())
        if token.kind == "name" and self.ahead() == "(" and token.text[:1] != '"':
            return self._function()
        return self._property()

    def _property(self) -> Property:
        return self.names.value_property(self._name())

    def _function(self) -> Expression:
        name = self.take().text
        self.expect("(")
        arguments = [self._expression()]
        while self.accept(","):
            arguments.append(self._expression())
        self.expect(")")
        if isinstance(arguments[0], Literal) and name.lower() in ("casei", "lower", "upper") and len(arguments) == 1:
            text = str(arguments[0].value)
            return Literal(text.upper() if name.lower() == "upper" else text.lower())
        return build.function(name, arguments)

    def _name(self) -> str:
        token = self.take()
        if token.kind != "name":
            self.index -= 1
            raise self.error("a property was expected")
        return token.text[1:-1].replace('""', '"') if token.text[0] == '"' else token.text

    def _bound(self) -> Value:
        """The value of a stored query's parameter, which takes the place of a literal and of nothing else."""
        found = self._given()
        if isinstance(found, Geometry):
            raise self.error("a value was expected, not a geometry,")
        return found

    def _given(self) -> Value | Geometry:
        name = name_of(self.token.text)
        if name not in self.names.values:
            raise self.error("there is no such parameter")
        self.take()
        return self.names.values[name]

    def _string(self) -> str:
        if self.token.kind == "placeholder":
            return str(self._bound())
        if self.token.kind != "string":
            raise self.error("a text in single quotes was expected")
        return self.take().text[1:-1].replace("''", "'")

    def _number(self) -> float:
        sign = -1.0 if self.accept("-") else 1.0
        if self.token.kind == "placeholder":
            return sign * float(build.literal(self._bound(), "real").value)  # type: ignore[arg-type]
        if self.token.kind != "number":
            raise self.error("a number was expected")
        return sign * float(self.take().text)

    def _value(self) -> Value:
        """A literal."""
        if self.token.kind == "placeholder":
            return self._bound()
        if self.token.kind == "string":
            return self._string()
        if self.token.word in ("TRUE", "FALSE"):
            return self.take().word == "TRUE"
        if self.token.kind == "moment":
            return self.take().text
        negative = self.accept("-")
        if self.token.kind == "placeholder":
            return -self._number()
        if self.token.kind != "number":
            raise self.error("a value was expected")
        text = self.take().text
        number = int(text) if text.isdigit() and len(text) < 40 else float(text)
        return -number if negative else number

    def _values(self) -> list[Value]:
        self.expect("(")
        found = [self._value()]
        while self.accept(","):
            found.append(self._value())
        self.expect(")")
        return found

    def geometry(self) -> tuple[Any, str]:
        """WKT, with SRID=n; before it or not, or ENVELOPE/BBOX of four numbers; x first."""
        if self.token.kind == "placeholder":
            return geometry(self._given(), self.names)
        if self.accept("SRID", "="):
            crs = parse_crs(f"EPSG:{self.take().text[:10]}", parameter="crs").id
            self.expect(";")
            return self._shape(), crs
        shape = self._shape()
        if self.names.swapped:
            shape = shapely.transform(shape, lambda coordinates: coordinates[:, ::-1])
        return shape, self.names.crs or self.names.facts.crs

    def _shape(self) -> Any:
        if self.token.word in ("ENVELOPE", "BBOX"):
            return self._envelope(self.take().word)
        start = self.take().place
        while self.token.word in ("Z", "M", "ZM", "EMPTY"):
            self.take()
        end = self._closing()
        try:
            return shapely.force_2d(shapely.from_wkt(self.text[start:end]))
        except GEOSException as error:
            raise FilterError(f"a geometry cannot be read: {error}"[:200]) from None

    def _envelope(self, word: str) -> Any:
        self.expect("(")
        numbers = [self._number()]
        while self.accept(","):
            numbers.append(self._number())
        self.expect(")")
        if len(numbers) != 4:
            raise FilterError(f"{word} takes four numbers")
        # ENVELOPE is (west, east, south, north) in ECQL, BBOX (west, south, east, north) in CQL2.
        west, second, third, north = numbers
        south, east = (third, second) if word == "ENVELOPE" else (second, third)
        return shapely.box(west, south, east, north)

    def _closing(self) -> int:
        """The place behind the parenthesis that closes the one that comes now."""
        depth = 0
        while self.token.kind != "end":
            token = self.take()
            depth += (token.word == "(") - (token.word == ")")
            if depth == 0:
                return token.place + 1
        raise self.error("a parenthesis is not closed")
