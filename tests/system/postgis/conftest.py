"""A real PostgreSQL with PostGIS, started by the tests that ask for it."""

import os
from collections.abc import Iterator

import pytest

from support.postgres import Server, is_installed, server
from support.schemas import required


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    """A server in a temporary folder; ended with the session."""
    if not is_installed():
        required("PostgreSQL with PostGIS (postgresql-15-postgis-3)")
    from layers.sources.postgis.connections import close_all

    with server() as started:
        yield started
        close_all()


@pytest.fixture(scope="module")
def database(postgres: Server) -> Iterator[str]:
    """A new database, as layers name it: a variable of the environment that holds its address."""
    name = f"GARRIGUE_ESSAI_{postgres.databases}"
    os.environ[name] = postgres.database()
    yield f"${{{name}}}"
    del os.environ[name]
