"""Locks on features (OGC 09-025r2, 12; 04-094, 11), in a small database of the store: they outlive a restart.

A lock ends by its own time. What an ended one was called is known for a day, so that its owner is told so.
"""

import secrets
import sqlite3
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path

from server.wfs.errors import (
    CannotLockAllFeaturesError,
    InvalidLockIdError,
    LockHasExpiredError,
    MissingLockIdError,
    OperationProcessingError,
)

WAIT = 15.0
"""Seconds to wait for another request's changes."""

REMEMBERED = 86_400.0
"""Seconds for which the id of a lock that has ended is known."""

LONGEST = 86_400
"""Seconds that a lock may be asked for."""

_SCHEMA = """
CREATE TABLE IF NOT EXISTS lock (id TEXT PRIMARY KEY, seconds REAL NOT NULL, ends REAL NOT NULL);
CREATE TABLE IF NOT EXISTS locked (feature TEXT PRIMARY KEY, lock TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS locked_by ON locked (lock);
"""


@dataclass(frozen=True, slots=True)
class Granted:
    """A lock: its id, the features that it holds, and those that others hold."""

    id: str
    locked: tuple[str, ...]
    refused: tuple[str, ...] = ()


@contextmanager
def locks(store: Path) -> Iterator["Locks"]:
    """The locks of a store, to be read and changed by one request at a time; nothing is changed where it fails."""
    folder = store / "wfs"
    folder.mkdir(parents=True, exist_ok=True)
    with closing(sqlite3.connect(folder / "locks.sqlite", timeout=WAIT, isolation_level=None)) as connection:
        connection.executescript(_SCHEMA)
        try:
            connection.execute("BEGIN IMMEDIATE")
        except sqlite3.OperationalError:
            raise OperationProcessingError("other changes are under way: try again") from None
        try:
            yield Locks(connection)
        except BaseException:
            connection.execute("ROLLBACK")
            raise
        connection.execute("COMMIT")


class Locks:
    """The locks, inside one transaction of their database."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        now = time.time()
        self._sql("DELETE FROM locked WHERE lock IN (SELECT id FROM lock WHERE ends <= ?)", now)
        self._sql("DELETE FROM lock WHERE ends <= ?", now - REMEMBERED)

    def _sql(self, sql: str, *values: object) -> list[tuple[str, ...]]:
        return self._connection.execute(sql, values).fetchall()

    def owner(self, feature: str) -> str | None:
        """The id of the lock that holds a feature."""
        found = self._sql("SELECT lock FROM locked WHERE feature = ?", feature)
        return found[0][0] if found else None

    def grant(self, features: Sequence[str], seconds: int, *, some: bool) -> Granted:
        """A new lock on features: on all of them, or on those (`some`) that no other lock holds.

        Raises CannotLockAllFeaturesError.
        """
        refused = tuple(one for one in features if self.owner(one))
        if refused and not some:
            shown = ", ".join(refused[:10])
            raise CannotLockAllFeaturesError(f"other locks hold {len(refused)} of the features: {shown}", "lockAction")
        taken = set(refused)
        name = f"lock-{secrets.token_hex(12)}"
        locked = tuple(one for one in features if one not in taken)
        self._sql("INSERT INTO lock VALUES (?, ?, ?)", name, seconds, time.time() + seconds)
        self._connection.executemany("INSERT OR IGNORE INTO locked VALUES (?, ?)", [(one, name) for one in locked])
        return Granted(name, locked, refused)

    def renew(self, name: str, seconds: int) -> Granted:
        """A lock whose time starts anew. Raises LockHasExpiredError where there is none."""
        if not self._sql("SELECT 1 FROM lock WHERE id = ? AND ends > ?", name, time.time()):
            raise LockHasExpiredError(f"there is no lock {name[:80]!r} any more", "lockId")
        self._sql("UPDATE lock SET seconds = ?, ends = ? WHERE id = ?", seconds, time.time() + seconds, name)
        return Granted(name, tuple(one for (one,) in self._sql("SELECT feature FROM locked WHERE lock = ?", name)))

    def check_id(self, name: str) -> None:
        """The lock is there. Raises InvalidLockIdError, LockHasExpiredError."""
        found = self._sql("SELECT ends FROM lock WHERE id = ?", name)
        if not found:
            raise InvalidLockIdError(f"there is no lock {name[:80]!r}", "lockId")
        if float(found[0][0]) <= time.time():
            raise LockHasExpiredError(f"the lock {name[:80]!r} has expired", "lockId")

    def check(self, features: Iterable[str], name: str) -> None:
        """No other lock than the one of this name ("" is none) holds any of the features."""
        for feature in features:
            owner = self.owner(feature)
            if owner and not name:
                raise MissingLockIdError(f"the feature {feature} is locked: its changes take the lockId")
            if owner and owner != name:
                raise OperationProcessingError(f"another lock holds the feature {feature}", "lockId")

    def release(self, name: str, touched: Iterable[str], *, some: bool) -> None:
        """Let go of a lock, or (`some`) of the features that were touched; the time of the others starts anew."""
        if not some:
            self._sql("DELETE FROM locked WHERE lock = ?", name)
            self._sql("DELETE FROM lock WHERE id = ?", name)
            return
        self.forget(touched)
        self._sql("UPDATE lock SET ends = ? + seconds WHERE id = ?", time.time(), name)

    def forget(self, features: Iterable[str]) -> None:
        """Features that no lock holds from now on."""
        self._connection.executemany("DELETE FROM locked WHERE feature = ?", [(one,) for one in features])
