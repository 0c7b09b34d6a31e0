"""Vector layers as Mapnik reads them: datasources kept open, a few at a time.

Mapnik's own OGR plugin reads the file; dates become SQL, which the file's engine decides. What SQL cannot tell exactly,
and what lies in a database, is read through `open_features` and handed over in a file of a moment: Mapnik's own plugin
for PostGIS would be up to twice as fast, with filters, time limits, connections and secrets of its own.
"""

import tempfile
from collections import OrderedDict
from dataclasses import replace
from typing import Any

from layers.crs import BBox, metres_per_unit
from layers.errors import SourceError
from layers.facts import PostgisFacts, VectorFacts
from layers.mapnik_env import mapnik
from layers.query import FeatureQuery, Selection
from layers.registry import Layer
from layers.sources.copies import GEOMETRY, NAME, is_needed, plain_features
from layers.styles.asked import fields_asked
from layers.styles.derived import DATA, Derived
from layers.styles.load import asked_of, derived_of
from layers.styles.shapes import reach, shaped

LIMIT = 48
"""Datasources kept open in a process (an SQLite connection or a file each)."""

_DATES = ("date", "datetime", "time")

_open: OrderedDict[tuple[str, str, str, Derived], Any] = OrderedDict()
_copies: dict[tuple[str, str, str], Layer] = {}


def datasource(
    layer: Layer, selection: Selection, bbox: BBox, crs: str, fields: frozenset[str], shown: Derived = DATA
) -> Any:
    """A mapnik.Datasource of the features that a selection shows; `bbox` (in `crs`) is what will be drawn.

    `fields` are those that the style asks for, `shown` in which order and with which geometry. Raises SourceError.
    """
    if not _is_read(layer, selection, shown):
        return _copied(layer, selection, bbox, crs, fields, shown)
    where = _where(layer, selection)[0]
    key = (layer.id, layer.stamp, where, shown)
    if key not in _open:
        _open[key] = _ogr(layer, where, shown)
        while len(_open) > LIMIT:
            _open.popitem(last=False)
    _open.move_to_end(key)
    return _open[key]


def in_crs(layer: Layer, selection: Selection, crs: str) -> Layer:
    """The layer drawn from its copy in a CRS, where there is one and it shows the same; else as it is.

    What the source's own engine decides (filters, moments in time) a copy might not decide alike.
    """
    facts = layer.facts
    if not isinstance(facts, VectorFacts) or not facts.copies or selection.filter is not None or facts.crs == crs:
        return layer
    path = dict(facts.copies).get(crs)
    if path is None or not _time_is_text(layer, facts) or is_of_data(layer, selection):
        return layer
    key = (layer.id, layer.stamp, path)
    if key not in _copies:
        while len(_copies) >= LIMIT:
            _copies.pop(next(iter(_copies)))
        there = replace(facts, crs=crs, extent=layer.extent_in(crs), drawn=path, drawn_layer=NAME)
        _copies[key] = replace(layer, facts=there, stamp=f"{layer.stamp}@{crs}")
    return _copies[key]


def _time_is_text(layer: Layer, facts: VectorFacts) -> bool:
    name = layer.definition.time.attribute if layer.definition.time else None
    return name is None or any(field.name == name and field.type in ("string", "integer") for field in facts.fields)


def is_kept(layer: Layer, selection: Selection) -> bool:
    """True where the datasource does not depend on the box, so that a map with it can be kept."""
    return all(_is_read(layer, selection, shown) for shown in derived_of(layer, selection))


def _is_read(layer: Layer, selection: Selection, shown: Derived) -> bool:
    """True where Mapnik's own plugin reads what is shown."""
    facts = _facts(layer)
    if not _is_drawn(facts) or _where(layer, selection)[1] is not None or reads_dates(layer, selection):
        return False
    return shown == DATA or (shown.geometry is None and _is_native(facts))


