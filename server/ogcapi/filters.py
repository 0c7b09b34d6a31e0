"""The parameters `filter`, `filter-lang`, `filter-crs` (OGC 19-079r2) as the tree that layers understand."""

import dataclasses
from typing import Any

import orjson
import shapely
from lark.exceptions import LarkError
from pygeofilter import ast, values

from layers.crs import CRS84, Crs, north_first, parse_crs, transformer
from layers.errors import FilterError
from layers.facts import Field
from layers.registry import Layer
from server.errors import InvalidParameterError
from server.ogcapi.names import fields

GEOMETRY = "geometry"
LANGUAGES = ("cql2-text", "cql2-json")


def read(layer: Layer, text: str, language: str, crs: str) -> Any:
    """The filter's tree, geometries in the layer's CRS and x first. Raises InvalidParameterError, FilterError."""
    if language not in LANGUAGES:
        raise InvalidParameterError(
            f"filter-lang={language[:100]!r} is not one of {', '.join(LANGUAGES)}", "filter-lang"
        )
    tree = _parsed(text, language)
    asked = parse_crs(crs, parameter="filter-crs") if crs else parse_crs(CRS84)
    _check(tree, {field.name for field in fields(layer)} | {GEOMETRY})
    return _placed(tree, asked, layer.crs)


def equal(field: Field, text: str) -> Any:
    """The condition that a field has a value given as text (19-079r2, queryables as query parameters)."""
    return ast.Equal(ast.Attribute(field.name), _typed(field, text))


def both(left: Any, right: Any) -> Any:
    """Both conditions; None is no condition."""
    return right if left is None else left if right is None else ast.And(left, right)


def _parsed(text: str, language: str) -> Any:
    from pygeofilter.parsers import cql2_json, cql2_text

    try:
        if language == "cql2-json":
            return cql2_json.parse(orjson.loads(text))
        return cql2_text.parse(text)
    except (LarkError, orjson.JSONDecodeError, ValueError, KeyError, TypeError, NotImplementedError) as error:
        reason = str(error).splitlines()[0][:200] if str(error) else type(error).__name__
        raise FilterError(f"filter={text[:100]!r} cannot be read: {reason}") from None


def _check(node: Any, names: set[str]) -> None:
    if isinstance(node, ast.Attribute) and node.name not in names:
        raise FilterError(f"filter: {node.name[:100]!r} is not one of {', '.join(sorted(names))}")
    for part in _parts(node):
        _check(part, names)


def _parts(node: Any) -> list[Any]:
    if isinstance(node, list | tuple):
        return list(node)
    if dataclasses.is_dataclass(node) and not isinstance(node, values.Geometry):
        return [getattr(node, field.name) for field in dataclasses.fields(node)]
    return []


def _placed(node: Any, asked: Crs, target: str) -> Any:
    """The same tree with its geometries moved."""
    if isinstance(node, values.Geometry):
        return _moved(shapely.geometry.shape(node.geometry), asked, target)
    if isinstance(node, ast.Function) and node.name.lower() == "bbox":
        corners = [float(value) for value in node.arguments]
        half = len(corners) // 2
        return _moved(shapely.box(corners[0], corners[1], corners[half], corners[half + 1]), asked, target)
    if isinstance(node, values.Envelope):
        return _moved(shapely.box(node.x1, node.y1, node.x2, node.y2), asked, target)
    if isinstance(node, list):
        return [_placed(part, asked, target) for part in node]
    if dataclasses.is_dataclass(node) and not isinstance(node, type):
        changed = {f.name: _placed(getattr(node, f.name), asked, target) for f in dataclasses.fields(node)}
        return dataclasses.replace(node, **changed)
    return node


def _moved(shape: Any, asked: Crs, target: str) -> values.Geometry:
    if asked.authority_order and north_first(asked.id):
        shape = shapely.transform(shape, lambda c: c[:, ::-1])
    if asked.id != target:
        change = transformer(asked.id, target)
        shape = shapely.transform(shape, change.transform, interleaved=False)
    return values.Geometry(orjson.loads(shapely.to_geojson(shape)))


def _typed(field: Field, text: str) -> Any:
    try:
        if field.type == "integer":
            return int(text)
        if field.type == "real":
            return float(text)
    except ValueError:
        raise InvalidParameterError(f"{field.name}={text[:100]!r} is not a number", field.name) from None
    if field.type == "boolean":
        if text.lower() not in ("true", "false"):
            raise InvalidParameterError(f"{field.name}={text[:100]!r} is not true or false", field.name)
        return text.lower() == "true"
    return text
