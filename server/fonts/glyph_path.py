"""Where glyphs are asked, `/fonts/{fontstack}/{range}.pbf`, and where they are kept. Standard library only."""

import re
from pathlib import Path
from typing import NamedTuple
from urllib.parse import quote, unquote

from server.errors import InvalidParameterError, NotFoundError

MEDIA_TYPE = "application/x-protobuf"
HEADERS = {"Cache-Control": "public, max-age=86400"}
RANGE, LAST = 256, 65535
"""Characters in a file, and the last character that there is a file of."""
MOST_FACES = 8
_PATH = re.compile(r"/fonts/(?P<stack>[^/]{1,400})/(?P<range>[^/]{1,40})\.pbf")


class GlyphRequest(NamedTuple):
    """Faces in order of preference, and the first of 256 characters."""

    stack: tuple[str, ...]
    start: int

    @property
    def name(self) -> str:
        """The stack as it was asked."""
        return ",".join(self.stack)

    @property
    def range(self) -> str:
        """First and last character."""
        return f"{self.start}-{self.start + RANGE - 1}"


def parse(raw_path: str) -> GlyphRequest:
    """What a path, still quoted, asks for. Raises NotFoundError, InvalidParameterError."""
    match = _PATH.fullmatch(raw_path)
    if match is None:
        raise NotFoundError(f"there are no glyphs at {raw_path[:200]!r}; they are at /fonts/{{fontstack}}/0-255.pbf")
    stack = tuple(filter(None, (face.strip() for face in unquote(match["stack"]).split(","))))
    if not 1 <= len(stack) <= MOST_FACES:
        raise InvalidParameterError(f"a stack has 1 to {MOST_FACES} fonts, with commas between them", "fontstack")
    first, _, last = unquote(match["range"]).partition("-")
    if not (first.isascii() and first.isdigit() and last.isascii() and last.isdigit() and len(last) <= 5):
        raise _wrong_range(match["range"])
    start, end = int(first), int(last)
    if start % RANGE or end != start + RANGE - 1 or end > LAST:
        raise _wrong_range(match["range"])
    return GlyphRequest(stack, start)


def _wrong_range(written: str) -> InvalidParameterError:
    return InvalidParameterError(
        f"{unquote(written)[:40]!r} is not a range of 256 characters: 0-255, 256-511 … {LAST - RANGE + 1}-{LAST}",
        "range",
    )


def folder(store: Path, stack: tuple[str, ...]) -> Path:
    """The folder of a stack's ranges."""
    return store / "fonts" / quote(",".join(stack), safe=" ,")


def place(store: Path, asked: GlyphRequest) -> Path:
    """The file of a range."""
    return folder(store, asked.stack) / f"{asked.range}.pbf"


def kept_stacks(store: Path) -> list[str]:
    """The stacks of which glyphs are kept."""
    return sorted(unquote(path.name) for path in (store / "fonts").glob("*") if path.is_dir())
