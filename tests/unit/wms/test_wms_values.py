"""ELEVATION and DIM_… (OGC 06-042, annex C): which values a request means, what its answer warns of."""

import pytest

from layers.model import Dimension, Elevation
from server.wms.errors import InvalidDimensionError, MissingDimensionError
from server.wms.values import Axis, chosen_values

DEPTHS = ("480", "490", "500")


def depths(**declared):
    return Axis("elevation", Elevation.model_validate({"attribute": "ELEV", **declared}), DEPTHS)


def heights(**declared):
    return Axis("elevation", Elevation.model_validate({"extent": "0/425/1", **declared}), ("0/425/1",))


@pytest.mark.parametrize(
    ("declared", "text", "values", "warning"),
    [
        ({}, "490", ("490",), None),
        ({}, "490.0", ("490",), None),
        ({}, "480,500", ("480", "500"), None),
        ({}, "485/500", ("490", "500"), None),
        ({}, "0/400", (), None),
        ({"default": 500}, "", ("500",), "99 Default value used: elevation=500 CRS:88"),
        ({"default": 500}, "default", ("500",), None),
        ({"nearest": True}, "492", ("490",), "99 Nearest value used: elevation=490 CRS:88"),
    ],
)
def test_values_of_features_are_chosen(declared, text, values, warning):
    chosen = chosen_values(depths(**declared), text)
    assert chosen.values == values
    assert chosen.warnings == ((warning,) if warning else ())


@pytest.mark.parametrize(
    ("text", "ranges"),
    [
        ("0/200", ((0.0, 200.0),)),
        ("250", ((249.5, 250.5),)),
        ("0/200,335/425", ((0.0, 200.0), (335.0, 425.0))),
    ],
)
def test_ranges_of_pixels_are_chosen(text, ranges):
    assert chosen_values(heights(), text).ranges == ranges


def test_the_default_of_pixels_may_be_a_range():
    chosen = chosen_values(heights(default="0/425"), "")
    assert chosen.ranges == ((0.0, 425.0),)
    assert chosen.warnings == ("99 Default value used: elevation=0/425 CRS:88",)


@pytest.mark.parametrize(
    ("axis", "text"),
    [
        (depths(), "492"),
        (depths(nearest=True), "deep"),
        (depths(multiple=False), "480,500"),
        (depths(multiple=False), "480/500"),
        (depths(), "500/480"),
        (depths(), "1/2/3/4"),
        (depths(), "nan"),
        (heights(), "1000"),
        (heights(), "500/600"),
        (heights(), "x"),
    ],
)
def test_a_value_that_is_not_the_layers_is_told(axis, text):
    with pytest.raises(InvalidDimensionError) as caught:
        chosen_values(axis, text)
    assert caught.value.locator == "ELEVATION"


def test_without_a_default_a_value_must_be_given():
    axis = Axis("band", Dimension(attribute="b"), ("a", "b"))
    with pytest.raises(MissingDimensionError) as caught:
        chosen_values(axis, "")
    assert caught.value.locator == "DIM_BAND"
    assert chosen_values(axis, "b").values == ("b",)
