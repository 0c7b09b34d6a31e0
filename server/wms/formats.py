"""Formats of maps and of feature information, by every name they are asked by."""

from layers.formats import IMAGE_FORMATS, ImageFormat, image_format

DRAWINGS = ("image/svg+xml", "application/pdf")
"""Formats without pixels, for vector layers."""

ANIMATIONS = ("image/gif", "image/apng")
"""Formats that play the moments of a time range."""

MAP_FORMATS: dict[str, ImageFormat] = {
    **IMAGE_FORMATS,
    "image/tiff": ImageFormat("image/tiff", "image/tiff", "tif", True),
    "image/gif": ImageFormat("image/gif", "image/gif", "gif", True),
    "image/apng": ImageFormat("image/apng", "image/apng", "apng", True),
    "image/svg+xml": ImageFormat("image/svg+xml", "image/svg+xml", "svg", True),
    "application/pdf": ImageFormat("application/pdf", "application/pdf", "pdf", True),
}
"""As advertised for GetMap; the first is the default."""

_MAP_SPELLINGS = {
    "image/geotiff": "image/tiff",
    "image/tiff; application=geotiff": "image/tiff",
    "geotiff": "image/tiff",
    "tiff": "image/tiff",
    "image/gif;subtype=animated": "image/gif",
    "image/gif; subtype=animated": "image/gif",
    "gif": "image/gif",
    "image/vnd.mozilla.apng": "image/apng",
    "apng": "image/apng",
    "image/svg": "image/svg+xml",
    "image/svg xml": "image/svg+xml",  # its plus sign was not escaped
    "svg": "image/svg+xml",
    "application/x-pdf": "application/pdf",
    "pdf": "application/pdf",
}

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
    "application/gml xml": "application/gml+xml; version=3.2",  # its plus sign was not escaped
    "application/gml xml; version=3.2": "application/gml+xml; version=3.2",
    "application/geo json": "application/geo+json",
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


def map_format(text: str) -> ImageFormat | None:
    """The offered format of a map's name as asked (media type, alias or extension), or None."""
    name = text.strip().lower()
    return image_format(text) or MAP_FORMATS.get(_MAP_SPELLINGS.get(name, name))
