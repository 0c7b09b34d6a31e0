"""Seeding: the blocks of a plan made by a team, each kept in one transaction; stop and go on at will."""

import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import takewhile
from pathlib import Path

from layers.errors import GarrigueError
from layers.registry import Registry
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveError, put_aside_if_damaged
from tiles.archives.path import mark
from tiles.grids import grid
from tiles.overview.make import overviews
from tiles.picture import Block
from tiles.quota import Quota
from tiles.seeding.jobs import Job, State, running
from tiles.seeding.plan import Plan, blocks
from tiles.seeding.team import Choose, Team, teams
from tiles.seeding.work import Order, Outcome, phases
from tiles.store import Store, read_sizes

RETRIES = (1.0, 4.0, 16.0)
"""Seconds to wait before blocks that failed are tried again."""
BUDGET = 20
"""Failures in a row after which a job is hopeless."""


class HopelessError(GarrigueError):
    """Too many blocks failed one after the other: something is wrong that trying on does not mend."""


@dataclass(slots=True)
class Report:
    """Tiles of a job: all, drawn now, there before, empty, failed; bytes added; seconds; errors.

    `started` is the seconds until the first block was begun; `stopped` tells that the time was up before the end;
    `doing` what goes on of vector tiles, whose features are read first: "features", "tiles", "store".
    """

    job: str
    total: int = 0
    drawn: int = 0
    before: int = 0
    empty: int = 0
    failed: int = 0
    bytes: int = 0
    seconds: float = 0.0
    started: float = 0.0
    stopped: bool = False
    doing: str = ""
    errors: list[tuple[Block, str]] = field(default_factory=list)

    @property
    def done(self) -> int:
        """Tiles of which nothing is left to do."""
        return self.drawn + self.before


@dataclass(frozen=True, slots=True)
class Means:
    """How to run: workers (one a core by default) or a Dask scheduler; `deadline` on time.time's clock.

    `budget` is how many blocks may fail in a row, `retries` the seconds before each try anew.
    """

    workers: int | None = None
    scheduler: str | None = None
    deadline: float | None = None
    budget: int = BUDGET
    retries: tuple[float, ...] = RETRIES

    @property
    def in_time(self) -> bool:
        """True until the deadline."""
        return self.deadline is None or time.time() < self.deadline


type Progress = Callable[[Report], None]


def seed(
    registry: Registry,
    store: Path,
    plan: Plan,
    means: Means = Means(),
    progress: Progress | None = None,
    choose: Choose | None = None,
) -> Report:
    """Make every tile of a plan that is not there yet; `choose` has teams that go on to the next plan.

    Raises JobError where the same job runs already, ArchiveError where the store cannot be written, ClusterError
    where a scheduler is not there, and HopelessError; what was done until then stays done.
    """
    if choose is None:
        with teams(means.workers, means.scheduler) as choose:
            return seed(registry, store, plan, means, progress, choose)
    begun = time.monotonic()
    with running(store, plan.id) as job:
        tiling = grid(plan.grid, registry.config)
        levels = f"{plan.levels[0].z}-{plan.levels[-1].z}"
        job.add(blocks(plan, tiling), (plan.layer, plan.style, plan.time, plan.grid, levels))
        job.reopen()
        _check_archives(job, plan, Store(store))
        report, tell = _begun(job), progress or (lambda _: None)
        tell(report)
        if todo := list(job.blocks(State.PENDING)):
            quota = Quota(registry.layers[plan.layer], store)
            quota.check()
            with _ordered(registry, store, plan, todo) as order:
                team = choose(len(todo))
                team.take(order)
                report.started = time.monotonic() - begun
                _run_all(job, team, registry, means, _Watch(report, tell, quota, means.budget), plan)
        report.errors = job.errors()
        return report


def _begun(job: Job) -> Report:
    counts = job.counts()
    before = counts[State.DONE][1] + counts[State.EMPTY][1]
    return Report(job.id, sum(tiles for _, tiles in counts.values()), before=before, empty=counts[State.EMPTY][1])


