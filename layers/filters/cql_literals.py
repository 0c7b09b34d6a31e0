"""Names, values and geometries of a CQL text, and what stands for them in a stored query."""

from typing import Any

import shapely
from shapely.errors import GEOSException

from layers.crs import parse_crs, urn
from layers.errors import FilterError
from layers.filters import build
from layers.filters.build import Names
from layers.filters.cql_tokens import Tokens
from layers.filters.gml_geometry import read_geometry
from layers.filters.placeholders import Geometry, geometry_element, name_of
from layers.filters.tree import Value


def geometry(given: Any, names: Names) -> tuple[Any, str]:
    """The shape and the CRS of a parameter's value: WKT as in a filter, or GML in the order of its CRS."""
    if not isinstance(given, Geometry):
        raise FilterError(f"{str(given)[:80]!r} is not a geometry")
    element = geometry_element(given)
    if element is not None:
        return read_geometry(element, names.crs if names.crs and not names.swapped else urn(names.facts.crs))
    reader = Literals(given.text, names)
    if reader.token.kind == "placeholder":
        raise reader.error("a geometry was expected")
    found = reader.geometry()
    reader.expect("")
    return found


class Literals(Tokens):
    """Reads literals; `names` are those of the layer, in the CRS in which geometries are written."""

    def __init__(self, text: str, names: Names) -> None:
        super().__init__(text)
        self.names = names

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
