"""Reading and writing the demo's files: written under another name and renamed when whole."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyogrio
import shapely

CRS = "EPSG:2154"

type Geometries = npt.NDArray[np.object_]
type Bounds = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Table:
    """Rows of a vector layer: geometries, and columns by name."""

    geometry: Geometries
    columns: Mapping[str, list[Any]]

    def __len__(self) -> int:
        return len(self.geometry)


def read_layer(path: Path, layer: str | None = None, bounds: Bounds | None = None) -> Table:
    """The rows of a layer (those that meet `bounds`, in its CRS)."""
    meta, table = pyogrio.read_arrow(path, layer=layer, bbox=bounds)
    name = meta["geometry_name"] or "wkb_geometry"
    geometry = np.asarray(shapely.from_wkb(table[name].to_pylist()), dtype=object)
    columns = {c: table[c].to_pylist() for c in table.column_names if c != name}
    return Table(geometry, columns)


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
    pyogrio.write_arrow(table, path, layer=layer, driver=driver, geometry_name="geom", geometry_type=kind, crs=crs)


def publish(target: Path, write: Callable[[Path], None]) -> None:
    """Have `write` make the file in a hidden folder next to it, then put it in place at once."""
    part = target.parent / ".part" / target.name
    part.parent.mkdir(parents=True, exist_ok=True)
    part.unlink(missing_ok=True)
    write(part)
    part.replace(target)
