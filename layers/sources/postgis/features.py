"""Features of a PostGIS layer as Arrow batches.

What the database decides exactly as we would is asked of it, and the rest decided here. Rows come through a cursor, so
that any number of them takes the memory of a few batches; all that one answer needs is read in one transaction.
"""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Hashable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from copy import copy
from dataclasses import dataclass, replace
from threading import Lock
from typing import TYPE_CHECKING, Any

import pyarrow as pa
import pyarrow.compute as pc
import shapely

from layers import filters, model
from layers.crs import is_geographic, metres_per_unit
from layers.facts import PostgisFacts
from layers.filters.postgis import Writer
from layers.query import FeatureQuery
from layers.sources import geometry, positions
from layers.sources.asked import asked_fields, asked_filter
from layers.sources.features import BATCH, PAGE, conform, paged, resource_ids
from layers.sources.postgis.columns import key_reading, reading
from layers.sources.postgis.connections import Connection, Database, Parameters, transaction

if TYPE_CHECKING:
    from layers.registry import Layer

COUNTS = 1000
"""Counts that are kept, at most."""

_ROW = "garrigue_row"

VIEWS = 10
"""Seconds for which what is known of a view or a query holds: what it tells may change without a transaction here."""


@dataclass(frozen=True, slots=True)
class Plan:
    """How a query is answered: the conditions that the database decides, their values, and what is left to us."""

    query: FeatureQuery
    where: tuple[str, ...]
    parameters: Parameters
    rest: Any
    columns: tuple[str, ...]
    geometry: bool
    empty: bool

    @property
    def exact(self) -> bool:
        """True where the database decides alone."""
        return self.rest is None


