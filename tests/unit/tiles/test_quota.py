"""A quota stops writing, never serving; a damaged archive is made anew."""

import logging
import shutil
from contextlib import closing
from pathlib import Path

import pytest

from layers.compile import load
from layers.model import Tiles
from layers.registry import Registry
from tiles.address import TileAddress
from tiles.archives.archive import ArchiveError, ArchiveInfo
from tiles.archives.path import mark, mark_of
from tiles.limits import LevelLimits
from tiles.quota import Quota, QuotaError
from tiles.seeding.plan import Plan, make_plan
from tiles.seeding.seed import Means, seed
from tiles.store import Store
from tiles.usage import usage

ALONE = Means(workers=1)


def with_quota(config_dir: Path, folder: Path, quota: str) -> Registry:
    config = shutil.copytree(config_dir, folder / "config")
    file = config / "layers" / "images.yaml"
    file.write_text(file.read_text().replace("levels: 12-20", f"levels: 12-20, quota: {quota}"))
    return load(config, folder)[0]


def test_a_quota_is_written_with_a_unit() -> None:
    assert [Tiles.model_validate({"quota": q}).quota for q in ("500 GB", "1.5kB", 7, None)] == [
        5 * 10**11,
        1500,
        7,
        None,
    ]


def test_a_seed_stops_at_the_quota_and_serves_what_is_there(config_dir: Path, tmp_path: Path) -> None:
    registry = with_quota(config_dir, tmp_path, "5kB")
    plan = make_plan(registry, "ortho", grid_name="PM", levels=(12, 18))
    with pytest.raises(QuotaError, match=r"nothing more is written, what is there is served"):
        seed(registry, tmp_path, plan, ALONE)
    kept = Store(tmp_path).sizes("ortho")
    assert 5000 <= kept.bytes < 60_000
    with pytest.raises(QuotaError):
        seed(registry, tmp_path, plan, ALONE)
    assert Store(tmp_path).sizes("ortho") == kept


@pytest.mark.filterwarnings("ignore:calling un-configured base_config:DeprecationWarning")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # MapProxy leaves its lock file open
def test_a_cold_tile_is_served_but_not_kept_beyond_the_quota(config_dir: Path, tmp_path: Path) -> None:
    from tiles.cache import make_tile

    registry = with_quota(config_dir, tmp_path, "0")
    plan = make_plan(registry, "ortho", grid_name="PM", levels=(16, 16))
    level = plan.levels[0]
    address = TileAddress("ortho", "default", "", "PM", 16, level.x0, level.y0)
    assert make_tile(registry, tmp_path, address).data
    assert Store(tmp_path).sizes().tiles == 0


def test_a_seed_leaves_the_declared_space_free(config_dir: Path, tmp_path: Path) -> None:
    config = shutil.copytree(config_dir, tmp_path / "config")
    with (config / "service.yaml").open("a") as service:
        service.write("free_space: 1000 TB\n")
    registry = load(config, tmp_path)[0]
    plan = make_plan(registry, "ortho", grid_name="PM", levels=(12, 14))
    with pytest.raises(ArchiveError, match=r"under 1000000000 MB \(free_space in service.yaml\) nothing more"):
        seed(registry, tmp_path, plan, ALONE)
    assert Store(tmp_path).sizes().tiles == 0


def test_a_layer_without_quota_is_not_measured(registry: Registry, tmp_path: Path) -> None:
    quota = Quota(registry.layers["relief"], tmp_path / "nowhere")
    quota.check(10**15)
    assert quota.measured == 0


def test_a_corrupt_archive_is_reported_and_made_anew(
    registry: Registry, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    plan = make_plan(registry, "ortho", grid_name="PM", levels=(12, 15))
    tiles = seed(registry, tmp_path, plan, ALONE).drawn
    file = next(file for file in Store(tmp_path).files())
    file.write_bytes(b"not a database at all" * 100)
    with caplog.at_level(logging.ERROR):
        again = seed(registry, tmp_path, plan, ALONE)
    assert "cannot be read" in caplog.text
    assert again.drawn > 0
    assert file.with_suffix(".corrupt").exists()
    assert Store(tmp_path).sizes().tiles == tiles


@pytest.mark.parametrize("damage", ["pages", "cut"])
def test_an_archive_that_a_reader_found_damaged_is_put_aside_and_made_anew(
    registry: Registry, tmp_path: Path, damage: str
) -> None:
    plan = make_plan(registry, "ortho", grid_name="PM", levels=(12, 16))
    tiles = seed(registry, tmp_path, plan, ALONE).drawn
    file = max(Store(tmp_path).files(), key=lambda file: file.stat().st_size)
    with file.open("r+b") as archive:
        if damage == "pages":
            archive.seek(16384)
            archive.write(b"\xff" * (file.stat().st_size - 2 * 16384))
        else:
            archive.truncate(16384 * 2)
    size = file.stat().st_size
    places = [address for level in plan.levels for address in _addresses(plan, level)]
    with closing(Store(tmp_path)) as store:
        assert any(store.get(address) is None for address in places)
    assert usage(tmp_path, {})[0].unreadable == [str(file)]
    seed(registry, tmp_path, plan, ALONE)
    assert Store(tmp_path).sizes().tiles == tiles
    assert file.with_suffix(".corrupt").stat().st_size == size
    assert usage(tmp_path, {})[0].unreadable == []
    with closing(Store(tmp_path)) as store:
        assert all(store.get(address) for address in places)


def _addresses(plan: Plan, level: LevelLimits) -> list[TileAddress]:
    columns, rows = range(level.x0, level.x1 + 1), range(level.y0, level.y1 + 1)
    return [plan.address(level.z, x, y) for x in columns for y in rows]


def test_an_archive_that_is_sound_after_all_stays(tmp_path: Path) -> None:
    address = TileAddress("a", "default", "", "PM", 14, 1, 1)
    info = ArchiveInfo("a", "png", (0, 0, 1, 1), "PM")
    with closing(Store(tmp_path)) as store:
        store.put_many([(address, b"a")], info)
        mark(store.path(address))
        store.put_many([(address._replace(x=2), b"b")], info)
        assert store.get(address)
        assert not mark_of(store.path(address)).exists()
        assert not store.path(address).with_suffix(".corrupt").exists()
