"""Plans of seeding: the tiles of a layer within levels and an area, each once."""

import pytest
import shapely

from layers.errors import UnknownLayerError, UnknownStyleError
from layers.registry import Registry
from tiles.area import Area, AreaError, read_area
from tiles.grids import GridError, grid
from tiles.limits import limits
from tiles.seeding.plan import LevelError, blocks, make_plan, read_levels


def tiles_of(plan) -> list[tuple[int, int, int]]:
    tiling = grid(plan.grid)
    return [(b.z, x, y) for b in blocks(plan, tiling) for x in range(b.x0, b.x1 + 1) for y in range(b.y0, b.y1 + 1)]


def test_without_an_area_every_tile_of_the_limits_is_there_once(tile_registry: Registry) -> None:
    plan = make_plan(tile_registry, "ortho", levels=(12, 19))
    found = tiles_of(plan)
    expected = limits(tile_registry.layers["ortho"], grid("LAMB93_5cm"))[:8]
    assert len(found) == len(set(found)) == sum(level.tiles for level in expected)
    assert all(levels.has(x, y) for z, x, y in found for levels in expected if levels.z == z)


def test_blocks_are_aligned_and_within_one_archive(tile_registry: Registry) -> None:
    plan = make_plan(tile_registry, "ortho", levels=(16, 20))
    for block in blocks(plan, grid(plan.grid)):
        assert block.x0 // 8 == block.x1 // 8
        assert block.y0 // 8 == block.y1 // 8


def test_an_area_takes_the_blocks_that_it_touches(tile_registry: Registry) -> None:
    triangle = shapely.Polygon([(770000, 6279000), (771000, 6279000), (770000, 6280000)])
    plan = make_plan(tile_registry, "ortho", levels=(20, 20), area=Area(triangle, "EPSG:2154"))
    tiling = grid(plan.grid)
    found = set(tiles_of(plan))
    needed = {
        (z, x, y)
        for z, x, y in tiles_of(make_plan(tile_registry, "ortho", levels=(20, 20)))
        if shapely.area(shapely.intersection(triangle, shapely.box(*tiling.tile_bbox(z, x, y)))) > 0
    }
    assert needed <= found
    assert len(found) < limits(tile_registry.layers["ortho"], tiling)[-3].tiles


def test_a_plan_is_the_same_for_the_same_work(tile_registry: Registry) -> None:
    area = read_area("3.86,43.60,3.87,43.61")
    plan = make_plan(tile_registry, "ortho", levels=(12, 14), area=area)
    assert plan.id == make_plan(tile_registry, "ortho", levels=(12, 14), area=area).id
    assert plan.id != make_plan(tile_registry, "ortho", levels=(12, 15), area=area).id
    assert plan.id != make_plan(tile_registry, "ortho", levels=(12, 14)).id


def test_levels_beyond_the_layer_are_cut_with_a_warning(tile_registry: Registry) -> None:
    plan = make_plan(tile_registry, "ortho", levels=(0, 30))
    assert [level.z for level in plan.levels] == list(range(12, 23))
    assert plan.warnings == ("ortho has levels 12 to 22 on LAMB93_5cm: 0-30 is cut to 12-22",)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"layer_id": "otho"}, UnknownLayerError, "did you mean 'ortho'"),
        ({"style": "nothing"}, UnknownStyleError, "style="),
        ({"grid_name": "LAMB93_5m"}, GridError, "did you mean 'LAMB93_5cm'"),
        ({"grid_name": "4326"}, GridError, "has no grid '4326'; it has LAMB93_5cm, PM_5cm"),
        ({"levels": (0, 3)}, LevelError, "none of 0 to 3"),
        ({"time": "2020"}, LevelError, "has no time"),
        ({"area": Area(shapely.box(-1.6, 47.2, -1.5, 47.3), "OGC:CRS84")}, AreaError, "is off the layer ortho"),
    ],
)
def test_what_cannot_be_seeded_is_told(
    tile_registry: Registry, change: dict, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        make_plan(tile_registry, **{"layer_id": "ortho"} | change)


def test_levels_are_read_or_refused() -> None:
    assert (read_levels("12-20"), read_levels("7")) == ((12, 20), (7, 7))
    for text in ("20-12", "a", "12-", "-1", "1-99"):
        with pytest.raises(LevelError):
            read_levels(text)
