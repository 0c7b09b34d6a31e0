"""What the store holds of each layer: tiles, bytes, archives, age, and what is stale."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote

from tiles.archive import Sizes
from tiles.store import Store


@dataclass(slots=True)
class Usage:
    """A layer's part of the store; `oldest` and `newest` are seconds since 1970 of its archives' last change.

    `stale` counts archives whose newest tiles were made by stamps other than the current ones.
    """

    layer: str
    sizes: Sizes = field(default_factory=Sizes)
    archives: int = 0
    stale: int = 0
    oldest: float = 0.0
    newest: float = 0.0


def usage(store: Path, stamps: dict[str, set[str]]) -> list[Usage]:
    """Every layer that has archives; `stamps` are the current ones by layer (see tiles.table)."""
    found: dict[str, Usage] = {}
    for file, facts in _archives(Store(store)):
        layer = unquote(file.relative_to(store / "tiles").parts[0])
        one = found.setdefault(layer, Usage(layer))
        changed = file.stat().st_mtime
        one.archives += 1
        one.sizes += Sizes(*(int(facts.get(f"garrigue:{name}", 0)) for name in ("tiles", "images", "bytes")))
        one.stale += facts.get("garrigue:stamp") not in stamps.get(layer, set())
        one.oldest = min(one.oldest or changed, changed)
        one.newest = max(one.newest, changed)
    return sorted(found.values(), key=lambda one: one.layer)


def _archives(store: Store) -> Iterator[tuple[Path, dict[str, str]]]:
    for file in store.files():
        try:
            with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True, timeout=1.0)) as db:
                yield file, dict(db.execute("SELECT name, value FROM metadata").fetchall())
        except sqlite3.Error:
            continue