class PostgisFeatures:
    """A `FeatureSource` over a table, a view or a query of a database."""

    def __init__(
        self, layer_id: str, facts: PostgisFacts, *, time_attribute: str | None = None, timeout: int = 30,
        counted: bool = True,
    ) -> None:  # fmt: skip
        self.layer_id = layer_id
        self.facts = facts
        self.time_attribute = time_attribute
        self.counted = counted
        self.database = Database(facts.path, timeout)
        self.types = {field.name: field.type for field in facts.fields}
        self.connection: Connection | None = None
        self.state = ""

    @classmethod
    def of(cls, layer: Layer) -> PostgisFeatures:
        """The source of a registered layer."""
        assert isinstance(layer.facts, PostgisFacts)
        source = layer.definition.source
        assert isinstance(source, model.PostgisSource)
        attribute = layer.definition.time.attribute if layer.definition.time else None
        return cls(
            layer.id, layer.facts, time_attribute=attribute, timeout=source.timeout, counted=source.count == "exact"
        )

    @contextmanager
    def snapshot(self) -> Iterator[PostgisFeatures]:
        """The same source, all of whose answers are read in one transaction."""
        with transaction(self.database) as connection:
            one = copy(self)
            one.connection, one.state = connection, _state(connection)
            yield one

    def _transaction(self) -> AbstractContextManager[Connection]:
        return transaction(self.database) if self.connection is None else nullcontext(self.connection)

    def features(self, query: FeatureQuery) -> Iterator[pa.RecordBatch]:
        """Batches of `id`, the asked properties in the schema's order, `geometry` (ISO WKB, query.crs, x first)."""
        plan = self._plan(query)
        if plan.empty or query.limit == 0:
            return
        names = asked_fields(query, self.types)
        with self._transaction() as connection:
            for batch in self._page(connection, plan):
                yield self._shaped(batch, names, query)

    def count(self, query: FeatureQuery) -> int:
        """How many features match; kept until something changes in the database."""
        plan = self._plan(_bare(query))
        if plan.empty:
            return 0
        with self._transaction() as connection:
            if not self.counted and query.limit is not None:
                return self._counted_to(connection, plan, query.offset + query.limit + 1)
            key = self._key(connection, query)
            found = _known_count(key)
            if found is None:
                found = self._counted(connection, plan, key)
                _keep_count(key, found)
        return found

    def keys(self, connection: Connection, condition: Any) -> list[Any]:
        """The keys of the features that match a condition, as a transaction under way sees them."""
        query = FeatureQuery(self.layer_id, self.facts.crs, filter=condition, properties=(), geometry=False)
        plan = self._plan(query)
        return [] if plan.empty else self._all_keys(connection, plan).to_pylist()

    def _counted(self, connection: Connection, plan: Plan, key: Hashable | None) -> int:
        if not plan.exact:
            return len(positions.found(key, lambda: self._all_keys(connection, plan)))
        sql = f"SELECT count(*) FROM {self.facts.relation}{_where(plan.where)}"
        return int(connection.rows(sql, plan.parameters)[0][0])

    def _counted_to(self, connection: Connection, plan: Plan, most: int) -> int:
        """How many features match, counting no further than `most`."""
        if plan.exact:
            sql = f"SELECT 1 FROM {self.facts.relation}{_where(plan.where)} LIMIT {most}"
            return int(connection.rows(f"SELECT count(*) FROM ({sql}) AS found", plan.parameters)[0][0])
        return sum(batch.num_rows for batch in paged(self._selected(connection, plan, ""), 0, most))

    def _page(self, connection: Connection, plan: Plan) -> Iterator[pa.RecordBatch]:
        """The rows of the page. One that lies deep is found by the keys of all that matches, which are kept.

        Where these would be of no use to the next page, for the data is changing, the database finds where it begins.
        """
        query = plan.query
        deep = query.limit is not None and query.limit <= PAGE and query.offset >= BATCH and query.ids is None
        if deep:
            key = self._key(connection, query)
            if plan.exact and not query.sort_by and positions.known(key) is None and _is_changing(key):
                yield from self._selected(connection, self._from(plan), f" LIMIT {query.limit}")
                return
            bare = self._plan(replace(query, properties=(), geometry=False, limit=None, offset=0))
            found = positions.found(key, lambda: self._all_keys(connection, bare))
            yield from self._at(connection, plan, found[query.offset :][: query.limit])
        elif plan.exact:
            yield from self._selected(connection, plan, _limits(query))
        else:
            yield from paged(self._selected(connection, plan, ""), query.offset, query.limit)

    def _from(self, plan: Plan) -> Plan:
        """The rows from the one at the page's offset on: an index tells where it is, and no row before it is read."""
        key = f"{_ROW}.{filters.quoted(str(self.facts.key))}"
        source = f"{self.facts.relation} AS {_ROW}{_where(plan.where)}"
        start = f"SELECT {key} FROM {source} ORDER BY {key} OFFSET {plan.query.offset} LIMIT 1"
        return replace(plan, where=(*plan.where, f"{key} >= ({start})"))

    def _at(self, connection: Connection, plan: Plan, keys: Any) -> Iterator[pa.RecordBatch]:
        """The rows of these keys, in their order."""
        if not len(keys):
            return
        if plan.exact and not plan.query.sort_by:
            parameters = plan.parameters
            low, high = (parameters.add(keys[place].as_py(), keys.type) for place in (0, -1))
            column = self.facts.column(str(self.facts.key))
            name = filters.quoted(column.name)
            span = f"{name} >= {low}::{column.type} AND {name} <= {high}::{column.type}"
            yield from self._selected(connection, replace(plan, where=(*plan.where, span)), "")
            return
        names = asked_fields(plan.query, self.types)
        for start in range(0, len(keys), BATCH):
            part = keys[start : start + BATCH]
            bare = self._plan(FeatureQuery(plan.query.layer, plan.query.crs, properties=names, geometry=plan.geometry))
            condition = self.writer(bare.parameters).keys(part.to_pylist())
            rows = list(self._selected(connection, replace(bare, where=(condition,)), ""))
            if rows:
                table = pa.Table.from_batches(rows)
                order = pc.index_in(part, value_set=table.column("#key").combine_chunks())
                yield from table.take(order.drop_null()).combine_chunks().to_batches()

    def _all_keys(self, connection: Connection, plan: Plan) -> Any:
        """The keys of all that matches, in the query's order."""
        parts = [batch.column(0) for batch in self._selected(connection, plan, "", 50_000)]
        return pa.concat_arrays(parts) if parts else pa.array([], self._key_type)

    def _key(self, connection: Connection, query: FeatureQuery) -> Hashable | None:
        """What tells a query's answer from others: the transaction sees what another one saw that had the same."""
        told = self.state or _state(connection)
        stamp = (told, int(time.monotonic()) // VIEWS) if self.facts.view else (told,)
        return positions.key_for((self.database, self.facts.relation, self.layer_id, stamp), query)

    @property
    def _key_type(self) -> pa.DataType:
        return pa.int64() if self.types[str(self.facts.key)] == "integer" else pa.string()

    def writer(self, parameters: Parameters) -> Writer:
        """What writes conditions over the table, with their values among the parameters."""
        return Writer(self.facts, self.layer_id, parameters.add, lambda name: reading(self.facts, name))

    def _plan(self, query: FeatureQuery) -> Plan:
        parameters = Parameters()
        writer = self.writer(parameters)
        where, rest = writer.push_down(asked_filter(query, self.time_attribute, self.types))
        region = geometry.region(query, self.facts) if query.bbox else None
        if region is not None and not region.nothing:
            where.append(writer.meets(region.shape))
        box = filters.reach(rest, None if is_geographic(self.facts.crs) else 1 / metres_per_unit(self.facts.crs))
        if box is not None:
            where.append(writer.box(shapely.box(*box)))
        needed = filters.properties_of(rest) | set(asked_fields(query, self.types))
        return Plan(
            query=query,
            where=tuple(where),
            parameters=parameters,
            rest=rest,
            columns=tuple(name for name in self.types if name in needed),
            geometry=query.geometry or filters.is_spatial(rest),
            empty=region is not None and region.nothing,
        )

    def _selected(self, connection: Connection, plan: Plan, limits: str, size: int = BATCH) -> Iterator[pa.RecordBatch]:
        """Batches of the rows that match, with `#key`, the plan's columns and `#geometry`."""
        for batch in connection.stream(self._sql(plan) + limits, plan.parameters, size):
            found = self._conformed(batch, plan)
            if plan.rest is not None:
                found = found.filter(filters.matches(plan.rest, found, self.facts, self.layer_id))
            if found.num_rows:
                yield found

    def _sql(self, plan: Plan) -> str:
        columns = [key_reading(self.facts)]
        columns += [reading(self.facts, name) for name in plan.columns]
        if plan.geometry:
            columns.append(f"ST_AsBinary({self.facts.shape}, 'NDR')")
        order = [self._order(name, up) for name, up in plan.query.sort_by]
        order.append(f"{_ROW}.{filters.quoted(str(self.facts.key))}")
        source = f"{self.facts.relation} AS {_ROW}{_where(plan.where)}"
        return f"SELECT {', '.join(columns)} FROM {source} ORDER BY {', '.join(order)}"

    def _order(self, name: str, up: bool) -> str:
        text = reading(self.facts, name)
        # A bare name would mean the column that is given out, of which there may be two.
        text = f"{_ROW}.{text}" if text == filters.quoted(name) else text
        collation = ' COLLATE "C"' if self.types[name] == "string" else ""
        return f"{text}{collation} {'ASC' if up else 'DESC'} NULLS LAST"

    def _conformed(self, batch: pa.RecordBatch, plan: Plan) -> pa.RecordBatch:
        arrays = [batch.column(0).cast(self._key_type)]
        arrays += [
            conform(_storage(batch.column(place)), self.types[name]) for place, name in enumerate(plan.columns, 1)
        ]
        names = ["#key", *plan.columns]
        if plan.geometry:
            arrays.append(batch.column(batch.num_columns - 1))
            names.append("#geometry")
        return pa.RecordBatch.from_arrays(arrays, names=names)

    def _shaped(self, batch: pa.RecordBatch, names: tuple[str, ...], query: FeatureQuery) -> pa.RecordBatch:
        arrays = [resource_ids(self.layer_id, batch["#key"]), *(batch[name] for name in names)]
        columns = ["id", *names]
        if query.geometry:
            arrays.append(geometry.reprojected(batch["#geometry"], self.facts.crs, query.crs))
            columns.append("geometry")
        return pa.RecordBatch.from_arrays(arrays, names=columns)


def _state(connection: Connection) -> str:
    """What the transaction sees: another one that sees as much reads the same."""
    return str(connection.rows("SELECT pg_current_snapshot()::text")[0][0])


def _storage(array: pa.Array) -> pa.Array:
    """The values of what ADBC marks as a type of PostgreSQL's own."""
    return array.storage if isinstance(array, pa.ExtensionArray) else array


def _bare(query: FeatureQuery) -> FeatureQuery:
    """The same features, in any order, with nothing of them."""
    return replace(query, properties=(), sort_by=(), limit=None, offset=0, geometry=False)


def _where(parts: tuple[str, ...]) -> str:
    return f" WHERE {' AND '.join(f'({part})' for part in parts)}" if parts else ""


def _limits(query: FeatureQuery) -> str:
    limit = f" LIMIT {query.limit}" if query.limit is not None else ""
    return f"{limit} OFFSET {query.offset}" if query.offset else limit


_seen: OrderedDict[Hashable, Hashable] = OrderedDict()


def _is_changing(key: Hashable | None) -> bool:
    """True where the data was in another state when the same was asked last."""
    if not isinstance(key, tuple):
        return False
    data, query = key
    with _guard:
        before = _seen.pop((data[:-1], query), data)
        _seen[(data[:-1], query)] = data
        while len(_seen) > COUNTS:
            _seen.popitem(last=False)
    return bool(before != data)


_counts: OrderedDict[Hashable, int] = OrderedDict()
_guard = Lock()


def _known_count(key: Hashable | None) -> int | None:
    with _guard:
        return _counts.get(key) if key is not None else None


def _keep_count(key: Hashable | None, count: int) -> None:
    if key is None:
        return
    with _guard:
        _counts[key] = count
        while len(_counts) > COUNTS:
            _counts.popitem(last=False)
