"""Parameters of stored queries in filters: `{name}`, or `${name}` as OGC 09-025r2 writes it.

A filter is parsed first, and a value is put where a value was found to stand: it can be nothing else.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from layers.errors import FilterError
from layers.filters.tree import Value

_PLACEHOLDER = re.compile(r"\$?\{([A-Za-z_][A-Za-z0-9_.-]*)\}")

MOST = 20_000
"""Characters of a geometry that is the value of a parameter, at most."""


@dataclass(frozen=True, slots=True)
class Geometry:
    """A geometry as it was given: WKT with x first, or GML. It is read where its layer is known."""

    text: str


type Bound = Value | Geometry
"""The value of a parameter, of its declared type."""


def name_of(text: str) -> str:
    """The parameter that the whole of a text stands for; "" where it is no placeholder."""
    match = _PLACEHOLDER.fullmatch(text.strip())
    return match[1] if match else ""


def names_in(text: str) -> Iterator[str]:
    """Every parameter that a text names."""
    return (match[1] for match in _PLACEHOLDER.finditer(text))


def fill(root: Any, values: Mapping[str, Bound]) -> None:
    """Put the values into the texts and attributes of a parsed XML document; geometries stay as they are named."""
    if not values:
        return
    known = {name: _lexical(value) for name, value in values.items() if not isinstance(value, Geometry)}

    def put(text: str) -> str:
        return _PLACEHOLDER.sub(lambda match: known.get(match[1], match[0]), text)

    try:
        for element in root.iter():
            element.text = put(element.text) if element.text else element.text
            for name, value in element.attrib.items():
                element.set(name, put(value))
    except ValueError:
        raise FilterError("a value has characters that XML does not have") from None


def _lexical(value: Value) -> str:
    """A value as XML Schema writes it."""
    if isinstance(value, bool):
        return str(value).lower()
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def geometry_element(geometry: Geometry) -> Any:
    """The parsed GML of a geometry; None where it is not XML."""
    from lxml import etree

    if len(geometry.text) > MOST:
        raise FilterError(f"a geometry has at most {MOST} characters here")
    if not geometry.text.lstrip().startswith("<"):
        return None
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.fromstring(geometry.text.strip().encode(), parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise FilterError(f"the geometry is not XML that can be read: {error}"[:200]) from None
    if root.getroottree().docinfo.internalDTD is not None:
        raise FilterError("a geometry has no document type declaration")
    return root
