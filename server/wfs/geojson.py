"""Features as GeoJSON (RFC 7946), written as bytes from Arrow batches; longitude or easting first, whatever the CRS."""

from functools import partial
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers.sources.batch import geometry, ids, properties
from layers.sources.geometry import KINDS, Shapes
from layers.sources.ragged import LINE, POINT, POLYGON, SINGLE, Offsets, Ragged
from server.wfs.coordinates import arranged, bracketed, grouped, joined, merged, written
from server.wfs.values import json_texts


def features(batch: pa.RecordBatch, *, has_geometry: bool = True, degrees: bool | None = None) -> pa.Array:
    """A `Feature` for each row, each with a comma before it."""
    pieces: list[Any] = [',\n{"type":"Feature","id":', *json_texts(ids(batch))]
    if has_geometry:
        pieces += [',"geometry":', geometries(geometry(batch), degrees=degrees)]
    else:
        pieces.append(',"geometry":null')
    pieces.append(',"properties":{')
    for index, (name, values) in enumerate(properties(batch, has_geometry=has_geometry).items()):
        key = orjson.dumps(name).decode()
        pieces += [f"{',' if index else ''}{key}:", *json_texts(values)]
    return joined(*merged([*pieces, "}}"]))


def geometries(column: pa.Array, *, degrees: bool | None = None) -> pa.Array:
    """GeoJSON of a WKB column, `null` where there is none; `degrees` None keeps the digits as stored."""
    return pc.fill_null(written(column, partial(_written, degrees=degrees), _collections), "null")


def _collections(shapes: Shapes, _: Offsets) -> pa.Array:
    return pa.array(list(shapely.to_geojson(shapes)), pa.string())


def _written(group: Ragged, *, degrees: bool | None) -> pa.Array:
    coordinates, offsets = arranged(group.coordinates, degrees), group.offsets
    # What the positions of a run stand in; a group of one run each is written in one go.
    depth = {POINT: 0, LINE: 1, POLYGON: 2}[SINGLE.get(group.kind, group.kind)]
    texts = bracketed(coordinates, offsets[0][1:] if depth else np.arange(1, len(coordinates) + 1))
    levels = offsets[1:] if depth else offsets
    if len(texts) == len(group.rows):
        brackets = depth + (group.kind in SINGLE)
        return joined(f'{{"type":"{KINDS[group.kind]}","coordinates":{"[" * brackets}', texts, f"{']' * brackets}}}")
    texts = joined("[", texts, "]") if depth else texts
    for level in levels:
        texts = joined("[", grouped(texts, level, ","), "]")
    return joined(f'{{"type":"{KINDS[group.kind]}","coordinates":', texts, "}")
