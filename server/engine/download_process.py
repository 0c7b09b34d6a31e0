"""The process that forks one of low priority for every download (`server.engine.downloads` is the engine's side).

It imports what they need once and is of one thread, so that a fork costs milliseconds and shares that memory. A
download's process ends with its download, and gives all memory back; it ends at once when the engine lets go of it.
"""

import gc
import importlib
import logging
import os
import pickle
import select
import shutil
import signal
import socket
import sys
import tempfile
import threading
import warnings
from collections.abc import Buffer, Callable, Iterable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any, NoReturn

from server.engine.render_process import LENGTH, failure

NICENESS = 5
STEPS = 3
"""A map that is waited for goes before a download, and the more so the more of them there are, up to so many times."""
DONE = b"+"
"""What the engine is told after the last byte."""
HANDLED = (signal.SIGCHLD, signal.SIGTERM)
"""Signals that the process which forks handles, and those that it forked do not."""
_ALL = 1 << 20


def main(preload: Iterable[str]) -> None:
    """Fork a process for each pair of descriptors that comes, until the engine closes the control socket (stdin).

    The modules `preload` are imported before; a function that one names after a colon is called.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(name)s %(message)s")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit())
    # A thread of pyarrow's allocator, which knows of forks and is not used here.
    warnings.filterwarnings("ignore", "This process .* is multi-threaded", DeprecationWarning)
    with tempfile.TemporaryDirectory(prefix="garrigue-downloads-") as folder, socket.socket(fileno=0) as control:
        prepare(preload, control)
        running: set[int] = set()
        signal.signal(signal.SIGCHLD, lambda *_: _reap(running, Path(folder)))
        while True:
            message, descriptors, _, _ = socket.recv_fds(control, 1, 2)
            if not message:
                break
            # One that ends before it is counted would be counted for ever, and a child must not tidy up for all.
            signal.pthread_sigmask(signal.SIG_BLOCK, HANDLED)
            if (pid := os.fork()) == 0:
                control.close()
                os.nice(NICENESS * min(len(running) + 1, STEPS))
                _download(Path(folder) / str(os.getpid()), *descriptors)
            running.add(pid)
            signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
            for descriptor in descriptors:
                os.close(descriptor)
        signal.signal(signal.SIGCHLD, signal.SIG_DFL)
        with suppress(ChildProcessError):
            while True:
                os.wait()


def prepare(preload: Iterable[str], control: socket.socket) -> None:
    """Import and call what is to be there before processes are forked."""
    for name in preload:
        module, _, function = name.partition(":")
        found = importlib.import_module(module)
        if function and not select.select([control], [], [], 0)[0]:
            getattr(found, function)()
    # What is there now is never garbage: looking at it would copy the memory that is shared.
    gc.freeze()


def _reap(running: set[int], folder: Path) -> None:
    """Take note of the processes that ended, and remove what they left."""
    with suppress(ChildProcessError):
        while (pid := os.waitpid(-1, os.WNOHANG)[0]) > 0:
            running.discard(pid)
            shutil.rmtree(folder / str(pid), ignore_errors=True)


def _download(folder: Path, task: int, out: int) -> NoReturn:
    """Read the task, write what it makes, tell how it ended."""
    status = 1
    try:
        for number in HANDLED:
            signal.signal(number, signal.SIG_DFL)
        signal.pthread_sigmask(signal.SIG_UNBLOCK, HANDLED)
        folder.mkdir()
        tempfile.tempdir = str(folder)
        with socket.socket(fileno=task) as engine:
            message = _received(engine)
            threading.Thread(target=_leave_with, args=(engine,), daemon=True).start()
            engine.sendall(_told(message, out))
        status = 0
    finally:
        # Nothing that the process shares with the one that forked it is to be flushed or closed twice.
        os._exit(status)


def _received(engine: socket.socket) -> bytes:
    with engine.makefile("rb") as file:
        return file.read(*LENGTH.unpack(file.read(LENGTH.size)))


def _leave_with(engine: socket.socket) -> None:
    """Ends the process, whatever it does, when the engine closes its end: nobody waits any more."""
    with suppress(OSError):
        engine.recv(1)
    os._exit(1)


def _told(message: bytes, out: int) -> bytes:
    try:
        work: Callable[[], Iterator[Buffer]] = pickle.loads(message)  # noqa: S301 - written by our own engine
        with closing(work()) as chunks:  # type: ignore[type-var]
            for chunk in chunks:
                _write(out, memoryview(chunk))
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever it is, the engine is told
        return failure(error)
    return DONE


def _write(out: int, data: "memoryview[Any]") -> None:
    while data:
        data = data[os.write(out, data[:_ALL]) :]


if __name__ == "__main__":
    main(sys.argv[1:])
