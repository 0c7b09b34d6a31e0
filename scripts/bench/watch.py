"""What a server's processes hold while something runs, and downloads that run beside it."""

import contextlib
import http.client
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from multiprocessing import get_context

from scripts.bench.ask import CHUNK
from scripts.bench.peers.peer import Peer

PERIOD = 0.05
START = 2.0
"""Seconds until downloads have begun."""


@dataclass(slots=True)
class Memory:
    """Private bytes before, and at most."""

    before: int
    most: int

    @property
    def growth(self) -> float:
        """MB."""
        return (self.most - self.before) / 1e6


@contextmanager
def memory(peer: Peer) -> Iterator[Memory]:
    """Looks at the private memory of all of a server's processes together, 20 times a second."""
    before = peer.memory()
    seen, done = Memory(before, before), threading.Event()

    def look() -> None:
        while not done.wait(PERIOD):
            seen.most = max(seen.most, peer.memory())

    thread = threading.Thread(target=look)
    thread.start()
    try:
        yield seen
    finally:
        done.set()
        thread.join()


@contextmanager
def downloads(peer: Peer, path: str, count: int) -> Iterator[None]:
    """`count` clients, in a process of their own, that download the same address again and again."""
    process = get_context("spawn").Process(target=_download_all, args=(peer.port, peer.base + path, count), daemon=True)
    process.start()
    try:
        time.sleep(START)
        yield
    finally:
        process.kill()
        process.join()


def _download_all(port: int, path: str, count: int) -> None:
    for _ in range(count):
        threading.Thread(target=_download, args=(port, path)).start()


def _download(port: int, path: str) -> None:
    buffer = bytearray(CHUNK)
    while True:
        connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
        with contextlib.closing(connection), contextlib.suppress(OSError, http.client.HTTPException):
            connection.request("GET", path)
            response = connection.getresponse()
            while response.readinto(buffer):
                pass
