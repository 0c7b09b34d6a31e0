"""Scales as zooms. MapLibre counts zooms on tiles of 512 pixels (MapLibre Style Specification, `zoom`).

The scale denominator of WebMercatorQuad's level 0, tiles of 256 pixels of 0.28 mm, is 559082264.0287178 (OGC 17-083r4,
annex D.1); on 512 pixels it is half of that, so that zoom = log2(279541132.0143589 / denominator).
"""

from itertools import pairwise
from math import log2
from typing import NamedTuple

from layers.styles.expressions import Filter
from layers.styles.mapnik import SCALE_TOLERANCE

ZOOM_0 = 559082264.0287178 / 2
"""Scale denominator at zoom 0."""

METRE_AT_0 = 1 / (ZOOM_0 * 0.00028)
"""Pixels in a metre of the map at zoom 0. As in the pictures, a metre is one of Web Mercator's."""

DEEPEST = 24
"""The last zoom of the specification."""


class Span(NamedTuple):
    """Zooms from `low` on, below `high`."""

    low: float = 0.0
    high: float = DEEPEST

    def meets(self, other: "Span") -> bool:
        """True where a zoom is in both."""
        return max(self.low, other.low) < min(self.high, other.high)

    def within(self, other: "Span") -> bool:
        """True where the other has every zoom of this one."""
        return other.low <= self.low and self.high <= other.high


def zoom(denominator: float) -> float:
    """The zoom of a scale denominator."""
    return log2(ZOOM_0 / denominator)


def span(*limits: tuple[float | None, float | None]) -> Span | None:
    """The zooms within every pair of scale denominators (least, greatest); None where there is none."""
    low, high = Span()
    for least, greatest in limits:
        if greatest and greatest < 1e300:
            low = max(low, zoom(greatest * (1 - SCALE_TOLERANCE)))
        if least and least > 0:
            high = min(high, zoom(least * (1 - SCALE_TOLERANCE)))
    return Span(round(low, 4), round(high, 4)) if low < high else None


class Piece(NamedTuple):
    """Part of a rule's zooms, and the filters of other rules that must not hold there."""

    span: Span
    without: tuple[Filter, ...]


def pieces(own: Span, others: list[tuple[Span, Filter | None]]) -> list[Piece]:
    """A span cut where other rules begin or end; left out where one of them takes every feature."""
    bounds = {own.low, own.high} | {at for other, _ in others for at in other if own.low < at < own.high}
    edges = sorted(bounds)
    found: list[Piece] = []
    for low, high in pairwise(edges):
        part = Span(low, high)
        active = [asked for other, asked in others if part.within(other)]
        if any(asked is None for asked in active):
            continue
        without = tuple(asked for asked in active if asked is not None)
        if found and found[-1].without == without and found[-1].span.high == low:
            found[-1] = Piece(Span(found[-1].span.low, high), without)
        else:
            found.append(Piece(part, without))
    return found
