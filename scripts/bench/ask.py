"""Requests to several servers in turn, on connections that are kept: a block to A, B, C, then to B, C, A, …, so that
a drift of the machine falls on all alike."""

import http.client
import statistics
import time
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from scripts.bench.peers.peer import Peer

CHUNK = 1 << 20
REST = 10.0
"""Seconds without a request after which a connection is opened again."""
BLOCK = 10
"""Requests in a row to one server: a server that works is measured, not one that wakes up in cold caches."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back and how long it took: seconds to the first byte of the body, and to the last."""

    first: float
    seconds: float
    size: int
    kind: str
    head: bytes


@dataclass(slots=True)
class Times:
    """The seconds of a server's answers, in the order in which they were asked."""

    seconds: list[float] = field(default_factory=list)
    sizes: list[int] = field(default_factory=list)

    @property
    def median(self) -> float:
        """Milliseconds."""
        return statistics.median(self.seconds) * 1000

    @property
    def p95(self) -> float:
        """Milliseconds."""
        return statistics.quantiles(self.seconds, n=20, method="inclusive")[-1] * 1000

    @property
    def size(self) -> float:
        """Mean bytes of an answer."""
        return statistics.fmean(self.sizes)


class Client:
    """One kept connection to a server; another one after a rest in which the server may have closed it."""

    def __init__(self, peer: Peer, timeout: float = 900) -> None:
        self.peer = peer
        self.connection = http.client.HTTPConnection("127.0.0.1", peer.port, timeout=timeout)
        self._used = 0.0

    def ask(self, path: str, kind: str | tuple[str, ...]) -> Answer:
        """Ask `base + path`, read all. Raises RuntimeError where the answer is not of this kind (content type)."""
        start = time.perf_counter()
        if start - self._used > REST:
            self.connection.close()
        self.connection.request("GET", self.peer.base + path)
        response = self.connection.getresponse()
        head = response.read1(CHUNK)
        first = time.perf_counter() - start
        size = len(head)
        while chunk := response.read(CHUNK):
            size += len(chunk)
        self._used = time.perf_counter()
        answer = Answer(first, self._used - start, size, str(response.getheader("Content-Type")), head)
        if response.status != 200 or not answer.kind.startswith(kind):
            raise RuntimeError(f"{self.peer.name} answers {path} with {response.status} {answer.kind}: {head[:600]!r}")
        return answer

    def answers(self, path: str, kind: str | tuple[str, ...]) -> bool:
        """Whether the answer is of this kind."""
        try:
            self.ask(path, kind)
        except RuntimeError:
            return False
        return True

    def close(self) -> None:
        """Close the connection."""
        self.connection.close()


def answered[Asked](
    clients: Sequence[Client],
    wanted: Sequence[Asked],
    path: Callable[[Peer, Asked], str],
    kind: str | tuple[str, ...],
) -> list[Asked]:
    """What every server answers: MapServer's FlatGeobuf reader fails on some boxes ("Unable to seek in file").

    Raises RuntimeError where that is less than half of it.
    """
    kept = list(wanted)
    for client in clients:
        kept = [item for item in kept if client.answers(path(client.peer, item), kind)]
    if 2 * len(kept) < len(wanted):
        raise RuntimeError(f"{len(wanted) - len(kept)} of {len(wanted)} requests fail")
    return kept


def alternate(
    clients: Sequence[Client],
    paths: Callable[[Peer], Iterable[str]],
    kind: str | tuple[str, ...],
    *,
    warm_up: int = 10,
    block: int = BLOCK,
) -> Mapping[str, Times]:
    """Times by server of each of its `paths`, asked in blocks in turn, after `warm_up` of them that are not counted.

    Raises RuntimeError where ours fails once, or another server on more than half.
    """
    times = {client.peer.name: Times() for client in clients}
    asked = {client.peer.name: list(paths(client.peer)) for client in clients}
    for client in clients:
        for path in asked[client.peer.name][:warm_up]:
            _asked(client, path, kind)
    starts = range(0, max(map(len, asked.values())), block)
    for turn, start in enumerate(starts):
        first = turn % len(clients)
        for client in (*clients[first:], *clients[:first]):
            for path in asked[client.peer.name][start : start + block]:
                if answer := _asked(client, path, kind):
                    times[client.peer.name].seconds.append(answer.seconds)
                    times[client.peer.name].sizes.append(answer.size)
    for name, found in times.items():
        if 2 * len(found.seconds) < len(asked[name]):
            raise RuntimeError(f"{name} answers {len(found.seconds)} of {len(asked[name])} requests")
    return times


def _asked(client: Client, path: str, kind: str | tuple[str, ...]) -> Answer | None:
    """The answer; None where another server fails on what it has answered before (see `answered`)."""
    try:
        return client.ask(path, kind)
    except RuntimeError:
        if client.peer.name == "garrigue":
            raise
        return None
