"""Addresses of tiles: every RESTful form, and WMTS GetTile by key-value pairs, read to one TileRequest.

    /wmts/{layer}/{style}[/{time}]/{grid}/{z}/{row}/{col}.{ext}     rows from the north (OGC 07-057r7, 10)
    /tiles/{layer}/{grid}/{z}/{x}/{y}.{ext}                         rows from the north; ?style=&time=
    /tms/1.0.0/{layer}@{grid}/{z}/{x}/{y}.{ext}                     rows from the south; ?style=&time=
    /themes/{theme}/wmts…                                           the same for one theme
    /ogcapi/collections/{layer}[/styles/{style}]/map/tiles/{grid}/{z}/{row}/{col}    ?datetime=&f= (OGC 20-057, 8)
    /ogcapi/collections/{layer}/tiles/{grid}/{z}/{row}/{col}        vector tiles, as are the extensions mvt and pbf

Levels are written {z} or {grid}:{z}. Tiles for fine screens are those of the grid {grid}@2x, and `…@2x.{ext}` is one
too. Nothing is looked up here: names may be unknown, rows outside.
Standard library only: front and engine share this.
"""

import re
from typing import NamedTuple
from urllib.parse import parse_qsl, unquote

from tiles.address import south_row
from tiles.grids import DOUBLED


class TileRequest(NamedTuple):
    """A tile as asked. `style` and `time` are "" where not given; `y` counts from the north.

    `grid` is a name or alias; `ext` an extension, the media type where asked by key-value pairs, or "" for any; `form`
    is wmts (RESTful), kvp, xyz, tms or ogc and decides the form of errors; `theme` narrows the layers that there are;
    `vector` tells that it is no picture.
    """

    layer: str
    style: str
    time: str
    grid: str
    z: int
    x: int
    y: int
    ext: str
    form: str
    theme: str = ""
    vector: bool = False


VECTOR_TYPE = "application/vnd.mapbox-vector-tile"
VECTOR_NAMES = frozenset(("mvt", "pbf", VECTOR_TYPE))
"""How vector tiles are asked for."""

_NAME = r"[^/]{1,128}"
_LEVEL = r"(?:(?P<prefix>[^/]{1,64}):)?(?P<z>\d{1,2})"
_EXT = r"(?P<doubled>@2x)?\.(?P<ext>[a-z0-9]{3,5})"
_NUMBER = r"\d{1,10}"
_XYZ = re.compile(
    rf"/tiles/(?P<layer>{_NAME})/(?P<grid>{_NAME})/{_LEVEL}/(?P<x>{_NUMBER})/(?P<y>{_NUMBER}){_EXT}", re.ASCII
)
_TMS = re.compile(
    rf"/tms/1\.0\.0/(?P<layer>[^/@]{{1,128}})@(?P<grid>{_NAME})/{_LEVEL}/(?P<x>{_NUMBER})/(?P<y>{_NUMBER}){_EXT}",
    re.ASCII,
)
_WMTS = re.compile(
    rf"(?:/themes/(?P<theme>{_NAME}))?/wmts/(?P<layer>{_NAME})/(?P<style>{_NAME})(?:/(?P<time>{_NAME}))?"
    rf"/(?P<grid>{_NAME})/{_LEVEL}/(?P<y>{_NUMBER})/(?P<x>{_NUMBER}){_EXT}",
    re.ASCII,
)
_OGC = re.compile(
    rf"/ogcapi/collections/(?P<layer>{_NAME})(?P<map>(?:/styles/(?P<style>{_NAME}))?/map)?/tiles"
    rf"/(?P<grid>{_NAME})/{_LEVEL}/(?P<y>{_NUMBER})/(?P<x>{_NUMBER})",
    re.ASCII,
)
_KVP = re.compile(r"(?:/themes/(?P<theme>[^/]{1,128}))?/wmts/?", re.ASCII)
_KVP_NAMES = frozenset(
    [
        "SERVICE",
        "REQUEST",
        "VERSION",
        "LAYER",
        "STYLE",
        "FORMAT",
        "TILEMATRIXSET",
        "TILEMATRIX",
        "TILEROW",
        "TILECOL",
        "TIME",
    ]
)


def parse(path: str, query: str = "") -> TileRequest | None:
    """The tile that a path asks for; None where it is no tile's address. Both are as sent (percent-encoded)."""
    if path.startswith("/tiles/"):
        form, match = "xyz", _XYZ.fullmatch(path)
    elif path.startswith("/tms/"):
        form, match = "tms", _TMS.fullmatch(path)
    elif path.startswith(("/wmts/", "/themes/")):
        form, match = "wmts", _WMTS.fullmatch(path)
    elif path.startswith("/ogcapi/"):
        form, match = "ogc", _OGC.fullmatch(path)
    else:
        return None
    if match is None:
        return None
    found = match.groupdict("")
    if "%" in path:
        found = {name: unquote(value) for name, value in found.items()}
    if not _same_grid(found["grid"], found["prefix"]):
        return None
    z, x, y = int(found["z"]), int(found["x"]), int(found["y"])
    style, time, ext = found.get("style", ""), found.get("time", ""), found.get("ext", "")
    tiling = found["grid"].removesuffix(DOUBLED) + DOUBLED if found.get("doubled") else found["grid"]
    if query and form == "ogc":
        time, ext = _asked(query, "datetime", "f")
    elif query and form != "wmts":
        style, time = _asked(query, "style", "time")
    row = south_row(z, y) if form == "tms" else y
    vector = ext in VECTOR_NAMES if form != "ogc" else not found["map"]
    return TileRequest(found["layer"], style, time, tiling, z, x, row, ext, form, found.get("theme", ""), vector)


def parse_kvp(path: str, query: str) -> TileRequest | None:
    """The tile of a well-formed WMTS GetTile by key-value pairs; None for everything else (the engine tells why)."""
    place = _KVP.fullmatch(path)
    if place is None or len(query) > 2000:
        return None
    pairs = {name.upper(): value for name, value in parse_qsl(query, keep_blank_values=True)}
    if pairs.get("REQUEST") != "GetTile" or pairs.get("SERVICE") != "WMTS":
        return None
    if pairs.get("VERSION") != "1.0.0" or not pairs.keys() <= _KVP_NAMES:
        return None
    try:
        layer, grid, matrix = pairs["LAYER"], pairs["TILEMATRIXSET"], pairs["TILEMATRIX"]
        prefix, _, level = matrix.rpartition(":")
        z, x, y = _number(level), _number(pairs["TILECOL"]), _number(pairs["TILEROW"])
        style, ext = pairs["STYLE"], pairs["FORMAT"]
    except (KeyError, ValueError):
        return None
    if not _same_grid(grid, prefix):
        return None
    return TileRequest(layer, style, pairs.get("TIME", ""), grid, z, x, y, ext, "kvp", place["theme"] or "")


def _number(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 10):
        raise ValueError(text)
    return int(text)


def _same_grid(grid: str, prefix: str) -> bool:
    return not prefix or prefix == grid


def _asked(query: str, *names: str) -> tuple[str, str]:
    pairs = dict(parse_qsl(query, keep_blank_values=True))
    first, second = (pairs.get(name, "") for name in names)
    return first, second


def cache_control(query: str) -> str:
    """What clients may keep: an address with `v=` (the stamp of its tiles) for ever, another for ten minutes."""
    if query.startswith("v=") or "&v=" in query:
        return "public, max-age=31536000, immutable"
    return "public, max-age=600"
