"""Fixtures that every test may use: a small configuration, its registry, a database."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.data import make_config
from support.postgres import Server, is_installed, server
from support.schemas import required


@pytest.fixture(scope="session")
def config_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small configuration with its data; read-only by agreement (copy it to change it)."""
    return make_config(tmp_path_factory.mktemp("config"))


@pytest.fixture(scope="session")
def store_dir(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store shared by the session's tests."""
    return tmp_path_factory.mktemp("store")


@pytest.fixture(scope="session")
def registry(config_dir: Path, store_dir: Path):
    """The registry of the small configuration."""
    from layers.compile import load

    return load(config_dir, store_dir)[0]


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
