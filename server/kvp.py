"""Key-value parameters of a request: names in any case, the last of repeated ones wins. Standard library only."""

from collections.abc import Iterator, Mapping
from urllib.parse import parse_qsl

from server.errors import InvalidParameterError, MissingParameterError

MAX_PARAMETERS = 200


class Params(Mapping[str, str]):
    """Parameters by upper-case name. `raw` keeps names as they were written."""

    def __init__(self, pairs: list[tuple[str, str]]) -> None:
        self.raw = pairs
        self._values = {name.upper(): value for name, value in pairs}

    @classmethod
    def parse(cls, query: str) -> "Params":
        """Parameters of a query string or a form's body (UTF-8; `+` is a blank)."""
        try:
            return cls(parse_qsl(query, keep_blank_values=True, max_num_fields=MAX_PARAMETERS, errors="strict"))
        except ValueError as error:
            raise InvalidParameterError(f"the parameters cannot be read: {error}") from None

    def __getitem__(self, name: str) -> str:
        return self._values[name.upper()]

    def __iter__(self) -> Iterator[str]:
        return iter(self._values)

    def __len__(self) -> int:
        return len(self._values)

    def text(self, name: str, default: str = "") -> str:
        """The value without blanks around it; an empty one is as if absent."""
        return self._values.get(name.upper(), "").strip() or default

    def required(self, name: str) -> str:
        """The value, which must be there and not empty."""
        value = self.text(name)
        if not value:
            raise MissingParameterError(name)
        return value

    def integer(self, name: str, default: int | None = None, *, minimum: int = 0, maximum: int = 2**31 - 1) -> int:
        """A whole number within bounds."""
        text = self.text(name)
        if not text:
            if default is None:
                raise MissingParameterError(name)
            return default
        if not text.lstrip("+-").isascii() or not text.lstrip("+-").isdigit() or len(text) > 20:
            raise InvalidParameterError(f"{name}={text!r} is not a whole number", name)
        if not minimum <= int(text) <= maximum:
            raise InvalidParameterError(f"{name}={text} is not between {minimum} and {maximum}", name)
        return int(text)

    def items_of(self, name: str) -> list[str]:
        """A comma-separated list; absent is the empty list, empty items are kept."""
        text = self._values.get(name.upper(), "")
        return [item.strip() for item in text.split(",")] if text.strip() else []
