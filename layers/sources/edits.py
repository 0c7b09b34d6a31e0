"""Changes of a layer's features: checked, then made in one transaction, all of them or none.

A file or a database gives a `Table` for each layer; what a change means is told here once.
"""

from collections.abc import Callable, Mapping, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from typing import Any, Protocol

import numpy as np

from layers.crs import BBox
from layers.domains import refused
from layers.errors import RequestError
from layers.facts import PostgisFacts, VectorFacts
from layers.registry import Layer

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


class Table(Protocol):
    """A layer's features in a transaction under way; their keys are what the file or the database has."""

    @property
    def layer(self) -> Layer:
        """The layer."""
        ...

    @property
    def facts(self) -> VectorFacts:
        """What its data tells."""
        ...

    def columns(self, edit: Edit) -> dict[str, Any]:
        """The values of a change by column, checked, None where there is none. Raises EditValueError."""
        ...

    def cleared(self) -> dict[str, Any]:
        """What each column but the key holds where nothing is given."""
        ...

    def keys(self, edit: Edit) -> list[Any]:
        """The keys of the features that a change is about, those that this transaction brought among them."""
        ...

    def names(self, keys: Sequence[Any]) -> tuple[str, ...]:
        """The ids of features as every protocol tells them."""
        ...

    def box(self, keys: Sequence[Any]) -> BBox | None:
        """The box around features; None where none has a place."""
        ...

    def insert(self, columns: Mapping[str, Any]) -> Any:
        """Bring a feature; its key. Raises EditValueError."""
        ...

    def update(self, columns: Mapping[str, Any], keys: Sequence[Any]) -> None:
        """Set columns of features."""
        ...

    def delete(self, keys: Sequence[Any]) -> None:
        """Take features away."""
        ...

    def touch(self, boxes: Sequence[BBox]) -> None:
        """Tell the data that there were changes inside of these boxes."""
        ...


type Editing = AbstractContextManager[Callable[[Layer], Table]]
"""A transaction, which gives tables: committed where it ends well, else undone."""


def apply(edits: Sequence[Edit], guard: Guard | None = None) -> list[Done]:
    """Make every change, or none. Raises EditError with what is wrong, SourceError where the data cannot be written.

    `guard` is told the ids of the features that are about to change, and raises where they may not.
    """
    paths = {_facts(edit.layer).path for edit in edits}
    if not edits:
        return []
    if len(paths) > 1:
        raise EditError("a transaction changes layers of one file or database only")
    for edit in edits:
        _allowed(edit)
    with _editing(edits[0].layer) as table:
        tables = {edit.layer.id: table(edit.layer) for edit in edits}
        done = [_MAKE[edit.kind](tables[edit.layer.id], edit, guard or _unguarded) for edit in edits]
        for name, changed in tables.items():
            changed.touch([one.bbox for one in done if one.bbox and one.edit.layer.id == name])
    return done


def _editing(layer: Layer) -> Editing:
    if isinstance(layer.facts, PostgisFacts):
        from layers.sources.postgis.table import editing as in_database

        return in_database(layer)
    from layers.sources.gpkg_table import editing as in_file

    return in_file(layer)


def _unguarded(_: Sequence[str]) -> None:
    """Every feature may change."""


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


def around(boxes: Sequence[BBox | None]) -> BBox | None:
    """The box around boxes."""
    there = [box for box in boxes if box]
    if not there:
        return None
    found = np.array(there)
    low, high = found[:, :2].min(axis=0), found[:, 2:].max(axis=0)
    return (float(low[0]), float(low[1]), float(high[0]), float(high[1]))


def _insert(table: Table, edit: Edit, _: Guard) -> Done:
    columns = table.columns(edit)
    missing = [one.name for one in table.facts.fields if not one.nullable and columns.get(one.name) is None]
    if missing:
        raise EditValueError(f"{', '.join(missing)} must have a value", missing[0])
    keys = [table.insert(columns)]
    return Done(edit, table.names(keys), table.box(keys))


def _update(table: Table, edit: Edit, guard: Guard) -> Done:
    columns, key = table.columns(edit), str(table.facts.key)
    if edit.kind == "replace":
        columns = table.cleared() | columns
    empty = [one.name for one in table.facts.fields if not one.nullable and columns.get(one.name, 0) is None]
    if empty:
        raise EditValueError(f"{', '.join(empty)} must have a value", empty[0])
    keys = table.keys(edit)
    names = table.names(keys)
    if edit.kind == "update" and key in columns and names != (f"{table.layer.id}.{columns[key]}",):
        raise EditError(f"{key} makes the id of a feature: it stays")
    columns.pop(key, None)
    guard(names)
    before = table.box(keys)
    if columns and keys:
        table.update(columns, keys)
    return Done(edit, names, around([before, table.box(keys)]))


def _delete(table: Table, edit: Edit, guard: Guard) -> Done:
    keys = table.keys(edit)
    names, box = table.names(keys), table.box(keys)
    guard(names)
    if keys:
        table.delete(keys)
    return Done(edit, names, box)


_MAKE: dict[str, Callable[[Table, Edit, Guard], Done]] = {
    "insert": _insert,
    "update": _update,
    "replace": _update,
    "delete": _delete,
}
