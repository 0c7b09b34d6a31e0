"""Publishing: the tiles of the store as plain files in z/x/y trees, and as PMTiles archives.

Trees are for servers of files alone, up to a number of tiles; PMTiles (Web Mercator only) have no such bound. Vector
tiles are published with gzip, as they are kept; those on which there is nothing are left out.
"""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any, NamedTuple
from urllib.parse import quote

from pmtiles import writer as pmtiles_writer
from pmtiles.tile import Compression, TileType, zxy_to_tileid
from xxhash import xxh3_64_hexdigest

from layers.registry import Layer, Registry
from tiles.address import VECTOR, TileAddress, south_row
from tiles.format import tile_format
from tiles.grids import DOUBLED, Grid
from tiles.limits import LevelLimits
from tiles.site.version import SiteVersion
from tiles.store import Store
from tiles.table import layer_grids, vector_grid
from tiles.vector.cache import EMPTY
from tiles.vector.info import vector_layers

_ROWS = (
    "SELECT zoom_level, tile_column, tile_row, tile_id FROM map JOIN images USING (image) "
    "WHERE zoom_level BETWEEN ? AND ?"
)
_NOTHING = xxh3_64_hexdigest(EMPTY)
"""The id of the vector tiles on which there is nothing."""
_TYPES = {"png": TileType.PNG, "jpg": TileType.JPEG, "webp": TileType.WEBP}


class StoredTile(NamedTuple):
    """A tile that the store has; `y` counts from the north."""

    z: int
    x: int
    y: int
    tile_id: str


@dataclass(frozen=True, slots=True)
class TileSet:
    """What is published of a layer in one style, time and grid; `limits` are those of the tiles that are there.

    `tree` and `archive` are paths below the site, "" where there is none.
    """

    layer: Layer
    style: str
    time: str
    grid: Grid
    limits: tuple[LevelLimits, ...]
    tiles: int
    tree: str = ""
    archive: str = ""

    @property
    def is_vector(self) -> bool:
        """True for vector tiles, which have no style."""
        return self.style == VECTOR

    @property
    def extension(self) -> str:
        """How the names of the tree's files end."""
        return "mvt" if self.is_vector else tile_format(self.layer).extension


class Which(NamedTuple):
    """A style (VECTOR for vector tiles) and time of a layer, and the grids that share their tiles, as declared."""

    style: str
    time: str
    grids: tuple[Grid, ...]

    @property
    def is_vector(self) -> bool:
        """True for vector tiles."""
        return self.style == VECTOR

    def grid(self, deepest: int) -> Grid:
        """The first grid that has this level."""
        return next(grid for grid in self.grids if deepest < grid.levels)


def sets(registry: Registry, layer: Layer) -> Iterator[Which]:
    """Every style, time and grid of a layer; last its vector tiles."""
    shared: dict[str, list[Grid]] = {}
    for grid in layer_grids(layer, registry):
        shared.setdefault(grid.stored, []).append(grid)
    for style in layer.styles:
        for time in layer.times or ("",):
            for grids in shared.values():
                yield Which(style, time, tuple(grids))
    if (tiling := vector_grid(layer, registry)) is not None:
        for time in layer.times or ("",):
            yield Which(VECTOR, time, (tiling,))


def defaults(published: Sequence[TileSet]) -> list[TileSet]:
    """Of each layer and grid the default style and the vector tiles, in the default time or the first that is there."""
    found: dict[tuple[str, str, bool], TileSet] = {}
    for item in published:
        key = (item.layer.id, item.grid.id, item.is_vector)
        shown = item.is_vector or item.style == item.layer.default_style
        if shown and (key not in found or item.time in (item.layer.default_time, "")):
            found[key] = item
    return list(found.values())