def _check_archives(job: Job, plan: Plan, store: Store) -> None:
    """Blocks whose archive is gone, corrupt (told in the log) or smaller than they are to be looked at again."""
    done: dict[Path, list[Block]] = {}
    for block in job.blocks(State.DONE, State.EMPTY):
        done.setdefault(store.path(plan.address(block.z, block.x0, block.y0)), []).append(block)
    for file, there in done.items():
        whole = read_sizes(file).tiles >= sum(block.tiles for block in there)
        if not whole:
            mark(file)
        put_aside_if_damaged(file)
        if not (whole and file.exists()):
            job.forget(there)


@contextmanager
def _ordered(registry: Registry, store: Path, plan: Plan, todo: list[Block]) -> Iterator[Order]:
    """The order, with the overviews that its layer is drawn from."""
    missing = _missing(plan, Store(store), todo) if registry.layers[plan.layer].is_vector else todo
    with overviews(registry, store, plan, grid(plan.grid, registry.config), missing) as files:
        yield Order(registry.to_json(), store, plan, files)


def _missing(plan: Plan, store: Store, todo: list[Block]) -> list[Block]:
    """Blocks that will be drawn: after a small change of the data most are there, and overviews not worth while."""
    if not any(store.archives(plan.layer, plan.style, plan.time, plan.grid)):
        return todo
    return [block for block in todo if len(store.present(*_corners(plan, block), plan.stamp)) < block.tiles]


def _corners(plan: Plan, block: Block) -> tuple[TileAddress, TileAddress]:
    return plan.address(block.z, block.x0, block.y0), plan.address(block.z, block.x1, block.y1)


def _run_all(job: Job, team: Team, registry: Registry, means: Means, watch: "_Watch", plan: Plan) -> None:
    layer, tiling = registry.layers[plan.layer], grid(plan.grid, registry.config)
    for number, delay in enumerate((0.0, *means.retries)):
        todo = list(job.blocks(State.PENDING, State.FAILED) if number else job.blocks(State.PENDING))
        if not todo or not means.in_time:
            break
        time.sleep(delay)
        watch.report.failed = 0
        for phase in phases(layer, tiling, todo):
            _run(job, team.outcomes(takewhile(lambda _: means.in_time, phase)), watch)
    watch.report.stopped = not means.in_time and bool(job.counts()[State.PENDING][0])


def _run(job: Job, outcomes: Iterable[Outcome], watch: "_Watch") -> None:
    """Write what becomes of blocks, about once a second."""
    results: list[tuple[Block, State, str | None]] = []
    begun = saved = time.monotonic()
    try:
        for outcome in outcomes:
            results.append((outcome.block, outcome.state, outcome.error))
            watch.report.seconds += time.monotonic() - begun
            begun = time.monotonic()
            watch.take(outcome)
            if begun - saved > 1.0:
                job.record(results, begun - saved)
                results, saved = [], begun
    finally:
        job.record(results, time.monotonic() - saved)


@dataclass(slots=True)
class _Watch:
    """Counts what becomes of blocks, tells it, and ends what must not go on."""

    report: Report
    tell: Progress
    quota: Quota
    budget: int
    failures: int = 0

    def take(self, outcome: Outcome) -> None:
        """Raises ArchiveError (QuotaError), HopelessError."""
        _count(self.report, outcome)
        self.tell(self.report)
        if outcome.fatal:
            raise ArchiveError(outcome.error or "")
        if not outcome.died:
            self.failures = self.failures + 1 if outcome.state is State.FAILED else 0
        if self.failures >= self.budget:
            raise HopelessError(f"{self.failures} blocks failed one after the other, the last: {outcome.error}")
        self.quota.check(outcome.change.bytes)


def _count(report: Report, outcome: Outcome) -> None:
    tiles = outcome.block.tiles
    if outcome.state is State.FAILED:
        report.failed += tiles
        return
    report.drawn += outcome.drawn
    report.before += tiles - outcome.drawn
    report.empty += tiles if outcome.state is State.EMPTY else 0
    report.bytes += outcome.change.bytes
