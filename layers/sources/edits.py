"""Changes of a GeoPackage's features: checked, then made in one transaction, all of them or none."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

import numpy as np
import shapely

from layers.crs import CRS84, BBox, area_of_use, is_geographic, transform_bbox
from layers.domains import refused
from layers.errors import RequestError, SourceError
from layers.facts import Field, VectorFacts
from layers.filters import quoted
from layers.registry import Layer
from layers.sources import gpkg_geometry, gpkg_rows
from layers.sources.geometry import move

WAIT = 10.0
"""Seconds that a change waits for another one of the same file."""


type Guard = Callable[[Sequence[str]], None]


class EditError(RequestError):
    """A change that the layer does not allow, or whose values it cannot hold."""

    parameter = "edit"

    def __init__(self, message: str) -> None:
        Exception.__init__(self, message)
        self.value, self.allowed = "", ()


class EditValueError(EditError):
    """A value that the layer cannot hold, of the field `field` where it is one's."""

    def __init__(self, message: str, field: str = "") -> None:
        super().__init__(message)
        self.field = field


@dataclass(frozen=True, slots=True)
class Edit:
    """One change. `kind` is insert, update, replace or delete; of all but the first `filter` tells of which features.

    `values` are the fields that are set; `shape` is in the CRS `crs`, x first, and set where `with_shape`.
    """

    kind: str
    layer: Layer
    values: Mapping[str, Any] = field(default_factory=dict)
    shape: Any = None
    crs: str = ""
    with_shape: bool = False
    filter: Any = None
    handle: str = ""


@dataclass(frozen=True, slots=True)
class Done:
    """A change that was made: the features that it touched, and the box around where they were and are."""

    edit: Edit
    ids: tuple[str, ...]
    bbox: BBox | None


def apply(edits: Sequence[Edit], guard: Guard | None = None) -> list[Done]:
    """Make every change, or none. Raises EditError with what is wrong, SourceError where the file cannot be written.

    `guard` is told the ids of the features that are about to change, and raises where they may not.
    """
    paths = {_facts(edit.layer).path for edit in edits}
    if not edits:
        return []
    if len(paths) > 1:
        raise EditError("a transaction changes layers of one file only")
    for edit in edits:
        _allowed(edit)
    path = paths.pop()
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            gpkg_geometry.register(connection)
            return _transaction(connection, edits, guard or _unguarded)
    except sqlite3.IntegrityError as error:
        raise EditError(f"the data does not allow it: {error}") from None
    except sqlite3.Error as error:
        raise SourceError(f"{path}: cannot be changed: {error}") from None


def _unguarded(_: Sequence[str]) -> None:
    """Every feature may change."""


def _transaction(connection: sqlite3.Connection, edits: Sequence[Edit], guard: Guard) -> list[Done]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        done = [_MAKE[edit.kind](Table.of(connection, edit.layer), edit, guard) for edit in edits]
        for layer in {edit.layer.id: edit.layer for edit in edits}.values():
            Table.of(connection, layer).touch([one.bbox for one in done if one.edit.layer.id == layer.id])
    except BaseException:
        connection.execute("ROLLBACK")
        raise
    connection.execute("COMMIT")
    return done


def _facts(layer: Layer) -> VectorFacts:
    if not isinstance(layer.facts, VectorFacts) or layer.definition.edit is None:
        raise EditError(f"the layer {layer.id} cannot be edited")
    return layer.facts


def _allowed(edit: Edit) -> None:
    assert edit.layer.definition.edit is not None
    if edit.kind not in (allowed := edit.layer.definition.edit.operations):
        raise EditError(f"the layer {edit.layer.id} does not allow {edit.kind}; it allows {', '.join(allowed)}")
    if edit.kind != "insert" and edit.filter is None:
        raise EditError(f"{edit.kind} takes a filter that tells of which features")
    for name, fault in refused(edit.layer, edit.values):
        raise EditValueError(fault, name)


