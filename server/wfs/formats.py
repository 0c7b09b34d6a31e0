"""Output formats: the names asked in requests, and what writes each."""

FORMATS = {
    "application/gml+xml; version=3.2": "gml",
    "text/xml; subtype=gml/3.2": "gml",
    "application/json": "geojson",
    "application/geo+json": "geojson",
}
"""As advertised; the first is the default."""

SPELLINGS = {
    "application/gml+xml;version=3.2": "gml",
    "application/gml+xml": "gml",
    "text/xml;subtype=gml/3.2": "gml",
    "text/xml;subtype=gml/3.2.1": "gml",
    "text/xml": "gml",
    "gml32": "gml",
    "gml3": "gml",
    "application/json": "geojson",
    "application/geo+json": "geojson",
    "application/json;subtype=geojson": "geojson",
    "geojson": "geojson",
    "json": "geojson",
}
