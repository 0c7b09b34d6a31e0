"""ELEVATION and DIM_… in requests: which values of a layer's dimension are meant (OGC 06-042, annex C.3 and C.4)."""

from dataclasses import dataclass, replace
from typing import Any

from layers.errors import hint
from layers.facts import VectorFacts
from layers.model import Dimension
from layers.query import Selection
from layers.registry import Layer
from server.kvp import Params
from server.wms.errors import InvalidDimensionError, MissingDimensionError

type Range = tuple[float, float]


@dataclass(frozen=True, slots=True)
class Chosen:
    """Values of features, or ranges of a raster's values, and what the Warning header has to say."""

    values: tuple[str, ...] = ()
    ranges: tuple[Range, ...] = ()
    warnings: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """A dimension of a layer: its name, its parameter in requests, what is declared of it, its values."""

    name: str
    declared: Dimension
    values: tuple[str, ...]

    @property
    def parameter(self) -> str:
        """ELEVATION, or DIM_ and the name (06-042, C.3.3)."""
        return "ELEVATION" if self.name == "elevation" else f"DIM_{self.name.upper()}"

    def invalid(self, text: str) -> InvalidDimensionError:
        """The error of a value that is not among the layer's."""
        shown = ", ".join(self.values[:6]) + (", …" if len(self.values) > 6 else "")
        message = f"{self.parameter}={text[:100]!r} is not one of {shown}{hint(text[:100], self.values)}"
        return InvalidDimensionError(message, self.parameter)


def narrowed(layer: Layer, selection: Selection, params: Params) -> tuple[Selection, tuple[str, ...]]:
    """The selection of what the request's dimensions leave of a layer, and warnings.

    Raises MissingDimensionError, InvalidDimensionError.
    """
    warnings: list[str] = []
    for name, declared in layer.definition.other_dimensions.items():
        axis = Axis(name, declared, layer.values(name))
        if not axis.values:
            continue
        chosen = chosen_values(axis, params.text(axis.parameter))
        warnings += chosen.warnings
        if chosen.ranges:
            selection = replace(selection, ranges=chosen.ranges)
        else:
            selection = replace(selection, filter=_filter(layer, axis, chosen.values, selection.filter))
    return selection, tuple(warnings)


def _filter(layer: Layer, axis: Axis, values: tuple[str, ...], other: Any) -> Any:
    # Imported by need: most layers have no such dimension.
    from layers.filters import both, property_is_one_of

    assert isinstance(layer.facts, VectorFacts)
    attribute = axis.declared.attribute or ""
    kind = next(field.type for field in layer.facts.fields if field.name == attribute)
    return both(property_is_one_of(attribute, values, kind), other)


def chosen_values(axis: Axis, text: str) -> Chosen:
    """What a parameter's text means: values, a comma list, intervals; absent, the default."""
    warnings: list[str] = []
    if not text or text.lower() == "default":
        if axis.declared.default is None:
            allowed = ", ".join(axis.values[:6])
            raise MissingDimensionError(f"{axis.parameter} is missing and has no default: {allowed}", axis.parameter)
        warnings += [] if text else [f"99 Default value used: {_told(axis, axis.declared.default)}"]
        text = axis.declared.default
    items = [item.strip() for item in text.split(",")]
    several = len(items) > 1 or (items[0].count("/") > 0 and axis.declared.extent is None)
    if several and not axis.declared.multiple:
        raise InvalidDimensionError(f"{axis.parameter}={text[:100]!r}: only one value may be asked", axis.parameter)
    if axis.declared.extent is not None:
        return Chosen(ranges=tuple(_range(axis, item, warnings) for item in items), warnings=tuple(warnings))
    values = dict.fromkeys(value for item in items for value in _of_features(axis, item, warnings))
    return Chosen(values=tuple(values), warnings=tuple(warnings))


def _told(axis: Axis, value: str) -> str:
    return f"{axis.name}={value} {axis.declared.units}".rstrip()


def _number(text: str) -> float | None:
    try:
        return float(text)
    except ValueError:
        return None


def _of_features(axis: Axis, item: str, warnings: list[str]) -> tuple[str, ...]:
    """The attribute's values that an item of the list means."""
    if item in axis.values:
        return (item,)
    numbers = [_number(value) for value in axis.values]
    if "/" in item:
        low, high = _bounds(axis, item)
        return tuple(v for v, n in zip(axis.values, numbers, strict=True) if n is not None and low <= n <= high)
    asked = _number(item)
    if asked is None or None in numbers:
        raise axis.invalid(item)
    distances = [abs(number - asked) for number in numbers if number is not None]
    nearest = axis.values[distances.index(min(distances))]
    if min(distances) and not axis.declared.nearest:
        raise axis.invalid(item)
    if min(distances):
        warnings.append(f"99 Nearest value used: {_told(axis, nearest)}")
    return (nearest,)


def _bounds(axis: Axis, item: str) -> Range:
    parts = [_number(part) for part in item.split("/")[:2]]
    low, high = parts[0], parts[-1]
    if item.count("/") > 2 or low is None or high is None or not low <= high:
        raise axis.invalid(item)
    return low, high


def _range(axis: Axis, item: str, warnings: list[str]) -> Range:
    """Values of pixels, half the extent's resolution beyond what is asked."""
    least, greatest, step = map(float, (axis.declared.extent or "0/0/0").split("/"))
    low, high = _bounds(axis, item)
    if high < least or low > greatest:
        if not axis.declared.nearest:
            raise axis.invalid(item)
        low = high = least if high < least else greatest
        warnings.append(f"99 Nearest value used: {_told(axis, f'{low:g}')}")
    # A range is meant to its ends; a value stands for what is nearer to it than to the next one.
    return (low, high) if low < high else (low - step / 2, high + step / 2)
