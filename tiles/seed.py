"""Seeding: the blocks of a plan drawn in parallel processes, each kept in one transaction; stop and go on at will."""

import os
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass, field
from itertools import islice
from multiprocessing import get_context, parent_process
from pathlib import Path

from layers.errors import GarrigueError, SourceError
from layers.registry import Registry
from tiles.archive import ArchiveError, ArchiveInfo, Sizes
from tiles.format import tile_format
from tiles.grids import Grid, grid
from tiles.info import archive_info
from tiles.jobs import Job, State, running
from tiles.picture import Block, block_buffer, draw_block, selection
from tiles.plan import Plan, blocks
from tiles.store import Store

RETRIES = (1.0, 4.0)
"""Seconds to wait before blocks that failed are tried again."""
BUDGET = 20
"""Failures in a row after which a job is hopeless."""


class HopelessError(GarrigueError):
    """Too many blocks failed one after the other: something is wrong that trying on does not mend."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a block: its state, what was added to the store, why it failed; `fatal` stops the job."""

    block: Block
    state: State
    change: Sizes = field(default_factory=Sizes)
    error: str | None = None
    fatal: bool = False
    drawn: bool = True
    died: bool = False


@dataclass(slots=True)
class Report:
    """Tiles of a job: all, drawn now, there before, empty, failed; bytes added; seconds; errors."""

    job: str
    total: int = 0
    drawn: int = 0
    before: int = 0
    empty: int = 0
    failed: int = 0
    bytes: int = 0
    seconds: float = 0.0
    errors: list[tuple[Block, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Tiles of which nothing is left to do."""
        return self.drawn + self.before


type Progress = Callable[[Report], None]


def seed(
    registry: Registry, store: Path, plan: Plan, *, workers: int | None = None, progress: Progress | None = None
) -> Report:
    """Make every tile of a plan that is not there yet.

    Raises JobError where the same job runs already, ArchiveError where the store cannot be written and
    HopelessError; what was done until then stays done.
    """
    with running(store, plan.id) as job:
        tiling = grid(plan.grid, registry.config)
        levels = f"{plan.levels[0].z}-{plan.levels[-1].z}"
        job.add(blocks(plan, tiling), (plan.layer, plan.style, plan.time, plan.grid, levels))
        job.reopen()
        _check_archives(job, plan, Store(store))
        report = _begun(job)
        tell = progress or (lambda _: None)
        tell(report)
        with _team(registry, store, plan, workers or os.cpu_count() or 1, _pending(job)) as team:
            for delay in (0.0, *RETRIES):
                todo = list(job.blocks(State.PENDING, State.FAILED) if delay else job.blocks(State.PENDING))
                if not todo:
                    break
                time.sleep(delay)
                report.failed = 0
                _run(job, team, todo, report, tell)
        report.errors = job.errors()
        return report


def _pending(job: Job) -> int:
    return job.counts()[State.PENDING][0]


def _begun(job: Job) -> Report:
    counts = job.counts()
    before = counts[State.DONE][1] + counts[State.EMPTY][1]
    return Report(job.id, sum(tiles for _, tiles in counts.values()), before=before, empty=counts[State.EMPTY][1])


def _check_archives(job: Job, plan: Plan, store: Store) -> None:
    """Blocks whose archive is gone are to be done again."""
    there: dict[Path, bool] = {}
    lost = []
    for block in job.blocks(State.DONE, State.EMPTY):
        file = store.path(plan.address(block.z, block.x0, block.y0))
        if file not in there:
            there[file] = file.exists()
        if not there[file]:
            lost.append(block)
    job.forget(lost)


def _run(job: Job, team: "Team", todo: list[Block], report: Report, tell: Progress) -> None:
    results: list[tuple[Block, State, str | None]] = []
    failures, begun, saved = 0, time.monotonic(), time.monotonic()
    try:
        for outcome in team.outcomes(todo):
            results.append((outcome.block, outcome.state, outcome.error))
            _count(report, outcome)
            failures = failures + 1 if outcome.state is State.FAILED and not outcome.died else 0
            report.seconds += time.monotonic() - begun
            begun = time.monotonic()
            tell(report)
            if outcome.fatal:
                raise ArchiveError(outcome.error or "")
            if failures >= BUDGET:
                raise HopelessError(f"{failures} blocks failed one after the other, the last: {outcome.error}")
            if time.monotonic() - saved > 1.0:
                job.record(results, time.monotonic() - saved)
                results, saved = [], time.monotonic()
    finally:
        job.record(results, time.monotonic() - saved)


def _count(report: Report, outcome: Outcome) -> None:
    tiles = outcome.block.tiles
    if outcome.state is State.FAILED:
        report.failed += tiles
        return
    if outcome.drawn:
        report.drawn += tiles
    else:
        report.before += tiles
    report.empty += tiles if outcome.state is State.EMPTY else 0
    report.bytes += outcome.change.bytes


@dataclass(frozen=True)
class Work:
    """Everything that making blocks of a plan needs; opened once a process."""

    registry: Registry
    store: Store
    plan: Plan
    grid: Grid
    info: ArchiveInfo

    def make(self, block: Block) -> Outcome:
        """Draw, cut and keep a block; tiles that are there with the same stamp are not made again."""
        plan = self.plan
        first, last = plan.address(block.z, block.x0, block.y0), plan.address(block.z, block.x1, block.y1)
        if len(self.store.present(first, last, plan.stamp)) == block.tiles:
            return Outcome(block, State.DONE, drawn=False)
        layer = self.registry.layers[plan.layer]
        buffer, kind = block_buffer(layer), tile_format(layer)
        try:
            tiles, painted = draw_block(self.registry, self.grid, block, buffer, selection(first), kind)
            change = self.store.put_many(((first._replace(x=x, y=y), data) for x, y, data in tiles), self.info)
        except SourceError as error:
            return Outcome(block, State.FAILED, error=str(error))
        except ArchiveError as error:
            return Outcome(block, State.FAILED, error=str(error), fatal=True)
        return Outcome(block, State.DONE if painted else State.EMPTY, change)


def open_work(registry: Registry, store: Path, plan: Plan) -> Work:
    """The work of a plan in this process."""
    tiling = grid(plan.grid, registry.config)
    info = archive_info(registry.layers[plan.layer], plan.style, tiling.stored)
    return Work(registry, Store(store, patience=10.0), plan, tiling, info)


class Team:
    """Makes blocks: in this process, or in several that are started anew where one dies."""

    def __init__(self, registry: Registry, store: Path, plan: Plan, workers: int) -> None:
        self.work = open_work(registry, store, plan)
        self.arguments = (registry.to_json(), store, plan)
        self.workers = workers
        self.pool: ProcessPoolExecutor | None = None

    def __enter__(self) -> "Team":
        return self

    def __exit__(self, *_: object) -> None:
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def outcomes(self, todo: Iterable[Block]) -> Iterator[Outcome]:
        """What becomes of blocks, as they come."""
        if self.workers == 1:
            yield from map(self.work.make, todo)
            return
        waiting, under_way = iter(todo), dict[Future[Outcome], Block]()
        while True:
            # A few in advance keep every process busy; few enough that stopping loses little.
            for block in islice(waiting, 2 * self.workers - len(under_way)):
                under_way[self._submit(block)] = block
            if not under_way:
                return
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                yield self._outcome(future, under_way.pop(future))

    def _submit(self, block: Block) -> Future[Outcome]:
        if self.pool is None:
            context = get_context("spawn")
            self.pool = ProcessPoolExecutor(self.workers, context, _begin, self.arguments)
        try:
            return self.pool.submit(_make, block)
        except BrokenProcessPool:
            self.pool = None
            return self._submit(block)

    def _outcome(self, future: Future[Outcome], block: Block) -> Outcome:
        try:
            return future.result()
        except BrokenProcessPool:
            self.pool = None
            return Outcome(block, State.FAILED, error="the process that drew it died", died=True)


def _team(registry: Registry, store: Path, plan: Plan, workers: int, pending: int) -> Team:
    return Team(registry, store, plan, min(workers, max(pending, 1)))


_work: Work | None = None


def _begin(registry: str, store: Path, plan: Plan) -> None:
    global _work
    _work = open_work(Registry.from_json(registry), store, plan)


def _make(block: Block) -> Outcome:
    assert _work is not None
    return _work.make(block)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