@dataclass(frozen=True, slots=True)
class Table:
    """A layer's table in an open GeoPackage."""

    connection: sqlite3.Connection
    layer: Layer
    facts: VectorFacts
    fid: str
    geometry: str
    srs_id: int

    @classmethod
    def of(cls, connection: sqlite3.Connection, layer: Layer) -> "Table":
        """The table of a layer."""
        facts = _facts(layer)
        sql = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)"
        column, srs_id = connection.execute(sql, (facts.layer,)).fetchone()
        fid = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk = 1", (facts.layer,)).fetchone()
        return cls(connection, layer, facts, fid[0] if fid else "rowid", column, srs_id)

    def columns(self, edit: Edit) -> dict[str, Any]:
        """The values of a change by column, as they are stored."""
        fields = {one.name: one for one in self.facts.fields}
        found = {name: _stored(fields[name], value) for name, value in edit.values.items()}
        if edit.with_shape:
            found[self.geometry] = _geometry(edit, self.facts, self.srs_id)
        return found

    def keys(self, edit: Edit) -> list[int]:
        """The fids of the features that a change is about, those that this transaction brought among them."""
        found = gpkg_rows.matching(self.connection, self.facts, self.layer.id, self.fid, self.geometry, edit.filter)
        return list(found)

    def check_key(self, columns: Mapping[str, Any]) -> None:
        """A new feature's declared key is there and is no other's."""
        key = self.facts.key
        if key is None or key not in {one.name for one in self.facts.fields}:
            return
        sql = f"SELECT 1 FROM {quoted(self.facts.layer)} WHERE {quoted(key)} = ?"
        if columns.get(key) is None or self.connection.execute(sql, (columns[key],)).fetchone():
            raise EditValueError(f"{key} makes the id of a feature: it needs a value that no other has")

    def names(self, fids: Sequence[int]) -> tuple[str, ...]:
        """The ids of features as every protocol tells them."""
        key = self.facts.key if self.facts.key in {one.name for one in self.facts.fields} else self.fid
        sql = f"SELECT {quoted(str(key))} FROM {quoted(self.facts.layer)} WHERE {quoted(self.fid)} = ?"
        return tuple(f"{self.layer.id}.{self.connection.execute(sql, (fid,)).fetchone()[0]}" for fid in fids)

    def boxes(self, fids: Sequence[int]) -> Iterator[BBox]:
        """The boxes of the features that have a place."""
        sql = f"SELECT {quoted(self.geometry)} FROM {quoted(self.facts.layer)} WHERE {quoted(self.fid)} = ?"
        for fid in fids:
            shape = gpkg_geometry.decoded(self.connection.execute(sql, (fid,)).fetchone()[0])
            if shape is not None and not shapely.is_empty(shape):
                yield tuple(map(float, shapely.bounds(shape)))  # type: ignore[misc]

    def touch(self, boxes: Sequence[BBox | None]) -> None:
        """The file says when it changed, and the extent of what is in it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        sql = "UPDATE gpkg_contents SET last_change = ? WHERE lower(table_name) = lower(?)"
        self.connection.execute(sql, (now, self.facts.layer))
        if (box := around([one for one in boxes if one])) is not None:
            sql = (
                "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, :x0), :x0),"
                " min_y = min(coalesce(min_y, :y0), :y0), max_x = max(coalesce(max_x, :x1), :x1),"
                " max_y = max(coalesce(max_y, :y1), :y1)"
                " WHERE lower(table_name) = lower(:name)"
            )
            values = dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)) | {"name": self.facts.layer}
            self.connection.execute(sql, values)


def around(boxes: Sequence[BBox]) -> BBox | None:
    """The box around boxes."""
    if not boxes:
        return None
    found = np.array(boxes)
    low, high = found[:, :2].min(axis=0), found[:, 2:].max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _insert(table: Table, edit: Edit, _: Guard) -> Done:
    columns = table.columns(edit)
    missing = [one.name for one in table.facts.fields if not one.nullable and columns.get(one.name) is None]
    if missing:
        raise EditValueError(f"{', '.join(missing)} must have a value")
    table.check_key(columns)
    names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
    what = f"({names}) VALUES ({marks})" if columns else "DEFAULT VALUES"
    cursor = table.connection.execute(f"INSERT INTO {quoted(table.facts.layer)} {what}", tuple(columns.values()))
    fids = [int(cursor.lastrowid or 0)]
    return Done(edit, table.names(fids), around(list(table.boxes(fids))))


def _update(table: Table, edit: Edit, guard: Guard) -> Done:
    columns = table.columns(edit)
    if edit.kind == "replace":
        columns = {one.name: None for one in table.facts.fields if one.name != table.facts.key} | columns
    empty = [one.name for one in table.facts.fields if not one.nullable and columns.get(one.name, 0) is None]
    if empty:
        raise EditValueError(f"{', '.join(empty)} must have a value")
    if edit.kind == "update" and table.facts.key in columns:
        raise EditError(f"{table.facts.key} makes the id of a feature: it stays")
    columns.pop(str(table.facts.key), None)
    fids = table.keys(edit)
    guard(table.names(fids))
    boxes = list(table.boxes(fids))
    if columns:
        changes = ", ".join(f"{quoted(name)} = ?" for name in columns)
        sql = f"UPDATE {quoted(table.facts.layer)} SET {changes} WHERE {quoted(table.fid)} = ?"
        table.connection.executemany(sql, [(*columns.values(), fid) for fid in fids])
    return Done(edit, table.names(fids), around([*boxes, *table.boxes(fids)]))


def _delete(table: Table, edit: Edit, guard: Guard) -> Done:
    fids = table.keys(edit)
    names, boxes = table.names(fids), list(table.boxes(fids))
    guard(names)
    sql = f"DELETE FROM {quoted(table.facts.layer)} WHERE {quoted(table.fid)} = ?"
    table.connection.executemany(sql, [(fid,) for fid in fids])
    return Done(edit, names, around(boxes))


_MAKE: dict[str, Callable[[Table, Edit, Guard], Done]] = {
    "insert": _insert,
    "update": _update,
    "replace": _update,
    "delete": _delete,
}


def _stored(one: Field, value: Any) -> Any:
    """A value in the form that a GeoPackage has for its type."""
    if value is None:
        return None
    if isinstance(value, datetime):
        if one.type == "date":
            return value.date().isoformat()
        return value.strftime("%Y-%m-%dT%H:%M:%S.") + f"{value.microsecond // 1000:03d}Z"
    if isinstance(value, bool):
        return int(value)
    if one.type == "integer" and isinstance(value, float):
        if not value.is_integer() or abs(value) >= 2**63:
            raise EditValueError(f"{one.name}: {value!r} is not a whole number that it can hold")
        value = int(value)
    if one.width == 32 and one.type == "integer" and abs(value) >= 2**31:
        raise EditValueError(f"{one.name}: {value!r} is not a whole number that it can hold")
    return value


_FAMILY = {0: "Point", 1: "LineString", 3: "Polygon", 4: "MultiPoint", 5: "MultiLineString", 6: "MultiPolygon"}
_MULTIPLE: dict[str, Callable[[list[Any]], Any]] = {
    "MultiPoint": shapely.MultiPoint,
    "MultiLineString": shapely.MultiLineString,
    "MultiPolygon": shapely.MultiPolygon,
}


def _geometry(edit: Edit, facts: VectorFacts, srs_id: int) -> bytes | None:
    """The shape as it is stored: of the layer's type and CRS, valid, inside of where that CRS can be used."""
    if edit.shape is None:
        return None
    shape = move(np.array([edit.shape], dtype=object), edit.crs or facts.crs, facts.crs)[0]
    if shape is None or shapely.is_empty(shape) or not np.isfinite(shapely.bounds(shape)).all():
        raise EditValueError(f"the geometry is empty or outside of where {facts.crs} can be used")
    shape = _typed(shape, facts.geometry)
    _check_extent(edit.layer, shape)
    if not shapely.is_valid(shape):
        raise EditValueError(f"the geometry is not valid: {shapely.is_valid_reason(shape)}")
    if facts.has_z and not shapely.has_z(shape):
        shape = shapely.force_3d(shape)
    return gpkg_geometry.encoded(shape if facts.has_z else shapely.force_2d(shape), srs_id)


