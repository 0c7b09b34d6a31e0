"""Which rows of a GeoPackage's table match a condition, as one connection sees them: with the changes that it is
making and that no other sees yet."""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import date, datetime, time
from typing import Any

import pyarrow as pa
import shapely

from layers import filters
from layers.crs import is_geographic, metres_per_unit
from layers.facts import VectorFacts
from layers.sources import gpkg_geometry
from layers.sources.features import ARROW_TYPES, BATCH

_READ: dict[str, Callable[[Any], Any]] = {
    "boolean": bool,
    "date": lambda value: date.fromisoformat(value[:10]),
    "datetime": datetime.fromisoformat,
    "time": time.fromisoformat,
}
"""How the texts and numbers of SQLite become values of a field's type."""


def matching(
    connection: sqlite3.Connection, facts: VectorFacts, layer_id: str, fid: str, geometry: str, tree: Any
) -> Iterator[int]:
    """The fids of the rows that match; `fid` and `geometry` name the columns."""
    where, rest = filters.push_down(tree, facts, layer_id, "sqlite", fid)
    needed = filters.properties_of(rest) | ({facts.key} if rest is not None else set())
    fields = [field for field in facts.fields if field.name in needed]
    spatial = filters.is_spatial(rest)
    columns = [fid, *(field.name for field in fields), *([geometry] if spatial else [])]
    parts = [where] if where else []
    if spatial and (box := _reach(connection, facts, geometry, rest)):
        parts.append(f"{filters.quoted(fid)} IN ({box})")
    sql = f"SELECT {', '.join(map(filters.quoted, columns))} FROM {filters.quoted(facts.layer)}"
    sql += f" WHERE {' AND '.join(f'({part})' for part in parts)}" if parts else ""
    cursor = connection.execute(f"{sql} ORDER BY {filters.quoted(fid)}")
    while rows := cursor.fetchmany(BATCH):
        if rest is None:
            yield from (int(row[0]) for row in rows)
            continue
        values = list(zip(*rows, strict=True))
        arrays = [pa.array(values[0], pa.int64())]
        arrays += [_column(column, field.type) for field, column in zip(fields, values[1:], strict=False)]
        names = ["#fid", *(field.name for field in fields)]
        if spatial:
            shapes = [gpkg_geometry.decoded(value) for value in values[-1]]
            arrays.append(pa.array(shapely.to_wkb(shapes, flavor="iso"), pa.binary()))
            names.append("#geometry")
        batch = pa.RecordBatch.from_arrays(arrays, names=names)
        yield from batch.filter(filters.matches(rest, batch, facts, layer_id)).column(0).to_pylist()


def _column(values: tuple[Any, ...], kind: str) -> pa.Array:
    read = _READ.get(kind)
    found = [value if value is None or read is None else read(value) for value in values]
    return pa.array(found, pa.timestamp("us", tz="UTC") if kind == "datetime" else ARROW_TYPES[kind])


def _reach(connection: sqlite3.Connection, facts: VectorFacts, geometry: str, rest: Any) -> str | None:
    """A query for the fids that can match at all, by the R-tree; None where nothing is told, or there is no tree."""
    units = None if is_geographic(facts.crs) else 1 / metres_per_unit(facts.crs)
    box = filters.reach(rest, units)
    sql = "SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)"
    tree = connection.execute(sql, (f"rtree_{facts.layer}_{geometry}",)).fetchone()
    if box is None or tree is None:
        return None
    x0, y0, x1, y1 = box
    inside = f"maxx >= {x0!r} AND minx <= {x1!r} AND maxy >= {y0!r} AND miny <= {y1!r}"
    return f"SELECT id FROM {filters.quoted(tree[0])} WHERE {inside}"
