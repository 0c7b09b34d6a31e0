"""Where processes that make the same tile wait for each other."""

import os
from pathlib import Path
from tempfile import gettempdir

from xxhash import xxh3_64_hexdigest

WAIT = 120.0
"""Seconds that a process waits for another one that makes the same tile."""


def lock_folder(store: Path) -> Path:
    """Beside the tiles; on this machine's temporary disk where the store is read-only."""
    if os.access(store, os.W_OK):
        return (store / "locks").absolute()
    return Path(gettempdir()) / f"garrigue-locks-{xxh3_64_hexdigest(str(store.absolute()).encode())}"
