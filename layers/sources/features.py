"""Features of a vector file as Arrow batches, read through OGR.

What the file's own engine can decide exactly is pushed down (GeoPackage: SQLite with its R-tree and total order;
other formats: OGR's attribute filter and box); what is left is decided here, vectorised. Nothing is pushed down
that could lose a feature. A generator closed early closes the file.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import AbstractContextManager, closing, nullcontext
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pyogrio.errors import DataLayerError, DataSourceError
from pyogrio.raw import open_arrow

from layers import filters
from layers.crs import BBox, is_geographic, metres_per_unit
from layers.errors import SourceError
from layers.facts import VectorFacts
from layers.query import FeatureQuery
from layers.registry import Layer
from layers.sources import geometry, positions
from layers.sources.asked import asked_fields, asked_filter
from layers.sources.flatgeobuf import read_rightly
from layers.sources.geometry import Region
from layers.sources.straight import straight

BATCH = 2500
"""Features in a batch: a megabyte or two, some ten milliseconds."""

PAGE = 50_000
"""Features of a page, at most; what is larger is streamed."""

ARROW_TYPES: dict[str, pa.DataType] = {
    "string": pa.string(),
    "integer": pa.int64(),
    "real": pa.float64(),
    "boolean": pa.bool_(),
    "date": pa.date32(),
    "time": pa.time64("us"),
    "binary": pa.binary(),
}


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered: what the file decides, and what is left to decide here."""

    query: FeatureQuery
    where: str
    box: BBox | None
    region: Region | None
    rest: Any
    columns: tuple[str, ...]
    geometry: bool
    empty: bool = False

    @property
    def exact(self) -> bool:
        """True where the file decides alone."""
        return self.region is None and self.rest is None


