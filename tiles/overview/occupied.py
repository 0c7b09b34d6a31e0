"""Where a layer has features, roughly: a chessboard, by which blocks without any are known before they are drawn."""

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from layers.crs import BBox

SIDE = 1024
"""Cells of a side; a megabyte, some kilobytes in the store."""
NAME = "occupied.npz"


@dataclass(frozen=True, slots=True)
class Occupied:
    """Cells of a box that features' boxes touch. What lies beyond the box counts for the cells at its border."""

    box: BBox
    cells: npt.NDArray[np.bool_] = field(default_factory=lambda: np.zeros((SIDE, SIDE), bool))

    def add(self, bounds: npt.NDArray[np.float64]) -> None:
        """Mark the cells of boxes (n × 4); threads may do so at once."""
        low, high = self._indexes(bounds[:, :2]), self._indexes(bounds[:, 2:])
        few = (high - low).max(axis=1, initial=0) <= 1
        for columns in (low[few, 0], high[few, 0]):
            for rows in (low[few, 1], high[few, 1]):
                self.cells[rows, columns] = True
        for (left, bottom), (right, top) in zip(low[~few], high[~few], strict=True):
            self.cells[bottom : top + 1, left : right + 1] = True

    def any(self, box: BBox) -> bool:
        """True where features may lie in a box."""
        left, bottom = self._indexes(np.array([box[:2]]))[0]
        right, top = self._indexes(np.array([box[2:]]))[0]
        return bool(self.cells[bottom : top + 1, left : right + 1].any())

    def save(self, folder: Path) -> None:
        """Write it beside the overviews."""
        np.savez_compressed(folder / NAME, box=np.array(self.box), cells=np.packbits(self.cells))

    @classmethod
    def load(cls, folder: Path) -> "Occupied":
        """What `save` wrote."""
        with np.load(folder / NAME) as found:
            left, bottom, right, top = map(float, found["box"])
            cells = np.unpackbits(found["cells"], count=SIDE * SIDE).astype(bool).reshape(SIDE, SIDE)
        return cls((left, bottom, right, top), cells)

    def _indexes(self, points: Any) -> npt.NDArray[np.int64]:
        origin, size = np.array(self.box[:2]), np.array(self.box[2:]) - self.box[:2]
        cells = np.floor((points - origin) / np.maximum(size, 1e-9) * SIDE)
        return np.asarray(np.clip(cells, 0, SIDE - 1).astype(np.int64))
