"""A style as SLD and Symbology Encoding tell it (OGC 02-070, 05-078r4, 05-077r4): frozen, free of XML and of Mapnik.

Style ── FeatureTypeStyle (painter's order) ── Rule ── symbolizers

Sizes are numbers of `unit`: "px" is the standard's pixel of 0.28 mm, "metre" and "foot" are on the ground.
Angles are degrees, clockwise. Displacements are x to the right and y upwards. Scales are denominators.
"""

from dataclasses import dataclass, field

from layers.styles.expressions import Expression, Filter, Literal
from layers.styles.relief import Relief

type Options = tuple[tuple[str, str], ...]
"""Vendor options, name and value, in their order."""

ZERO, HALF, ONE = Literal(0), Literal(0.5), Literal(1)
GRAY, BLACK, WHITE = Literal("#808080"), Literal("#000000"), Literal("#ffffff")
TEN, EMPTY = Literal(10), Literal("")


@dataclass(frozen=True, slots=True)
class StyleWarning:
    """Something that the style uses and that is not drawn, or not exactly so."""

    rule: str
    line: int
    what: str

    def __str__(self) -> str:
        return f"line {self.line}: rule {self.rule!r}: {self.what}" if self.rule else f"line {self.line}: {self.what}"


@dataclass(frozen=True, slots=True)
class Fill:
    """A colour or a repeated graphic."""

    color: Expression = GRAY
    opacity: Expression = ONE
    graphic: "Graphic | None" = None


@dataclass(frozen=True, slots=True)
class GraphicStroke:
    """A graphic repeated along a line, `gap` between two of them."""

    graphic: "Graphic"
    gap: Expression = ZERO
    initial_gap: Expression = ZERO


@dataclass(frozen=True, slots=True)
class Stroke:
    """A line's paint; `dashes` are lengths drawn and left out by turns."""

    color: Expression = BLACK
    opacity: Expression = ONE
    width: Expression = ONE
    join: str = "miter"
    cap: str = "butt"
    dashes: tuple[float, ...] = ()
    dash_offset: float = 0.0
    graphic_fill: "Graphic | None" = None
    graphic_stroke: GraphicStroke | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A shape of a well-known name."""

    name: str = "square"
    fill: Fill | None = None
    stroke: Stroke | None = None


@dataclass(frozen=True, slots=True)
class ExternalGraphic:
    """A picture by its address or with its content inside."""

    href: str
    format: str = ""
    content: bytes | None = None


@dataclass(frozen=True, slots=True)
class Graphic:
    """The first of `symbols` that can be drawn.

    `size` None is the picture's own size; `aspect` is a mark's width over its height.
    """

    symbols: tuple[Mark | ExternalGraphic, ...] = (Mark(),)
    opacity: Expression = ONE
    size: Expression | None = None
    rotation: Expression = ZERO
    anchor: tuple[Expression, Expression] = (HALF, HALF)
    displacement: tuple[Expression, Expression] = (ZERO, ZERO)
    aspect: float = 1.0


@dataclass(frozen=True, slots=True)
class Font:
    """Families in order of preference."""

    families: tuple[str, ...] = ()
    size: Expression = TEN
    style: str = "normal"
    weight: str = "normal"


@dataclass(frozen=True, slots=True)
class Halo:
    """A rim around the letters."""

    radius: Expression = ONE
    fill: Fill = Fill(WHITE)


@dataclass(frozen=True, slots=True)
class PointPlacement:
    """A label at a point; the anchor is the part of the label's box that lies on it (0, 0: lower left)."""

    anchor: tuple[Expression, Expression] = (ZERO, HALF)
    displacement: tuple[Expression, Expression] = (ZERO, ZERO)
    rotation: Expression = ZERO


@dataclass(frozen=True, slots=True)
class LinePlacement:
    """A label along a line, `offset` away from it (up is positive)."""

    offset: Expression = ZERO
    repeated: bool = False
    initial_gap: Expression = ZERO
    gap: Expression = ZERO
    aligned: bool = True


