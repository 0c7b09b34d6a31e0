"""A cold vector tile that is asked several times at once."""

import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest
from mapproxy.util.lock import FileLock

from tiles.address import VECTOR, TileAddress
from tiles.limits import vector_limits
from tiles.locks import lock_folder
from tiles.store import Store
from tiles.table import vector_grid
from tiles.vector.cache import lock_name, make_vector_tile
from tiles.vector.info import vector_archive_info

ROOT = Path(__file__).parents[3]
ASK = """
import sys
from pathlib import Path
from layers.compile import load
from tiles.address import TileAddress
from tiles.vector.cache import make_vector_tile
config, store, *place = sys.argv[1:]
registry, _ = load(Path(config), Path(store))
print("begun", flush=True)
print(make_vector_tile(registry, Path(store), TileAddress(*place[:4], *map(int, place[4:])))[0].decode("latin-1"))
"""


@pytest.fixture
def address(registry) -> TileAddress:
    layer = registry.layers["parcelle"]
    grid = vector_grid(layer, registry)
    at = vector_limits(layer, grid)[-1]
    return TileAddress("parcelle", VECTOR, "", grid.id, at.z, at.x0, at.y0)


def test_who_waited_for_another_process_takes_what_that_one_made(config_dir, registry, tmp_path, address):
    layer = registry.layers["parcelle"]
    info = vector_archive_info(layer, "PM", vector_limits(layer, vector_grid(layer, registry)))
    command = [sys.executable, "-c", ASK, str(config_dir), str(tmp_path), *map(str, address)]
    lock = FileLock(str(lock_folder(tmp_path) / lock_name(address)), timeout=5)
    lock.lock()
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout.readline() == "begun\n"
            with pytest.raises(subprocess.TimeoutExpired):
                process.wait(timeout=1)
            with closing(Store(tmp_path)) as store:
                store.put_many([(address, b"made by another")], info)
        finally:
            lock.unlock()
        told, _ = process.communicate(timeout=60)
    assert told == "made by another\n"


def test_a_tile_is_made_and_kept_once(registry, tmp_path, address):
    first, current, _ = make_vector_tile(registry, tmp_path, address)
    with closing(Store(tmp_path)) as store:
        kept = store.get(address)
    assert current
    assert kept is not None
    assert kept[1] == first
