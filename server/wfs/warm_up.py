"""What the first download would do first, done before: GDAL, SQLite and PROJ set themselves up when they are used."""

import tempfile
from pathlib import Path

import pyarrow as pa
import shapely
from pyogrio.raw import write_arrow

from layers import model
from layers.query import FeatureQuery
from layers.sources.vector import Features, describe

_CRS = "EPSG:2154"


def warm_up() -> None:
    """Read a GeoPackage of one feature."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "warm.gpkg"
        shape = shapely.to_wkb(shapely.multipolygons([shapely.box(0, 0, 1, 1)]))
        table = pa.table({"name": ["a"], "geometry": [shape]})
        write_arrow(
            table, path, driver="GPKG", layer="warm", geometry_name="geometry", geometry_type="MultiPolygon", crs=_CRS
        )
        source = Features("warm", describe(model.VectorSource(vector=str(path)), path.parent))
        for _ in source.features(FeatureQuery("warm", _CRS)):
            pass
