"""Files that Mapnik draws from: marks and patterns as SVG, kept by a hash of their content.

They live in a folder of the process's user below the system's temporary folder (or GARRIGUE_SYMBOLS), are the same for
every process, and are made again whenever they are missing. What clients' styles need lies in a folder of each process
below it, which is emptied again and again: anybody may send marks without end.
"""

import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

from layers.errors import GarrigueError, StyleLimitError

MOST = 500
"""Files of clients' styles that a process keeps, and that one style may have."""


@dataclass(slots=True)
class _Budget:
    """How many files the client's style in hand may still have."""

    left: int = MOST


_client: ContextVar[_Budget | None] = ContextVar("client", default=None)


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder, made on first use; one that belongs to somebody else is refused."""
    given = os.environ.get("GARRIGUE_SYMBOLS")
    path = Path(given) if given else Path(tempfile.gettempdir()) / f"garrigue-symbols-{os.getuid()}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise GarrigueError(f"{path} belongs to another user")
    return path


@contextmanager
def of_client() -> Iterator[None]:
    """While the files are a client's style's: they are kept apart, and only for some time."""
    place = _clients(os.getpid())
    kept = list(place.iterdir())
    for path in kept if len(kept) >= MOST else ():
        path.unlink(missing_ok=True)
    token = _client.set(_Budget())
    try:
        yield
    finally:
        _client.reset(token)


@lru_cache(maxsize=1)
def _clients(pid: int) -> Path:
    """The process's folder; those of processes that have ended are removed."""
    for other in folder().glob("clients-*"):
        if not Path(f"/proc/{other.name.removeprefix('clients-')}").exists():
            shutil.rmtree(other, ignore_errors=True)
    path = folder() / f"clients-{pid}"
    path.mkdir(mode=0o700, exist_ok=True)
    return path


def keep(body: bytes, extension: str) -> str:
    """The path of a file with this content. Raises StyleLimitError where a client's style has too many."""
    budget = _client.get()
    place = folder() if budget is None else _clients(os.getpid())
    path = place / f"{hashlib.blake2b(body, digest_size=12).hexdigest()}.{extension}"
    if not path.exists():
        if budget is not None:
            budget.left -= 1
            if budget.left < 0:
                raise StyleLimitError(f"the style has more than {MOST} different marks, patterns and pictures")
        _write(path, body)
    return str(path)


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, for processes that write the same at once."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    Path(name).replace(path)


def svg(width: float, height: float, body: str) -> str:
    """The path of an SVG of this size."""
    return keep(svg_body(width, height, body), "svg")


def svg_body(width: float, height: float, body: str) -> bytes:
    """An SVG of this size. An unseen frame, which takes no paint, makes Mapnik take the whole canvas as the extent."""
    frame = f'<path d="M0 0H{width:g}V{height:g}H0z" visibility="hidden"/>'
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{frame}{body}</svg>'.encode()
