"""Files that Mapnik draws from: marks and patterns as SVG, kept by a hash of their content.

They live in a folder of the process's user below the system's temporary folder (or GARRIGUE_SYMBOLS), are the same for
every process, and are made again whenever they are missing.
"""

import hashlib
import os
import tempfile
from functools import lru_cache
from pathlib import Path

from layers.errors import GarrigueError


@lru_cache(maxsize=1)
def folder() -> Path:
    """The folder, made on first use; one that belongs to somebody else is refused."""
    given = os.environ.get("GARRIGUE_SYMBOLS")
    path = Path(given) if given else Path(tempfile.gettempdir()) / f"garrigue-symbols-{os.getuid()}"
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    if path.stat().st_uid != os.getuid():
        raise GarrigueError(f"{path} belongs to another user")
    return path


def keep(body: bytes, extension: str) -> str:
    """The path of a file with this content."""
    path = folder() / f"{hashlib.blake2b(body, digest_size=12).hexdigest()}.{extension}"
    if not path.exists():
        _write(path, body)
    return str(path)


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all, for processes that write the same at once."""
    descriptor, name = tempfile.mkstemp(dir=path.parent, suffix=".part")
    with os.fdopen(descriptor, "wb") as file:
        file.write(body)
    Path(name).replace(path)


def svg(width: float, height: float, body: str) -> str:
    """The path of an SVG of this size. An unseen frame makes Mapnik take the whole canvas as the symbol's extent."""
    frame = f'<path d="M0 0H{width:g}V{height:g}H0z" fill="#000" fill-opacity="0"/>'
    size = f'width="{width:g}" height="{height:g}" viewBox="0 0 {width:g} {height:g}"'
    return keep(f'<svg xmlns="http://www.w3.org/2000/svg" {size}>{frame}{body}</svg>'.encode(), "svg")
