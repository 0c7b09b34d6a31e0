"""Memory of a process, from /proc; 0 where that cannot be told. Standard library only."""

import os
from pathlib import Path

KEPT, LARGE = 16 * 1024 * 1024, 8 * 1024 * 1024
"""Freed bytes that `keep_freed` keeps, and the smallest piece that is given back at once even so."""
_M_TRIM_THRESHOLD, _M_MMAP_THRESHOLD = -1, -3
"""The names that glibc's malloc.h gives them."""


def resident(pid: int) -> int:
    """Resident bytes."""
    try:
        return int(Path(f"/proc/{pid}/statm").read_text(encoding="ascii").split()[1]) * os.sysconf("SC_PAGE_SIZE")
    except (OSError, IndexError, ValueError):
        return 0


def private(pid: int) -> int:
    """Resident bytes that no other process shares."""
    try:
        lines = Path(f"/proc/{pid}/smaps_rollup").read_text(encoding="ascii").splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith(("Private_Clean:", "Private_Dirty:")))


def keep_freed() -> None:
    """Keep what is freed for what is asked next, from now on in this process, up to KEPT bytes.

    glibc gives large pieces back to the system at once, and gets them again page by page: for a map of 512 px that
    takes a third as long as drawing it. Without effect where the C library is another one.
    """
    import ctypes

    mallopt = getattr(ctypes.CDLL(None), "mallopt", None)
    if mallopt is not None:
        mallopt(_M_TRIM_THRESHOLD, KEPT)
        mallopt(_M_MMAP_THRESHOLD, LARGE)
