"""Blocks made by the workers of a Dask scheduler: this machine's cores, or machines that see the same store and data.

A worker that dies loses nothing: its blocks are given to another one, and tiles that it had kept are not made again.
"""

import re
import time
from collections.abc import Iterable, Iterator
from contextlib import suppress
from itertools import islice
from logging import CRITICAL
from queue import Empty, Queue
from threading import Lock
from typing import Any

import dask
from distributed import Client, KilledWorker, LocalCluster
from distributed.comm.core import CommClosedError
from distributed.diagnostics.plugin import WorkerPlugin
from distributed.utils import get_mp_context

from layers.errors import GarrigueError
from tiles.picture import Block
from tiles.seeding.jobs import State
from tiles.seeding.team import AHEAD
from tiles.seeding.work import Family, Order, Outcome, Work, open_work

CONNECT = 10.0
"""Seconds to wait for a scheduler."""
PATIENCE = 60.0
"""Seconds without any worker after which a job stops."""

LEAN = {
    "distributed.worker.multiprocessing-method": "forkserver",
    "distributed.worker.profile.enabled": False,
    "distributed.nanny.pre-spawn-environ.MALLOC_TRIM_THRESHOLD_": 2**27,
}
"""Dask's settings of workers of this machine: forked from one process that has imported what they need; no samples of
what they do; and memory of a picture kept for the next."""
PRELOADED = ["distributed", "tiles.seeding.cluster", "layers.render"]
"""What that process imports: as much as a worker would alone, once for all."""

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://.+:\d+")
_orders: dict[str, Order] = {}
_works: dict[str, Work] = {}
_one_at_a_time = Lock()
"""A store is used by one thread at a time, and so is Mapnik: workers are processes of one thread."""


class ClusterError(GarrigueError):
    """A scheduler that is not there, or that has no workers; in words."""


def connected(address: str) -> "Cluster":
    """The workers of the scheduler at an address such as tcp://10.0.0.1:8786. Raises ClusterError."""
    if not _ADDRESS.fullmatch(address):
        raise ClusterError(f"no scheduler can be at {address!r}: an address is written tcp://host:8786")
    try:
        connect: Any = Client
        client: Any = connect(address, timeout=CONNECT, set_as_default=False)
    except (OSError, ValueError) as error:
        raise ClusterError(f"no scheduler answers at {address}: {error}") from None
    try:
        client.wait_for_workers(1, timeout=CONNECT)
    except TimeoutError:
        client.close()
        raise ClusterError(f"the scheduler at {address} has no workers: start `dask worker {address}`") from None
    return Cluster(client, f"the scheduler at {address}")


def local(workers: int) -> "Cluster":
    """Workers of this machine, processes of one thread, started anew where one dies. Raises ClusterError."""
    start: Any = LocalCluster
    forks: Any = get_mp_context
    alone = {
        "host": "127.0.0.1",
        "dashboard_address": None,
        # Without a dashboard too it takes a port, and complains where another seed has taken the usual one.
        "scheduler_kwargs": {"dashboard_address": "127.0.0.1:0"},
        "memory_limit": 0,
        "silence_logs": CRITICAL,
    }
    try:
        with dask.config.set(LEAN):
            forks().set_forkserver_preload(PRELOADED)
            cluster = start(n_workers=workers, threads_per_worker=1, **alone)
    except (OSError, RuntimeError, TimeoutError) as error:
        raise ClusterError(f"workers cannot be started on this machine: {error}") from None
    connect: Any = Client
    return Cluster(connect(cluster, set_as_default=False), "this machine's scheduler", cluster)


class Orders(WorkerPlugin):
    """Brings an order to every worker, also to those that come later."""

    def __init__(self, order: Order) -> None:
        self.order = order
        self.name = f"garrigue-{order.plan.id}"

    def setup(self, worker: Any) -> None:  # noqa: ARG002
        """The worker knows the order."""
        _orders[self.order.plan.id] = self.order

    def teardown(self, worker: Any) -> None:  # noqa: ARG002
        """The worker forgets it."""
        _orders.pop(self.order.plan.id, None)
        if work := _works.pop(self.order.plan.id, None):
            work.store.close()


def make_blocks(plan_id: str, family: tuple[tuple[int, int, int, int, int], ...]) -> list[Outcome]:
    """Runs in a worker."""
    with _one_at_a_time:
        return list(_open(plan_id).make_all(Block(*block) for block in family))


def _open(plan_id: str) -> Work:
    if plan_id not in _works:
        _works[plan_id] = open_work(_orders[plan_id])
    return _works[plan_id]


class Cluster:
    """Workers by a client of their scheduler; `own` is the cluster that is to end with the work."""

    def __init__(self, client: Any, name: str, own: Any = None) -> None:
        self.client = client
        self.name = name
        self.own = own
        self.plugin: Orders | None = None

    def take(self, order: Order) -> None:
        """Every worker, also one that comes later, knows the order; those of this machine have opened it."""
        self._forget()
        self.plugin = Orders(order)
        self.client.register_plugin(self.plugin)
        if self.own is not None:
            self.client.run(_open, order.plan.id)

    def close(self) -> None:
        """The workers forget the order; those of another scheduler stay."""
        try:
            self._forget()
        finally:
            self.client.close()
            if self.own is not None:
                self.own.close()

    def _forget(self) -> None:
        if self.plugin is not None:
            with suppress(OSError, CommClosedError):
                self.client.unregister_worker_plugin(self.plugin.name)
            self.plugin = None

    def outcomes(self, todo: Iterable[Family]) -> Iterator[Outcome]:
        """What becomes of blocks, as they come."""
        assert self.plugin is not None
        plan_id = self.plugin.order.plan.id
        waiting, under_way, finished = iter(todo), dict[Any, Family](), Queue[Any]()
        while True:
            for family in islice(waiting, max(0, AHEAD * max(1, self._threads()) - len(under_way))):
                future = self.client.submit(make_blocks, plan_id, tuple(map(tuple, family)), pure=False)
                under_way[future] = family
                future.add_done_callback(finished.put)
            if not under_way:
                return
            future = self._next(finished)
            yield from self._outcomes(future, under_way.pop(future))

    def _threads(self) -> int:
        try:
            return sum(map(int, self.client.nthreads().values()))
        except (OSError, CommClosedError) as error:
            raise ClusterError(f"{self.name} has gone: {error}") from None

    def _next(self, finished: "Queue[Any]") -> Any:
        """The next future that is done; ClusterError where nobody is left to do any."""
        alive = time.monotonic()
        while True:
            try:
                return finished.get(timeout=2.0)
            except Empty:
                if self._threads():
                    alive = time.monotonic()
            if time.monotonic() - alive > PATIENCE:
                raise ClusterError(f"{self.name} has had no workers for {PATIENCE:.0f} s")

    def _outcomes(self, future: Any, family: Family) -> list[Outcome]:
        try:
            outcomes: list[Outcome] = future.result()
        except KilledWorker:
            why = "the workers that drew it died"
            return [Outcome(block, State.FAILED, error=why, died=True) for block in family]
        except (OSError, CommClosedError) as error:
            raise ClusterError(f"{self.name} has gone: {error}") from None
        return outcomes
