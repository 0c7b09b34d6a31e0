"""Filters."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
from pygeofilter import ast

from layers.facts import VectorFacts


@dataclass
class ResourceId(ast.Condition):
    """Features by their ids (OGC 09-026r2, 7.11)."""

    ids: tuple[str, ...]


def quoted(name: str) -> str:
    """An SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def both(left: Any, right: Any) -> Any:
    """Both conditions; None is no condition."""
    return right if left is None else left if right is None else ast.And(left, right)


def one_of(name: str, values: Iterable[str], types: dict[str, str]) -> Any:
    """The condition that a property has one of these values, given as text."""
    return ast.In(ast.Attribute(name), list(values), False)


def push_down(tree: Any, facts: VectorFacts, layer_id: str, dialect: str) -> tuple[str, Any]:
    """SQL that no matching feature fails, and what is left to be decided exactly (None: nothing)."""
    return "", tree


def properties_of(tree: Any) -> set[str]:
    """Names of the properties that a filter reads."""
    return set()


def is_spatial(tree: Any) -> bool:
    """True where a filter reads the geometry."""
    return False


def matches(tree: Any, batch: pa.RecordBatch, facts: VectorFacts, layer_id: str) -> pa.Array:
    """Which rows of a batch match."""
    raise NotImplementedError
