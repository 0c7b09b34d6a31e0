"""Making a block of tiles: what a process needs for it, and what became of it."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from layers.crs import BBox
from layers.errors import SourceError
from layers.query import Selection
from layers.registry import Layer, Registry
from tiles.archives.archive import ArchiveError, ArchiveInfo, Sizes
from tiles.format import tile_format
from tiles.grids import Grid, grid
from tiles.info import archive_info
from tiles.overview.make import REACH, Files, drawn_from
from tiles.overview.occupied import Occupied
from tiles.picture import Block, draw_block, level_buffer, selection
from tiles.seeding.imagery import Halves, Tiles, draw_imagery, from_below, is_imagery, is_upper
from tiles.seeding.jobs import State
from tiles.seeding.plan import SIDE, Plan
from tiles.store import Store

PARTS = 20
"""Families that imagery is made in at least, where it has as many blocks."""

type Family = tuple[Block, ...]
"""Blocks that one process makes one after the other."""
type Cells = list[tuple[int, int]]
"""Row and column of each cell of blocks that a block lies in, the coarsest first."""


@dataclass(frozen=True, slots=True)
class Order:
    """What to make, as it travels to another process: the registry as JSON; `overviews` are drawn from by level."""

    registry: str
    store: Path
    plan: Plan
    overviews: Files = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a block: its state, what was added to the store, why it failed; `fatal` stops the job.

    `drawn` is how many of its tiles had to be made.
    """

    block: Block
    state: State
    change: Sizes = field(default_factory=Sizes)
    error: str | None = None
    fatal: bool = False
    drawn: int = 0
    died: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """A plan in a process that makes its blocks; `by_level` has the registries that draw from overviews.

    `occupied` tells where features are, where that is known; `nothing` is a tile without any, by level.
    """

    registry: Registry
    by_level: Mapping[int, Registry]
    layer: Layer
    store: Store
    plan: Plan
    grid: Grid
    info: ArchiveInfo
    halves: Halves
    occupied: Occupied | None = None
    nothing: dict[int, bytes] = field(default_factory=dict)

    def make_all(self, family: Iterable[Block]) -> Iterator[Outcome]:
        """Make blocks one after the other, until one fails fatally."""
        blocks = tuple(family)
        self.halves.begin(blocks)
        for block in blocks:
            outcome = self.make(block)
            yield outcome
            if outcome.fatal:
                return

    def make(self, block: Block) -> Outcome:
        """Draw, cut and keep a block; tiles that are there with the same stamp are not made again."""
        plan = self.plan
        first, last = plan.address(block.z, block.x0, block.y0), plan.address(block.z, block.x1, block.y1)
        there = self.store.present(first, last, plan.stamp)
        if len(there) == block.tiles:
            return Outcome(block, State.DONE)
        part = self._missing(block, there)
        try:
            tiles, painted = self._tiles(part)
            change = self.store.put_many(((first._replace(x=x, y=y), data) for x, y, data in tiles), self.info)
        except SourceError as error:
            return Outcome(block, State.FAILED, error=str(error))
        except ArchiveError as error:
            return Outcome(block, State.FAILED, error=str(error), fatal=True)
        empty = not painted and part == block
        return Outcome(block, State.EMPTY if empty else State.DONE, change, drawn=part.tiles)

    def _missing(self, block: Block, there: set[tuple[int, int]]) -> Block:
        """What is to be drawn of a block: the box of its missing tiles, the whole where that would look otherwise.

        Labels and symbols find their places among those of the block, and levels of imagery are made of its picture.
        """
        alone = not is_imagery(self.layer) and not level_buffer(self.layer, self.plan.style, self.grid, block.z)
        if not there or not alone:
            return block
        missing = [
            (x, y) for x in range(block.x0, block.x1 + 1) for y in range(block.y0, block.y1 + 1) if (x, y) not in there
        ]
        columns, rows = zip(*missing, strict=True)
        return Block(block.z, min(columns), min(rows), max(columns), max(rows))

    def _tiles(self, block: Block) -> tuple[list[tuple[int, int, bytes]], int]:
        first = self.plan.address(block.z, block.x0, block.y0)
        what = selection(first)
        if not is_imagery(self.layer):
            buffer = level_buffer(self.layer, self.plan.style, self.grid, block.z)
            return self._drawn(block, buffer, what)
        if is_upper(self.layer, self.grid, block.z):
            built = from_below(self.layer, self.grid, block, self.store, first, self.plan.stamp)
            if built is not None:
                return built
        return draw_imagery(self.layer, self.grid, block, what, self.halves)

    def _drawn(self, block: Block, buffer: int, what: Selection) -> Tiles:
        """Without a drawing where no feature is near, once it is known what such a tile looks like."""
        empty = self.occupied is not None and not self.occupied.any(self._seen(block))
        if empty and block.z in self.nothing:
            columns, rows = range(block.x0, block.x1 + 1), range(block.y0, block.y1 + 1)
            return [(x, y, self.nothing[block.z]) for y in rows for x in columns], 0
        registry = self.by_level.get(block.z, self.registry)
        tiles, painted = draw_block(registry, self.grid, block, buffer, what, tile_format(self.layer))
        if empty and not painted:
            self.nothing[block.z] = tiles[0][2]
        return tiles, painted

    def _seen(self, block: Block) -> BBox:
        """The box from which something may reach into a block."""
        margin = self.grid.reach(block.z, REACH)
        left, bottom, right, top = self.grid.tiles_bbox(*block)
        return left - margin, bottom - margin, right + margin, top + margin


