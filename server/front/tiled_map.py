"""A GetMap that asks for a tile of a grid (WMS-C, OSGeo: TILED=true): answered from the store like any other tile.

Standard library only: the front imports this.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from server.errors import ServiceError
from server.tile_path import TileRequest
from server.tile_table import TileTable
from tiles.grids import Grid

_PATH = re.compile(r"(?:/themes/(?P<theme>[^/]{1,128}))?/wms/?", re.ASCII)
_NAMES = frozenset(("SERVICE", "REQUEST", "VERSION", "LAYERS", "STYLES", "CRS", "SRS", "BBOX", "WIDTH", "HEIGHT")) | {
    "FORMAT",
    "TRANSPARENT",
    "TILED",
    "TIME",
    "EXCEPTIONS",
}
_PIXEL = 0.1
"""Pixels by which a box may be off a tile's: clients compute it."""


def parse_tiled(path: str, query: str, table: TileTable) -> TileRequest | None:
    """The tile that a GetMap with TILED=true asks for; None for every other request, and for a map that is no tile.

    Path and query are as sent. What else a map depends on (SLD, BGCOLOR, dimensions …) makes it no tile.
    """
    if "wms" not in path or "iled=" not in query.lower() or len(query) > 2000:
        return None
    place = _PATH.fullmatch(path)
    pairs = {name.upper(): value for name, value in parse_qsl(query, keep_blank_values=True)}
    if place is None or not pairs.keys() <= _NAMES or pairs.get("TILED", "").lower() != "true":
        return None
    if pairs.get("REQUEST") != "GetMap" or pairs.get("VERSION") not in ("1.1.1", "1.3.0") or not _is_whole(pairs):
        return None
    # Symbols of a map of 512 pixels are of the usual size: it is no tile for fine screens.
    for grid in (grid for grid in table.grids.values() if grid.ratio == 1):
        asked = _on_grid(grid, pairs, place["theme"] or "")
        if asked is not None and _is_there(asked, table):
            return asked
    return None


def _is_whole(pairs: Mapping[str, str]) -> bool:
    """True for one layer whose background is not to be filled: stored tiles are what is drawn, and no more."""
    filled = pairs.get("TRANSPARENT", "").lower() != "true" and not pairs.get("FORMAT", "").startswith("image/jpeg")
    return bool(pairs.get("LAYERS")) and "," not in pairs["LAYERS"] and not filled


def _on_grid(grid: Grid, pairs: Mapping[str, str], theme: str) -> TileRequest | None:
    latest = pairs["VERSION"] == "1.3.0"
    sizes = (pairs.get("WIDTH"), pairs.get("HEIGHT"))
    if pairs.get("CRS" if latest else "SRS", "").upper() != grid.crs or sizes != (str(grid.tile_size),) * 2:
        return None
    try:
        box = [float(number) for number in pairs.get("BBOX", "").split(",")]
    except ValueError:
        return None
    if len(box) != 4:
        return None
    # The geographic systems of EPSG have their latitudes first (OGC 06-042, 6.7.3.2).
    if latest and grid.metres_per_unit > 1000:
        box = [box[1], box[0], box[3], box[2]]
    place = _place(grid, box)
    if place is None:
        return None
    style, time = pairs.get("STYLES", ""), pairs.get("TIME", "")
    return TileRequest(pairs["LAYERS"], style, time, grid.id, *place, pairs.get("FORMAT", ""), "kvp", theme)


def _place(grid: Grid, box: list[float]) -> tuple[int, int, int] | None:
    """Level, column and row of the tile that has this box."""
    for z in range(grid.first, grid.levels):
        span = grid.span(z)
        near = span * _PIXEL / grid.tile_size
        if abs(box[2] - box[0] - span) < near and abs(box[3] - box[1] - span) < near:
            x, y = round((box[0] - grid.origin[0]) / span), round((grid.origin[1] - box[3]) / span)
            found = grid.tile_bbox(z, x, y)
            fits = all(abs(one - other) < near for one, other in zip(found, box, strict=True))
            return (z, x, y) if fits else None
    return None


def _is_there(asked: TileRequest, table: TileTable) -> bool:
    try:
        table.find(asked)
    except ServiceError:
        return False
    return True
