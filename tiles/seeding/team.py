"""Who makes blocks: this process alone, or the workers of a Dask scheduler, on this machine or on others."""

import os
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack, closing, contextmanager
from typing import Protocol

from tiles.seeding.work import Family, Order, Outcome, Work, open_work

AHEAD = 2
"""Families of blocks a process has in advance: enough to keep it busy, few enough that stopping loses little."""
FEW = 8
"""Blocks under which this process makes them before others had started."""


class Team(Protocol):
    """Makes blocks, of one order at a time."""

    def take(self, order: Order) -> None:
        """Get ready for an order; the one before is done with."""
        ...

    def outcomes(self, todo: Iterable[Family]) -> Iterator[Outcome]:
        """What becomes of blocks, as they come."""
        ...

    def close(self) -> None:
        """Let everyone go."""
        ...


type Choose = Callable[[int], Team]
"""The team for a number of blocks."""


class Alone:
    """This process."""

    work: Work | None = None

    def take(self, order: Order) -> None:
        """Open what the order needs."""
        self.close()
        self.work = open_work(order)

    def outcomes(self, todo: Iterable[Family]) -> Iterator[Outcome]:
        """What becomes of blocks, one after the other."""
        assert self.work is not None
        for family in todo:
            yield from self.work.make_all(family)

    def close(self) -> None:
        """Nobody to let go; the store's files are closed."""
        if self.work is not None:
            self.work.store.close()


@contextmanager
def teams(workers: int | None = None, scheduler: str | None = None) -> Iterator[Choose]:
    """Teams by the number of blocks: workers, one a core by default, are started once, when they are needed first.

    Where a scheduler's address is given, its workers make all. Raises ClusterError.
    """
    with ExitStack() as stack:
        alone = stack.enter_context(closing(Alone()))
        started: list[Team] = []

        def choose(blocks: int) -> Team:
            count = workers or os.cpu_count() or 1
            if not scheduler and (count == 1 or blocks < FEW):
                return alone
            if not started:
                from tiles.seeding.cluster import connected, local  # Dask takes a second to import

                cluster = connected(scheduler) if scheduler else local(count)
                started.append(stack.enter_context(closing(cluster)))
            return started[0]

        yield choose
