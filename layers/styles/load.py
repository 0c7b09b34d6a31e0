"""The style of a published layer, read once for as long as its file stays as it is."""

import os
from functools import lru_cache
from pathlib import Path

from layers.facts import RasterFacts, VectorFacts
from layers.query import Selection
from layers.registry import Layer
from layers.styles.asked import Asked, fields_asked
from layers.styles.default import default_style
from layers.styles.derived import DATA, Derived, derived
from layers.styles.model import Style
from layers.styles.sld import StyleError, read_sld


def style_of(layer: Layer, name: str = "") -> Style:
    """The style of a name ("" is the default one). Raises UnknownStyleError, StyleError."""
    path = layer.styles[layer.style(name)]
    if not path:
        return default_style(_geometry(layer))
    try:
        # Capabilities look at a thousand: without the cost of a Path each.
        stamp = os.stat(path).st_mtime_ns  # noqa: PTH116
    except OSError as error:
        raise StyleError(f"{path} cannot be read: {error.strerror}") from error
    return _read(path, stamp)


def look_for(layer: Layer, selection: Selection) -> Style:
    """The selection's own look, else the layer's style of its name. Raises UnknownStyleError, StyleError."""
    look: Style | None = selection.look
    return look or style_of(layer, selection.style)


def asked_of(layer: Layer, name: str = "") -> tuple[Asked, ...]:
    """The fields that each rule of a style reads. Raises UnknownStyleError, StyleError."""
    path = layer.styles[layer.style(name)]
    return _asked(path, os.stat(path).st_mtime_ns) if path else ()  # noqa: PTH116 - as in style_of


def derived_of(layer: Layer, selection: Selection) -> frozenset[Derived]:
    """What a look is drawn of, part by part. Raises UnknownStyleError, StyleError."""
    if selection.look is not None:
        return derived(selection.look)
    path = layer.styles[layer.style(selection.style)]
    return _derived(path, os.stat(path).st_mtime_ns) if path else frozenset((DATA,))  # noqa: PTH116 - as in style_of


@lru_cache(maxsize=512)
def _derived(path: str, stamp: int) -> frozenset[Derived]:
    return derived(_read(path, stamp))


@lru_cache(maxsize=512)
def _asked(path: str, stamp: int) -> tuple[Asked, ...]:
    return tuple(fields_asked(_read(path, stamp)))


def field_types(layer: Layer) -> dict[str, str]:
    """The types of a vector layer's fields by name; empty for other layers."""
    return {f.name: f.type for f in layer.facts.fields} if isinstance(layer.facts, VectorFacts) else {}


def _geometry(layer: Layer) -> str:
    if isinstance(layer.facts, VectorFacts):
        return layer.facts.geometry
    return "Raster" if isinstance(layer.facts, RasterFacts) else "Unknown"


@lru_cache(maxsize=512)
def _read(path: str, stamp: int) -> Style:  # noqa: ARG001
    return read_sld(Path(path))
