"""Tile grids (TileMatrixSets): Web Mercator, IGN's Lambert-93 grids, and any declared by a TileMatrixSet JSON.

Coordinates are x (easting, longitude) first whatever the order of the CRS's axes; rows count from the north.
The Lambert-93 and Web Mercator grids are those that IGN publishes (github.com/rok4/tilematrixsets): same origins,
cell sizes and matrix sizes. Standard library only: the front imports this.
"""

import json
import math
import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from layers.errors import GarrigueError, hint
from tiles import ign

type BBox = tuple[float, float, float, float]

PIXEL = 0.00028
"""Metres of the standard's pixel (OGC 07-057r7, 6.1)."""
METRES_PER_DEGREE = 111319.49079327358
DOUBLED = "@2x"
"""After the name of a grid: the same tiles for fine screens (`doubled`)."""
IGNF = {
    "IGNF:LAMB93": 2154,
    "IGNF:LAMBE": 27572,
    "IGNF:WGS84G": 4326,
    "IGNF:UTM20W84MART": 32620,
    "IGNF:UTM22RGFG95": 2972,
    "IGNF:RGR92UTM40S": 2975,
    "IGNF:RGM04UTM38S": 4471,
    "IGNF:RGSPM06U21": 4467,
    "IGNF:RGPFUTM6S": 3297,
    "IGNF:UTM01SW84": 32701,
    "IGNF:UTM39SW84": 32739,
    "IGNF:UTM42SW84": 32742,
    "IGNF:UTM43SW84": 32743,
}
"""IGN's names of the CRSs of its published grids."""
_EPSILON = 1e-6
_NORTH_AXES = frozenset(("lat", "latitude", "n", "north", "northing", "y"))