def is_of_data(layer: Layer, selection: Selection) -> bool:
    """True where a style is drawn from the data, not from a copy: it reads dates, or wants an order or geometries."""
    return reads_dates(layer, selection) or derived_of(layer, selection) != {DATA}


def reads_dates(layer: Layer, selection: Selection) -> bool:
    """True where the style reads a date, which Mapnik's plugin leaves out."""
    dates = {field.name.lower() for field in _facts(layer).fields if field.type in _DATES}
    if not dates:
        return False
    rules = fields_asked(selection.look) if selection.look else asked_of(layer, selection.style)
    return any(name.lower() in dates for rule in rules for name in rule.fields)


def _where(layer: Layer, selection: Selection) -> tuple[str, Any]:
    """SQL of what is shown, and the filter that SQL does not tell (None: nothing is left)."""
    facts = _facts(layer)
    parts = [_times(layer, facts, selection.time)] if selection.time and layer.definition.time else []
    if selection.filter is None:
        return " AND ".join(parts), None
    if not _is_native(facts):
        return "", selection.filter
    from layers.filters import push_down  # it brings pyarrow along: only where a filter is asked

    text, left = push_down(selection.filter, facts, layer.id, "sqlite", facts.key or "fid")
    return " AND ".join([*parts, f"({text})"] if text else parts), left


def _facts(layer: Layer) -> VectorFacts:
    assert isinstance(layer.facts, VectorFacts)
    return layer.facts


def _is_drawn(facts: VectorFacts) -> bool:
    """True where there is a file that Mapnik draws itself."""
    return bool(facts.drawn) or not (isinstance(facts, PostgisFacts) or is_needed(facts))


def _is_own(facts: VectorFacts) -> bool:
    """True where the data itself is drawn, not a copy."""
    return (facts.drawn or facts.path) == facts.path


def _is_native(facts: VectorFacts) -> bool:
    return facts.driver == "GPKG" and _is_own(facts)


def _times(layer: Layer, facts: VectorFacts, times: tuple[str, ...]) -> str:
    """The condition that the layer's time attribute is one of some of its values."""
    assert layer.definition.time
    name = layer.definition.time.attribute or ""
    kind = next((field.type for field in facts.fields if field.name == name), "string")
    column = _quoted(name)
    if kind == "datetime" and _is_native(facts):
        return f"datetime({column}) IN ({', '.join(f'datetime({_text(value)})' for value in times)})"
    values = times if kind in ("integer", "real") else tuple(map(_text, times))
    return f"{column} IN ({', '.join(values)})"


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'


def _text(value: str) -> str:
    return "'" + value.replace("'", "''") + "'"


def _ogr(layer: Layer, where: str, shown: Derived) -> Any:
    facts = _facts(layer)
    name = facts.drawn_layer or facts.layer
    # Features that are alike in what orders them are in the same order in every picture.
    order = [f"{_quoted(field)} {'ASC' if up else 'DESC'}" for field, up in shown.order] + ["rowid"]
    tail = (f" WHERE {where}" if where else "") + (f" ORDER BY {', '.join(order)}" if shown.order else "")
    chosen = {"layer_by_sql": f"SELECT * FROM {_quoted(name)}{tail}"} if tail else {"layer": name}
    try:
        return mapnik.CreateDatasource(
            type="ogr",
            file=facts.drawn or facts.path,
            extent=",".join(map(repr, _widened(facts))),
            encoding=(facts.encoding if _is_own(facts) else None) or "utf-8",
            **chosen,
        )
    except RuntimeError as error:
        raise SourceError(f"layer {layer.id}: cannot be drawn: {error}") from None


def _widened(facts: VectorFacts) -> BBox:
    """The extent with a margin: cut at the very extent, and reprojected, Mapnik loses the features on its border."""
    left, bottom, right, top = facts.extent
    margin = max(right - left, top - bottom) * 1e-3 + 1.0 / metres_per_unit(facts.crs)
    return (left - margin, bottom - margin, right + margin, top + margin)


