"""A PostGIS table as changes see it, in a transaction of the database."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime, time
from typing import Any

import pyarrow as pa
import shapely
from adbc_driver_manager import Error

from layers import model
from layers.crs import BBox
from layers.errors import GarrigueError
from layers.facts import Column, PostgisFacts
from layers.filters import quoted
from layers.registry import Layer
from layers.sources.edited_values import fitting, shape_of
from layers.sources.edits import Edit, EditError, EditValueError, Table
from layers.sources.postgis.columns import TEXTS, key_reading
from layers.sources.postgis.connections import Connection, Database, Parameters, failure, message, transaction
from layers.sources.postgis.features import PostgisFeatures

DEFAULT = object()
"""The value that the database itself puts in a column."""

_TYPES: dict[str, pa.DataType] = {
    "integer": pa.int64(),
    "real": pa.float64(),
    "boolean": pa.bool_(),
    "string": pa.string(),
    "date": pa.date32(),
    "datetime": pa.timestamp("us"),
    "time": pa.time64("us"),
    "binary": pa.binary(),
}

_VALUES, _NOT_ALLOWED = "22", ("23", "25006", "27", "42501", "428C9", "42P10", "44", "55000", "0A", "P0001")
"""Classes of SQLSTATE: values that do not fit, and what constraints, triggers, rights and views do not allow."""


@contextmanager
def editing(layer: Layer) -> Iterator[Callable[[Layer], Table]]:
    """A transaction over the database of a layer. Raises EditError, SourceError."""
    source = layer.definition.source
    assert isinstance(source, model.PostgisSource)
    with transaction(Database(source.postgis, source.timeout), write=_refused) as connection:
        yield lambda one: PostgisTable(connection, one)


def _refused(error: Error, connection: Connection) -> GarrigueError:
    """What a database says of a change that it does not make."""
    state = getattr(error, "sqlstate", None) or ""
    if state.startswith(_VALUES):
        return EditValueError(f"the data does not allow it: {message(error, connection)}")
    if state.startswith(_NOT_ALLOWED):
        return EditError(f"the data does not allow it: {message(error, connection)}")
    return failure(error, connection)


class PostgisTable:
    """A layer's table, or a view that the database can change."""

    def __init__(self, connection: Connection, layer: Layer) -> None:
        assert isinstance(layer.facts, PostgisFacts)
        self.connection = connection
        self.layer = layer
        self.facts: PostgisFacts = layer.facts
        self.source = PostgisFeatures.of(layer)
        self.key = self.facts.column(str(self.facts.key))

    def columns(self, edit: Edit) -> dict[str, Any]:
        """The values of a change by column, checked, None where there is none. Raises EditValueError."""
        fields = {one.name: one for one in self.facts.fields}
        found = {name: fitting(fields[name], self._given(name, value)) for name, value in edit.values.items()}
        for name in [name for name in found if self.facts.column(name).fixed and name != self.key.name]:
            if found.pop(name) is not None:
                raise EditValueError(f"{name} is filled in by the database: it cannot be set", name)
        if edit.with_shape:
            found[self.facts.place] = shape_of(edit, self.facts)
        return found

    def cleared(self) -> dict[str, Any]:
        """What each column but the key holds where nothing is given."""
        own = [one for one in self.facts.columns if one.name != self.key.name and not one.fixed]
        return {one.name: DEFAULT if one.filled else None for one in own}

    def keys(self, edit: Edit) -> list[Any]:
        """The keys of the features that a change is about; their rows are locked until the end."""
        found = self.source.keys(self.connection, edit.filter)
        if not found or self.facts.view:
            return found
        where, parameters = self._where(found)
        sql = f"SELECT {key_reading(self.facts)} FROM {self.facts.relation} WHERE {where} ORDER BY 1 FOR UPDATE"
        return [row[0] for row in self.connection.rows(sql, parameters)]

    def names(self, keys: Sequence[Any]) -> tuple[str, ...]:
        """The ids of features as every protocol tells them."""
        return tuple(f"{self.layer.id}.{key}" for key in keys)

    def box(self, keys: Sequence[Any]) -> BBox | None:
        """The box around features; None where none has a place."""
        where, parameters = self._where(keys)
        sql = f"SELECT ST_Extent({self.facts.shape})::geometry AS e FROM {self.facts.relation} WHERE {where}"
        box = self.connection.rows(
            f"SELECT ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e) FROM ({sql}) AS s", parameters
        )
        return None if box[0][0] is None else box[0]

    def insert(self, columns: Mapping[str, Any]) -> Any:
        """Bring a feature; its key. Raises EditValueError."""
        if self.key.fixed and columns.get(self.key.name) is not None:
            raise EditValueError(f"{self.key.name} is filled in by the database: it cannot be set", self.key.name)
        given = {name: value for name, value in columns.items() if value is not None or not self._is_needed(name)}
        if not self.key.filled and given.get(self.key.name) is None:
            message = f"{self.key.name} makes the id of a feature: it needs a value that no other has"
            raise EditValueError(message, self.key.name)
        parameters = Parameters()
        marks = [self._mark(parameters, name, value) for name, value in given.items()]
        what = f"({', '.join(map(quoted, given))}) VALUES ({', '.join(marks)})" if given else "DEFAULT VALUES"
        sql = f"INSERT INTO {self.facts.relation} {what} RETURNING {key_reading(self.facts)}"
        return self.connection.rows(sql, parameters)[0][0]

    def update(self, columns: Mapping[str, Any], keys: Sequence[Any]) -> None:
        """Set columns of features."""
        where, parameters = self._where(keys)
        changes = [f"{quoted(name)} = {self._mark(parameters, name, value)}" for name, value in columns.items()]
        self.connection.run(f"UPDATE {self.facts.relation} SET {', '.join(changes)} WHERE {where}", parameters)

    def delete(self, keys: Sequence[Any]) -> None:
        """Take features away."""
        where, parameters = self._where(keys)
        self.connection.run(f"DELETE FROM {self.facts.relation} WHERE {where}", parameters)

    def touch(self, boxes: Sequence[BBox]) -> None:
        """Nothing: the database itself knows its statistics."""

    def _given(self, name: str, value: Any) -> Any:
        """A value; no text at all is no value of a type that is only told as text (uuid, json …)."""
        return None if value == "" and self.facts.column(name).native not in TEXTS else value

    def _is_needed(self, name: str) -> bool:
        """True for a column that holds no null, which the database fills in where nothing is given."""
        return name != self.facts.place and (column := self.facts.column(name)).filled and column.required

    def _where(self, keys: Sequence[Any]) -> tuple[str, Parameters]:
        parameters = Parameters()
        return self.source.writer(parameters).keys(keys), parameters

    def _mark(self, parameters: Parameters, name: str, value: Any) -> str:
        """SQL of a value, as the column's type wants it."""
        if value is DEFAULT:
            return "DEFAULT"
        if value is None:
            return "NULL"
        if name == self.facts.place:
            wkb = parameters.add(shapely.to_wkb(value, flavor="iso"), pa.binary())
            return self.facts.stored.format(f"ST_SetSRID(ST_GeomFromWKB({wkb}), {self.facts.srid})")
        return _bound(parameters, self.facts.column(name), self.source.types[name], value)


def _bound(parameters: Parameters, column: Column, kind: str, value: Any) -> str:
    """The mark of a value of a field's type, cast to the column's where the database does not do it by itself."""
    if kind == "date" and isinstance(value, datetime):
        value = value.date()
    elif kind == "time" and isinstance(value, str):
        value = time.fromisoformat(value)
    mark = parameters.add(value, _TYPES[kind])
    if column.native == "timestamptz":
        return f"({mark} AT TIME ZONE 'UTC')"
    if column.native == "money":
        return f"{mark}::numeric::money"
    if kind != "string":
        return mark
    if column.native.startswith("_") and _is_list(value):
        # Arrays are told as lists of JSON.
        return f"ARRAY(SELECT jsonb_array_elements_text({mark}::jsonb))::{column.type}"
    return f"{mark}::{column.type}"


def _is_list(text: str) -> bool:
    try:
        return isinstance(json.loads(text), list)
    except ValueError:
        return False
