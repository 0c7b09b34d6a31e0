"""The most that a layer may keep: beyond it nothing more is written, and everything goes on being served."""

import time
from pathlib import Path

from layers.registry import Layer
from tiles.archives.archive import ArchiveError
from tiles.store import Store

FRESH = 60.0
"""Seconds after which what a layer has is measured anew: other processes write too."""


class QuotaError(ArchiveError):
    """A layer has as much as it may."""


class Quota:
    """Watches what a layer keeps; costs nothing where no quota is declared."""

    def __init__(self, layer: Layer, store: Path) -> None:
        self.layer = layer.id
        self.most = layer.definition.tiles.quota
        self.store = store
        self.used = 0
        self.measured = 0.0

    def check(self, added: int = 0) -> None:
        """Count bytes just written. Raises QuotaError where the layer has as much as it may."""
        if self.most is None:
            return
        now = time.monotonic()
        self.used += added
        if not self.measured or now - self.measured > FRESH:
            self.used, self.measured = Store(self.store).sizes(self.layer).bytes, now
        if self.used >= self.most:
            raise QuotaError(
                f"the layer {self.layer} keeps {self.used / 1e6:.1f} MB of tiles and its quota (tiles.quota) is "
                f"{self.most / 1e6:.1f} MB: nothing more is written, what is there is served"
            )
