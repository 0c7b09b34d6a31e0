"""A GeoPackage's table as changes see it, in a transaction of SQLite."""

import sqlite3
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np
import shapely

from layers.crs import BBox
from layers.errors import SourceError
from layers.facts import Field, VectorFacts
from layers.filters import quoted
from layers.registry import Layer
from layers.sources import gpkg_geometry, gpkg_rows
from layers.sources.edited_values import fitting, shape_of
from layers.sources.edits import Edit, EditError, EditValueError, Table, around

WAIT = 10.0
"""Seconds that a change waits for another one of the same file."""


@contextmanager
def editing(layer: Layer) -> Iterator[Callable[[Layer], Table]]:
    """A transaction over the file of a layer. Raises EditError, SourceError."""
    assert isinstance(layer.facts, VectorFacts)
    path = layer.facts.path
    try:
        with closing(sqlite3.connect(path, timeout=WAIT, isolation_level=None)) as connection:
            gpkg_geometry.register(connection)
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield lambda layer: GpkgTable.of(connection, layer)
            except BaseException:
                connection.execute("ROLLBACK")
                raise
            connection.execute("COMMIT")
    except sqlite3.IntegrityError as error:
        raise EditError(f"the data does not allow it: {error}") from None
    except sqlite3.Error as error:
        raise SourceError(f"{path}: cannot be changed: {error}") from None


@dataclass(frozen=True, slots=True)
class GpkgTable:
    """A layer's table in an open GeoPackage."""

    connection: sqlite3.Connection
    layer: Layer
    facts: VectorFacts
    fid: str
    geometry: str
    srs_id: int

    @classmethod
    def of(cls, connection: sqlite3.Connection, layer: Layer) -> "GpkgTable":
        """The table of a layer."""
        facts = layer.facts
        assert isinstance(facts, VectorFacts)
        sql = "SELECT column_name, srs_id FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)"
        column, srs_id = connection.execute(sql, (facts.layer,)).fetchone()
        fid = connection.execute("SELECT name FROM pragma_table_info(?) WHERE pk = 1", (facts.layer,)).fetchone()
        return cls(connection, layer, facts, fid[0] if fid else "rowid", column, srs_id)

    def columns(self, edit: Edit) -> dict[str, Any]:
        """The values of a change by column, as they are stored."""
        fields = {one.name: one for one in self.facts.fields}
        found = {name: _stored(fields[name], value) for name, value in edit.values.items()}
        if edit.with_shape:
            shape = shape_of(edit, self.facts)
            found[self.geometry] = None if shape is None else gpkg_geometry.encoded(shape, self.srs_id)
        return found

    def cleared(self) -> dict[str, Any]:
        """Nothing in each column but the key."""
        return {one.name: None for one in self.facts.fields if one.name != self.facts.key}

    def keys(self, edit: Edit) -> list[int]:
        """The fids of the features that a change is about, those that this transaction brought among them."""
        found = gpkg_rows.matching(self.connection, self.facts, self.layer.id, self.fid, self.geometry, edit.filter)
        return list(found)

    def names(self, fids: Sequence[int]) -> tuple[str, ...]:
        """The ids of features as every protocol tells them."""
        key = self.facts.key if self.facts.key in {one.name for one in self.facts.fields} else self.fid
        sql = f"SELECT {quoted(str(key))} FROM {quoted(self.facts.layer)} WHERE {quoted(self.fid)} = ?"
        return tuple(f"{self.layer.id}.{self.connection.execute(sql, (fid,)).fetchone()[0]}" for fid in fids)

    def box(self, fids: Sequence[int]) -> BBox | None:
        """The box around the features that have a place."""
        sql = f"SELECT {quoted(self.geometry)} FROM {quoted(self.facts.layer)} WHERE {quoted(self.fid)} = ?"
        shapes = [gpkg_geometry.decoded(self.connection.execute(sql, (fid,)).fetchone()[0]) for fid in fids]
        if not shapes:
            return None
        box = shapely.total_bounds(shapes)
        return tuple(map(float, box)) if np.isfinite(box).all() else None  # type: ignore[return-value]

    def insert(self, columns: Mapping[str, Any]) -> int:
        """Bring a feature; its fid."""
        self._check_key(columns)
        names, marks = ", ".join(map(quoted, columns)), ", ".join("?" * len(columns))
        what = f"({names}) VALUES ({marks})" if columns else "DEFAULT VALUES"
        cursor = self.connection.execute(f"INSERT INTO {quoted(self.facts.layer)} {what}", tuple(columns.values()))
        return int(cursor.lastrowid or 0)

    def _check_key(self, columns: Mapping[str, Any]) -> None:
        """A new feature's declared key is there and is no other's."""
        key = self.facts.key
        if key is None or key not in {one.name for one in self.facts.fields}:
            return
        sql = f"SELECT 1 FROM {quoted(self.facts.layer)} WHERE {quoted(key)} = ?"
        if columns.get(key) is None or self.connection.execute(sql, (columns[key],)).fetchone():
            raise EditValueError(f"{key} makes the id of a feature: it needs a value that no other has", key)

    def update(self, columns: Mapping[str, Any], fids: Sequence[int]) -> None:
        """Set columns of features."""
        changes = ", ".join(f"{quoted(name)} = ?" for name in columns)
        sql = f"UPDATE {quoted(self.facts.layer)} SET {changes} WHERE {quoted(self.fid)} = ?"
        self.connection.executemany(sql, [(*columns.values(), fid) for fid in fids])

    def delete(self, fids: Sequence[int]) -> None:
        """Take features away."""
        sql = f"DELETE FROM {quoted(self.facts.layer)} WHERE {quoted(self.fid)} = ?"
        self.connection.executemany(sql, [(fid,) for fid in fids])

    def touch(self, boxes: Sequence[BBox]) -> None:
        """The file says when it changed, and the extent of what is in it."""
        now = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3] + "Z"
        sql = "UPDATE gpkg_contents SET last_change = ? WHERE lower(table_name) = lower(?)"
        self.connection.execute(sql, (now, self.facts.layer))
        if (box := around(boxes)) is not None:
            sql = (
                "UPDATE gpkg_contents SET min_x = min(coalesce(min_x, :x0), :x0),"
                " min_y = min(coalesce(min_y, :y0), :y0), max_x = max(coalesce(max_x, :x1), :x1),"
                " max_y = max(coalesce(max_y, :y1), :y1)"
                " WHERE lower(table_name) = lower(:name)"
            )
            values = dict(zip(("x0", "y0", "x1", "y1"), box, strict=True)) | {"name": self.facts.layer}
            self.connection.execute(sql, values)


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
    return fitting(one, value)
