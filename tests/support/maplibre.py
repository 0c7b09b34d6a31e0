"""Styles said for MapLibre: an SLD's rules over tiles of a geometry and fields."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from layers.maplibre.style import Said, Tiles, say
from layers.styles.sld import read_sld
from support.style_maps import sld

FIELDS = {"nom": "string", "v": "real", "n": "integer", "vrai": "boolean", "jour": "date"}


def said(
    *rules: str, geometry: str = "Polygon", fields: Mapping[str, str] | None = None, options: str = "", **more: Any
) -> Said:
    """The style of rules of SLD 1.0.0."""
    style = read_sld(sld(*rules, options=options), base=more.pop("base", None))
    return say(style, Tiles("c", geometry, fields or FIELDS, **more))


def said_file(file: Path, geometry: str, fields: Mapping[str, str]) -> Said:
    """The style of a file."""
    return say(read_sld(file), Tiles("c", geometry, fields))


def paint(symbolizer: str, **more: Any) -> Mapping[str, Any]:
    """What the one layer of one symbolizer is painted with."""
    (layer,) = said(symbolizer, **more).layers
    return layer["paint"]


def parameter(name: str, value: str) -> str:
    """A CssParameter."""
    return f'<CssParameter name="{name}">{value}</CssParameter>'


def function(name: str, *arguments: object) -> str:
    """A function; an argument that begins with @ is a field."""
    inside = "".join(
        f"<ogc:PropertyName>{str(a)[1:]}</ogc:PropertyName>"
        if str(a).startswith("@")
        else f"<ogc:Literal>{a}</ogc:Literal>"
        for a in arguments
    )
    return f'<ogc:Function name="{name}">{inside}</ogc:Function>'


def stroked(*parameters: str, offset: str = "") -> str:
    """A line symbolizer."""
    return f"<LineSymbolizer><Stroke>{''.join(parameters)}</Stroke>{offset}</LineSymbolizer>"
