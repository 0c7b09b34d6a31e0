"""Seeding vector tiles: the features copied, all tiles made by tippecanoe at once, then taken into the store.

What was made waits in STORE/jobs until it is all in the store: a seed that was killed goes on from there. The store is
written an archive's block at a time; tiles on which there is nothing are kept too, as the one empty tile of an archive.
"""

import os
import shutil
import sqlite3
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from itertools import groupby
from pathlib import Path

from layers.crs import CRS84, BBox, transform_bbox
from layers.errors import SourceError
from layers.facts import VectorFacts
from layers.registry import Layer, Registry
from tiles.address import TileAddress, shard_cell, south_row
from tiles.grids import Grid, grid
from tiles.limits import vector_limits
from tiles.picture import Block
from tiles.quota import Quota
from tiles.seeding.jobs import State, running
from tiles.seeding.plan import Plan, blocks
from tiles.seeding.seed import Means, Progress, Report
from tiles.store import Store
from tiles.vector.cache import BUFFER, EMPTY
from tiles.vector.features import write_features
from tiles.vector.info import vector_archive_info
from tiles.vector.tippecanoe import make


def seed_vector(
    registry: Registry, store: Path, plan: Plan, means: Means = Means(), progress: Progress | None = None
) -> Report:
    """Make a plan's tiles, as `tiles.seeding.seed.seed` does; tippecanoe takes the cores of this machine.

    A deadline is looked at before it begins. Raises SourceError, ArchiveError, JobError.
    """
    layer, tiling = registry.layer(plan.layer), grid(plan.grid, registry.config)
    assert isinstance(layer.facts, VectorFacts)
    if not layer.facts.count:
        raise SourceError(f"the layer {layer.id} has no features: there is nothing to make tiles of")
    start, report = time.monotonic(), Report(plan.id)

    def tell(doing: str) -> None:
        report.doing = doing
        if progress is not None:
            progress(report)

    writer = Store(store, handles=4, patience=10.0, floor=registry.service.free_space)
    with running(store, plan.id) as job, closing(writer) as tiles:
        levels = f"{plan.levels[0].z}-{plan.levels[-1].z}"
        job.add(blocks(plan, tiling), (plan.layer, plan.style, plan.time, plan.grid, levels))
        todo = list(_todo(plan, tiling, tiles, report))
        report.stopped = bool(todo) and not means.in_time
        if todo and not report.stopped:
            folder, threads = store / "jobs" / f"{plan.id}.mvt", means.workers or os.cpu_count() or 1
            made = _made(layer, tiling, plan, folder, threads, tell)
            _keep(layer, plan, tiling, (made, store, tiles), todo, tell, report)
            shutil.rmtree(made.parent)
            job.record(((block, State.DONE, None) for block in todo), time.monotonic() - start)
    report.seconds = time.monotonic() - start
    return report


def _todo(plan: Plan, tiling: Grid, tiles: Store, report: Report) -> Iterator[Block]:
    """The blocks of which some tile is not there as it is now to be."""
    for block in blocks(plan, tiling):
        count = (block.x1 - block.x0 + 1) * (block.y1 - block.y0 + 1)
        first, last = plan.address(block.z, block.x0, block.y0), plan.address(block.z, block.x1, block.y1)
        there = len(tiles.present(first, last, plan.stamp))
        report.total += count
        if there < count:
            yield block
        else:
            report.before += count


def _made(layer: Layer, tiling: Grid, plan: Plan, folder: Path, threads: int, tell: Callable[[str], None]) -> Path:
    """tippecanoe's tiles, as an earlier run left them where it came so far."""
    out, part, features = folder / "tiles.mbtiles", folder / "part.mbtiles", folder / "features.fgb"
    if out.exists():
        return out
    try:
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
    except OSError as error:
        raise SourceError(f"the store cannot be written at {folder}: {error.strerror}") from None
    try:
        tell("features")
        if not write_features(layer, plan.time, _box(tiling, plan), features):
            raise SourceError(f"the layer {layer.id} has no features where tiles are to be made")
        tell("tiles")
        levels = plan.levels[0].z, plan.levels[-1].z
        make(layer, features, part, levels, vector_limits(layer, tiling)[-1].z, threads=threads)
    except SourceError:
        # What was copied in vain may fill the disk.
        shutil.rmtree(folder)
        raise
    features.unlink()
    features.with_name("labels.fgb").unlink(missing_ok=True)
    part.rename(out)
    return out


def _box(tiling: Grid, plan: Plan) -> BBox | None:
    """The box (degrees) of the tiles that an area touches at the first level; None for the whole layer."""
    if plan.area is None:
        return None
    touched = [block for block in blocks(plan, tiling) if block.z == plan.levels[0].z]
    boxes = [tiling.tiles_bbox(*block) for block in touched]
    margin = tiling.span(plan.levels[0].z) * BUFFER
    left, bottom = min(box[0] for box in boxes) - margin, min(box[1] for box in boxes) - margin
    right, top = max(box[2] for box in boxes) + margin, max(box[3] for box in boxes) + margin
    return transform_bbox((left, bottom, right, top), tiling.crs, CRS84)


def _keep(
    layer: Layer,
    plan: Plan,
    tiling: Grid,
    places: tuple[Path, Path, Store],
    todo: list[Block],
    tell: Callable[[str], None],
    report: Report,
) -> None:
    """Take the blocks into the store, those of an archive in one transaction."""
    made, root, tiles = places
    info = vector_archive_info(layer, tiling.stored, vector_limits(layer, tiling))
    quota = Quota(layer, root)
    with closing(sqlite3.connect(made)) as db:
        for _, group in groupby(sorted(todo, key=_cell), key=_cell):
            quota.check()
            change = tiles.put_many(_counted(db, plan, list(group), report), info)
            report.bytes += change.bytes
            tell("store")


def _cell(block: Block) -> tuple[int, int, int]:
    return shard_cell(block.z, block.x0, block.y0)


def _counted(
    db: sqlite3.Connection, plan: Plan, group: list[Block], report: Report
) -> Iterator[tuple[TileAddress, bytes]]:
    for block in group:
        found = _tiles(db, block)
        for x in range(block.x0, block.x1 + 1):
            for y in range(block.y0, block.y1 + 1):
                data = found.get((x, y), EMPTY)
                report.drawn += 1
                report.empty += data is EMPTY
                yield plan.address(block.z, x, y), data


def _tiles(db: sqlite3.Connection, block: Block) -> dict[tuple[int, int], bytes]:
    sql = "SELECT tile_column, tile_row, tile_data FROM tiles WHERE zoom_level = ? AND tile_column BETWEEN ? AND ?"
    south, north = south_row(block.z, block.y1), south_row(block.z, block.y0)
    rows = db.execute(f"{sql} AND tile_row BETWEEN ? AND ?", (block.z, block.x0, block.x1, south, north))
    return {(x, south_row(block.z, row)): bytes(data) for x, row, data in rows}