def _check_extent(layer: Layer, shape: Any) -> None:
    """The shape is inside of what the layer declares, else of where its CRS is meant to be used."""
    declared = layer.definition.edit.extent if layer.definition.edit else None
    bounds = declared or _usable(layer.crs)
    x0, y0, x1, y1 = shapely.bounds(shape)
    if bounds and not (bounds[0] <= x0 and bounds[1] <= y0 and x1 <= bounds[2] and y1 <= bounds[3]):
        shown = ", ".join(f"{value:.10g}" for value in (x0, y0, x1, y1))
        allowed = ", ".join(f"{value:.10g}" for value in bounds)
        raise EditValueError(f"the geometry reaches over {shown}, beyond {allowed} ({layer.crs})")


@lru_cache(maxsize=64)
def _usable(crs: str) -> BBox | None:
    """The box of a CRS's area of use, a tenth wider on each side; degrees end at the poles and the antimeridian."""
    area = area_of_use(crs)
    if area is None:
        return None
    if is_geographic(crs):
        return (-180.0, -90.0, 180.0, 90.0)
    x0, y0, x1, y1 = transform_bbox(area, CRS84, crs)
    across, up = (x1 - x0) / 10, (y1 - y0) / 10
    found = (x0 - across, y0 - up, x1 + across, y1 + up)
    return found if np.isfinite(found).all() else None


def _typed(shape: Any, wanted: str) -> Any:
    kind = _FAMILY.get(int(shapely.get_type_id(shape)), "GeometryCollection")
    if wanted in (kind, "Unknown"):
        return shape
    if wanted == f"Multi{kind}":
        return _MULTIPLE[wanted]([shape])
    if kind == f"Multi{wanted}" and shapely.get_num_geometries(shape) == 1:
        return shapely.get_geometry(shape, 0)
    raise EditValueError(f"the geometry is a {kind}, the layer has {wanted}")
