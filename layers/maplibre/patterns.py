"""PropertyIsLike without regular expressions, which MapLibre has not: by pieces of the text."""

from __future__ import annotations

from typing import TYPE_CHECKING

from layers.maplibre.errors import UnsayableError
from layers.styles.expressions import Like

if TYPE_CHECKING:
    from layers.maplibre.words import Json, Words

_MANY, _ONE = object(), object()


def like(node: Like, words: Words) -> Json:
    """A pattern of single wildcards alone, or of texts with wildcards around and one between. Raises UnsayableError."""
    subject = words.text(node.value)
    pieces = _pieces(node)
    if not node.match_case:
        subject = ["downcase", subject]
        pieces = [piece.lower() if isinstance(piece, str) else piece for piece in pieces]
    if _MANY not in pieces:
        return _of_one_length(pieces, subject)
    if _ONE in pieces:
        raise UnsayableError(f"the pattern {node.pattern!r} with both kinds of wildcards")
    return _with_gaps(node.pattern, pieces, subject)


def _pieces(node: Like) -> list[object]:
    """Runs of letters, `_MANY` and `_ONE`."""
    found: list[object] = []
    text = node.pattern
    while text:
        piece: object = text[0]
        length = 1
        if node.escape and text.startswith(node.escape) and len(text) > len(node.escape):
            length = len(node.escape) + 1
            piece = text[length - 1]
        elif node.wild and text.startswith(node.wild):
            piece, length = _MANY, len(node.wild)
        elif node.single and text.startswith(node.single):
            piece, length = _ONE, len(node.single)
        if isinstance(piece, str) and found and isinstance(found[-1], str):
            found[-1] += piece
        elif piece is not _MANY or not found or found[-1] is not _MANY:
            found.append(piece)
        text = text[length:]
    return found


def _of_one_length(pieces: list[object], subject: Json) -> Json:
    asked: list[Json] = []
    at = 0
    for piece in pieces:
        length = len(piece) if isinstance(piece, str) else 1
        if isinstance(piece, str):
            asked.append(["==", ["slice", subject, at, at + length], piece])
        at += length
    return ["all", ["==", ["length", subject], at], *asked]


def _with_gaps(pattern: str, pieces: list[object], subject: Json) -> Json:
    texts = [piece for piece in pieces if isinstance(piece, str)]
    starts, ends = isinstance(pieces[0], str), isinstance(pieces[-1], str)
    if len(texts) > starts + ends + (0 if starts and ends else 1) or (len(texts) == 2 and not (starts and ends)):
        raise UnsayableError(f"the pattern {pattern!r} with several wildcards")
    asked: list[Json] = []
    if starts:
        asked.append(["==", ["slice", subject, 0, len(texts[0])], texts[0]])
    if ends:
        asked.append(["==", ["slice", subject, ["-", ["length", subject], len(texts[-1])]], texts[-1]])
    if starts or ends:
        asked.append([">=", ["length", subject], sum(map(len, texts))])
    elif texts:
        asked.append(["in", texts[0], subject])
    return ["all", *reversed(asked)]
