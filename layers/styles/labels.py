"""Labels as Mapnik's TextSymbolizer, and the fonts that they ask."""

from collections.abc import Mapping
from dataclasses import dataclass
from xml.sax.saxutils import escape

from layers.styles import model
from layers.styles.expressions import Expression, Function, Literal, Property, number
from layers.styles.mapnik_expression import UndrawableError, quoted, text_value
from layers.styles.paint import Drawing, attributes, color, fixed, opacity, plain, size
from layers.styles.shields import CAPITAL, LETTER, shield

FALLBACK = "DejaVu Sans"
_SIDES = {
    "N": (0, -1),
    "S": (0, 1),
    "E": (1, 0),
    "W": (-1, 0),
    "NE": (1, -1),
    "NW": (-1, -1),
    "SE": (1, 1),
    "SW": (-1, 1),
}
"""Sides to which a label may go: to the right and downwards."""
GENERIC = {
    "sans-serif": "DejaVu Sans",
    "sansserif": "DejaVu Sans",
    "serif": "DejaVu Serif",
    "monospace": "DejaVu Sans Mono",
    "monospaced": "DejaVu Sans Mono",
    "dialog": "DejaVu Sans",
    "arial": "DejaVu Sans",
    "helvetica": "DejaVu Sans",
    "times new roman": "DejaVu Serif",
    "courier new": "DejaVu Sans Mono",
}
_REGULAR = ("Book", "Regular", "Normal", "Roman", "Medium", "")
_CASES = {"strtouppercase": "uppercase", "upper": "uppercase", "strtolowercase": "lowercase", "lower": "lowercase"}
_CASES |= {"strcapitalize": "capitalize", "title": "capitalize"}
REPEAT = 250.0
"""Pixels from one label to the next of the same text."""
APART = 100.0
"""The same for labels along lines that are not grouped: a street comes in many pieces, each with its name."""


@dataclass(frozen=True, slots=True)
class Label:
    """A TextSymbolizer's XML, and the faces of its font in order of preference."""

    xml: str
    faces: tuple[str, ...]


def label(symbolizer: model.TextSymbolizer, drawing: Drawing) -> Label:
    """The label of a symbolizer."""
    faces = faces_of(symbolizer.font, drawing)
    letters, case = _content(symbolizer.label, drawing)
    content = _struck(letters, symbolizer.options)
    placed: dict[str, str | None] = {
        **_halo(symbolizer, drawing),
        **_placed(symbolizer, drawing),
        **_optional(symbolizer),
    }
    if symbolizer.graphic is not None:
        placed |= shield(symbolizer.graphic, letters, symbolizer, drawing)
    drawn = attributes(
        fontset_name=font_set_name(faces),
        size=size(symbolizer.font.size, symbolizer.unit, drawing),
        fill=color(symbolizer.fill.color, drawing),
        opacity=opacity(symbolizer.fill.opacity, drawing),
        text_transform=case,
        **placed,
    )
    places = _elsewhere(symbolizer, placed)
    kind = ' placement-type="list"' if places else ""
    name = "TextSymbolizer" if symbolizer.graphic is None else "ShieldSymbolizer"
    return Label(f"<{name}{drawn}{kind}>{escape(content)}{places}</{name}>", faces)


def _elsewhere(symbolizer: model.TextSymbolizer, placed: Mapping[str, str | None]) -> str:
    """Where a label may go that finds its place taken (GeoServer's maxDisplacement, displacementMode)."""
    room = amount(symbolizer.options, "maxDisplacement")
    if not room or isinstance(symbolizer.placement, model.LinePlacement):
        return ""
    asked = [side.strip().upper() for side in (model.option(symbolizer.options, "displacementMode") or "").split(",")]
    across, down = (placed.get(name) or "0" for name in ("dx", "dy"))
    moves = [parts for side, parts in _SIDES.items() if side in asked or not any(asked)]
    return "".join(
        f"<Placement{attributes(dx=f'{across}+({plain(x * room / 2)})', dy=f'{down}+({plain(y * room / 2)})')}/>"
        for x, y in moves
    )


def font_set_name(faces: tuple[str, ...]) -> str:
    """The name of the FontSet of these faces."""
    return "; ".join(faces)


