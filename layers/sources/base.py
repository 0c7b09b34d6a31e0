"""What every source answers. A source is opened by need, by the process that reads it, from a layer's facts."""

from collections.abc import Iterator
from contextlib import AbstractContextManager
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt

from layers.crs import BBox
from layers.facts import VectorFacts
from layers.query import FeatureQuery


class FeatureSource(Protocol):
    """A vector source: features as Arrow batches."""

    @property
    def facts(self) -> VectorFacts:
        """What the data tells."""
        ...

    def snapshot(self) -> AbstractContextManager["FeatureSource"]:
        """The same source, whose answers within the context are all of one state of the data, if it has states."""
        ...

    @property
    def state(self) -> str:
        """What tells one state of the data from others; empty where nothing does, or out of a snapshot."""
        ...

    def features(self, query: FeatureQuery) -> Iterator[Any]:
        """pyarrow.RecordBatch each: column `id` (string, stable), the asked properties, `geometry` (WKB, query.crs).

        The first column is the id and the last the geometry, which holds too where fields have these names:
        read them with `layers.sources.batch`.

        In a total order, `limit` and `offset` applied, filter applied exactly.
        """
        ...

    @property
    def counted(self) -> bool:
        """False where the layer says that counting all that matches is too dear."""
        ...

    def count(self, query: FeatureQuery) -> int:
        """How many features match, `limit` and `offset` apart; not `counted`: as far as one after the page."""
        ...


class PictureSource(Protocol):
    """A source that gives pictures only (a cascaded service)."""

    def picture(self, bbox: BBox, crs: str, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Height × width × 4, RGBA, not premultiplied. Raises SourceError where the other server fails."""
        ...
