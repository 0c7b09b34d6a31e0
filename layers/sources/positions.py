"""Which features match a query, in order: kept for a while, so that deep pages and counts cost what the first did.

What is kept is the features' own numbers (fid), eight bytes each, or the keys of a database's rows, until the data
changes.
"""

import threading
from collections import OrderedDict
from collections.abc import Callable, Hashable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layers.query import FeatureQuery

type Fids = npt.NDArray[np.int64]

KEPT = 64_000_000
"""Bytes of them that are kept, at most; of one query, half."""

_LOCK = threading.Lock()
_FOUND: OrderedDict[Hashable, Any] = OrderedDict()


def stamp(path: str) -> tuple[int, ...] | None:
    """What changes when a file does, or its log of changes to come; None for what is no file."""
    found: list[int] = []
    for name in (path, f"{path}-wal"):
        try:
            state = Path(name).stat()
        except OSError:
            if name == path:
                return None
            continue
        found += [state.st_mtime_ns, state.st_size, state.st_ino]
    return tuple(found)


def key_of(path: str, layer: str, query: FeatureQuery) -> Hashable | None:
    """What tells a query's answer from others; None where that cannot be told."""
    found = stamp(path)
    return key_for((path, layer, found), query) if found else None


def key_for(data: Hashable, query: FeatureQuery) -> Hashable | None:
    """What tells a query's answer over some state of the data from others; None where that cannot be told."""
    same = replace(
        query, properties=(), limit=None, offset=0, geometry=False, crs="", bbox_crs=query.bbox_crs or query.crs
    )
    if query.bbox is None:
        same = replace(same, bbox_crs=None)
    try:
        hash((data, same))
    except TypeError:
        return None
    return (data, same)


def known(key: Hashable | None) -> Any:
    """What was found for a key, if it is kept."""
    if key is None:
        return None
    with _LOCK:
        found = _FOUND.get(key)
        if found is not None:
            _FOUND.move_to_end(key)
        return found


def found(key: Hashable | None, find: Callable[[], Any]) -> Any:
    """What is kept for a key, else what `find` finds, which is kept: numbers, or an Arrow array of keys."""
    kept = known(key)
    if kept is not None:
        return kept
    fids = find()
    fids = fids if hasattr(fids, "nbytes") and hasattr(fids, "type") else np.asarray(fids, dtype=np.int64)
    if key is not None and fids.nbytes <= KEPT // 2:
        with _LOCK:
            _FOUND[key] = fids
            while sum(one.nbytes for one in _FOUND.values()) > KEPT or len(_FOUND) > 1000:
                _FOUND.popitem(last=False)
    return fids