@dataclass(frozen=True, slots=True)
class PointSymbolizer:
    """A graphic at each point."""

    graphic: Graphic = Graphic()
    geometry: Expression | None = None
    unit: str = "px"
    options: Options = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class LineSymbolizer:
    """A stroke along lines; a positive offset is to the left of the line's direction."""

    stroke: Stroke = Stroke()
    offset: Expression = ZERO
    geometry: Expression | None = None
    unit: str = "px"
    options: Options = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class PolygonSymbolizer:
    """A fill, then a stroke along the border; a positive offset is outwards."""

    fill: Fill | None = None
    stroke: Stroke | None = None
    displacement: tuple[Expression, Expression] = (ZERO, ZERO)
    offset: Expression = ZERO
    geometry: Expression | None = None
    unit: str = "px"
    options: Options = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class TextSymbolizer:
    """A label. `priority`: of two labels that meet, the one with the greater value stays."""

    label: Expression = EMPTY
    font: Font = Font()
    placement: PointPlacement | LinePlacement | None = None
    halo: Halo | None = None
    fill: Fill = Fill(BLACK)
    graphic: Graphic | None = None
    priority: Expression | None = None
    geometry: Expression | None = None
    unit: str = "px"
    options: Options = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class ColorStop:
    """An entry of a colour map: a value, "#rrggbb", opacity 0–1, what the legend says."""

    value: float
    color: str
    opacity: float = 1.0
    label: str = ""


@dataclass(frozen=True, slots=True)
class ColorMap:
    """`kind`: "ramp" between entries, "intervals" up to an entry's value (left out), "values" for equal ones."""

    kind: str
    stops: tuple[ColorStop, ...]


@dataclass(frozen=True, slots=True)
class ContrastEnhancement:
    """`method`: none, normalize, histogram, logarithmic, exponential; minimum and maximum where they are given."""

    method: str = "none"
    gamma: float = 1.0
    minimum: float | None = None
    maximum: float | None = None
    algorithm: str = "StretchToMinimumMaximum"


@dataclass(frozen=True, slots=True)
class Channel:
    """A band by its number (from 1) or name, with its own contrast."""

    source: str
    contrast: ContrastEnhancement | None = None


@dataclass(frozen=True, slots=True)
class RasterSymbolizer:
    """How bands become colours. `channels` are one (gray) or three (red, green, blue)."""

    opacity: float = 1.0
    channels: tuple[Channel, ...] = ()
    color_map: ColorMap | None = None
    contrast: ContrastEnhancement | None = None
    relief: Relief | None = None
    geometry: Expression | None = None
    unit: str = "px"
    options: Options = ()
    line: int = 0


type Symbolizer = PointSymbolizer | LineSymbolizer | PolygonSymbolizer | TextSymbolizer | RasterSymbolizer


@dataclass(frozen=True, slots=True)
class Rule:
    """What is drawn for features that pass the filter at scales min_scale ≤ denominator < max_scale."""

    name: str = ""
    title: str = ""
    abstract: str = ""
    filter: Filter | None = None
    is_else: bool = False
    min_scale: float | None = None
    max_scale: float | None = None
    symbolizers: tuple[Symbolizer, ...] = ()
    options: Options = ()
    line: int = 0

    @property
    def label(self) -> str:
        """What the legend calls it."""
        return self.title or self.name


@dataclass(frozen=True, slots=True)
class FeatureTypeStyle:
    """Rules that are painted together."""

    rules: tuple[Rule, ...]
    name: str = ""
    title: str = ""
    options: Options = ()
    line: int = 0


@dataclass(frozen=True, slots=True)
class Style:
    """A style, with what it asks and is not drawn.

    `base` is the folder that its graphics are in, `foreign` tells that a client brought it.
    """

    name: str
    title: str
    abstract: str
    parts: tuple[FeatureTypeStyle, ...]
    warnings: tuple[StyleWarning, ...] = field(default=())
    base: str = ""
    foreign: bool = False

    @property
    def raster(self) -> RasterSymbolizer | None:
        """The first raster symbolizer, where there is one."""
        found = (s for p in self.parts for r in p.rules for s in r.symbolizers if isinstance(s, RasterSymbolizer))
        return next(found, None)


def option(options: Options, name: str) -> str | None:
    """The value of a vendor option, its name compared without case."""
    return next((value for key, value in options if key.lower() == name.lower()), None)
