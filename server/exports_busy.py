"""How the engine tells the front that files are being made aside, though nobody waits. Standard library only."""

import time
from pathlib import Path

EVERY = 10.0
"""Seconds between signs of life."""
SILENCE = 45.0
"""Seconds after which an engine that gave none is taken to make nothing."""


def sign(store: Path) -> Path:
    """The file whose time is that of the last sign."""
    return store / "exports" / ".busy"


def busy(store: Path) -> bool:
    """True while a file is being made."""
    try:
        return time.time() - sign(store).stat().st_mtime < SILENCE
    except OSError:
        return False
