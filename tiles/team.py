"""Who makes blocks: this process alone, several beside it, or the workers of a Dask scheduler (tiles.cluster)."""

import os
from collections.abc import Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool
from itertools import islice
from multiprocessing import get_context, parent_process
from threading import Thread
from typing import Any, Protocol

from tiles.jobs import State
from tiles.picture import Block
from tiles.work import Order, Outcome, Work, open_work

AHEAD = 2
"""Blocks a process has in advance: enough to keep it busy, few enough that stopping loses little."""


START = 30.0
"""Seconds that processes are given to start before work is handed out, so that start-up is shown apart."""


class Team(Protocol):
    """Makes blocks of one order."""

    def outcomes(self, todo: Iterable[Block]) -> Iterator[Outcome]:
        """What becomes of blocks, as they come."""
        ...

    def close(self) -> None:
        """Let everyone go."""
        ...


class Alone:
    """This process."""

    def __init__(self, order: Order) -> None:
        self.work = open_work(order)

    def outcomes(self, todo: Iterable[Block]) -> Iterator[Outcome]:
        """What becomes of blocks, one after the other."""
        yield from map(self.work.make, todo)

    def close(self) -> None:
        """Nobody to let go; the store's files are closed."""
        self.work.store.close()


class Processes:
    """Processes of this machine, started anew where one dies."""

    def __init__(self, order: Order, workers: int) -> None:
        self.order = order
        self.workers = workers
        self.context = get_context("spawn")
        self.ready = self.context.Semaphore(0)
        self.pool: ProcessPoolExecutor | None = self._start()
        for _ in range(workers):
            self.pool.submit(_nothing)
        for _ in range(workers):
            self.ready.acquire(timeout=START)

    def _start(self) -> ProcessPoolExecutor:
        return ProcessPoolExecutor(self.workers, self.context, _begin, (self.order, self.ready))

    def close(self) -> None:
        """End the processes."""
        if self.pool is not None:
            self.pool.shutdown(wait=True, cancel_futures=True)

    def outcomes(self, todo: Iterable[Block]) -> Iterator[Outcome]:
        """What becomes of blocks, as they come."""
        waiting, under_way = iter(todo), dict[Future[Outcome], Block]()
        while True:
            for block in islice(waiting, AHEAD * self.workers - len(under_way)):
                under_way[self._submit(block)] = block
            if not under_way:
                return
            finished, _ = wait(under_way, return_when=FIRST_COMPLETED)
            for future in finished:
                yield self._outcome(future, under_way.pop(future))

    def _submit(self, block: Block) -> Future[Outcome]:
        if self.pool is None:
            self.pool = self._start()
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


_work: Work | None = None


def _begin(order: Order, ready: Any) -> None:
    global _work
    Thread(target=_end_with_parent, daemon=True).start()
    _work = open_work(order)
    ready.release()


def _nothing() -> None:
    """A process is started for each thing submitted while none is idle."""


def _make(block: Block) -> Outcome:
    assert _work is not None
    return _work.make(block)


def _end_with_parent() -> None:
    """A process whose parent was killed would wait for work for ever."""
    if parent := parent_process():
        parent.join()
        os._exit(1)
