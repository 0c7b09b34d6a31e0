"""Cold tiles: what MapProxy asks of the store while others write into it."""

from pathlib import Path
from typing import Any

import pytest

from layers.registry import Registry
from tiles.address import TileAddress
from tiles.cache import tile_manager
from tiles.seeding.plan import make_plan
from tiles.store import Store


@pytest.mark.filterwarnings("ignore:calling un-configured base_config:DeprecationWarning")
def test_a_tile_that_another_process_keeps_meanwhile_is_given(
    registry: Registry, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    level = make_plan(registry, "ortho", grid_name="PM", levels=(16, 16)).levels[0]
    address = TileAddress("ortho", "default", "", "PM", 16, level.x0, level.y0)
    manager = tile_manager(registry, tmp_path, address)
    load = manager.cache.load_tiles

    def load_and_be_late(tiles: Any, *arguments: Any, **options: Any) -> Any:
        found = load(tiles, *arguments, **options)
        Store(tmp_path).put_many([(address, b"made by another")], manager.cache.info)
        return found

    monkeypatch.setattr(manager.cache, "load_tiles", load_and_be_late)
    tile = manager.load_tile_coord((address.x, address.y, address.z))
    assert tile.image_result.as_buffer().read() == b"made by another"
