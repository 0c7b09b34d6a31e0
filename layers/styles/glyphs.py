"""Letters of fonts as marks: `ttf://Font#0x41` (GeoServer), `ttf://Font` with a MarkIndex (SE 1.1.0, QGIS).

FreeType reads the fonts; curves become short lines, as every mark is drawn.
"""

import importlib.util
from collections.abc import Iterator
from functools import lru_cache
from itertools import islice
from pathlib import Path
from typing import Any

import freetype

type Point = tuple[float, float]

FOLDERS = (Path("/usr/share/fonts"), Path("/usr/local/share/fonts"))
_STEPS = 6
"""Lines that a curve becomes."""
_MOST = 2000
"""Font files that are looked at."""
_PLAIN = (b"regular", b"book", b"normal", b"roman")
_SYMBOLS = 0xF000
"""Where symbol fonts have their letters."""


@lru_cache(maxsize=256)
def contours(font: str, letter: int) -> tuple[tuple[Point, ...], ...] | None:
    """The contours of a letter around its middle, the font's size being 1, y upwards; None where it is not there."""
    path = _fonts().get(font.strip().lower())
    if path is None:
        return None
    try:
        face = freetype.Face(str(path))
        index = face.get_char_index(letter) or face.get_char_index(_SYMBOLS + letter)
        if not index:
            return None
        face.load_glyph(index, freetype.FT_LOAD_NO_SCALE)
        drawn = _Lines()
        face.glyph.outline.decompose(drawn, _Lines.move, _Lines.line, _Lines.conic, _Lines.cubic)
    except freetype.FT_Exception:
        return None
    return _centred(drawn.contours, float(face.units_per_EM))


def _centred(found: list[list[Point]], em: float) -> tuple[tuple[Point, ...], ...] | None:
    points = [point for contour in found for point in contour]
    if not points or em <= 0:
        return None
    (left, right), (bottom, top) = ((min(side), max(side)) for side in zip(*points, strict=True))
    x, y = (left + right) / 2, (bottom + top) / 2
    return tuple(tuple(((px - x) / em, (py - y) / em) for px, py in contour) for contour in found)


class _Lines:
    """Collects a letter's contours as lines."""

    def __init__(self) -> None:
        self.contours: list[list[Point]] = []

    @staticmethod
    def move(to: Any, self: "_Lines") -> None:
        """A contour begins."""
        self.contours.append([(to.x, to.y)])

    @staticmethod
    def line(to: Any, self: "_Lines") -> None:
        """A line."""
        self.contours[-1].append((to.x, to.y))

    @staticmethod
    def conic(control: Any, to: Any, self: "_Lines") -> None:
        """A curve of TrueType."""
        self._curve(lambda t: ((1 - t) ** 2, 2 * t * (1 - t), t**2), [(control.x, control.y), (to.x, to.y)])

    @staticmethod
    def cubic(first: Any, second: Any, to: Any, self: "_Lines") -> None:
        """A curve of PostScript."""
        corners = [(first.x, first.y), (second.x, second.y), (to.x, to.y)]
        self._curve(lambda t: ((1 - t) ** 3, 3 * t * (1 - t) ** 2, 3 * t**2 * (1 - t), t**3), corners)

    def _curve(self, weights: Any, corners: list[Point]) -> None:
        corners = [self.contours[-1][-1], *corners]
        for step in range(1, _STEPS + 1):
            parts = list(zip(weights(step / _STEPS), corners, strict=True))
            x, y = (sum(weight * corner[axis] for weight, corner in parts) for axis in (0, 1))
            self.contours[-1].append((x, y))


@lru_cache(maxsize=1)
def _fonts() -> dict[str, Path]:
    """Files of upright regular faces by family, else of what there is; those of the system before Mapnik's own."""
    found: dict[str, Path] = {}
    plain: set[str] = set()
    for path in _files():
        try:
            face = freetype.Face(str(path))
        except freetype.FT_Exception:
            continue
        key = (face.family_name or b"").decode("latin-1").lower()
        regular = not face.style_flags and (face.style_name or b"").lower() in _PLAIN
        if key and (key not in found or (regular and key not in plain)):
            found[key] = path
        if regular:
            plain.add(key)
    return found


def _files() -> Iterator[Path]:
    folders = [folder for folder in FOLDERS if folder.is_dir()]
    if (mapnik := importlib.util.find_spec("mapnik")) and mapnik.origin:
        folders.append(Path(mapnik.origin).parent / "lib/mapnik/fonts")
    paths = (path for folder in folders for path in sorted(folder.rglob("*")))
    return islice((path for path in paths if path.suffix.lower() in (".ttf", ".otf")), _MOST)
