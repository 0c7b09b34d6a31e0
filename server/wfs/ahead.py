"""Work on the next items while the one before is sent: pyarrow, numpy and GEOS let two threads run side by side."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

WORKERS = 2
"""Threads of one answer."""


def ahead[T](items: Iterator[T], work: Callable[[T], bytes]) -> Iterator[bytes]:
    """What `work` makes of each item, in order; at most WORKERS items are held. An error comes where its item would."""
    with closing(items), ThreadPoolExecutor(WORKERS, thread_name_prefix="wfs-ahead") as pool:  # type: ignore[type-var]
        waiting: deque[Future[bytes]] = deque()
        first = next(items, None)
        if first is None:
            return
        # The first is made at once, so that what is wrong or short does not wait for the second.
        yield work(first)
        for item in items:
            waiting.append(pool.submit(work, item))
            if len(waiting) >= WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
