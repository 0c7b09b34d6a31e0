"""CQL text read into conditions: CQL and ECQL as GeoServer's clients write them, and CQL2 text (OGC 21-065r2).

Read by descent, because the precedence of And over Or, doubled quotes, accents in names and the depth matter.
"""

from typing import Any

from layers.crs import parse_crs
from layers.errors import FilterError
from layers.filters import build
from layers.filters.build import Names
from layers.filters.cql_literals import Literals
from layers.filters.tree import (
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


def read(text: str, names: Names) -> Condition:
    """The condition of a CQL text. Raises FilterError, UnknownPropertyError."""
    if len(text) > MAX_TEXT:
        raise FilterError(f"the filter has more than {MAX_TEXT} characters")
    reader = Reader(text, names)
    found = reader.condition()
    reader.expect("")
    return checked(found)


class Reader(Literals):
    """Reads conditions and expressions."""

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
