from dataclasses import replace

import pytest

from server.wms.dimension_elements import described
from server.wms.dimensions import chosen_times, extent, period_of
from server.wms.errors import InvalidDimensionError

DEFAULT = ("99 Default value used: time=2022 ISO8601",)
NEAREST = ("99 Nearest value used: time=2022 ISO8601",)


@pytest.mark.parametrize(
    ("text", "values", "warnings"),
    [
        ("", ("2022",), DEFAULT),
        ("current", ("2022",), ()),
        ("2019", ("2019",), ()),
        ("2019,2022", ("2019", "2022"), ()),
        ("2022,2019,2019", ("2019", "2022"), ()),
        ("2019-07-14", ("2019",), ()),
        ("2019-07-14T12:00:00Z", ("2019",), ()),
        ("2018/2030", ("2019", "2022"), ()),
        ("2018-01-01T00:00:00Z/2019-06-01T00:00:00Z/P1D", ("2019",), ()),
        ("2020-02-01/2020-03-01", (), ()),
        ("2021", ("2022",), NEAREST),
        ("2050-01", ("2022",), NEAREST),
    ],
)
def test_time_chooses_values(paper, text, values, warnings):
    times = chosen_times(paper.layers["ocs"], text)
    assert (times.values, times.warnings) == (values, warnings)


def test_an_interval_means_every_value_inside(paper):
    assert chosen_times(paper.layers["temperature"], "2024-06-02/2024-06-05").values == tuple(
        f"2024-06-{day:02d}" for day in range(2, 6)
    )


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2019", "2019-01-01T00:00:00", "2020-01-01T00:00:00"),
        ("2019-12", "2019-12-01T00:00:00", "2020-01-01T00:00:00"),
        ("2020-02-28", "2020-02-28T00:00:00", "2020-02-29T00:00:00"),
        ("2020-02-28T23Z", "2020-02-28T23:00:00", "2020-02-29T00:00:00"),
        ("2020-02-28T23:59:59.5Z", "2020-02-28T23:59:59.500000", "2020-02-28T23:59:59.501000"),
        ("2020-02-28T01:00:00+02:00", "2020-02-27T23:00:00", "2020-02-27T23:00:01"),
    ],
)
def test_a_value_covers_its_precision(text, start, end):
    period = period_of(text)
    assert period.start.isoformat() == f"{start}+00:00"
    assert period.end.isoformat() == f"{end}+00:00"


@pytest.mark.parametrize("text", ["", "hier", "2019-13", "2019-02-30", "9999-12-31T23:59:60Z", "20190101", "0000"])
def test_what_is_no_date_covers_nothing(text):
    assert period_of(text) is None


@pytest.mark.parametrize(
    ("times", "written"),
    [
        (("2019", "2022"), "2019,2022"),
        (("2024-06-01", "2024-06-02", "2024-06-03", "2024-06-04"), "2024-06-01/2024-06-04/P1D"),
        (("2024-06-01", "2024-06-02", "2024-06-03", "2024-06-07"), "2024-06-01,2024-06-02,2024-06-03,2024-06-07"),
        (
            tuple(f"2000-01-01T00:00:{s:02d}Z" for s in range(0, 60, 5)),
            "2000-01-01T00:00:00Z/2000-01-01T00:00:55Z/PT5S",
        ),
        (("2019", "2020", "2021", "2022"), "2019,2020,2021,2022"),
    ],
)
def test_evenly_spaced_values_are_written_as_a_period(times, written):
    assert extent(times) == written


def test_a_declared_default_is_taken(paper):
    layer = paper.layers["ocs"]
    declared = layer.definition.model_validate(
        {"title": "t", "source": {"vector": "x"}, "time": {"attribute": "a", "default": "2019"}}
    )
    assert chosen_times(replace(layer, definition=declared), "").values == ("2019",)


@pytest.fixture
def exact(paper):
    """A layer of which only its own times may be asked."""
    layer = paper.layers["ocs"]
    declared = {"title": "t", "source": {"vector": "x"}, "time": {"attribute": "a", "nearest": False}}
    return replace(layer, definition=layer.definition.model_validate(declared))


@pytest.mark.parametrize(("text", "values"), [("2019", ("2019",)), ("2019-03-02", ("2019",)), ("2020/2021", ())])
def test_without_nearest_values_a_time_must_be_the_layers(exact, text, values):
    assert chosen_times(exact, text).values == values
    with pytest.raises(InvalidDimensionError, match="TIME='2021' is not one of ocs's 2019, 2022"):
        chosen_times(exact, "2021")


def test_capabilities_tell_whether_the_nearest_value_is_taken(exact, paper):
    assert [one.nearest for one in described(exact)] == [False]
    assert [one.nearest for one in described(paper.layers["ocs"])] == [True]
