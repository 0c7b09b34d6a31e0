"""What seeding will cost."""

from pathlib import Path

from layers.registry import Registry
from tiles.seeding.estimate import WATTS, estimate
from tiles.seeding.plan import make_plan


def test_every_level_has_tiles_bytes_time_and_energy(tile_registry: Registry, tmp_path: Path) -> None:
    plan = make_plan(tile_registry, "ortho", levels=(12, 19))
    rows = estimate(tile_registry, tmp_path, plan, workers=2)
    assert [row["level"] for row in rows] == [level.z for level in plan.levels]
    assert sum(row["tiles"] for row in rows) == sum(level.tiles for level in plan.levels)
    for row in rows:
        assert row["bytes"] == row["tiles"] * 15_000
        assert abs(row["watt_hours"] - row["seconds"] / 3600 * 2 * WATTS) < 1e-9
        assert not row["measured"]
