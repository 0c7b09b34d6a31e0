"""Attributes of Mapnik's symbolizers: numbers with their unit, colours, opacities."""

from collections.abc import Callable
from dataclasses import dataclass
from xml.sax.saxutils import quoteattr

from layers.styles.color import hex_color
from layers.styles.expressions import Expression, Literal, number, text
from layers.styles.mapnik_expression import Fields, UndrawableError, value

PIXELS = {"px": 1.0, "mm": 1 / 0.28}
METRES = {"metre": 1.0, "foot": 0.3048}
GROUND = "@metre"
"""What a renderer gives to `mapnik.render_with_vars`: pixels in a metre on the ground, over scale_factor."""


@dataclass(frozen=True, slots=True)
class Drawing:
    """What drawing needs beside the symbolizer: types of fields, the folder of the SLD, where to complain."""

    fields: Fields
    base: str
    complain: Callable[[str], None]


def attributes(**given: str | None) -> str:
    """XML attributes of what is not None; underscores become hyphens."""
    return "".join(f" {key.replace('_', '-')}={quoteattr(found)}" for key, found in given.items() if found is not None)


def plain(found: float) -> str:
    """A number without exponent, as short as may be."""
    return f"{found:.4f}".rstrip("0").rstrip(".") or "0"


def size(expression: Expression, unit: str, drawing: Drawing) -> str:
    """A length in pixels: a number, or an expression."""
    found = number(expression)
    if unit in METRES:
        inner = plain(found) if found is not None else value(expression, drawing.fields)
        return f"{GROUND}*{METRES[unit]:g}*({inner})"
    if found is not None:
        return plain(found * PIXELS[unit])
    if isinstance(expression, Literal):
        raise UndrawableError(f"{expression.value!r} is not a number")
    written = value(expression, drawing.fields)
    return written if PIXELS[unit] == 1.0 else f"{PIXELS[unit]:g}*({written})"


def fixed(expression: Expression | None, what: str, drawing: Drawing, default: float) -> float:
    """A number where Mapnik takes no expression; says so and gives the default where it is one."""
    if expression is None:
        return default
    found = number(expression)
    if found is None:
        drawing.complain(f"{what} cannot depend on the feature here: {default:g} is used")
        return default
    return found


def color(expression: Expression, drawing: Drawing) -> str:
    """ "#rrggbb" or an expression that gives a colour."""
    written = text(expression)
    if written is None:
        return value(expression, drawing.fields)
    found = hex_color(written)
    if found is None:
        raise UndrawableError(f"{written!r} is not a colour")
    return found


def opacity(expression: Expression, drawing: Drawing) -> str | None:
    """0–1, None for opaque."""
    found = number(expression)
    if found is not None:
        return None if found >= 1 else plain(max(found, 0))
    return value(expression, drawing.fields)