class GridError(GarrigueError, ValueError):
    """A grid that is not known, or a declaration that cannot be used."""


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid: levels of square tiles from the upper left corner `origin`.

    `cell_sizes` are units of the CRS a pixel, one a level; `sizes` are columns and rows, one pair a level.
    `stored` is the id under which its tiles are kept: grids that share levels share tiles. Levels before `first`
    are there by number only. `ratio` is how many pixels stand for one of the standard's: symbols, strokes and letters
    are drawn so much larger, and by the rules of so much smaller a scale.
    """

    id: str
    crs: str
    origin: tuple[float, float]
    cell_sizes: tuple[float, ...]
    sizes: tuple[tuple[int, int], ...]
    tile_size: int = 256
    metres_per_unit: float = 1.0
    aliases: tuple[str, ...] = ()
    stored: str = ""
    title: str = ""
    first: int = 0
    ratio: int = 1

    def __post_init__(self) -> None:
        if not self.stored:
            object.__setattr__(self, "stored", self.id)

    @property
    def levels(self) -> int:
        """How many levels: the last is `levels - 1`."""
        return len(self.cell_sizes)

    @property
    def dyadic(self) -> bool:
        """True where every level halves the cells of the one above and none has more than 2^z rows (TMS, MBTiles)."""
        halves = all(abs(a / b - 2) < _EPSILON for a, b in zip(self.cell_sizes, self.cell_sizes[1:], strict=False))
        return halves and all(rows <= 1 << z for z, (_, rows) in enumerate(self.sizes))

    def span(self, z: int) -> float:
        """Width and height of a tile in units of the CRS."""
        return self.cell_sizes[z] * self.tile_size

    def matrix_size(self, z: int) -> tuple[int, int]:
        """Columns and rows of a level."""
        return self.sizes[z]

    def scale_denominator(self, z: int) -> float:
        """Cell size in metres over 0.28 mm (OGC 07-057r7, 6.1)."""
        return self.cell_sizes[z] * self.metres_per_unit / PIXEL

    def shown_scale(self, z: int) -> float:
        """The scale denominator by whose rules a level is drawn."""
        return self.scale_denominator(z) * self.ratio

    def reach(self, z: int, pixels: float) -> float:
        """Units of the CRS that pixels of the standard's size take at a level."""
        return self.cell_sizes[z] * self.ratio * pixels

    def tile_bbox(self, z: int, x: int, y: int) -> BBox:
        """The box of a tile."""
        return self.tiles_bbox(z, x, y, x, y)

    def tiles_bbox(self, z: int, x0: int, y0: int, x1: int, y1: int) -> BBox:
        """The box of a block of tiles, last column and row included."""
        left, top, span = *self.origin, self.span(z)
        return (left + x0 * span, top - (y1 + 1) * span, left + (x1 + 1) * span, top - y0 * span)

    def matrix_bbox(self, z: int) -> BBox:
        """The box of a whole level."""
        columns, rows = self.sizes[z]
        return self.tiles_bbox(z, 0, 0, columns - 1, rows - 1)

    def tile_range(self, bbox: BBox, z: int) -> tuple[int, int, int, int] | None:
        """First column, first row, last column, last row of the tiles that a box touches; None where none.

        A box that ends on a tile's border does not reach the next tile.
        """
        left, top, span = *self.origin, self.span(z)
        columns, rows = self.sizes[z]
        x0 = max(math.floor((bbox[0] - left) / span + _EPSILON), 0)
        y0 = max(math.floor((top - bbox[3]) / span + _EPSILON), 0)
        x1 = min(max(math.ceil((bbox[2] - left) / span - _EPSILON) - 1, x0), columns - 1)
        y1 = min(max(math.ceil((top - bbox[1]) / span - _EPSILON) - 1, y0), rows - 1)
        outside = bbox[2] <= left or bbox[1] >= top
        return None if outside or x0 > x1 or y0 > y1 else (x0, y0, x1, y1)

    def has(self, z: int, x: int, y: int) -> bool:
        """True where the grid has this tile."""
        return self.first <= z < len(self.sizes) and 0 <= x < self.sizes[z][0] and 0 <= y < self.sizes[z][1]

    def level(self, matrix: str) -> int | None:
        """The level of a matrix id as written: "12", or "EPSG:3857:12" after any name of the grid; None where none."""
        prefix, _, number = matrix.rpartition(":")
        if not (number.isascii() and number.isdigit() and len(number) <= 2) or (number != "0" and number[0] == "0"):
            return None
        if prefix and prefix not in (self.id, *self.aliases):
            return None
        return int(number) if self.first <= int(number) < self.levels else None

    def to_json(self) -> dict[str, Any]:
        """A plain dictionary, for `from_json`."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> "Grid":
        """A grid from what `to_json` gave, lists in place of tuples allowed."""
        fields = dict(data)
        for name in ("origin", "cell_sizes", "aliases"):
            fields[name] = tuple(fields[name])
        fields["sizes"] = tuple((int(columns), int(rows)) for columns, rows in fields["sizes"])
        return cls(**fields)


def grid(grid_id: str, config: Path | None = None) -> Grid:
    """The grid of an id or alias, among those built in and those declared in `config`/grids. Raises GridError."""
    found = grids(config).get(grid_id) or _by_alias(config).get(grid_id)
    if found is None and grid_id.endswith(DOUBLED):
        return doubled(grid(grid_id.removesuffix(DOUBLED), config))
    if found is None:
        raise GridError(f"no grid {grid_id!r}{hint(grid_id, grids(config))}; there are {', '.join(grids(config))}")
    return found


@lru_cache(maxsize=64)
def doubled(single: Grid) -> Grid:
    """The grid whose tiles are those of another with twice the pixels a side, named alike with @2x after it."""
    return replace(
        single,
        id=f"{single.id}{DOUBLED}",
        cell_sizes=tuple(size / 2 for size in single.cell_sizes),
        tile_size=single.tile_size * 2,
        aliases=tuple(f"{name}{DOUBLED}" for name in single.aliases),
        stored=f"{single.stored}{DOUBLED}",
        title=f"{single.title} {DOUBLED}".strip(),
        ratio=single.ratio * 2,
    )


def grids(config: Path | None = None) -> dict[str, Grid]:
    """Every grid by id; a declared one replaces a built-in one of the same id."""
    return BUILT_IN if config is None else _declared(_stamps(config))


def _by_alias(config: Path | None) -> dict[str, Grid]:
    return {alias: item for item in grids(config).values() for alias in item.aliases}


def _stamps(config: Path) -> tuple[tuple[str, int], ...]:
    # Asked for each grid of each layer: without the cost of a Path each time.
    try:
        with os.scandir(config / "grids") as found:
            return tuple(sorted((f.path, f.stat().st_mtime_ns) for f in found if f.name.endswith(".json")))
    except OSError:
        return ()


@lru_cache(maxsize=4)
def _declared(stamps: tuple[tuple[str, int], ...]) -> dict[str, Grid]:
    read = [read_grid(Path(file)) for file, _ in stamps]
    return BUILT_IN | {item.id: item for item in read}


def read_grid(file: Path) -> Grid:
    """A grid from a TileMatrixSet JSON (OGC 17-083r4, 1.0 or 2.0 names). Raises GridError, which names the file."""
    try:
        return tile_matrix_set(json.loads(file.read_text("utf-8")))
    except (KeyError, TypeError, ValueError) as error:
        reason = f"{error.args[0]} is missing" if isinstance(error, KeyError) else str(error)
        raise GridError(f"{file.name}: {reason}") from None


def tile_matrix_set(data: Mapping[str, Any]) -> Grid:
    """A grid from a TileMatrixSet object; `orderedAxes` tells which coordinate of the origin comes first."""
    swap = _north_first(data.get("orderedAxes"))
    matrices = sorted(data.get("tileMatrices") or data["tileMatrix"], key=lambda m: -float(m["scaleDenominator"]))
    if any("variableMatrixWidths" in m for m in matrices):
        raise GridError("variable matrix widths cannot be used")
    corners = [_corner(m, swap) for m in matrices]
    if any(math.dist(corner, corners[0]) > float(_cell(m)) / 100 for corner, m in zip(corners, matrices, strict=True)):
        raise GridError("all levels must have one upper left corner")
    widths = {int(m[key]) for m in matrices for key in ("tileWidth", "tileHeight")}
    if len(widths) != 1:
        raise GridError("tiles must be square and of one size")
    first = _first_level(matrices)
    cells = tuple(map(_cell, matrices))
    sizes = tuple((int(m["matrixWidth"]), int(m["matrixHeight"])) for m in matrices)
    return Grid(
        id=str(data.get("id") or data["identifier"]),
        crs=_crs_id(data.get("crs") or data["supportedCRS"]),
        origin=corners[0],
        cell_sizes=tuple(cells[0] * 2**n for n in range(first, 0, -1)) + cells,
        sizes=((1, 1),) * first + sizes,
        tile_size=widths.pop(),
        metres_per_unit=float(matrices[0]["scaleDenominator"]) * PIXEL / cells[0],
        title=str(data.get("title") or ""),
        first=first,
    )


def _first_level(matrices: list[Mapping[str, Any]]) -> int:
    names = [str(m.get("id", m.get("identifier"))).rpartition(":")[2] for m in matrices]
    if not names[0].isdigit() or names != [str(int(names[0]) + n) for n in range(len(names))]:
        raise GridError("levels must be numbered without a gap from the smallest scale on")
    return int(names[0])


def _crs_id(crs: Any) -> str:
    text = str(crs.get("uri") if isinstance(crs, Mapping) else crs)
    if text.upper().endswith("CRS84"):
        return "OGC:CRS84"
    if text in IGNF:
        return f"EPSG:{IGNF[text]}"
    code = text.replace("/", ":").rpartition(":")[2]
    if "EPSG" not in text.upper() or not code.isdigit():
        raise GridError(f"crs {text!r} is not an EPSG one")
    return f"EPSG:{code}"


def _north_first(axes: Any) -> bool:
    return bool(axes) and str(axes[0]).lower() in _NORTH_AXES


def _cell(matrix: Mapping[str, Any]) -> float:
    return float(matrix["cellSize"] if "cellSize" in matrix else float(matrix["scaleDenominator"]) * PIXEL)


def _corner(matrix: Mapping[str, Any], swap: bool) -> tuple[float, float]:
    first, second = matrix.get("pointOfOrigin") or matrix["topLeftCorner"]
    x, y = (float(second), float(first)) if swap else (float(first), float(second))
    if matrix.get("cornerOfOrigin", "topLeft") == "bottomLeft":
        y += _cell(matrix) * int(matrix["tileHeight"]) * int(matrix["matrixHeight"])
    return x, y


_MERCATOR = 20037508.3427892
_LAMBERT_ORIGIN = (0.0, 12000000.0)
_LAMBERT_TITLE = "Lambert-93 (IGN)"


def _halved(first: float, levels: int) -> tuple[float, ...]:
    return tuple(first / 2**z for z in range(levels))


def _mercator(grid_id: str, levels: int, aliases: tuple[str, ...] = ()) -> Grid:
    return Grid(
        id=grid_id,
        crs="EPSG:3857",
        origin=(-_MERCATOR, _MERCATOR),
        cell_sizes=_halved(_MERCATOR / 128, levels),
        sizes=tuple((1 << z, 1 << z) for z in range(levels)),
        aliases=aliases,
        stored="PM",
        title="Web Mercator (Pseudo-Mercator)",
    )


def _lambert(grid_id: str, levels: int, aliases: tuple[str, ...] = ()) -> Grid:
    return Grid(
        id=grid_id,
        crs="EPSG:2154",
        origin=_LAMBERT_ORIGIN,
        cell_sizes=ign.DYADIC_CELLS[:levels],
        sizes=ign.DYADIC_SIZES[:levels],
        aliases=aliases,
        stored="2154_5cm",
        title=_LAMBERT_TITLE,
    )


def _geographic(levels: int) -> Grid:
    return Grid(
        id="4326",
        crs="EPSG:4326",
        origin=(-180.0, 90.0),
        cell_sizes=_halved(0.703125, levels),
        sizes=tuple((2 << z, 1 << z) for z in range(levels)),
        metres_per_unit=METRES_PER_DEGREE,
        aliases=("EPSG:4326", "WGS84G", "WorldCRS84Quad", "WGS1984Quad"),
        title="WGS 84",
    )


def _lambert_of_mercator_scales() -> Grid:
    return Grid(
        id="LAMB93",
        crs="EPSG:2154",
        origin=_LAMBERT_ORIGIN,
        cell_sizes=ign.LAMB93_CELLS,
        sizes=ign.LAMB93_SIZES,
        aliases=("2154_IGNF", "LAMB93_IGNF"),
        title=_LAMBERT_TITLE,
    )


_MERCATOR_NAMES = ("WebMercatorQuad", "GoogleMapsCompatible", "EPSG:3857", "EPSG:900913")

BUILT_IN: dict[str, Grid] = {
    item.id: item
    for item in (
        _mercator("PM", 22, _MERCATOR_NAMES),
        _mercator("PM_5cm", 23),
        _lambert("LAMB93_5cm", 23),
        _lambert("2154_5cm", 23),
        _lambert("2154_10cm", 22),
        _lambert("LAMB93_10cm", 22),
        _lambert_of_mercator_scales(),
        _geographic(20),
    )
}
"""Grids that need no declaration. Those of one CRS that share levels share stored tiles (PM_5cm is PM deeper)."""
