"""Downloads for the processes that make them: these import them by name, so they cannot be in a test's own module."""

import os
import signal
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREPARED: list[str] = []


def get_ready() -> None:
    PREPARED.append("ready")


def numbers(count: int) -> Iterator[bytes]:
    for number in range(count):
        yield b"%d " % number


def niceness() -> Iterator[bytes]:
    yield str(os.nice(0)).encode()


def broken(after: int) -> Iterator[bytes]:
    yield from numbers(after)
    raise LookupError("nothing there")


def crashing(after: int) -> Iterator[bytes]:
    yield from numbers(after)
    os.kill(os.getpid(), signal.SIGKILL)


def dawdling() -> Iterator[bytes]:
    """The process's id and its folder of temporary files; then nothing for long."""
    with tempfile.TemporaryDirectory() as folder:
        yield f"{os.getpid()} {folder}".encode()
        time.sleep(120)


def endless(told: Path) -> Iterator[bytes]:
    """A megabyte again and again; a file tells the process's id and, by a dot each, how many were made."""
    with told.open("wb", 0) as file:
        file.write(b"%d " % os.getpid())
        while True:
            file.write(b".")
            yield bytes(1_000_000)