def _content(expression: Expression, drawing: Drawing) -> tuple[str, str | None]:
    """The label's expression, and the case that it is to be in."""
    name = expression.name.lower() if isinstance(expression, Function) and expression.arguments else ""
    if isinstance(expression, Function) and name in _CASES:
        return text_value(expression.arguments[0], drawing.fields), _CASES[name]
    if isinstance(expression, Function) and name == "changecase":
        up = any(isinstance(a, Literal) and str(a.value).lower() == "toupper" for a in expression.arguments)
        return text_value(expression.arguments[0], drawing.fields), "uppercase" if up else "lowercase"
    if isinstance(expression, Literal):
        return quoted(str(expression.value)), None
    return text_value(expression, drawing.fields), None


_UNDER = (("(.)(?=.)", "\u035f"), ("^(.)$", "\u0332"))
"""A line from the middle of a letter to that of the next one, or below one that is alone."""
_THROUGH = (("(.)", "\u0336"),)


def _struck(content: str, options: model.Options) -> str:
    """GeoServer's underlineText and strikethroughText, by the combining letters that fonts have for them."""
    lines = (*_UNDER * flag(options, "underlineText"), *_THROUGH * flag(options, "strikethroughText"))
    if lines:
        content = f"('' + {content})" + "".join(f".replace('{after}', '$1{line}')" for after, line in lines)
    return content


def faces_of(font: model.Font, drawing: Drawing) -> tuple[str, ...]:
    """The faces of a font that are installed, in order of preference; the last is always there."""
    from layers.mapnik_env import register_fonts

    known = {name.lower(): name for name in register_fonts()}
    bold = font.weight in ("bold", "bolder", "600", "700", "800", "900")
    slanted = font.style in ("italic", "oblique")
    found: list[str] = []
    for family in (*font.families, GENERIC.get((font.families or ("",))[0].lower(), ""), FALLBACK):
        face = _face(family, known, bold=bold, slanted=slanted)
        if face and face not in found:
            found.append(face)
    first = font.families[0] if font.families else FALLBACK
    if first.lower() not in GENERIC and _face(first, known, bold=bold, slanted=slanted) is None:
        drawing.complain(f"the font {first!r} is not installed: {found[0]} is used")
    return tuple(found)


def _face(family: str, known: dict[str, str], *, bold: bool, slanted: bool) -> str | None:
    if not family:
        return None
    weights = ("Bold", "SemiBold", "Semibold") if bold else _REGULAR
    slants = ("Italic", "Oblique") if slanted else ("",)
    for weight in weights:
        for slant in slants:
            parts = [family, weight if not slant or weight not in _REGULAR else "", slant]
            if face := known.get(" ".join(p for p in parts if p).lower()):
                return face
            if face := known.get(f"{family} {weight}{slant}".strip().lower()):
                return face
    return known.get(family.lower())


def _halo(symbolizer: model.TextSymbolizer, drawing: Drawing) -> dict[str, str | None]:
    halo = symbolizer.halo
    if halo is None:
        return {}
    return {
        "halo_radius": size(halo.radius, symbolizer.unit, drawing),
        "halo_fill": color(halo.fill.color, drawing),
        "halo_opacity": opacity(halo.fill.opacity, drawing),
    }


def _placed(symbolizer: model.TextSymbolizer, drawing: Drawing) -> dict[str, str | None]:
    placement = symbolizer.placement
    if isinstance(placement, model.LinePlacement):
        return _along(placement, symbolizer, drawing)
    if placement is None:
        return {"placement": _point_place(symbolizer), "horizontal_alignment": "middle", "vertical_alignment": "middle"}
    x, y = (
        fixed(a, "the anchor point of a label", drawing, d) for a, d in zip(placement.anchor, (0.0, 0.5), strict=True)
    )
    if number(placement.rotation) != 0:
        return {"placement": _point_place(symbolizer), **_turned(symbolizer, placement, (x, y), drawing)}
    shift = [size(d, symbolizer.unit, drawing) for d in placement.displacement]
    return {
        "placement": _point_place(symbolizer),
        "horizontal_alignment": "right" if x < 0.25 else "left" if x > 0.75 else "middle",
        "vertical_alignment": "top" if y < 0.25 else "bottom" if y > 0.75 else "middle",
        "dx": None if number(placement.displacement[0]) == 0 else shift[0],
        "dy": None if number(placement.displacement[1]) == 0 else f"-1*({shift[1]})",
    }