def _copied(layer: Layer, selection: Selection, bbox: BBox, crs: str, fields: frozenset[str], shown: Derived) -> Any:
    """The features that a picture shows, in a FlatGeobuf whose name is gone once it is open."""
    import pyarrow as pa
    from pyogrio.errors import DataLayerError, DataSourceError
    from pyogrio.raw import write_arrow

    own = {field.name.lower(): field.name for field in _facts(layer).fields}
    asked = tuple({own[name.lower()] for name in fields if name.lower() in own})
    order = tuple((own[name.lower()], up) for name, up in shown.order if name.lower() in own)
    query = FeatureQuery(layer.id, layer.crs, bbox, crs, filter=selection.filter, time=selection.time, properties=asked)
    found = plain_features(layer, replace(_reaching(query, layer, shown), sort_by=order))
    if found is None:
        return mapnik.MemoryDatasource()
    found = _with_texts(_shaped(pa.table(found), layer, shown))
    if not found.num_rows:
        return mapnik.MemoryDatasource()
    options = {"driver": "FlatGeobuf", "geometry_name": GEOMETRY, "geometry_type": "Unknown", "crs": layer.crs}
    try:
        with tempfile.TemporaryDirectory(prefix="garrigue-") as folder:
            file = f"{folder}/shown.fgb"
            # An index would put the features in another order than that in which they are drawn.
            write_arrow(found, file, layer=NAME, layer_options={"SPATIAL_INDEX": "NO"}, **options)
            return mapnik.CreateDatasource(type="ogr", file=file, layer=NAME, encoding="utf-8")
    except (DataLayerError, DataSourceError, OSError, RuntimeError, pa.ArrowException) as error:
        raise SourceError(f"layer {layer.id}: cannot be drawn: {error}") from None


def _reaching(query: FeatureQuery, layer: Layer, shown: Derived) -> FeatureQuery:
    """The query in a box so much wider as what is shown may lie off its feature."""
    if shown.geometry is None or query.bbox is None:
        return query
    away = reach(shown.geometry) * metres_per_unit(layer.crs) / metres_per_unit(query.bbox_crs or query.crs)
    left, bottom, right, top = query.bbox
    return replace(query, bbox=(left - away, bottom - away, right + away, top + away))


def _shaped(table: Any, layer: Layer, shown: Derived) -> Any:
    """The table with the geometries that are shown, where there are some."""
    import pyarrow as pa
    import shapely

    if shown.geometry is None:
        return table
    place = table.schema.get_field_index(GEOMETRY)
    own = shapely.from_wkb(table.column(place).to_numpy(zero_copy_only=False))
    numbers = {
        name.lower(): table.column(name).cast(pa.float64()).to_numpy()
        for name, kind in zip(table.column_names, table.schema.types, strict=True)
        if pa.types.is_integer(kind) or pa.types.is_floating(kind)
    }
    try:
        made = shaped(own, numbers, shown.geometry)
    except (KeyError, TypeError, ValueError) as error:
        raise SourceError(f"layer {layer.id}: the style's geometry cannot be made: {error}") from None
    table = table.set_column(place, GEOMETRY, pa.array(shapely.to_wkb(made), pa.binary()))
    return table.filter(pa.array(~(shapely.is_missing(made) | shapely.is_empty(made))))


def _with_texts(table: Any) -> Any:
    """The table with dates and times as ISO 8601 text: Mapnik's plugin leaves them out."""
    import pyarrow as pa
    import pyarrow.compute as pc

    for place, column in enumerate(table.columns):
        if pa.types.is_timestamp(column.type):
            column = pc.strftime(column, format="%Y-%m-%dT%H:%M:%S")
        elif pa.types.is_date(column.type) or pa.types.is_time(column.type):
            column = column.cast(pa.string())
        else:
            continue
        table = table.set_column(place, table.column_names[place], column)
    return table
