"""Formats of feature information, by every name they are asked by."""

INFO_FORMATS = (
    "text/plain",
    "text/html",
    "text/xml",
    "application/gml+xml; version=3.2",
    "application/vnd.ogc.gml",
    "application/geo+json",
    "application/json",
)
"""As advertised: a text format first for the OGC's suites; of the formats with geometry QGIS takes the last."""

DEFAULT_INFO_FORMAT = "text/html"

_SPELLINGS = {
    "application/gml+xml": "application/gml+xml; version=3.2",
    "application/gml+xml;version=3.2": "application/gml+xml; version=3.2",
    "application/vnd.ogc.gml/3.2": "application/gml+xml; version=3.2",
    "application/vnd.ogc.gml/2.1.2": "application/vnd.ogc.gml",
    "gml": "application/vnd.ogc.gml",
    "html": "text/html",
    "json": "application/json",
    "application/geojson": "application/geo+json",
    "application/xml": "text/xml",
}


def info_format(text: str) -> str | None:
    """The offered format of a name as asked, or None."""
    name = text.strip().lower()
    name = _SPELLINGS.get(name, name)
    return name if name in INFO_FORMATS else None
