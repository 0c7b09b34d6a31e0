"""How many stored tiles of each layer were answered: in memory, and in STORE/run/served.json across restarts."""

import json
import os
import time
from collections import defaultdict
from pathlib import Path
from typing import Any

EVERY = 60.0
"""Seconds between two writings of the file."""


class Served:
    """`layers`: answers by the id of layers that there are (or were) since `since`, seconds since 1970."""

    def __init__(self, store: Path) -> None:
        self.file = store / "run" / "served.json"
        self.since, layers = read_served(store)
        self.layers = defaultdict(int, layers)
        self._written = sum(self.layers.values())
        self._last = time.monotonic()

    def keep_now_and_then(self) -> None:
        """Write the file where that was not done for a while."""
        if time.monotonic() - self._last > EVERY:
            self.keep()

    def keep(self) -> None:
        """Write the file where something was answered. A store that cannot be written is no reason to stop."""
        self._last = time.monotonic()
        total = sum(self.layers.values())
        if total == self._written:
            return
        try:
            self.file.parent.mkdir(parents=True, exist_ok=True)
            beside = self.file.with_suffix(f".{os.getpid()}")
            beside.write_text(json.dumps(self.told()), encoding="utf-8")
            beside.replace(self.file)
        except OSError:
            return
        self._written = total

    def told(self) -> dict[str, Any]:
        """What the file says."""
        return {"since": self.since, "layers": dict(self.layers)}


def read_served(store: Path) -> tuple[int, dict[str, int]]:
    """Since when answers are counted, and how many there were by layer; none where nothing (readable) was kept."""
    try:
        data = json.loads((store / "run" / "served.json").read_bytes())
        return int(data["since"]), {str(name): int(count) for name, count in data["layers"].items()}
    except (OSError, ValueError, KeyError, TypeError, AttributeError):
        return int(time.time()), {}