class Features:
    """A `FeatureSource` over a file that OGR reads. `dialect` is the SQL that the file's engine takes."""

    dialect = "ogr"
    counted = True
    state = ""

    def __init__(
        self,
        layer_id: str,
        facts: VectorFacts,
        *,
        time_attribute: str | None = None,
        edited: bool = False,
    ) -> None:
        self.layer_id = layer_id
        self.facts = facts
        self.time_attribute = time_attribute
        self.edited = edited
        self.native = facts.driver == "GPKG"
        # Both find a feature by its number at once; a field called fid would stand before the number.
        fid_field = any(field.name.lower() == "fid" for field in facts.fields)
        self.direct = self.native or (facts.driver == "FlatGeobuf" and not fid_field)
        if self.native:
            self.dialect = "sqlite"
        self.types = {field.name: field.type for field in facts.fields}

    @classmethod
    def of(cls, layer: Layer) -> "Features":
        """The source of a registered layer."""
        assert isinstance(layer.facts, VectorFacts)
        return cls(
            layer.id,
            layer.facts,
            time_attribute=layer.definition.time.attribute if layer.definition.time else None,
            edited=layer.definition.edit is not None,
        )

    def snapshot(self) -> AbstractContextManager["Features"]:
        """Itself: a file is read as it is."""
        return nullcontext(self)

    def features(self, query: FeatureQuery) -> Iterator[pa.RecordBatch]:
        """Batches of `id`, the asked properties in the schema's order, `geometry` (ISO WKB, query.crs, x first)."""
        plan = self._plan(query)
        if plan.empty or query.limit == 0:
            return
        names = asked_fields(query, self.types)
        fids = self._positions(plan)
        if fids is not None:
            batches = self._at(fids[query.offset :][: query.limit], plan)
        elif self.native:
            batches = self._page(self._selected(plan, self._sql(plan)), plan)
        elif query.sort_by:
            batches = self._sorted(plan)
        else:
            batches = paged(self._selected(plan, None), query.offset, query.limit)
        for batch in batches:
            yield self._shaped(batch, names, query)

    def count(self, query: FeatureQuery) -> int:
        """How many features match, without reading more than is needed to know."""
        plan = self._plan(replace(query, properties=(), sort_by=(), limit=None, offset=0, geometry=False))
        if plan.empty:
            return 0
        if not plan.where and plan.box is None and plan.exact and not self.edited:
            return self.facts.count
        if self.native and plan.exact:
            return self._count_sql(plan)
        if self.direct:
            key = positions.key_of(self.facts.path, self.layer_id, query)
            return len(positions.found(key, lambda: self._fids(plan)))
        sql = self._sql(plan) if self.native else None
        return sum(batch.num_rows for batch in self._selected(plan, sql))

    def _positions(self, plan: Plan) -> positions.Fids | None:
        """The numbers of all that matches, for a page that lies deep or whose features are known; else None."""
        query = plan.query
        if not self.direct or query.limit is None or query.limit > PAGE or query.ids is not None:
            return None
        key = positions.key_of(self.facts.path, self.layer_id, query)
        if query.offset < BATCH:
            kept: positions.Fids | None = positions.known(key) if not plan.exact else None
            return kept
        fids: positions.Fids = positions.found(key, lambda: self._fids(plan))
        return fids

    def _fids(self, plan: Plan) -> Any:
        """The numbers of all features that match, in the query's order."""
        bare = self._plan(replace(plan.query, properties=(), limit=None, offset=0, geometry=False))
        if self.native and bare.exact:
            return self._fids_by_sql(bare)
        if not self.native and not bare.where and bare.box is None and bare.exact and not bare.query.sort_by:
            return np.arange(self.facts.count)
        batches = self._selected(bare, self._sql(bare)) if self.native else self._in_order(bare)
        parts = [batch.column(0).to_numpy() for batch in batches]
        return np.concatenate(parts) if parts else np.array([], dtype=np.int64)

    def _fids_by_sql(self, plan: Plan) -> Any:
        table, fid = filters.quoted(self.facts.layer), filters.quoted(self._fid)
        try:
            with closing(_connect(self.facts.path)) as connection:
                if not plan.where and plan.box is None and not plan.query.sort_by:
                    first, last = connection.execute(
                        f"SELECT (SELECT min({fid}) FROM {table}), (SELECT max({fid}) FROM {table})"
                    ).fetchone()
                    count = _count_told(connection, self.facts.layer)
                    if count and last - first + 1 == count:
                        return np.arange(first, last + 1)
                return [row[0] for row in connection.execute(self._sql(plan))]
        except sqlite3.Error as error:
            raise SourceError(f"layer {self.layer_id}: cannot be read: {error}") from None

    def _in_order(self, plan: Plan) -> Iterator[pa.RecordBatch]:
        return self._sorted(plan) if plan.query.sort_by else self._selected(plan, None)

    def _at(self, fids: positions.Fids, plan: Plan) -> Iterator[pa.RecordBatch]:
        """The features of these numbers, in their order."""
        names = asked_fields(plan.query, self.types)
        for start in range(0, len(fids), BATCH):
            part = fids[start : start + BATCH]
            texts = ", ".join(map(str, part.tolist()))
            bare = self._plan(FeatureQuery(plan.query.layer, plan.query.crs, properties=names, geometry=plan.geometry))
            one = replace(bare, where=f"{filters.quoted(self._fid) if self.native else 'FID'} IN ({texts})")
            batches = list(self._read(one, self._sql(one) if self.native else None))
            table = pa.Table.from_batches(batches)
            order = pc.index_in(pa.array(part), value_set=table.column(0).combine_chunks())
            yield from table.take(order.drop_null()).combine_chunks().to_batches()

    def _plan(self, query: FeatureQuery) -> Plan:
        tree = asked_filter(query, self.time_attribute, self.types)
        fid = self._fid if self.native else "FID" if self.direct else ""
        where, rest = filters.push_down(tree, self.facts, self.layer_id, self.dialect, fid)
        region = geometry.region(query, self.facts) if query.bbox else None
        needed = filters.properties_of(rest) | {name for name, _ in query.sort_by}
        needed |= set(asked_fields(query, self.types))
        if not self.native:
            # OGR decides a filter over the columns that are read, and errs where one of them is left out.
            needed |= filters.properties_of(tree)
        if self.facts.key in self.types:
            needed.add(str(self.facts.key))
        return Plan(
            query=query,
            where=where,
            box=region.bounds if region else filters.reach(rest, self._units_per_metre),
            region=region,
            rest=rest,
            columns=tuple(name for name in self.types if name in needed),
            geometry=query.geometry or region is not None or filters.is_spatial(rest),
            empty=region is not None and region.nothing,
        )

    def _sql(self, plan: Plan) -> str:
        fid = filters.quoted(self._fid)
        columns = [fid, *map(filters.quoted, plan.columns)]
        if plan.geometry:
            columns.append(filters.quoted(_geometry_column(self.facts.path, self.facts.layer)))
        order = [f"{filters.quoted(name)} {'ASC' if up else 'DESC'} NULLS LAST" for name, up in plan.query.sort_by]
        text = f"SELECT {', '.join(columns)} FROM {filters.quoted(self.facts.layer)}{self._where(plan)}"
        text += f" ORDER BY {', '.join([*order, fid])}"
        if plan.exact and (plan.query.limit is not None or plan.query.offset):
            limit = -1 if plan.query.limit is None else plan.query.limit
            text += f" LIMIT {limit} OFFSET {plan.query.offset}"
        return text

    @property
    def _units_per_metre(self) -> float | None:
        return None if is_geographic(self.facts.crs) else 1 / metres_per_unit(self.facts.crs)

    @property
    def _fid(self) -> str:
        """The fid column of a GeoPackage's table."""
        key = self.facts.key
        return key if key and key not in self.types else _fid_column(self.facts.path, self.facts.layer)

    def _where(self, plan: Plan) -> str:
        parts = [plan.where] if plan.where else []
        if plan.box is not None and (tree := _rtree(self.facts.path, self.facts.layer)):
            x0, y0, x1, y1 = plan.box
            parts.append(
                f"{filters.quoted(self._fid)} IN (SELECT id FROM {filters.quoted(tree)} WHERE maxx >= {x0!r}"
                f" AND minx <= {x1!r} AND maxy >= {y0!r} AND miny <= {y1!r})"
            )
        return f" WHERE {' AND '.join(f'({part})' for part in parts)}" if parts else ""

    def _count_sql(self, plan: Plan) -> int:
        sql = f"SELECT count(*) FROM {filters.quoted(self.facts.layer)}{self._where(plan)}"
        try:
            with closing(_connect(self.facts.path)) as connection:
                told = None if plan.where or plan.box else _count_told(connection, self.facts.layer)
                return told if told is not None else int(connection.execute(sql).fetchone()[0])
        except sqlite3.Error as error:
            raise SourceError(f"layer {self.layer_id}: cannot be read: {error}") from None

    def _selected(self, plan: Plan, sql: str | None) -> Iterator[pa.RecordBatch]:
        """Batches of the features that match, with `#fid`, the plan's columns and `#geometry`."""
        for batch in self._read(plan, sql):
            kept = batch
            if plan.region is not None:
                kept = kept.filter(plan.region.matches(kept["#geometry"]))
            if plan.rest is not None and kept.num_rows:
                kept = kept.filter(filters.matches(plan.rest, kept, self.facts, self.layer_id))
            if kept.num_rows:
                yield kept

    def _read(self, plan: Plan, sql: str | None) -> Iterator[pa.RecordBatch]:
        options: dict[str, Any] = {"encoding": self.facts.encoding}
        if sql is not None:
            options["sql"] = sql
        else:
            options |= {
                "layer": self.facts.layer,
                "columns": list(plan.columns),
                "where": plan.where or None,
                "bbox": plan.box,
                "read_geometry": plan.geometry,
            }
        try:
            if self.facts.driver == "FlatGeobuf":
                read_rightly(self.facts.path)
            with open_arrow(self.facts.path, use_pyarrow=True, return_fids=True, batch_size=BATCH, **options) as (
                _,
                reader,
            ):
                for batch in reader:
                    yield self._conformed(batch, plan)
        except (DataSourceError, DataLayerError, pa.ArrowException) as error:
            raise SourceError(f"layer {self.layer_id}: cannot be read: {error}") from None

    def _conformed(self, batch: pa.RecordBatch, plan: Plan) -> pa.RecordBatch:
        """The columns by their place and in the types of the facts, whatever names and types the driver chose."""
        position = {name: index for index, name in enumerate(batch.schema.names) if index}
        arrays = [batch.column(0), *(conform(batch.column(position[n]), self.types[n]) for n in plan.columns)]
        names = ["#fid", *plan.columns]
        if plan.geometry:
            arrays.append(straight(batch.column(batch.num_columns - 1)))
            names.append("#geometry")
        return pa.RecordBatch.from_arrays(arrays, names=names)

    def _page(self, batches: Iterator[pa.RecordBatch], plan: Plan) -> Iterator[pa.RecordBatch]:
        return batches if plan.exact else paged(batches, plan.query.offset, plan.query.limit)

    def _sorted(self, plan: Plan) -> Iterator[pa.RecordBatch]:
        """The page of a sorted query where the format cannot sort: only the best offset + limit rows are kept."""
        query = plan.query
        keys = [(name, "ascending" if up else "descending", "at_end") for name, up in query.sort_by]
        keys.append(("#fid", "ascending", "at_end"))
        most = None if query.limit is None else query.offset + query.limit
        best: pa.Table | None = None
        for batch in self._selected(plan, None):
            table = pa.Table.from_batches([batch])
            best = table if best is None else pa.concat_tables([best, table])
            if most is not None and best.num_rows > most + 4 * BATCH:
                best = best.take(pc.sort_indices(best, sort_keys=keys)[:most])
        if best is None:
            return
        order = pc.sort_indices(best, sort_keys=keys)[query.offset : most]
        yield from best.take(order).combine_chunks().to_batches(max_chunksize=BATCH)

    def _shaped(self, batch: pa.RecordBatch, names: tuple[str, ...], query: FeatureQuery) -> pa.RecordBatch:
        key = self.facts.key if self.facts.key in self.types else "#fid"
        arrays = [resource_ids(self.layer_id, batch[key]), *(batch[name] for name in names)]
        columns = ["id", *names]
        if query.geometry:
            arrays.append(geometry.reprojected(batch["#geometry"], self.facts.crs, query.crs))
            columns.append("geometry")
        return pa.RecordBatch.from_arrays(arrays, names=columns)


