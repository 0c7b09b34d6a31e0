"""How demo files are written: under another name, renamed when whole, stamped with what made them."""

import hashlib
import inspect
import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import shapely

CRS = "EPSG:2154"
PART = ".part"

type Geometries = npt.NDArray[np.object_]


def write_layer(
    path: Path,
    layer: str,
    geometry: Geometries,
    fields: Mapping[str, pa.Array],
    kind: str,
    *,
    crs: str = CRS,
    driver: str = "GPKG",
) -> None:
    """Write (or, in a GeoPackage, add) a layer; `kind` is OGR's geometry type, with " Z" where there is one."""
    wkb = pa.array(shapely.to_wkb(geometry, flavor="iso", include_srid=False), pa.binary())
    table = pa.table({**fields, "geom": wkb})
    pyogrio.write_arrow(
        table, path, layer=layer, driver=driver, geometry_name="geom", geometry_type=kind, crs=crs
    )
