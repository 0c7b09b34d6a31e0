"""PostGIS through ADBC: rows come as Arrow, and what is asked is told as parameters, never as text of a query."""

from layers.sources.postgis.describe import describe
from layers.sources.postgis.features import PostgisFeatures

__all__ = ["PostgisFeatures", "describe"]
