"""The demo, served: what every client test opens."""

import gc
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pyogrio
import pytest
import shapely

from support.server import running

CONFIG = Path(__file__).parents[2] / "config"


@pytest.fixture(autouse=True)
def _sockets_of_clients() -> Iterator[None]:
    """Some clients leave their sockets to the garbage collector: they are collected here, not in a later test."""
    yield
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ResourceWarning)
        gc.collect()


@dataclass
class Demo:
    """The served demo: its address, and what its data holds by its own account."""

    url: str
    prefix: str = "occ"
    config: Path = CONFIG

    def file(self, layer: str) -> tuple[Path, str]:
        """File and layer of a vector layer's data."""
        from layers.declared import Found, read_models

        _, _, declared = read_models(self.config, Found())
        source = next(item.definition.source for item in declared if item.id == layer)
        return self.config / source.vector, source.layer or layer

    def count(self, layer: str) -> int:
        """How many features the data has."""
        path, name = self.file(layer)
        return pyogrio.read_info(path, layer=name)["features"]

    def point_in(self, layer: str) -> list[float]:
        """A point inside a feature in the middle of the data."""
        path, name = self.file(layer)
        wkb = pyogrio.raw.read(path, layer=name, columns=[])[2]
        shapes = shapely.from_wkb(wkb)
        biggest = shapes[shapely.area(shapes).argmax()]
        point = shapely.point_on_surface(biggest)
        return [point.x, point.y]


@pytest.fixture(scope="session")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    """The demo's server with a store of its own."""
    if not (CONFIG / "data" / "demo").is_dir():
        pytest.fail("the demo's data is not there: garrigue demo --prepare-only")
    with running(CONFIG, tmp_path_factory.mktemp("demo_store")) as server:
        yield Demo(server.url)
