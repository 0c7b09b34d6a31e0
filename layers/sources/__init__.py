"""Where data is. Sources are opened by need: what opens them is imported only then."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.registry import Layer
    from layers.sources.base import FeatureSource


def open_features(layer: "Layer") -> "FeatureSource":
    """The features of a vector layer."""
    if getattr(layer.facts, "driver", "") == "Parquet":
        from layers.sources.geoparquet import ParquetFeatures

        return ParquetFeatures.of(layer)
    from layers.sources.features import Features

    return Features.of(layer)
