"""What the tests of running servers share."""

import shutil
from pathlib import Path

import pytest

from server.compile import write
from support.server import Running, running
from support.tile import put_tile

MAP = (
    "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=parcelle&STYLES=&CRS=EPSG:2154"
    "&BBOX=770000,6279000,771000,6280000&WIDTH=256&HEIGHT=256&FORMAT=image/png"
)
"""A GetMap of the small configuration."""


@pytest.fixture(scope="session")
def compiled(registry, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store in which the small configuration is compiled; to be copied."""
    store = tmp_path_factory.mktemp("compiled")
    write(registry, store)
    return store


@pytest.fixture(scope="module")
def own_store(compiled: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A compiled store of the module's own."""
    return Path(shutil.copytree(compiled, tmp_path_factory.mktemp("served") / "store"))


@pytest.fixture(scope="module")
def server(config_dir: Path, own_store: Path):
    """A running server on the small configuration, with one stored tile of the layer ortho."""
    put_tile(own_store)
    with running(config_dir, own_store, "--idle", "60") as found:
        yield found


@pytest.fixture(scope="module")
def tile(server: Running, own_store: Path) -> str:
    """The address of the stored tile."""
    return put_tile(own_store)


@pytest.fixture(scope="session")
def get_map() -> str:
    """The address of a GetMap."""
    return MAP
