"""Features as GeoJSON (RFC 7946), written as bytes from Arrow batches; longitude or easting first, whatever the CRS."""

from functools import partial
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers.sources.batch import geometry, ids, properties
from layers.sources.geometry import shapes as read_shapes
from server.wfs.coordinates import Offsets, bracketed, by_family, grouped, joined, ragged
from server.wfs.values import json_texts, rounded


def features(batch: pa.RecordBatch, *, has_geometry: bool = True, degrees: bool | None = None) -> pa.Array:
    """A `Feature` for each row, each with a comma before it."""
    pieces: list[Any] = [',\n{"type":"Feature","id":', json_texts(ids(batch))]
    if has_geometry:
        pieces += [',"geometry":', geometries(geometry(batch), degrees=degrees)]
    else:
        pieces.append(',"geometry":null')
    pieces.append(',"properties":{')
    for index, (name, values) in enumerate(properties(batch, has_geometry=has_geometry).items()):
        key = orjson.dumps(name).decode()
        pieces += [f"{',' if index else ''}{key}:", json_texts(values)]
    return joined(*pieces, "}}")


def geometries(column: pa.Array, *, degrees: bool | None = None) -> pa.Array:
    """GeoJSON of a WKB column, `null` where there is none; `degrees` None keeps the digits as stored."""
    return pc.fill_null(by_family(read_shapes(column), partial(_written, degrees=degrees)), "null")


def _written(shapes: Any, _: Offsets, *, degrees: bool | None) -> pa.Array:
    if shapely.get_type_id(shapes[0]) == shapely.GeometryType.GEOMETRYCOLLECTION:
        return pa.array(list(shapely.to_geojson(shapes)), pa.string())
    singles = pa.array(np.isin(shapely.get_type_id(shapes), (0, 1, 3)))
    kind, coordinates, offsets = ragged(shapes)
    if degrees is not None:
        coordinates[:, :2] = rounded(coordinates[:, :2], degrees=degrees)
    name = ("Point", "LineString", "", "Polygon", "MultiPoint", "MultiLineString", "MultiPolygon")[int(kind)]
    if not name.startswith("Multi"):
        return joined(f'{{"type":"{name}","coordinates":', _single(int(kind), coordinates, offsets), "}")
    inside = _single({4: 0, 5: 1, 6: 3}[int(kind)], coordinates, offsets[:-1])
    text = grouped(inside, offsets[-1], ",")
    # Of a column with single and multiple geometries each keeps its own type.
    multiple = joined(f'{{"type":"{name}","coordinates":[', text, "]}")
    if not pc.any(singles).as_py():
        return multiple
    single = joined(f'{{"type":"{name.removeprefix("Multi")}","coordinates":', text, "}")
    return pc.if_else(singles, single, multiple)


def _single(kind: int, coordinates: Any, offsets: list[Offsets]) -> pa.Array:
    """The coordinates member of points, lines or polygons."""
    if kind == 0:
        return bracketed(coordinates, np.arange(1, len(coordinates) + 1))
    runs = joined("[", bracketed(coordinates, offsets[0][1:]), "]")
    return runs if kind == 1 else joined("[", grouped(runs, offsets[1], ","), "]")
