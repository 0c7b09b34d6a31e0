"""The words of a CQL text, and a place among them."""

import re
from dataclasses import dataclass

from layers.errors import FilterError
from layers.filters.tree import MAX_DEPTH

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


class Tokens:
    """Reads tokens from left to right."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.tokens = [*_tokens(text), Token("end", "", len(text))]
        self.index = 0
        self.depth = 0

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
