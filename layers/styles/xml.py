"""XML of styles: read without entities and without the network, bounded in size and depth."""

import re
from collections.abc import Iterator
from pathlib import Path

from lxml import etree

from layers.errors import GarrigueError

MAX_BYTES = 4_000_000
MAX_DEPTH = 100
MAX_SAID = 200
UNWRITTEN = "Unwritten"
"""An element in the place of a comment of QGIS's on what SLD has no words for."""
_UNWRITTEN = re.compile(r"not implemented yet|Expression was:")
_ELSE = re.compile(r"Expression was: ELSE$")


class StyleError(GarrigueError):
    """A style that cannot be read; `line` is where."""

    def __init__(self, message: str, line: int | None = None) -> None:
        self.line = line
        super().__init__(message if line is None else f"line {line}: {message}")


def parse(source: Path | bytes) -> etree._Element:
    """The root element. Raises StyleError for what is not XML, has a DTD, or is too large or too deep."""
    body = source if isinstance(source, bytes) else _file(source)
    if len(body) > MAX_BYTES:
        raise StyleError(f"the style has {len(body)} bytes, more than {MAX_BYTES}")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False, huge_tree=False, remove_pis=True)
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        raise StyleError(f"not well-formed XML: {error.msg}", error.lineno) from error
    if root.getroottree().docinfo.internalDTD is not None:
        raise StyleError("a document type declaration is not allowed", 1)
    _bound(root)
    _without_comments(root)
    return root


def _without_comments(root: etree._Element) -> None:
    """Comments go, but for those in which QGIS says what it had no words for: they become elements."""
    for comment in list(root.iter(etree.Comment)):
        parent, said = comment.getparent(), " ".join((comment.text or "").split())
        if parent is None or not _UNWRITTEN.search(said):
            continue
        # The rule for everything else is an expression that QGIS does not take for one.
        kind = "ElseFilter" if name(parent) == "Rule" and _ELSE.search(said) else UNWRITTEN
        told = etree.Element(etree.QName(etree.QName(parent).namespace, kind))
        told.text, told.tail = said[:MAX_SAID] if kind == UNWRITTEN else None, comment.tail
        told.sourceline = comment.sourceline
        parent.replace(comment, told)
    etree.strip_tags(root, etree.Comment)


def _file(path: Path) -> bytes:
    try:
        if path.stat().st_size > MAX_BYTES:
            raise StyleError(f"{path.name} is larger than {MAX_BYTES} bytes")
        return path.read_bytes()
    except OSError as error:
        raise StyleError(f"{path.name} cannot be read: {error.strerror}") from error


def _bound(root: etree._Element) -> None:
    depth = 0
    for event, element in etree.iterwalk(root, events=("start", "end")):
        depth += 1 if event == "start" else -1
        if depth > MAX_DEPTH:
            raise StyleError(f"elements lie more than {MAX_DEPTH} deep", element.sourceline)


def name(element: etree._Element) -> str:
    """The name without its namespace: exports mix those of SLD, SE and OGC."""
    return str(etree.QName(element).localname)


def child(element: etree._Element | None, *path: str) -> etree._Element | None:
    """The first element down a path of names."""
    for step in path:
        if element is None:
            return None
        element = next((c for c in element if name(c) == step), None)
    return element


def children(element: etree._Element, *names: str) -> Iterator[etree._Element]:
    """The children of some names, in order."""
    return (c for c in element if name(c) in names)


def text(element: etree._Element | None, *path: str, default: str = "") -> str:
    """The text of an element down a path, stripped, without that of its children."""
    found = child(element, *path)
    return default if found is None or found.text is None else found.text.strip()


def line(element: etree._Element) -> int:
    """The element's line."""
    return int(getattr(element, "sourceline", None) or 0)
