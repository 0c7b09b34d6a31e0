"""RESTful GetFeatureInfo: the address of a tile, a row and a column of pixels behind it (OGC 07-057r7, 10.2).

/wmts/{layer}/{style}[/{time}]/{grid}/{z}/{row}/{col}/{j}/{i}.{ext}
"""

import re
from typing import NamedTuple

from server.tile_path import TileRequest, parse

INFO_EXTENSIONS = {
    "text/plain": "txt",
    "text/html": "html",
    "text/xml": "xml",
    "application/gml+xml; version=3.2": "gml32",
    "application/vnd.ogc.gml": "gml",
    "application/geo+json": "geojson",
    "application/json": "json",
}
"""The extension of an address by the format of the answer."""

_FORMATS = {extension: name for name, extension in INFO_EXTENSIONS.items()}
_PIXEL = re.compile(r"(?P<tile>/.+)/(?P<j>[^/]{1,10})/(?P<i>[^/.]{1,10})\.(?P<ext>[a-z0-9]{3,7})", re.ASCII)


class InfoRequest(NamedTuple):
    """A pixel of a tile as asked: `format` is a media type, `j` the row and `i` the column, as written."""

    tile: TileRequest
    format: str
    i: str
    j: str


def parse_info(path: str) -> InfoRequest | None:
    """What a path asks; None where it is no such address. The tile's own format is of no account: its `ext` is ""."""
    found = _PIXEL.fullmatch(path)
    if found is None or found["ext"] not in _FORMATS:
        return None
    tile = parse(f"{found['tile']}.png")
    if tile is None or tile.form != "wmts":
        return None
    return InfoRequest(tile._replace(ext=""), _FORMATS[found["ext"]], found["i"], found["j"])
