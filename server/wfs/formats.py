"""Output formats: the names asked in requests, and what writes each."""

from server.wfs.dialect import WFS10, WFS11, WFS20, Dialect

GML = {
    WFS20.version: ("application/gml+xml; version=3.2", "text/xml; subtype=gml/3.2"),
    WFS11.version: ("text/xml; subtype=gml/3.1.1",),
    WFS10.version: ("GML2",),
}
"""The names of each version's own GML, its default first."""

GEOJSON = ("application/json", "application/geo+json")

_GML_SPELLINGS = {
    "3.2": (
        "application/gml+xml;version=3.2",
        "application/gml+xml",
        "text/xml;subtype=gml/3.2",
        "text/xml;subtype=gml/3.2.1",
        "text/xml",
        "gml32",
        "gml3",
    ),
    "3.1": (
        "text/xml;subtype=gml/3.1.1",
        "text/xml",
        "text/gml;subtype=gml/3.1.1",
        "text/xml;subtype=gml/3.1",
        "gml3",
        "gml31",
        "application/gml+xml;version=3.1",
    ),
    "2": ("gml2", "text/xml", "text/xml;subtype=gml/2.1.2", "text/xml;subtype=gml/2"),
}
_JSON_SPELLINGS = ("application/json", "application/geo+json", "application/json;subtype=geojson", "geojson", "json")


def advertised(dialect: Dialect) -> tuple[str, ...]:
    """The formats that a version's capabilities name; the first is the default."""
    return (*GML[dialect.version], *GEOJSON)


def format_of(name: str, dialect: Dialect) -> str | None:
    """The key of a format (`gml`, `geojson`) by a name in lower case without blanks around semicolons."""
    if name in _GML_SPELLINGS[dialect.gml_version]:
        return "gml"
    return "geojson" if name in _JSON_SPELLINGS else None
