"""The columns of a batch of features, by their place: a field may well be called `id` or `geometry` too."""

from typing import Any


def ids(batch: Any) -> Any:
    """The features' ids."""
    return batch.column(0)


def geometry(batch: Any) -> Any:
    """The geometries (WKB); only of a query that asked for them."""
    return batch.column(batch.num_columns - 1)


def properties(batch: Any, *, has_geometry: bool) -> dict[str, Any]:
    """The properties by name."""
    last = batch.num_columns - has_geometry
    return dict(zip(batch.schema.names[1:last], batch.columns[1:last], strict=True))
