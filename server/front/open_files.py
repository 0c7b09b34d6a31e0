"""How many files the process may have open: each client and each open archive is one."""

import resource

WANTED = 16_384
"""Enough for every archive that stays open and for as many clients as the front serves; each child has it too."""


def raise_limit(wanted: int = WANTED) -> int:
    """Raise the limit on open files as far as the system lets, to `wanted` at the most; the limit then."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if soft == resource.RLIM_INFINITY or soft >= wanted:
        return wanted
    limit = wanted if hard == resource.RLIM_INFINITY else min(wanted, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (limit, hard))
    return limit
