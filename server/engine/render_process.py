"""What a render process does: take a task from its socket, run it with the registry it names, send the result."""

import gc
import pickle
import signal
import struct
import traceback
from functools import lru_cache
from pathlib import Path
from socket import socket
from typing import TYPE_CHECKING

from server.memory import keep_freed
from server.parent import die_with_parent

if TYPE_CHECKING:
    from layers.registry import Registry

PRELOAD = ("layers.registry", "rasterio", "layers.mapnik_env", "layers.render")
"""Imported once, before processes are forked."""
LENGTH = struct.Struct("!Q")
"""What a message starts with: the number of its bytes."""


class Failure:
    """An exception on its way between processes: classes with a constructor of their own do not survive pickling."""

    def __init__(self, error: BaseException) -> None:
        self.kind = type(error)
        self.arguments = error.args
        self.state = {name: value for name, value in vars(error).items() if not name.startswith("__")}
        self.trace = "".join(traceback.format_exception(error))

    def error(self) -> BaseException:
        """The exception, made again, with the trace of the other process as a note."""
        made = self.kind.__new__(self.kind)
        made.args = self.arguments
        vars(made).update(self.state)
        made.add_note(self.trace)
        return made


def serve(ours: socket) -> None:
    """Work until the socket is closed."""
    die_with_parent(signal.SIGKILL)
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    # What was imported stays: to look through it again and again would take a hundredth of the time.
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)
    keep_freed()
    with ours, ours.makefile("rb") as tasks:
        while head := tasks.read(LENGTH.size):
            reply = _reply(tasks.read(*LENGTH.unpack(head)))
            try:
                ours.sendall(LENGTH.pack(len(reply)) + reply)
            except OSError:
                return


def _reply(message: bytes) -> bytes:
    try:
        folder, func, args = pickle.loads(message)  # noqa: S301 - written by our own engine
        return pickle.dumps(func(_registry(folder), *args), pickle.HIGHEST_PROTOCOL)
    except Exception as error:  # noqa: BLE001 - the edge of the process: whatever it is, the engine is told
        return failure(error)


def failure(error: Exception) -> bytes:
    """An exception as the engine reads it: a pickled `Failure`."""
    try:
        return pickle.dumps(Failure(error), pickle.HIGHEST_PROTOCOL)
    except (pickle.PicklingError, TypeError, AttributeError):
        return pickle.dumps(Failure(RuntimeError("".join(traceback.format_exception(error)))))


@lru_cache(maxsize=2)
def _registry(folder: str) -> "Registry":
    from layers.registry import Registry

    return Registry.from_json((Path(folder) / "registry.json").read_bytes())
