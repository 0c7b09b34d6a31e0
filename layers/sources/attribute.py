"""What values an attribute of a vector source has: dimensions are lists of such values."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import date
from typing import Any

from layers.errors import SourceError
from layers.facts import PostgisFacts, VectorFacts
from layers.query import FeatureQuery

MOST = 10_000
"""Values that a dimension may have: capabilities list them."""


def with_dimensions(facts: VectorFacts, asked: Mapping[str, str | None]) -> VectorFacts:
    """The facts with the values of the attribute of each dimension that is asked; unknown attributes have none.

    Raises SourceError where there are too many.
    """
    known = {field.name for field in facts.fields}
    found = {name: distinct(facts, attribute) if attribute in known else () for name, attribute in asked.items()}
    return replace(facts, dimensions=tuple(found.items()))


def distinct(facts: VectorFacts, attribute: str | None) -> tuple[str, ...]:
    """An attribute's distinct values as text, ascending, numbers as numbers. Raises SourceError."""
    if isinstance(facts, PostgisFacts):
        from layers.sources.postgis.describe import distinct as distinct_values

        return tuple(_text(value) for value in sorted(distinct_values(facts, str(attribute))))
    if facts.driver == "Parquet":
        from layers.sources.geoparquet import ParquetFeatures as Source
    else:
        from layers.sources.features import Features as Source  # type: ignore[assignment]
    query = FeatureQuery("", facts.crs, properties=(str(attribute),), geometry=False)
    values: set[Any] = set()
    for batch in Source("", facts).features(query):
        values.update(batch.column(str(attribute)).unique().to_pylist())
        if len(values) > MOST:
            raise SourceError(f"{facts.path}: {attribute!r} has more than {MOST} values: it cannot be a dimension")
    return tuple(_text(value) for value in sorted(values - {None}))


def _text(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.15g}"
    return value.isoformat() if isinstance(value, date) else str(value)