def publish(
    version: SiteVersion, store: Store, layer: Layer, which: Which, levels: tuple[int, int], most: int
) -> TileSet | None:
    """Write a layer's tiles of a style, time and grid: a tree of `most` tiles at the most, and PMTiles.

    None where the store has none of these levels.
    """
    rows = sorted(stored(store, layer, which, levels))
    if not rows:
        return None
    style, time, grid = which.style, which.time, which.grid(rows[-1].z)
    fingerprint = xxh3_64_hexdigest("".join(f"{z}/{x}/{y}={id_};" for z, x, y, id_ in rows).encode())
    address = TileAddress(layer.id, style, time, grid.id, 0, 0, 0)
    tree, archive = _places(layer, which, grid)
    found = TileSet(layer, style, time, grid, _limits(rows), len(rows), tree if len(rows) <= most else "", archive)
    if found.tree and not version.keep(tree, fingerprint):
        _write_tree(version, tree, store, address, found.extension, rows)
    if archive and not version.keep(archive, fingerprint):
        _write_archive(version.made(archive), store, address, found, rows)
    return found


def _places(layer: Layer, which: Which, grid: Grid) -> tuple[str, str]:
    """Where the tree and the archive are, "" for an archive of another grid than Web Mercator."""
    style, time = (part.replace("/", "%2F") for part in (which.style, which.time))
    parts = [layer.id, *filter(None, ("mvt" if which.is_vector else style, time))]
    tree = "/".join(["vector", layer.id, *parts[2:], grid.id] if which.is_vector else ["tiles", *parts, grid.id])
    fine = DOUBLED if grid.ratio > 1 else ""
    return tree, f"pmtiles/{'.'.join(parts)}{fine}.pmtiles" if grid.stored == f"PM{fine}" else ""


def stored(store: Store, layer: Layer, which: Which, levels: tuple[int, int]) -> Iterator[StoredTile]:
    """The tiles that the store has, in no order."""
    deepest = max(grid.levels for grid in which.grids) - 1
    for file in store.archives(layer.id, which.style, which.time, which.grids[0].id):
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=30)) as db:
            for z, x, row, tile_id in db.execute(_ROWS, (levels[0], min(levels[1], deepest))):
                if tile_id != _NOTHING:
                    yield StoredTile(z, x, south_row(z, row), tile_id)


def _limits(rows: Sequence[StoredTile]) -> tuple[LevelLimits, ...]:
    found: dict[int, LevelLimits] = {}
    for z, x, y, _ in rows:
        had = found.get(z, LevelLimits(z, x, y, x, y))
        found[z] = LevelLimits(z, min(had.x0, x), min(had.y0, y), max(had.x1, x), max(had.y1, y))
    return tuple(found[z] for z in sorted(found))


def _write_tree(
    version: SiteVersion, tree: str, store: Store, address: TileAddress, extension: str, rows: Sequence[StoredTile]
) -> None:
    for z, x, y, _ in rows:
        if (tile := store.get(address._replace(z=z, x=x, y=y))) is not None:
            version.put(f"{tree}/{z}/{x}/{y}.{extension}", tile[1])


def _write_archive(file: Path, store: Store, address: TileAddress, found: TileSet, rows: Sequence[StoredTile]) -> None:
    """A PMTiles archive (version 3), tiles in its own order, equal ones once."""
    layer, levels = found.layer, [row.z for row in rows]
    ordered = sorted((zxy_to_tileid(z, x, y), z, x, y) for z, x, y, _ in rows)
    with file.open("wb") as out:
        writer: Any = pmtiles_writer.Writer(out)  # type: ignore[no-untyped-call]
        for number, z, x, y in ordered:
            if (tile := store.get(address._replace(z=z, x=x, y=y))) is not None:
                writer.write_tile(number, tile[1])
        west, south, east, north = (round(value * 10_000_000) for value in layer.geographic_extent)
        header = {
            "tile_type": TileType.MVT if found.is_vector else _TYPES[tile_format(layer).mbtiles],
            "tile_compression": Compression.GZIP if found.is_vector else Compression.NONE,
            "min_lon_e7": west,
            "min_lat_e7": south,
            "max_lon_e7": east,
            "max_lat_e7": north,
            "center_zoom": min(levels),
            "center_lon_e7": (west + east) // 2,
            "center_lat_e7": (south + north) // 2,
        }
        attribution = layer.definition.attribution
        name = layer.definition.title.get("fr") or layer.id
        about: dict[str, Any] = {"name": name, "attribution": attribution.title if attribution else ""}
        if found.is_vector:
            about["vector_layers"] = vector_layers(layer, found.limits)
        writer.finalize(header, about)
