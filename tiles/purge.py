"""Purging: tiles of a layer deleted from the store, in all its grids, styles and times unless some are named."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import quote, unquote

import numpy as np
import shapely

from layers.errors import UnknownLayerError
from layers.registry import Registry
from tiles.address import south_row
from tiles.archives import archive
from tiles.area import Area
from tiles.grids import Grid, GridError, grid
from tiles.overview import store as overview_store
from tiles.seeding.jobs import forget_layer
from tiles.store import Store, read_sizes

type Place = tuple[int, int, int]


@dataclass(slots=True)
class Purged:
    """What was deleted: tiles, bytes of tiles, archives as a whole, and bytes of overviews."""

    tiles: int = 0
    bytes: int = 0
    archives: int = 0
    overviews: int = 0


@dataclass(frozen=True, slots=True)
class Which:
    """Which tiles: within an area (any CRS), levels (first and last), of a grid, a style, a time; None for all."""

    area: Area | None = None
    levels: tuple[int, int] | None = None
    grid: str | None = None
    style: str | None = None
    time: str | None = None


def purge(registry: Registry, store: Path, layer: str, which: Which, *, dry_run: bool = False) -> Purged:
    """Delete tiles of a layer, which need not be in the registry any more; with `dry_run`, only count them.

    Raises UnknownLayerError, GridError, AreaError, ArchiveError.
    """
    kept = [store / kind / quote(layer, safe="") for kind in ("tiles", "overviews")]
    if layer not in registry.layers and not any(place.is_dir() for place in kept):
        raise UnknownLayerError(layer, registry.layers)
    stored = grid(which.grid, registry.config).stored if which.grid else None
    result = Purged()
    for file in list(Store(store).files(layer)):
        names = archive_names(store, file)
        if (stored, which.style, which.time) == tuple(
            asked and own for asked, own in zip((stored, which.style, which.time), names, strict=True)
        ):
            _purge_file(registry, file, names[0], which, result, dry_run=dry_run)
    if (which.area, which.levels, which.style, which.time) == (None, None, None, None):
        result.overviews = _purge_overviews(store, layer, stored, dry_run=dry_run)
    if not dry_run and result.tiles:
        forget_layer(store, layer)
    return result


def _purge_overviews(store: Path, layer: str, grid_id: str | None, *, dry_run: bool) -> int:
    """Bytes of the overviews that are deleted: all that no seed draws from just now."""
    before = overview_store.size(store, layer, grid_id)
    if dry_run:
        return before
    try:
        overview_store.remove(store, layer, grid_id)
    except OSError as error:
        raise archive.ArchiveError(f"the store cannot be written at {error.filename}: {error.strerror}") from None
    return before - overview_store.size(store, layer, grid_id)


def archive_names(store: Path, file: Path) -> tuple[str, str, str]:
    """Grid, style and time of an archive."""
    parts = file.relative_to(store / "tiles").parts
    style, _, time = parts[2].partition("@")
    return unquote(parts[1]), unquote(style), unquote(time)


def _purge_file(registry: Registry, file: Path, grid_id: str, which: Which, result: Purged, *, dry_run: bool) -> None:
    before = read_sizes(file)
    chosen = None if which.area is None and which.levels is None else _chosen(registry, file, grid_id, which)
    if chosen is None or len(chosen) == before.tiles:
        result.tiles += before.tiles
        result.bytes += before.bytes
        result.archives += 1
        if not dry_run:
            _unlink(file)
        return
    result.tiles += len(chosen)
    if not chosen or dry_run:
        return
    result.bytes -= archive.delete(file, chosen).bytes
    _shrink(file)


def _chosen(registry: Registry, file: Path, grid_id: str, which: Which) -> list[Place]:
    first, last = which.levels or (0, 99)
    try:
        tiling: Grid | None = grid(grid_id, registry.config)
    except GridError:
        if which.area is not None:
            raise
        tiling = None
    sql = "SELECT zoom_level, tile_column, tile_row FROM map WHERE zoom_level BETWEEN ? AND ?"
    try:
        with closing(sqlite3.connect(f"file:{quote(str(file.absolute()))}?mode=ro", uri=True)) as db:
            rows = db.execute(sql, (first, last)).fetchall()
    except sqlite3.Error as error:
        raise archive.ArchiveError(f"the archive {file} cannot be read: {error}") from None
    places = [(z, x, south_row(z, row)) for z, x, row in rows]
    return places if which.area is None or tiling is None else list(_inside(places, tiling, which.area))


def _inside(places: list[Place], tiling: Grid, area: Area) -> Iterator[Place]:
    if not places:
        return
    shape: Any = area.to(tiling.crs).geometry
    shapely.prepare(shape)
    boxes = shapely.box(*np.array([tiling.tile_bbox(*place) for place in places]).T)
    hit = shapely.intersects(shape, boxes)
    hit[hit] = ~shapely.touches(shape, boxes[hit])
    yield from (place for place, yes in zip(places, hit, strict=True) if yes)


def _unlink(file: Path) -> None:
    try:
        file.unlink(missing_ok=True)
        for folder in list(file.parents)[:4]:
            if any(folder.iterdir()):
                break
            folder.rmdir()
    except OSError as error:
        raise archive.ArchiveError(f"the store cannot be written at {file}: {error.strerror}") from None


def _shrink(file: Path) -> None:
    """The file as small as what is left in it."""
    try:
        with closing(sqlite3.connect(file, timeout=archive.WAIT, isolation_level=None)) as db:
            db.execute("VACUUM")
    except sqlite3.Error as error:
        raise archive.ArchiveError(f"the store cannot be written at {file}: {error}") from None