def _turned(
    symbolizer: model.TextSymbolizer, placement: model.PointPlacement, anchor: tuple[float, float], drawing: Drawing
) -> dict[str, str | None]:
    """A label turned about its anchor. Mapnik turns it about its middle, counter-clockwise, so the middle is moved.

    How wide the label will be is guessed from the number of its letters.
    """
    angle = size(placement.rotation, "px", drawing)
    letters, _ = _content(symbolizer.label, drawing)
    height = size(symbolizer.font.size, symbolizer.unit, drawing)
    across = f"{plain((0.5 - anchor[0]) * LETTER)}*length({letters})*({height})"
    down = f"{plain((anchor[1] - 0.5) * CAPITAL)}*({height})"
    right, up = (size(d, symbolizer.unit, drawing) for d in placement.displacement)
    turn = f"({angle})*0.0174532925"
    return {
        "horizontal_alignment": "middle",
        "vertical_alignment": "middle",
        "orientation": f"-1*({angle})",
        "dx": f"({across})*cos({turn}) - ({down})*sin({turn}) + ({right})",
        "dy": f"({across})*sin({turn}) + ({down})*cos({turn}) - ({up})",
    }


def _point_place(symbolizer: model.TextSymbolizer) -> str:
    geometry = symbolizer.geometry
    if isinstance(geometry, Function) and geometry.name.lower() == "centroid":
        return "point"
    return "interior"


def _along(placement: model.LinePlacement, symbolizer: model.TextSymbolizer, drawing: Drawing) -> dict[str, str | None]:
    offset = number(placement.offset)
    spacing = None
    if placement.repeated:
        spacing = plain(max(fixed(placement.gap, "the gap between labels", drawing, REPEAT), 1.0))
    return {
        "placement": "line",
        "spacing": spacing,
        "dy": None if offset == 0 else f"-1*({size(placement.offset, symbolizer.unit, drawing)})",
        "vertical_alignment": "middle" if offset == 0 else None,
        "max_char_angle_delta": "22.5",
    }


def flag(options: model.Options, name: str) -> bool:
    """True where a vendor option says yes."""
    return (model.option(options, name) or "").lower() in ("true", "yes", "1")


def amount(options: model.Options, name: str) -> float | None:
    """The number of a vendor option, None where it is not there. Raises UndrawableError."""
    written = model.option(options, name)
    try:
        return None if written is None else float(written)
    except ValueError:
        raise UndrawableError(f"the option {name}={written!r}") from None


def _optional(symbolizer: model.TextSymbolizer) -> dict[str, str | None]:
    """GeoServer's and QGIS's vendor options."""
    options, given = symbolizer.options, {}
    on_line = isinstance(symbolizer.placement, model.LinePlacement)
    if (wrap := amount(options, "autoWrap")) and wrap > 0:
        given["wrap_width"] = plain(wrap)
    if (space := amount(options, "spaceAround")) is not None and space > 0:
        given["margin"] = plain(space)
    if (repeat := amount(options, "repeat")) and on_line:
        given["spacing"] = plain(repeat)
    if (angle := amount(options, "maxAngleDelta")) is not None and on_line:
        given["max_char_angle_delta"] = plain(angle)
    if flag(options, "group") or amount(options, "minGroupDistance"):
        given["repeat_distance"] = plain(amount(options, "minGroupDistance") or REPEAT)
    elif on_line:
        given["repeat_distance"] = plain(APART)
    if (model.option(options, "conflictResolution") or "").lower() == "false":
        given |= {"allow_overlap": "true"}
    if (model.option(options, "forceLeftToRight") or "").lower() == "false" and on_line:
        given["upright"] = "right"
    if isinstance(symbolizer.label, Property) and (spacing := amount(options, "charSpacing")):
        given["character_spacing"] = plain(spacing)
    return _without(given, on_line=on_line)


def _without(given: dict[str, str], *, on_line: bool) -> dict[str, str | None]:
    """Mapnik wraps no label along a line."""
    if on_line:
        given.pop("wrap_width", None)
    return dict(given)
