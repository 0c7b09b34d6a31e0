"""Fixtures that every test may use: a small configuration, its registry, and what is not to be skipped in CI."""

from pathlib import Path

import pytest

from support.data import make_config


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
