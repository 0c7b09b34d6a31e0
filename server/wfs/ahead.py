"""Work on the next items while the one before is sent: pyarrow, numpy and GEOS let two threads run side by side."""

from collections import deque
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import closing

WORKERS = 2
"""Threads that write, of all answers together: many downloads at once must not keep the rest waiting."""

_POOL = ThreadPoolExecutor(WORKERS, thread_name_prefix="wfs-ahead")


def ahead[T, Made](items: Iterator[T], work: Callable[[T], Made]) -> Iterator[Made]:
    """What `work` makes of each item, in order; at most WORKERS items are held. An error comes where its item would."""
    with closing(items):  # type: ignore[type-var]
        waiting: deque[Future[Made]] = deque()
        first = next(items, None)
        if first is None:
            return
        # The first goes alone, so that what is wrong or short does not wait for the second.
        yield _POOL.submit(work, first).result()
        for item in items:
            waiting.append(_POOL.submit(work, item))
            if len(waiting) >= WORKERS:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
