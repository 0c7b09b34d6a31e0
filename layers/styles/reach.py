"""How far from a feature what a style draws of it may be seen, so that no picture's edge cuts it."""

from dataclasses import dataclass

from layers.styles import model
from layers.styles.expressions import Expression, greatest, walk
from layers.styles.paint import METRES, PIXELS

SYMBOL = 96.0
"""Pixels of the standard's size for symbols and labels, at the least: how large some are, only features tell."""

FARTHEST = 1024.0
"""Pixels beyond which nothing is looked for."""

_LETTERS = 9.0
"""Half of a long label's width, over the size of its font."""
_MITRE = 16.0
"""Pixels, or metres, that the corner of a wide line reaches beyond half its width, at the most."""


@dataclass(frozen=True, slots=True)
class Reach:
    """In pixels of the standard's size, and in metres on the ground; the greater one holds."""

    pixels: float = 0.0
    metres: float = 0.0

    def joined(self, other: "Reach") -> "Reach":
        """As far as either."""
        return Reach(max(self.pixels, other.pixels), max(self.metres, other.metres))


def reach(style: model.Style) -> Reach:
    """As far as the widest symbolizer of a style reaches."""
    found = Reach()
    for part in style.parts:
        for rule in part.rules:
            for symbolizer in rule.symbolizers:
                found = found.joined(_of(symbolizer))
    return found


def _of(symbolizer: model.Symbolizer) -> Reach:
    parts = list(walk(symbolizer))
    graphics = [
        _known(part.size) * 0.71 + _shift(part.displacement) for part in parts if isinstance(part, model.Graphic)
    ]
    strokes = [_width(part.width) for part in parts if isinstance(part, model.Stroke)]
    away = _known(getattr(symbolizer, "offset", None)) + _shift(getattr(symbolizer, "displacement", ()))
    label = _label(symbolizer) if isinstance(symbolizer, model.TextSymbolizer) else 0.0
    own = max([0.0, *graphics, *strokes]) + away
    if symbolizer.unit in METRES:
        return Reach(0.0, max(own, label) * METRES[symbolizer.unit])
    return Reach(max(own, label) * PIXELS[symbolizer.unit])


def _label(symbolizer: model.TextSymbolizer) -> float:
    shift = symbolizer.placement.displacement if isinstance(symbolizer.placement, model.PointPlacement) else ()
    return _LETTERS * _known(symbolizer.font.size) + _shift(shift)


def _width(width: Expression) -> float:
    """Half a line, and its corners: a mitre reaches four times the half (05-077r4, 11.1.3)."""
    found = _known(width)
    return found / 2 + min(1.5 * found, _MITRE)


def _shift(displacement: tuple[Expression, ...]) -> float:
    return max((_known(one) for one in displacement), default=0.0)


def _known(expression: Expression | None) -> float:
    return abs(greatest(expression) or 0.0)
