"""The benchmarks' data: real buildings and roads (BD TOPO, Nantes) in the formats that are compared, and the same
buildings repeated over a region. All in EPSG:2154, x before y."""

import math
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import shapely
from pyogrio.raw import read_arrow, write_arrow

ROOT = Path(__file__).parents[2]
BDTOPO = ROOT / "config" / "data" / "bdtopo_nantes.gpkg"
IMAGERY = ROOT / "config" / "data" / "demo" / "pcrs"
EXTENT = (353892.0, 6688312.0, 356506.81, 6690471.02)
"""Of BDTOPO: xmin, ymin, xmax, ymax in EPSG:2154."""
TOWN = 8639
"""Buildings of BDTOPO."""
LAYERS = {"batiment": "MultiPolygon Z", "troncon_de_route": "MultiLineString Z"}
FORMATS = {"fgb": "FlatGeobuf", "gpkg": "GPKG"}


@dataclass(frozen=True, slots=True)
class Buildings:
    """The same features in each format that was asked, with the box that they lie in (EPSG:2154)."""

    count: int
    fgb: Path
    gpkg: Path
    extent: tuple[float, float, float, float]


def street(folder: Path) -> dict[str, Path]:
    """FlatGeobuf of the demo's buildings and roads, by layer; made in `folder` where they are not there."""
    return {layer: _street_layer(folder, layer) for layer in LAYERS}


def _street_layer(folder: Path, layer: str) -> Path:
    path = folder / f"{layer}.fgb"
    if not path.exists():
        meta, table = read_arrow(BDTOPO, layer=layer)
        _write(path, layer, meta, table)
    return path


def imagery() -> list[Path]:
    """The demo's 5 cm sheets (COG, EPSG:2154); none where the demo is not prepared."""
    return sorted(IMAGERY.glob("*.tif"))


def region(folder: Path, count: int, formats: Iterable[str] = tuple(FORMATS)) -> Buildings:
    """`count` buildings in `folder`: the demo's town set side by side as often as is needed, with ids of their own."""
    meta, table = read_arrow(BDTOPO, layer="batiment")
    side = math.ceil(math.sqrt(math.ceil(count / table.num_rows)))
    paths = {extension: folder / f"region_{count}.{extension}" for extension in FORMATS}
    for path in (paths[extension] for extension in formats):
        if not path.exists():
            copies = _copies(table, meta["geometry_name"], count, side)
            schema = table.schema.with_metadata(None)
            _write(path, "batiment", meta, pa.RecordBatchReader.from_batches(schema, copies))
    x0, y0, x1, y1 = EXTENT
    rows = math.ceil(math.ceil(count / table.num_rows) / side)
    extent = (x0, y0, x0 + side * (x1 - x0), y0 + rows * (y1 - y0))
    return Buildings(count=count, fgb=paths["fgb"], gpkg=paths["gpkg"], extent=extent)


def _copies(table: pa.Table, geometry: str, count: int, side: int) -> Iterator[pa.RecordBatch]:
    """The table again and again, `side` copies a row from the south-west, until there are `count` features."""
    shapes = shapely.from_wkb(table.column(geometry).to_numpy())
    size = (EXTENT[2] - EXTENT[0], EXTENT[3] - EXTENT[1])
    for copy, first in enumerate(range(0, count, table.num_rows)):
        offset = np.array([copy % side * size[0], copy // side * size[1], 0.0])
        moved = shapely.transform(shapes, lambda points, by=offset: np.round(points + by, 2), include_z=True)
        batch = table.combine_chunks().to_batches()[0]
        batch = _replaced(batch, geometry, pa.array(shapely.to_wkb(moved, flavor="iso"), pa.binary()))
        ids = pa.array([f"BATIMENT{number:016d}" for number in range(first, first + table.num_rows)])
        yield _replaced(batch, "cleabs", ids).slice(0, count - first)


def _replaced(batch: pa.RecordBatch, name: str, column: pa.Array) -> pa.RecordBatch:
    index = batch.schema.get_field_index(name)
    columns = list(batch.columns)
    columns[index] = column.cast(batch.schema.field(index).type)
    return pa.RecordBatch.from_arrays(columns, schema=batch.schema.with_metadata(None))


def _write(path: Path, layer: str, meta: dict[str, Any], data: Any) -> None:
    """Write beside and swap, so that what stands there is whole."""
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f"part_{path.name}")
    part.unlink(missing_ok=True)
    write_arrow(
        data,
        part,
        layer=layer,
        driver=FORMATS[path.suffix[1:]],
        geometry_name=meta["geometry_name"],
        geometry_type=LAYERS[layer],
        crs=meta["crs"],
    )
    part.rename(path)
