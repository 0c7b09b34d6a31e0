"""What changed in a layer's data since it was last looked at: features by id and content, sheets by size and date.

Tiles off what changed stay right: they get the stamp of the data as it is now, and the next seed makes the others anew.
What is known of the data is kept in STORE/jobs/snapshots/{layer}.sqlite, with the stamps of that time.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, replace
from datetime import datetime
from glob import glob
from pathlib import Path
from urllib.parse import quote

import numpy as np
import shapely
from xxhash import xxh3_64_hexdigest

from layers import model
from layers.crs import BBox
from layers.errors import GarrigueError, SourceError
from layers.query import FeatureQuery
from layers.registry import Layer, Registry
from tiles.address import VECTOR, south_row
from tiles.archives import archive
from tiles.area import Area
from tiles.grids import Grid, grid
from tiles.purge import archive_names
from tiles.seeding.jobs import forget_layer
from tiles.stamp import tile_stamp, vector_stamp
from tiles.store import Store
from tiles.vector.info import REACH

SCHEMA = """
CREATE TABLE IF NOT EXISTS part (id TEXT PRIMARY KEY, digest TEXT, x0 REAL, y0 REAL, x1 REAL, y1 REAL) WITHOUT ROWID;
CREATE TABLE IF NOT EXISTS stamps (style TEXT PRIMARY KEY, look TEXT, stamp TEXT);
"""

type Parts = dict[str, tuple[str, BBox]]
"""Features or sheets by id: a digest of their content, and their box in the layer's CRS."""


class ChangeError(GarrigueError):
    """Changes that cannot be told."""


@dataclass(frozen=True, slots=True)
class Changes:
    """How many features or sheets changed, came or went (None: nothing to compare with); tiles kept, tiles stale."""

    parts: int | None = None
    kept: int = 0
    stale: int = 0


def take_changes(registry: Registry, store: Path, layer_id: str, since: datetime | None = None) -> Changes:
    """Compare a layer's data with what is known of it, mark its tiles, and know the data as it is now.

    With `since`, sheets of imagery newer than that are what changed, whatever is known. Raises ChangeError,
    ArchiveError, SourceError.
    """
    layer = registry.layer(layer_id)
    file = store / "jobs" / "snapshots" / f"{quote(layer_id, safe='')}.sqlite"
    known, stamps = _read(file)
    parts = dict(_parts(layer, registry.config, known))
    if since is not None:
        boxes = [parts[name][1] for name in _newer(layer, registry.config, since)]
        result = _mark(registry, store, layer, boxes, None)
    elif not stamps:
        result = Changes()
    else:
        differ = {name for name in known.keys() | parts.keys() if _digest(known, name) != _digest(parts, name)}
        boxes = [both[name][1] for name in differ for both in (known, parts) if name in both]
        result = replace(_mark(registry, store, layer, boxes, stamps), parts=len(differ))
    _write(file, parts, layer)
    forget_layer(store, layer_id)
    return result


def _digest(parts: Parts, name: str) -> str:
    return parts[name][0] if name in parts else ""


def _stamps(layer: Layer) -> dict[str, tuple[str, str]]:
    """By style, and for vector tiles: what a tile depends on but the data, and all that it depends on."""
    bare = replace(layer, data_stamp="")
    found = {style: (tile_stamp(bare, style), tile_stamp(layer, style)) for style in layer.styles}
    return found | ({VECTOR: (vector_stamp(bare), vector_stamp(layer))} if layer.is_vector else {})


def _parts(layer: Layer, config: Path, known: Parts) -> Iterator[tuple[str, tuple[str, BBox]]]:
    source = layer.definition.source
    if isinstance(source, model.VectorSource | model.PostgisSource):
        yield from _features(layer)
    elif isinstance(source, model.RasterSource):
        yield from _sheets(config, source, known)
    else:
        raise ChangeError(f"what changed in {layer.id} is not known here: it is another server's")


def _features(layer: Layer) -> Iterator[tuple[str, tuple[str, BBox]]]:
    from layers.sources import open_features
    from layers.sources.batch import geometry, ids, properties

    for batch in open_features(layer).features(FeatureQuery(layer.id, layer.crs)):
        wkb = geometry(batch).to_pylist()
        bounds = shapely.bounds(shapely.from_wkb(np.array(wkb, dtype=object)))
        columns = properties(batch, has_geometry=True).values()
        rows = zip(*(column.to_pylist() for column in columns), strict=True) if columns else ((),) * len(wkb)
        for key, shape, row, box in zip(ids(batch).to_pylist(), wkb, rows, bounds, strict=True):
            digest = xxh3_64_hexdigest((shape or b"") + repr(row).encode())
            yield str(key), (digest, (float(box[0]), float(box[1]), float(box[2]), float(box[3])))


def _sheets(config: Path, source: model.RasterSource, known: Parts) -> Iterator[tuple[str, tuple[str, BBox]]]:
    import rasterio

    for path in _files(config, source):
        status = Path(path).stat()
        digest = f"{status.st_size} {status.st_mtime_ns}"
        if path in known and known[path][0] == digest:
            yield path, known[path]
            continue
        try:
            with rasterio.open(path) as opened:
                yield path, (digest, tuple(opened.bounds))
        except rasterio.errors.RasterioError as error:
            raise SourceError(f"{path}: {error}") from None


