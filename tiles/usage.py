"""What the store holds of each layer: tiles, bytes, archives, age, and what is stale."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import quote, unquote

from tiles.archives.archive import OF, Sizes
from tiles.archives.path import holds_something, mark_of
from tiles.store import Store

type Stamps = Mapping[str, Mapping[str, str]]
"""The stamps of tiles that are current, by layer and style (`tiles.address.VECTOR` for vector tiles)."""


@dataclass(slots=True)
class Usage:
    """A layer's part of the store; `oldest` and `newest` are seconds since 1970 of its archives' last change.

    `stale` counts, by style, the tiles that were made for another style or other data than there are now;
    `unreadable` names archives that cannot be read, or were found damaged by who read them.
    """

    layer: str
    sizes: Sizes = field(default_factory=Sizes)
    archives: int = 0
    stale: Counter[str] = field(default_factory=Counter)
    oldest: float = 0.0
    newest: float = 0.0
    unreadable: list[str] = field(default_factory=list)


def usage(store: Path, stamps: Stamps) -> list[Usage]:
    """Every layer that has archives, by their own accounts: no tile is looked at."""
    found: dict[str, Usage] = {}
    for file, facts in _archives(Store(store)):
        names = file.relative_to(store / "tiles").parts
        layer, style = unquote(names[0]), unquote(names[2].partition("@")[0])
        one = found.setdefault(layer, Usage(layer))
        one.archives += 1
        if facts is None or mark_of(file).exists():
            one.unreadable.append(str(file))
        if facts is None:
            continue
        one.sizes += Sizes(*(int(facts.get(f"garrigue:{name}", 0)) for name in ("tiles", "images", "bytes")))
        current = OF + stamps.get(layer, {}).get(style, "none")
        if stale := sum(int(count) for name, count in facts.items() if name.startswith(OF) and name != current):
            one.stale[style] += stale
        changed = file.stat().st_mtime
        one.oldest = min(one.oldest or changed, changed)
        one.newest = max(one.newest, changed)
    return sorted(found.values(), key=lambda one: one.layer)


def _archives(store: Store) -> Iterator[tuple[Path, dict[str, str] | None]]:
    """Archives with their metadata; None where it cannot be read."""
    for file in filter(holds_something, store.files()):
        try:
            uri = f"file:{quote(str(file.absolute()))}?mode=ro"
            with closing(sqlite3.connect(uri, uri=True, timeout=1.0)) as db:
                yield file, dict(db.execute("SELECT name, value FROM metadata").fetchall())
        except sqlite3.Error:
            yield file, None
