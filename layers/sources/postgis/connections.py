"""Connections to databases, a few of each kept open by the process; one that the server closed is opened again."""

import atexit
import logging
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from functools import partial
from typing import Any

import pyarrow as pa
from adbc_driver_manager import Error, OperationalError
from adbc_driver_postgresql import dbapi
from sqlalchemy.exc import TimeoutError as PoolTimeoutError
from sqlalchemy.pool import PoolProxiedConnection, QueuePool

from layers.errors import GarrigueError, SourceError, UnavailableError
from layers.sources.postgis.address import connection_string, without_secrets

log = logging.getLogger("garrigue.postgis")

KEPT = 4
"""Idle connections to one database that a process keeps."""

OPEN = 10
"""Connections to one database that a process has at once, at most."""

WAIT = 10.0
"""Seconds that a request waits for one of them."""

RECYCLED = 600
"""Seconds after which a connection is opened anew, with its next use."""

_SETTINGS = """
SELECT set_config('statement_timeout', $1, false), set_config('lock_timeout', '10s', false),
  set_config('idle_in_transaction_session_timeout', '15min', false),
  set_config('application_name', 'garrigue', false), set_config('cursor_tuple_fraction', '1', false),
  set_config('timezone', 'UTC', false),
  set_config('datestyle', 'ISO', false), set_config('bytea_output', 'hex', false),
  set_config('search_path', current_setting('search_path') || coalesce((SELECT ', ' || quote_ident(nspname)
    FROM pg_extension JOIN pg_namespace n ON n.oid = extnamespace WHERE extname = 'postgis'), ''), false)
"""


@dataclass(frozen=True, slots=True)
class Database:
    """A database: its address as declared, and the seconds that a statement may take."""

    address: str
    timeout: int = 30


@dataclass
class Parameters:
    """Values of a statement, each with its Arrow type: `$1` is the first."""

    values: list[Any]

    def __init__(self) -> None:
        self.values = []

    def add(self, value: Any, kind: pa.DataType) -> str:
        """The mark that stands for a value."""
        self.values.append(pa.array([value], kind))
        return f"${len(self.values)}"

    def batch(self) -> Any:
        """The values as ADBC binds them; None where there are none."""
        if not self.values:
            return None
        return pa.RecordBatch.from_arrays(self.values, names=[str(index) for index in range(len(self.values))])


class Connection:
    """An open connection in a transaction."""

    def __init__(self, database: Database) -> None:
        self.database = database
        self.text = connection_string(database.address)
        self.raw = _opened(self.text)
        self.used = False
        self.cursors = 0
        settings = Parameters()
        settings.add(f"{database.timeout}s", pa.string())
        try:
            self.rows(_SETTINGS, settings)
        except Error as error:
            self.close()
            raise failure(error, self) from None

    def run(self, sql: str, parameters: Parameters | None = None) -> None:
        """A statement that gives no rows. Raises adbc_driver_manager.Error."""
        with self.raw.cursor() as cursor:
            cursor.execute(sql, parameters.batch() if parameters else None)

    def table(self, sql: str, parameters: Parameters | None = None) -> pa.Table:
        """The rows of a statement. Raises adbc_driver_manager.Error."""
        with self.raw.cursor(adbc_stmt_kwargs={"adbc.postgresql.use_copy": "false"}) as cursor:
            cursor.execute(sql, parameters.batch() if parameters else None)
            return cursor.fetch_arrow_table()

    def rows(self, sql: str, parameters: Parameters | None = None) -> list[tuple[Any, ...]]:
        """The rows of a statement as tuples."""
        found = self.table(sql, parameters)
        return list(zip(*(column.to_pylist() for column in found.columns), strict=True))

    def stream(self, sql: str, parameters: Parameters, size: int) -> Iterator[pa.RecordBatch]:
        """The rows of a query, `size` at a time: the server keeps the others."""
        self.cursors += 1
        name = f"garrigue_{self.cursors}"
        self.run(f"DECLARE {name} NO SCROLL CURSOR FOR {sql}", parameters)
        with self.raw.cursor(adbc_stmt_kwargs={"adbc.postgresql.use_copy": "false"}) as cursor:
            while True:
                cursor.execute(f"FETCH {size} FROM {name}")
                batches = [batch for batch in cursor.fetch_arrow_table().to_batches() if batch.num_rows]
                yield from batches
                if sum(batch.num_rows for batch in batches) < size:
                    break
        self.run(f"CLOSE {name}")

    def close(self) -> None:
        """Close, whatever state it is in."""
        with suppress(Error):
            self.raw.close()