def open_work(order: Order, registry: Registry | None = None) -> Work:
    """The work of an order in this process; `registry` spares reading it again."""
    read = registry or Registry.from_json(order.registry)
    plan, layer = order.plan, read.layers[order.plan.layer]
    tiling = grid(plan.grid, read.config)
    info = archive_info(layer, plan.style, tiling.stored)
    files = set(order.overviews.values())
    copies = {file: drawn_from(read, plan.layer, tiling, file) for file in files}
    by_level = {z: copies[file] for z, file in order.overviews.items()}
    tiles = Store(order.store, patience=10.0, floor=read.service.free_space)
    occupied = Occupied.load(next(iter(files)).parent) if files else None
    return Work(read, by_level, layer, tiles, plan, tiling, info, Halves(layer, tiling), occupied)


def phases(layer: Layer, tiling: Grid, todo: Iterable[Block]) -> list[list[Family]]:
    """Blocks that can be made at once, phase after phase: what is built from the level below comes after it."""
    now: list[Block] = []
    upper: dict[int, list[Block]] = {}
    for block in todo:
        (upper.setdefault(block.z, []) if is_upper(layer, tiling, block.z) else now).append(block)
    first = _families(now) if is_imagery(layer) else _each(now)
    above = (_each(upper[z]) for z in sorted(upper, reverse=True))
    return [families for families in (first, *above) if families]


def _each(blocks: Iterable[Block]) -> list[Family]:
    return [(block,) for block in blocks]


def _families(blocks: list[Block]) -> list[Family]:
    """Blocks of imagery under one of two levels above them, and that one after those below it.

    Neighbours share blocks of the source's files, and the level above is made of their pictures. A family is at most
    one part in `PARTS` of the work, so that all workers have some to the end.
    """
    levels = next((levels for levels in (3, 2) if PARTS * (4**levels // 3) <= len(blocks)), 1)
    last = max((block.z for block in blocks), default=0)
    found: dict[tuple[int, ...], list[tuple[Cells, Block]]] = {}
    for block in blocks:
        up = levels - 1 - (last - block.z) % levels
        cells = [(block.y0 // SIDE >> n, block.x0 // SIDE >> n) for n in range(up, -1, -1)]
        found.setdefault((block.z - up, *cells[0]), []).append((cells, block))
    # backwards: what begins as another goes on comes after it
    return [tuple(block for _, block in sorted(family, reverse=True)) for family in found.values()]
