"""Seeding jobs and the state of their blocks, in STORE/jobs/jobs.sqlite: what is done survives any stop."""

import fcntl
import os
import sqlite3
import time
from collections.abc import Iterable, Iterator
from contextlib import closing, contextmanager
from enum import IntEnum
from pathlib import Path

from layers.errors import GarrigueError
from tiles.address import VECTOR
from tiles.picture import Block

SCHEMA = """
CREATE TABLE IF NOT EXISTS job (
  id TEXT PRIMARY KEY, layer TEXT, style TEXT, time TEXT, grid TEXT, levels TEXT,
  made REAL, changed REAL, seconds REAL);
CREATE TABLE IF NOT EXISTS block (
  job TEXT, z INTEGER, x0 INTEGER, y0 INTEGER, x1 INTEGER, y1 INTEGER, state INTEGER, tries INTEGER, error TEXT,
  PRIMARY KEY (job, z, y0, x0)) WITHOUT ROWID;
CREATE INDEX IF NOT EXISTS block_state ON block (job, state);
"""


class JobError(GarrigueError):
    """A job that cannot be started: it runs already, or its state cannot be kept."""


class State(IntEnum):
    """Where a block is: not begun, drawn, drawn and nothing on it, given up."""

    PENDING = 0
    DONE = 1
    EMPTY = 2
    FAILED = 3


class Job:
    """One job: blocks and their states. Open it by `running`."""

    def __init__(self, db: sqlite3.Connection, job_id: str) -> None:
        self.db = db
        self.id = job_id

    def add(self, blocks: Iterable[Block], names: tuple[str, str, str, str, str]) -> None:
        """Write the job and its blocks if it is new; layer, style, time, grid and levels are for those who look."""
        with self._transaction() as db:
            if db.execute("SELECT 1 FROM job WHERE id = ?", (self.id,)).fetchone():
                return
            now = time.time()
            db.execute("INSERT INTO job VALUES (?, ?, ?, ?, ?, ?, ?, ?, 0)", (self.id, *names, now, now))
            rows = ((self.id, *block) for block in blocks)
            db.executemany("INSERT INTO block VALUES (?, ?, ?, ?, ?, ?, 0, 0, NULL)", rows)

    def reopen(self) -> None:
        """Blocks that failed are to be tried again."""
        with self._transaction() as db:
            db.execute("UPDATE block SET state = 0, tries = 0 WHERE job = ? AND state = 3", (self.id,))

    def forget(self, blocks: Iterable[Block]) -> None:
        """Blocks that were done are to be done again."""
        with self._transaction() as db:
            rows = ((self.id, block.z, block.y0, block.x0) for block in blocks)
            db.executemany("UPDATE block SET state = 0 WHERE job = ? AND z = ? AND y0 = ? AND x0 = ?", rows)

    def blocks(self, *states: State) -> Iterator[Block]:
        """The blocks in some states, upper levels first."""
        marks = ",".join("?" * len(states))
        sql = f"SELECT z, x0, y0, x1, y1 FROM block WHERE job = ? AND state IN ({marks}) ORDER BY z, y0, x0"
        for row in self.db.execute(sql, (self.id, *states)):
            yield Block(*row)

    def record(self, results: Iterable[tuple[Block, State, str | None]], seconds: float = 0.0) -> None:
        """Write what became of blocks, and the seconds that were spent since the last time."""
        sql = "UPDATE block SET state = ?, error = ?, tries = tries + 1 WHERE job = ? AND z = ? AND y0 = ? AND x0 = ?"
        with self._transaction() as db:
            db.executemany(sql, ((state, error, self.id, b.z, b.y0, b.x0) for b, state, error in results))
            change = "UPDATE job SET changed = ?, seconds = seconds + ? WHERE id = ?"
            db.execute(change, (time.time(), seconds, self.id))

    def counts(self) -> dict[State, tuple[int, int]]:
        """Blocks and tiles by state."""
        sql = "SELECT state, COUNT(*), SUM((x1 - x0 + 1) * (y1 - y0 + 1)) FROM block WHERE job = ? GROUP BY state"
        found = {State(state): (count, tiles) for state, count, tiles in self.db.execute(sql, (self.id,))}
        return {state: found.get(state, (0, 0)) for state in State}

    def errors(self, limit: int = 10) -> list[tuple[Block, str]]:
        """Some of the blocks that failed, with why."""
        sql = "SELECT z, x0, y0, x1, y1, error FROM block WHERE job = ? AND state = 3 LIMIT ?"
        return [(Block(*row[:5]), row[5]) for row in self.db.execute(sql, (self.id, limit))]

    @contextmanager
    def _transaction(self) -> Iterator[sqlite3.Connection]:
        """Raises JobError where the disk takes no more."""
        try:
            self.db.execute("BEGIN IMMEDIATE")
            yield self.db
            self.db.execute("COMMIT")
        except BaseException as error:
            # SQLite has rolled back itself where the disk is full.
            if self.db.in_transaction:
                self.db.execute("ROLLBACK")
            if isinstance(error, sqlite3.OperationalError):
                raise JobError(f"the state of jobs cannot be kept: {error}") from None
            raise


@contextmanager
def running(store: Path, job_id: str) -> Iterator[Job]:
    """A job that this process alone runs. Raises JobError where another does, or the store cannot be written."""
    try:
        (store / "jobs").mkdir(parents=True, exist_ok=True)
        lock = os.open(store / "jobs" / f"{job_id}.lock", os.O_RDWR | os.O_CREAT, 0o644)
    except OSError as error:
        raise JobError(f"the store cannot be written at {store}: {error.strerror}") from None
    try:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            raise JobError("this job is being seeded by another process; wait for it or stop it") from None
        with closing(_connect(store)) as db:
            yield Job(db, job_id)
    finally:
        os.close(lock)


def _connect(store: Path) -> sqlite3.Connection:
    try:
        db = sqlite3.connect(store / "jobs" / "jobs.sqlite", timeout=60, isolation_level=None)
        db.execute("PRAGMA synchronous = NORMAL")
        db.executescript(SCHEMA)
    except sqlite3.Error as error:
        raise JobError(f"the state of jobs cannot be kept at {store}: {error}") from None
    return db


def speed(store: Path, layer: str, *, vector: bool = False) -> float | None:
    """Tiles a second that the layer's jobs have made of pictures or of vector tiles; None where there were none."""
    if not (store / "jobs" / "jobs.sqlite").exists():
        return None
    sql = (
        "SELECT SUM(tiles), SUM(seconds) FROM (SELECT seconds, "
        "(SELECT SUM((x1 - x0 + 1) * (y1 - y0 + 1)) FROM block WHERE job = job.id AND tries > 0 AND state != 3) "
        "AS tiles FROM job WHERE layer = ? AND (style = ?) = ?)"
    )
    with closing(_connect(store)) as db:
        tiles, seconds = db.execute(sql, (layer, VECTOR, vector)).fetchone()
    return tiles / seconds if tiles and seconds else None


def forget_layer(store: Path, layer: str) -> None:
    """Blocks of a layer's jobs are looked at again by the next seed: tiles of them may have gone."""
    if not (store / "jobs" / "jobs.sqlite").exists():
        return
    with closing(_connect(store)) as db:
        db.execute(
            "UPDATE block SET state = 0 WHERE state IN (1, 2) AND job IN (SELECT id FROM job WHERE layer = ?)", (layer,)
        )