def resource_ids(layer_id: str, keys: pa.Array) -> pa.Array:
    """`layer.key` for every key: the same in every page, format and protocol."""
    return pc.binary_join_element_wise(layer_id, pc.cast(keys, pa.string()), ".")


def conform(array: pa.Array, kind: str) -> pa.Array:
    """The array in the type that a field of this kind has in every batch."""
    if kind == "datetime":
        zone = array.type.tz if pa.types.is_timestamp(array.type) else None
        return array.cast(pa.timestamp("us", tz=zone), safe=False)
    wanted = ARROW_TYPES[kind]
    if array.type == wanted:
        return array
    if pa.types.is_nested(array.type) and not pa.types.is_dictionary(array.type):
        import orjson

        return pa.array([None if v is None else orjson.dumps(v).decode() for v in array.to_pylist()], wanted)
    return array.cast(wanted, safe=False)


def paged(batches: Iterator[pa.RecordBatch], offset: int, limit: int | None) -> Iterator[pa.RecordBatch]:
    """The page of a stream of batches."""
    left = limit
    for batch in batches:
        if offset >= batch.num_rows:
            offset -= batch.num_rows
            continue
        part = batch.slice(offset, left)
        offset = 0
        yield part
        if left is not None:
            left -= part.num_rows
            if not left:
                return


