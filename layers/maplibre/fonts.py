"""The font files behind the faces that Mapnik draws with: those of the system, and DejaVu out of Mapnik's wheel."""

from collections.abc import Iterator
from functools import lru_cache
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import freetype

SYSTEM = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_ENDS = frozenset((".ttf", ".otf", ".ttc", ".otc"))


class Face(NamedTuple):
    """A face: its file, and its place in the file."""

    file: Path
    number: int


@lru_cache(maxsize=1)
def faces() -> dict[str, Face]:
    """Every face by its name, as "DejaVu Sans Bold"."""
    found: dict[str, Face] = {}
    for file in _files():
        for name, face in _faces_in(file):
            found.setdefault(name, face)
    return found


def _files() -> Iterator[Path]:
    wheel = find_spec("mapnik")
    own = [Path(wheel.origin).parent / "lib/mapnik/fonts"] if wheel and wheel.origin else []
    for folder in (*own, *SYSTEM):
        yield from sorted(path for path in folder.rglob("*") if path.suffix.lower() in _ENDS)


def _faces_in(file: Path) -> Iterator[tuple[str, Face]]:
    index = count = 0
    while index <= count:
        try:
            face = freetype.Face(str(file), index)
        except freetype.FT_Exception:
            return
        count = face.num_faces - 1
        name = b" ".join(part for part in (face.family_name, face.style_name) if part)
        yield name.decode("utf-8", "replace"), Face(file, index)
        index += 1
