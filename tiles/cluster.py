"""Blocks made by the workers of a Dask scheduler, on this machine or on others that see the same store and data.

A worker that dies loses nothing: its blocks are given to another one, and tiles that it had kept are not made again.
"""

import re
import time
from collections.abc import Iterable, Iterator
from itertools import islice
from queue import Empty, Queue
from threading import Lock
from typing import Any

from distributed import Client, KilledWorker
from distributed.comm.core import CommClosedError
from distributed.diagnostics.plugin import WorkerPlugin

from layers.errors import GarrigueError
from tiles.jobs import State
from tiles.picture import Block
from tiles.team import AHEAD
from tiles.work import Order, Outcome, Work, open_work

CONNECT = 10.0
"""Seconds to wait for a scheduler."""
PATIENCE = 60.0
"""Seconds without any worker after which a job stops."""

_ADDRESS = re.compile(r"(tcp|tls|ws|wss)://.+:\d+")
_orders: dict[str, Order] = {}
_works: dict[str, Work] = {}
_one_at_a_time = Lock()
"""A store is used by one thread at a time, and so is Mapnik: workers are processes of one thread."""


class ClusterError(GarrigueError):
    """A scheduler that is not there, or that has no workers; in words."""


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


def make_block(plan_id: str, block: tuple[int, int, int, int, int]) -> Outcome:
    """Runs in a worker."""
    with _one_at_a_time:
        if plan_id not in _works:
            _works[plan_id] = open_work(_orders[plan_id])
        return _works[plan_id].make(Block(*block))


class Cluster:
    """The workers of the scheduler at an address such as tcp://10.0.0.1:8786. Raises ClusterError."""

    def __init__(self, order: Order, address: str) -> None:
        self.address = address
        self.plan_id = order.plan.id
        self.plugin = Orders(order)
        if not _ADDRESS.fullmatch(address):
            raise ClusterError(f"no scheduler can be at {address!r}: an address is written tcp://host:8786")
        try:
            connect: Any = Client
            self.client: Any = connect(address, timeout=CONNECT, set_as_default=False)
        except (OSError, ValueError) as error:
            raise ClusterError(f"no scheduler answers at {address}: {error}") from None
        try:
            self.client.wait_for_workers(1, timeout=CONNECT)
        except TimeoutError:
            self.client.close()
            raise ClusterError(f"the scheduler at {address} has no workers: start `dask worker {address}`") from None
        self.client.register_plugin(self.plugin)

    def close(self) -> None:
        """The workers forget the order; they and the scheduler stay."""
        try:
            self.client.unregister_worker_plugin(self.plugin.name)
        except (OSError, CommClosedError):
            pass
        finally:
            self.client.close()

    def outcomes(self, todo: Iterable[Block]) -> Iterator[Outcome]:
        """What becomes of blocks, as they come."""
        waiting, under_way, finished = iter(todo), dict[Any, Block](), Queue[Any]()
        while True:
            for block in islice(waiting, max(0, AHEAD * max(1, self._threads()) - len(under_way))):
                future = self.client.submit(make_block, self.plan_id, tuple(block), pure=False)
                under_way[future] = block
                future.add_done_callback(finished.put)
            if not under_way:
                return
            future = self._next(finished)
            yield self._outcome(future, under_way.pop(future))

    def _threads(self) -> int:
        try:
            return sum(map(int, self.client.nthreads().values()))
        except (OSError, CommClosedError) as error:
            raise ClusterError(f"the scheduler at {self.address} has gone: {error}") from None

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
                raise ClusterError(f"the scheduler at {self.address} has had no workers for {PATIENCE:.0f} s")

    def _outcome(self, future: Any, block: Block) -> Outcome:
        try:
            outcome: Outcome = future.result()
        except KilledWorker:
            return Outcome(block, State.FAILED, error="the workers that drew it died", died=True)
        except (OSError, CommClosedError) as error:
            raise ClusterError(f"the scheduler at {self.address} has gone: {error}") from None
        return outcome
