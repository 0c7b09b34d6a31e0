"""Where features are: blocks without any are known, and kept without a drawing."""

from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
import shapely
from pyogrio.raw import write_arrow

from layers.compile import load
from tiles.format import tile_format
from tiles.grids import grid
from tiles.overview.make import overviews
from tiles.overview.occupied import Occupied
from tiles.picture import draw_block, selection
from tiles.seeding.plan import blocks, make_plan
from tiles.seeding.work import Order, open_work

BOX = (0.0, 0.0, 1024.0, 2048.0)


@pytest.mark.parametrize(
    ("feature", "asked", "there"),
    [
        ((10, 10, 11, 11), (10, 10, 12, 12), True),
        ((10, 10, 11, 11), (13, 10, 14, 12), False),
        ((10, 10, 500, 900), (200, 500, 201, 501), True),
        ((10, 10, 500, 900), (200, 903, 201, 990), False),
        ((1100, 500, 1200, 501), (2000, 400, 3000, 600), True),
        ((-50, -50, -40, -40), (0, 0, 0.5, 0.5), True),
    ],
)
def test_boxes_that_features_touch_are_told(feature, asked, there: bool) -> None:
    occupied = Occupied(BOX)
    occupied.add(np.array([feature], float))
    assert occupied.any(asked) is there


def test_nothing_added_is_nothing_there() -> None:
    occupied = Occupied(BOX)
    occupied.add(np.empty((0, 4)))
    assert not occupied.any(BOX)


def test_it_is_the_same_when_read_again(tmp_path: Path) -> None:
    occupied = Occupied(BOX)
    occupied.add(np.random.default_rng(1).uniform(0, 1024, (50, 2)).repeat(2, axis=1)[:, [0, 2, 1, 3]])
    occupied.save(tmp_path)
    again = Occupied.load(tmp_path)
    assert again.box == BOX
    assert (again.cells == occupied.cells).all()


def test_blocks_without_features_are_kept_without_a_drawing(tmp_path: Path) -> None:
    """Two hamlets 80 km apart: what is kept between them is what would have been drawn."""
    registry = hamlets(tmp_path)
    tiling = grid("PM")
    plan = make_plan(registry, "hameau", levels=(8, 14))
    todo = list(blocks(plan, tiling))
    with overviews(registry, tmp_path, plan, tiling, todo) as files:
        work = open_work(Order("", tmp_path, plan, files), registry)
        outcomes = [work.make(block) for block in todo]
    assert work.nothing.keys() >= {13, 14}
    drawn = 0
    for outcome in outcomes:
        block = outcome.block
        tiles, painted = draw_block(
            registry, tiling, block, 0, selection(plan.address(block.z, block.x0, block.y0)), tile_format(work.layer)
        )
        drawn += painted
        assert (outcome.error, outcome.state.name) == (None, "DONE" if painted else "EMPTY")
        if not painted:
            found = work.store.get(plan.address(block.z, block.x1, block.y1))
            assert found is not None
            assert found[1] == tiles[-1][2]
    work.store.close()
    assert drawn


def hamlets(folder: Path):
    places = [(700_000 + 20 * n, 6_300_000) for n in range(20)] + [(760_000, 6_360_000 + 20 * n) for n in range(20)]
    shapes = [shapely.box(x, y, x + 10, y + 10) for x, y in places]
    table = pa.table({"geometry": pa.array(shapely.to_wkb(np.array(shapes)), pa.binary())})
    write_arrow(
        table, folder / "x.gpkg", layer="x", driver="GPKG", geometry_name="geometry", geometry_type="Polygon",
        crs="EPSG:2154",
    )  # fmt: skip
    (folder / "layers").mkdir()
    (folder / "service.yaml").write_text("title: x\n")
    text = "theme: {title: x}\nhameau: {title: x, source: {vector: x.gpkg}, tiles: {grids: [PM], levels: 8-14}}\n"
    (folder / "layers" / "x.yaml").write_text(text)
    return load(folder, folder / "store")[0]
