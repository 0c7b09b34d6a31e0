"""A PostgreSQL server with PostGIS of the tests' own: made in a temporary folder, ended by its own process id.

It listens on a Unix socket alone, which has no port to collide with, unless a test asks for TCP.
"""

import contextlib
import os
import pwd
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

PROGRAMS = sorted(Path("/usr/lib/postgresql").glob("*/bin/initdb"), key=lambda path: int(path.parts[-3]))
PASSWORD = "mot de passe:sécret@/%"
"""Every sign that an address could trip over."""


def is_installed() -> bool:
    """True where there are PostgreSQL's programs and PostGIS."""
    return bool(PROGRAMS) and any(Path("/usr/share/postgresql").glob("*/extension/postgis.control"))


@dataclass
class Server:
    """A server: its folder, which is that of its socket too, and its process."""

    folder: Path
    port: int
    process: "subprocess.Popen[bytes] | None" = None
    databases: int = field(default=0)

    @property
    def bin(self) -> Path:
        return PROGRAMS[-1].parent

    def start(self) -> None:
        """Start, and wait until it answers."""
        command = [str(self.bin / "postgres"), "-D", str(self.folder / "data"), "-p", str(self.port)]
        command += ["-k", str(self.folder), "-c", "listen_addresses=127.0.0.1", "-c", "fsync=off"]
        command += ["-c", "shared_buffers=64MB", "-c", "jit=off", "-c", "timezone=Europe/Paris"]
        command += ["-c", "log_min_messages=fatal", "-c", "max_connections=60", "-c", "autovacuum=off"]
        command += ["-c", "full_page_writes=off", "-c", "synchronous_commit=off"]
        with (self.folder / "log").open("ab") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, **_as_nobody())
        end = time.monotonic() + 60
        ready = [str(self.bin / "pg_isready"), "-q", "-h", str(self.folder), "-p", str(self.port), "-d", "postgres"]
        while subprocess.run(ready, check=False).returncode:
            if self.process.poll() is not None or time.monotonic() > end:
                raise AssertionError(f"PostgreSQL did not start: {(self.folder / 'log').read_text()[-2000:]}")
            time.sleep(0.05)

    def stop(self, *, for_good: bool = False) -> None:
        """End it by its own process id: sessions are cut, and nothing is written that nobody will read."""
        if self.process is None:
            return
        self.process.send_signal(signal.SIGQUIT if for_good else signal.SIGINT)
        try:
            self.process.wait(timeout=30)
        finally:
            self.process.kill()
            self.process.wait()
            self.process = None

    def address(self, database: str = "postgres", *, user: str = "admin", host: str = "") -> str:
        """The address of a database, with the password in it."""
        from urllib.parse import quote

        where = host or quote(str(self.folder), safe="")
        return f"postgresql://{user}:{quote(PASSWORD, safe='')}@{where}:{self.port}/{database}"

    def database(self) -> str:
        """The address of a new database with PostGIS in it."""
        self.databases += 1
        name = f"essai_{self.databases}"
        self.sql("postgres", f'CREATE DATABASE "{name}" TEMPLATE modele')
        return self.address(name)

    def sql(self, database: str, *statements: str) -> list[Any]:
        """Run statements one by one, outside of a transaction; the rows of the last."""
        return run_sql(self.address(database), *statements)


def run_sql(address: str, *statements: str) -> list[Any]:
    """Run statements one by one; the rows of the last."""
    from adbc_driver_postgresql import dbapi

    rows: list[Any] = []
    with closing(dbapi.connect(address, autocommit=True)) as connection:
        for statement in statements:
            with connection.cursor() as cursor:
                cursor.execute(statement)
                rows = cursor.fetchall() if cursor.description else []
    return rows


@contextmanager
def server() -> Iterator[Server]:
    """A running server with a template database `modele` that has PostGIS."""
    folder = Path(tempfile.mkdtemp(prefix="pg-"))
    made = Server(folder, _free_port())
    try:
        _initialise(made)
        made.start()
        made.sql("postgres", "CREATE DATABASE modele")
        made.sql("modele", "CREATE EXTENSION postgis")
        yield made
    finally:
        made.stop(for_good=True)
        shutil.rmtree(folder, ignore_errors=True)


def _initialise(made: Server) -> None:
    nobody = _as_nobody()
    password = made.folder / "password"
    password.write_text(PASSWORD, encoding="utf-8")
    if nobody:
        owner = pwd.getpwnam(nobody["user"])
        for path in (made.folder, password):
            os.chown(path, owner.pw_uid, owner.pw_gid)
    command = [str(made.bin / "initdb"), "-D", str(made.folder / "data"), "-U", "admin", "-A", "scram-sha-256"]
    command += ["--pwfile", str(password), "-E", "UTF8", "--locale=C.UTF-8", "--no-sync"]
    subprocess.run(command, check=True, capture_output=True, **nobody)
    (made.folder / "data" / "pg_hba.conf").write_text(
        "local all all scram-sha-256\nhost all all 127.0.0.1/32 scram-sha-256\n", encoding="utf-8"
    )


def _as_nobody() -> dict[str, Any]:
    """PostgreSQL refuses to be run by root."""
    if os.getuid():
        return {}
    for user in ("postgres", "nobody"):
        with contextlib.suppress(KeyError):
            found = pwd.getpwnam(user)
            return {"user": user, "group": found.pw_gid, "extra_groups": [], "cwd": "/"}
    raise AssertionError("there is no user to run PostgreSQL as")


def _free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])
