"""Publishing: the tiles of the store as plain files in z/x/y trees, and as PMTiles archives.

Trees are for servers of files alone, up to a number of tiles; PMTiles (Web Mercator only) have no such bound.
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
from tiles.address import TileAddress, south_row
from tiles.format import tile_format
from tiles.grids import Grid
from tiles.limits import LevelLimits
from tiles.site_folder import Version
from tiles.store import Store
from tiles.table import layer_grids

_ROWS = (
    "SELECT zoom_level, tile_column, tile_row, tile_id FROM map JOIN images USING (image) "
    "WHERE zoom_level BETWEEN ? AND ?"
)
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


class Which(NamedTuple):
    """A style and time of a layer, and the grids of it that share their tiles, in the order declared."""

    style: str
    time: str
    grids: tuple[Grid, ...]

    def grid(self, deepest: int) -> Grid:
        """The first grid that has this level."""
        return next(grid for grid in self.grids if deepest < grid.levels)


def sets(registry: Registry, layer: Layer) -> Iterator[Which]:
    """Every style, time and grid of a layer."""
    shared: dict[str, list[Grid]] = {}
    for grid in layer_grids(layer, registry):
        shared.setdefault(grid.stored, []).append(grid)
    for style in layer.styles:
        for time in layer.times or ("",):
            for grids in shared.values():
                yield Which(style, time, tuple(grids))


def publish(
    version: Version, store: Store, layer: Layer, which: Which, levels: tuple[int, int], most: int
) -> TileSet | None:
    """Write a layer's tiles of a style, time and grid: a tree of `most` tiles at the most, and PMTiles.

    None where the store has none of these levels.
    """
    rows = sorted(stored(store, layer, which, levels))
    if not rows:
        return None
    style, time, grid = which.style, which.time, which.grid(rows[-1].z)
    fingerprint = xxh3_64_hexdigest("".join(f"{z}/{x}/{y}={id_};" for z, x, y, id_ in rows).encode())
    place = "/".join(part.replace("/", "%2F") for part in (layer.id, style, time, grid.id) if part)
    address = TileAddress(layer.id, style, time, grid.id, 0, 0, 0)
    tree, archive = f"tiles/{place}", f"pmtiles/{'.'.join(place.split('/')[:-1])}.pmtiles"
    if len(rows) > most:
        tree = ""
    elif not version.keep(tree, fingerprint):
        _write_tree(version, tree, store, address, tile_format(layer).extension, rows)
    if grid.stored != "PM":
        archive = ""
    elif not version.keep(archive, fingerprint):
        _write_archive(version.made(archive), store, address, layer, rows)
    return TileSet(layer, style, time, grid, _limits(rows), len(rows), tree, archive)


def stored(store: Store, layer: Layer, which: Which, levels: tuple[int, int]) -> Iterator[StoredTile]:
    """The tiles that the store has, in no order."""
    deepest = max(grid.levels for grid in which.grids) - 1
    for file in store.archives(layer.id, which.style, which.time, which.grids[0].id):
        with closing(sqlite3.connect(f"file:{quote(str(file))}?mode=ro", uri=True, timeout=30)) as db:
            for z, x, row, tile_id in db.execute(_ROWS, (levels[0], min(levels[1], deepest))):
                yield StoredTile(z, x, south_row(z, row), tile_id)


def _limits(rows: Sequence[StoredTile]) -> tuple[LevelLimits, ...]:
    found: dict[int, LevelLimits] = {}
    for z, x, y, _ in rows:
        had = found.get(z, LevelLimits(z, x, y, x, y))
        found[z] = LevelLimits(z, min(had.x0, x), min(had.y0, y), max(had.x1, x), max(had.y1, y))
    return tuple(found[z] for z in sorted(found))


def _write_tree(
    version: Version, tree: str, store: Store, address: TileAddress, extension: str, rows: Sequence[StoredTile]
) -> None:
    for z, x, y, _ in rows:
        if (tile := store.get(address._replace(z=z, x=x, y=y))) is not None:
            version.put(f"{tree}/{z}/{x}/{y}.{extension}", tile[1])


def _write_archive(file: Path, store: Store, address: TileAddress, layer: Layer, rows: Sequence[StoredTile]) -> None:
    """A PMTiles archive (version 3), tiles in its own order, equal ones once."""
    kind, levels = tile_format(layer), [row.z for row in rows]
    ordered = sorted((zxy_to_tileid(z, x, y), z, x, y) for z, x, y, _ in rows)
    with file.open("wb") as out:
        writer: Any = pmtiles_writer.Writer(out)  # type: ignore[no-untyped-call]
        for number, z, x, y in ordered:
            if (tile := store.get(address._replace(z=z, x=x, y=y))) is not None:
                writer.write_tile(number, tile[1])
        west, south, east, north = (round(value * 10_000_000) for value in layer.geographic_extent)
        header = {
            "tile_type": _TYPES[kind.mbtiles],
            "tile_compression": Compression.NONE,
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
        writer.finalize(header, {"name": name, "attribution": attribution.title if attribution else ""})
