"""What the makers of MapLibre layers share: the tiles they draw, where complaints go, what was collected on the way."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from layers.maplibre.words import Json, Words, plain
from layers.maplibre.zoom import DEEPEST, METRE_AT_0
from layers.styles import model
from layers.styles.expressions import Expression, Function, number
from layers.styles.paint import METRES, PIXELS, Drawing


@dataclass(frozen=True, slots=True)
class Picture:
    """A picture of a sprite: the file that Mapnik draws in the middle of width × height pixels, `scale` times large."""

    path: str
    width: float
    height: float
    scale: float = 1.0

    @property
    def name(self) -> str:
        """Its name in the sprite: the same for the same picture."""
        return f"{Path(self.path).stem[:12]}-{self.width:g}x{self.height:g}"


@dataclass(slots=True)
class Sheet:
    """A style in the making. `geometry` is Point, LineString, Polygon or Unknown; fields are those of the tiles."""

    geometry: str
    fields: Mapping[str, str]
    base: str
    complain: Callable[[str], None]
    pictures: dict[str, Picture] = field(default_factory=dict)
    fonts: set[tuple[str, ...]] = field(default_factory=set)

    @property
    def words(self) -> Words:
        """How expressions are said."""
        return Words(self.fields)

    @property
    def mapnik(self) -> Drawing:
        """For what is drawn by Mapnik: pictures of the sprite."""
        return Drawing(self.fields, self.base, self.complain)

    def keep(self, picture: Picture) -> str:
        """Put a picture into the sprite and give its name."""
        self.pictures[picture.name] = picture
        return picture.name


@dataclass(frozen=True, slots=True)
class Painted:
    """A MapLibre layer without its place: type, layout and paint, a condition of its own, the rank of a label."""

    type: str
    paint: Mapping[str, Any] = field(default_factory=dict)
    layout: Mapping[str, Any] = field(default_factory=dict)
    only: Json = None
    rank: float | None = None


def length(said: Json, unit: str, factor: float = 1.0) -> Json:
    """A length of a unit (over `factor` of it) in pixels; in metres it doubles from zoom to zoom."""
    if unit in PIXELS:
        return _times(said, PIXELS[unit] * factor)
    first = METRES[unit] * METRE_AT_0 * factor
    last = first * 2**DEEPEST
    return ["interpolate", ["exponential", 2], ["zoom"], 0, _times(said, first), DEEPEST, _times(said, last)]


def _times(said: Json, factor: float) -> Json:
    if isinstance(said, int | float):
        found = said * factor
        return plain(found) if abs(found) > 0.01 or not found else found
    return said if factor == 1 else ["*", said, factor]


def opacity(expression: Expression, sheet: Sheet) -> Json:
    """0–1; None for opaque."""
    found = number(expression)
    if found is not None:
        return None if found >= 1 else plain(max(found, 0))
    return sheet.words.number(expression)


def shift(pair: tuple[Expression, Expression], unit: str, what: str, sheet: Sheet) -> Json:
    """A displacement (y upwards) as `translate` has it, y downwards; None for none."""
    x, y = (number(part) for part in pair)
    if x is None or y is None:
        sheet.complain(f"{what} cannot depend on the feature: it is left out")
        return None
    if not x and not y:
        return None
    if unit in PIXELS:
        return [plain(x * PIXELS[unit]), plain(-y * PIXELS[unit])]
    first = METRES[unit] * METRE_AT_0
    ends = ([x * first * 2**z, -y * first * 2**z] for z in (0, DEEPEST))
    first_end, last_end = (["literal", end] for end in ends)
    return ["interpolate", ["exponential", 2], ["zoom"], 0, first_end, DEEPEST, last_end]


def given(**values: Json) -> dict[str, Any]:
    """Properties of a layer, those that are None left out; underscores become hyphens."""
    return {name.replace("_", "-"): value for name, value in values.items() if value is not None}


def no_blend(options: model.Options, sheet: Sheet) -> None:
    """Say that layers are laid one over the other, not blended."""
    if found := model.option(options, "composite"):
        sheet.complain(f"composite {found!r}")


def own_geometry(geometry: Expression | None, sheet: Sheet) -> None:
    """Say that the feature's own geometry is drawn."""
    if isinstance(geometry, Function):
        sheet.complain("a geometry by a function: the feature's own is drawn")
