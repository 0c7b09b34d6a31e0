"""Where data is. Sources are opened by need: what opens them is imported only then."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from layers.registry import Layer
    from layers.sources.base import FeatureSource, PictureSource
    from layers.sources.coverage import Coverage


def open_features(layer: "Layer") -> "FeatureSource":
    """The features of a vector layer."""
    if getattr(layer.facts, "driver", "") == "Parquet":
        from layers.sources.geoparquet import ParquetFeatures

        return ParquetFeatures.of(layer)
    if getattr(layer.facts, "driver", "") == "PostgreSQL":
        from layers.sources.postgis import PostgisFeatures

        return PostgisFeatures.of(layer)
    from layers.sources.features import Features

    return Features.of(layer)


def open_coverage(layer: "Layer") -> "Coverage":
    """The pixels of a raster layer. What it opens is kept by the process, for as long as the layer's stamp holds."""
    from layers.sources.coverage import Coverage

    return Coverage.of(layer)


def open_picture(layer: "Layer") -> "PictureSource":
    """The pictures of a cascaded layer."""
    from layers.sources.cascade import Cascade

    return Cascade.of(layer)
