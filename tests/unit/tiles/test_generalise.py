"""Features for a small scale: one for many where no pixel tells them apart, each class and its tone kept."""

import numpy as np
import pyarrow as pa
import pytest
import shapely

from tiles.overview.generalise import generalised
from tiles.overview.recipe import Keep, Recipe

LOOK = Recipe(Keep.LOOK, {"height": (4.0, 8.0), "use": None})


def batch(shapes, height=None, use=None):
    count = len(shapes)
    columns = {
        "height": pa.array(height or [5.0] * count, pa.float64()),
        "use": pa.array(use or ["home"] * count, pa.string()),
        "geometry": pa.array(shapely.to_wkb(np.array(shapes, dtype=object)), pa.binary()),
    }
    return pa.RecordBatch.from_pydict(columns)


def shapes_of(found):
    return shapely.from_wkb(found.column("geometry").to_numpy(zero_copy_only=False))


def squares(places, side=1.0):
    return [shapely.box(x, y, x + side, y + side) for x, y in places]


def test_small_polygons_of_a_cell_are_one_rectangle_of_their_area():
    found = generalised(batch(squares([(1, 1), (3, 1), (1, 3)])), LOOK, pixel=20)
    assert found.num_rows == 1
    shape = shapes_of(found)[0]
    assert shapely.area(shape) == pytest.approx(3)
    assert shapely.contains(shapely.box(1, 1, 4, 4), shape)


def test_polygons_on_each_other_are_no_larger_than_their_box():
    found = generalised(batch(squares([(1, 1)] * 9)), LOOK, pixel=20)
    assert shapely.area(shapes_of(found)).tolist() == pytest.approx([1])


def test_cells_far_from_each_other_keep_one_each():
    assert generalised(batch(squares([(1, 1), (11, 1), (1, 11)])), LOOK, pixel=20).num_rows == 3


@pytest.mark.parametrize(
    ("height", "use", "count"),
    [
        ([5, 6, 7], None, 1),
        ([5, 6, 9], None, 2),
        ([4, 8, 5], None, 3),
        ([None, 5, None], None, 2),
        (None, ["home", "shop", "home"], 2),
        (None, ["home", None, "shop"], 3),
    ],
)
def test_what_the_style_tells_apart_stays_apart(height, use, count):
    found = generalised(batch(squares([(1, 1), (3, 1), (1, 3)]), height, use), LOOK, pixel=20)
    assert found.num_rows == count
    assert shapely.area(shapes_of(found)).sum() == pytest.approx(3)


def test_the_largest_lends_its_attributes():
    shapes = [*squares([(1, 1)]), *squares([(3, 3)], side=2)]
    found = generalised(batch(shapes, height=[5, 7]), LOOK, pixel=20)
    assert found.column("height").to_pylist() == [7]


def test_small_lines_are_one_line_through_them_and_points_are_one_of_them():
    lines = [shapely.LineString([(1, 4), (2, 3)]), shapely.LineString([(2, 3), (4, 1)])]
    points = [shapely.Point(1, 1), shapely.Point(2, 2), shapely.Point(14, 2)]
    found = shapes_of(generalised(batch(lines + points), LOOK, pixel=20))
    kinds = shapely.get_type_id(found)
    assert shapely.to_wkt(found[kinds == 1]).tolist() == ["LINESTRING (1 4, 4 1)"]
    assert set(shapely.to_wkt(found[kinds == 0])) <= {"POINT (1 1)", "POINT (2 2)", "POINT (14 2)"}
    assert (kinds == 0).sum() == 2


@pytest.mark.parametrize("keep", [Keep.SHAPES, Keep.LOOK])
def test_large_shapes_lose_what_no_pixel_shows_and_nothing_vanishes(keep):
    ring = [(0, 0), (50, 0.1), (100, 0), (100, 0.2), (0, 0.2)]
    thin, round_ = shapely.Polygon(ring), shapely.Point(50, 50).buffer(40, 64)
    found = generalised(batch([thin, round_]), Recipe(keep), pixel=10)
    simple = shapes_of(found)
    assert found.num_rows == 2
    assert not shapely.is_empty(simple).any()
    assert shapely.get_num_coordinates(simple[1]) < shapely.get_num_coordinates(round_) / 4
    assert shapely.hausdorff_distance(simple[1], round_) <= 1.25


def test_shapes_alone_keep_every_feature_and_empty_ones_are_gone():
    shapes = [*squares([(1, 1), (2, 2)]), None, shapely.Polygon()]
    assert generalised(batch(shapes), Recipe(Keep.SHAPES), pixel=100).num_rows == 2
    assert generalised(batch([None]), LOOK, pixel=100).num_rows == 0