def _connect(path: str) -> sqlite3.Connection:
    name = path.replace("%", "%25").replace("?", "%3f").replace("#", "%23")
    return sqlite3.connect(f"file:{name}?mode=ro", uri=True)


def _count_told(connection: sqlite3.Connection, layer: str) -> int | None:
    """The number of features as the file itself keeps it by triggers; None where it does not."""
    try:
        sql = "SELECT feature_count FROM gpkg_ogr_contents WHERE lower(table_name) = lower(?)"
        row = connection.execute(sql, (layer,)).fetchone()
    except sqlite3.OperationalError:
        return None
    return row[0] if row else None


def _one(path: str, sql: str, *values: str) -> str | None:
    return _told(path, positions.stamp(path), sql, values)


@lru_cache(maxsize=1000)
def _told(path: str, _stamp: tuple[int, ...] | None, sql: str, values: tuple[str, ...]) -> str | None:
    """What a GeoPackage tells of its tables, asked once for as long as the file has this stamp."""
    try:
        with closing(_connect(path)) as connection:
            row = connection.execute(sql, values).fetchone()
    except sqlite3.Error as error:
        raise SourceError(f"{path}: cannot be read: {error}") from None
    return str(row[0]) if row else None


def _geometry_column(path: str, layer: str) -> str:
    found = _one(path, "SELECT column_name FROM gpkg_geometry_columns WHERE lower(table_name) = lower(?)", layer)
    return found or "geom"


def _fid_column(path: str, layer: str) -> str:
    return _one(path, "SELECT name FROM pragma_table_info(?) WHERE pk = 1", layer) or "rowid"


def _rtree(path: str, layer: str) -> str | None:
    name = f"rtree_{layer}_{_geometry_column(path, layer)}"
    return _one(path, "SELECT name FROM sqlite_master WHERE type = 'table' AND lower(name) = lower(?)", name)
