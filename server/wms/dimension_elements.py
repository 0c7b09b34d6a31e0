"""A layer's dimensions as capabilities tell them (OGC 06-042, C.2; OGC 01-068r3, C.3)."""

from collections.abc import Iterator
from dataclasses import dataclass

from layers.registry import Layer
from server.wms.dimensions import extent


@dataclass(frozen=True, slots=True)
class Described:
    """The attributes and content of a Dimension element; `current` is "1" or nothing."""

    name: str
    units: str
    extent: str
    symbol: str = ""
    default: str = ""
    multiple: bool = True
    nearest: bool = False
    current: str = ""


def described(layer: Layer) -> Iterator[Described]:
    """Time first, then elevation, then the layer's own."""
    if layer.times:
        declared = layer.definition.time
        yield Described(
            name="time",
            units="ISO8601",
            extent=extent(layer.times),
            default=layer.default_time or "",
            nearest=declared is None or declared.nearest,
            current="1" if declared and declared.current else "",
        )
    for name, one in layer.definition.other_dimensions.items():
        if values := layer.values(name):
            yield Described(name, one.units, ",".join(values), one.symbol, one.default or "", one.multiple, one.nearest)