def _opened(text: str) -> Any:
    try:
        return dbapi.connect(text, autocommit=True)
    except Error as error:
        log.error("a database cannot be reached: %s", without_secrets(_first_line(error), text))
        raise UnavailableError("the database cannot be reached now") from None


_pools: dict[Database, QueuePool] = {}
_guard = threading.Lock()


def _pool(database: Database) -> QueuePool:
    with _guard:
        if database not in _pools:
            creator: Any = partial(Connection, database)
            options: dict[str, Any] = {
                "pool_size": KEPT,
                "max_overflow": OPEN - KEPT,
                "timeout": WAIT,
                "recycle": RECYCLED,
            }
            _pools[database] = QueuePool(creator, reset_on_return=None, **options)
        return _pools[database]


def close_all() -> None:
    """Close the connections that are kept."""
    with _guard:
        for pool in _pools.values():
            pool.dispose()
        _pools.clear()


atexit.register(close_all)


@contextmanager
def transaction(
    database: Database, *, write: Callable[[Error, "Connection"], GarrigueError] | None = None
) -> Iterator[Connection]:
    """A connection in a transaction that reads what was there at its beginning.

    One that writes is committed at the end, and `write` makes what is raised of what the database says meanwhile.
    Raises UnavailableError where the database is not there or takes too long, SourceError for what else it says.
    """
    lent = _begun(database, "BEGIN" if write else "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    connection: Connection = lent.dbapi_connection  # type: ignore[assignment]
    try:
        yield connection
        connection.run("COMMIT")
    except Error as error:
        _undo(lent)
        raise (write or failure)(error, connection) from None
    except BaseException:
        _undo(lent)
        raise
    lent.close()


def _begun(database: Database, sql: str) -> PoolProxiedConnection:
    """A kept connection that still answers, or a new one."""
    while True:
        try:
            lent = _pool(database).connect()
        except PoolTimeoutError:
            raise UnavailableError("too many requests use the database now") from None
        connection: Connection = lent.dbapi_connection  # type: ignore[assignment]
        try:
            connection.run(sql)
        except Error as error:
            lent.invalidate()
            if not connection.used:
                raise failure(error, connection) from None
        else:
            connection.used = True
            return lent


def _undo(lent: PoolProxiedConnection) -> None:
    """Roll the transaction back; the connection is given up where it does not answer any more."""
    connection: Connection = lent.dbapi_connection  # type: ignore[assignment]
    try:
        connection.run("ROLLBACK")
    except Error:
        lent.invalidate()
    else:
        lent.close()


_CANCELLED, _LOCKED = "57014", "55P03"
_ALTERED = ("42703", "42P01", "42883", "42804", "3F000")
"""No such column, table, operator for its type, or schema: what was there when the registry was compiled."""


def failure(error: Error, connection: Connection) -> SourceError:
    """What a database said as an error of ours, without anything secret."""
    state = getattr(error, "sqlstate", None) or ""
    told = message(error, connection)
    log.error("a database failed: %s (%s)", told, state or "no SQLSTATE")
    if state == _CANCELLED:
        return UnavailableError(f"the database did not answer within {connection.database.timeout} s")
    if state == _LOCKED:
        return UnavailableError("another change has been holding the features for too long")
    if state in _ALTERED:
        return UnavailableError("the table is not any more what it was when garrigue check looked at it")
    if state.startswith(("08", "53", "57P")) or (isinstance(error, OperationalError) and not state):
        return UnavailableError("the database cannot be reached now")
    return SourceError(told)


def message(error: Error, connection: Connection) -> str:
    """The first words of an error, without anything secret."""
    details: Sequence[tuple[bytes | str, bytes]] = getattr(error, "details", None) or ()
    primary = dict(details).get("PG_DIAG_MESSAGE_PRIMARY") or dict(details).get(b"PG_DIAG_MESSAGE_PRIMARY")
    text = bytes(primary).decode("utf-8", "replace") if primary else _first_line(error)
    return without_secrets(text, connection.text)[:300]


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or [""])[0]
