"""The graphic behind a label, which comes and goes with it: a file and a transform of Mapnik's ShieldSymbolizer."""

from dataclasses import replace

from layers.styles import graphics, model
from layers.styles.expressions import Literal, number
from layers.styles.paint import Drawing, fixed, plain, size

LETTER, CAPITAL = 0.6, 0.75
"""Width of a usual letter and height of a capital, over the size of the font."""

_USUAL = 5
"""Letters of a usual label that has a graphic behind it."""

_LINE = 1.2
"""Height of a line of text, over the size of the font."""


def shield(
    graphic: model.Graphic, letters: str, symbolizer: model.TextSymbolizer, drawing: Drawing
) -> dict[str, str | None]:
    """Attributes that make a label a shield; `letters` is Mapnik's expression of its text. Raises UndrawableError.

    GeoServer's `graphic-resize` (`stretch`, `proportional`) fits the graphic to the text and `graphic-margin` around
    it; how wide the text will be is guessed from the number of its letters.
    """
    wanted = (model.option(symbolizer.options, "graphic-resize") or "none").lower()
    if wanted == "stretch" and (height := number(symbolizer.font.size)):
        # A mark of the size of a usual text, so that its border is not made much wider.
        graphic = replace(graphic, size=Literal(_USUAL * LETTER * height), aspect=_USUAL * LETTER / _LINE)
    symbol = graphics.first_symbol(graphic, symbolizer.unit, drawing)
    scale = symbol.scale
    if wanted in ("stretch", "proportional"):
        scale = _fitted(symbol, letters, symbolizer, drawing, both=wanted == "proportional")
    elif wanted != "none":
        drawing.complain(f"graphic-resize={wanted!r}: the graphic keeps its size")
    moved, middle = _middle(letters, symbolizer, drawing)
    steps = [*([f"translate({', '.join(moved)})"] if moved else []), *([f"scale({scale})"] if scale else [])]
    image = {"file": symbol.path, "transform": " ".join(steps) or None, "unlock_image": "true"}
    return {**image, **middle}


def _fitted(
    symbol: graphics.Symbol, letters: str, symbolizer: model.TextSymbolizer, drawing: Drawing, *, both: bool
) -> str:
    """How much larger the graphic is around the text: across and down, or `both` alike."""
    across, down = graphics.margins(symbolizer.options)
    height = size(symbolizer.font.size, symbolizer.unit, drawing)
    wide = f"({LETTER}*length({letters})*({height}) + {plain(across)})/{symbol.width:.4f}"
    high = f"({_LINE}*({height}) + {plain(down)})/{symbol.height:.4f}"
    return f"max({wide}, {high})" if both else f"{wide}, {high}"


def _middle(
    letters: str, symbolizer: model.TextSymbolizer, drawing: Drawing
) -> tuple[tuple[str, str] | None, dict[str, str | None]]:
    """How far right and down of the point the middle of text and graphic lies, and the text's attributes."""
    placement = symbolizer.placement
    if not isinstance(placement, model.PointPlacement):
        return None, {}
    x, y = (
        fixed(a, "the anchor point of a label", drawing, d) for a, d in zip(placement.anchor, (0.0, 0.5), strict=True)
    )
    right, up = (size(d, symbolizer.unit, drawing) for d in placement.displacement)
    height = size(symbolizer.font.size, symbolizer.unit, drawing)
    dx = f"{plain((0.5 - x) * LETTER)}*length({letters})*({height}) + ({right})"
    dy = f"{plain((y - 0.5) * CAPITAL)}*({height}) - ({up})"
    aligned: dict[str, str | None] = {
        "horizontal_alignment": "middle",
        "vertical_alignment": "middle",
        "dx": dx,
        "dy": dy,
    }
    return (dx, dy), aligned