def _files(config: Path, source: model.RasterSource) -> list[str]:
    return sorted(glob(str(config / source.raster), recursive=True))


def _newer(layer: Layer, config: Path, since: datetime) -> list[str]:
    source = layer.definition.source
    if not isinstance(source, model.RasterSource):
        raise ChangeError(f"--since looks at the sheets of imagery; for {layer.id} use --changed")
    return [path for path in _files(config, source) if Path(path).stat().st_mtime >= since.timestamp()]


def _mark(
    registry: Registry, store: Path, layer: Layer, boxes: list[BBox], stamps: dict[str, tuple[str, str]] | None
) -> Changes:
    """Tiles that the boxes reach become stale, the others current; styles whose look changed stay as they are."""
    finite = [box for box in boxes if np.isfinite(box).all()]
    area = Area(shapely.union_all([shapely.box(*_solid(box)) for box in finite]), layer.crs) if finite else None
    margin = 0 if layer.is_raster else layer.definition.tiles.buffer
    kept = stale = 0
    now = _stamps(layer)
    for file in list(Store(store).files(layer.id)):
        grid_id, style, _ = archive_names(store, file)
        if style not in now or (stamps is not None and stamps.get(style, ("",))[0] != now[style][0]):
            continue
        old, reach = stamps[style][1] if stamps else None, REACH if style == VECTOR else margin
        one = _mark_file(file, grid(grid_id, registry.config), area, reach, old, now[style][1])
        kept, stale = kept + one.kept, stale + one.stale
    return Changes(len(boxes), kept, stale)


def _solid(box: BBox) -> BBox:
    """A box with an inside, also for a point."""
    return box[0] - 1e-9, box[1] - 1e-9, box[2] + 1e-9, box[3] + 1e-9


def _mark_file(file: Path, tiling: Grid, area: Area | None, margin: int, old: str | None, new: str) -> Changes:
    with archive.writing(file) as db:
        sql = "SELECT zoom_level, tile_column, tile_row FROM map WHERE stamp = ?" if old else (
            "SELECT zoom_level, tile_column, tile_row FROM map WHERE stamp != '' OR ? IS NULL"
        )  # fmt: skip
        rows = db.execute(sql, (old,)).fetchall()
        stale = [] if area is None or not rows else _reached(rows, tiling, area, margin)
        place = "zoom_level = ? AND tile_column = ? AND tile_row = ?"
        db.executemany(f"UPDATE map SET stamp = '' WHERE {place}", stale)
        if old:
            db.execute("UPDATE map SET stamp = ? WHERE stamp = ?", (new, old))
        else:
            db.execute("UPDATE map SET stamp = ? WHERE stamp != ''", (new,))
        archive.recount_stamps(db)
        if rows:
            db.execute("UPDATE metadata SET value = ? WHERE name = 'garrigue:stamp'", (new,))
    return Changes(None, len(rows) - len(stale), len(stale))


def _reached(rows: list[tuple[int, int, int]], tiling: Grid, area: Area, margin: int) -> list[tuple[int, int, int]]:
    """Rows of the map (from the south) whose tile, with the pixels that its drawing looks at, meets the area."""
    shape = area.to(tiling.crs).geometry
    shapely.prepare(shape)
    boxes = np.array([tiling.tile_bbox(z, x, south_row(z, row)) for z, x, row in rows])
    reach = np.array([tiling.reach(z, margin) for z, _, _ in rows])[:, None]
    boxes = np.hstack((boxes[:, :2] - reach, boxes[:, 2:] + reach))
    hit = shapely.intersects(shape, shapely.box(*boxes.T))
    return [row for row, yes in zip(rows, hit, strict=True) if yes]


def _read(file: Path) -> tuple[Parts, dict[str, tuple[str, str]]]:
    if not file.exists():
        return {}, {}
    try:
        with closing(sqlite3.connect(file)) as db:
            # What has no place has no box, which SQLite keeps as nulls.
            sql = (
                "SELECT id, digest, coalesce(x0, 'nan'), coalesce(y0, 'nan'), coalesce(x1, 'nan'), coalesce(y1, 'nan')"
            )
            rows = db.execute(f"{sql} FROM part")
            parts: Parts = {
                row[0]: (row[1], (float(row[2]), float(row[3]), float(row[4]), float(row[5]))) for row in rows
            }
            return parts, {style: (look, stamp) for style, look, stamp in db.execute("SELECT * FROM stamps")}
    except sqlite3.Error as error:
        raise ChangeError(f"what is known of the data cannot be read at {file}: {error}; delete the file") from None


def _write(file: Path, parts: Parts, layer: Layer) -> None:
    """Beside, then swapped: it is there whole or as it was."""
    file.parent.mkdir(parents=True, exist_ok=True)
    beside = file.with_suffix(".new")
    beside.unlink(missing_ok=True)
    with closing(sqlite3.connect(beside)) as db:
        db.executescript(SCHEMA)
        db.executemany("INSERT INTO part VALUES (?, ?, ?, ?, ?, ?)", ((k, d, *box) for k, (d, box) in parts.items()))
        db.executemany("INSERT INTO stamps VALUES (?, ?, ?)", ((s, *both) for s, both in _stamps(layer).items()))
        db.commit()
    beside.replace(file)
