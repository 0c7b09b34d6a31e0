import numpy as np
import pytest

from layers.errors import SourceError
from support.rasters import coverage, write_series


@pytest.fixture
def series(tmp_path):
    """Three times of a packed variable in degrees."""
    return write_series(tmp_path / "série.nc")


def test_a_variable_has_its_times_and_its_unpacked_values(series, tmp_path):
    source = coverage(series, tmp_path, variable="t2m")
    assert source.facts.times == ("2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", "2025-03-02T06:00:00Z")
    assert source.facts.crs == "EPSG:4326"
    assert len(source.facts.bands) == 1
    read = source.read(source.facts.extent, "OGC:CRS84", 5, 4, time="2025-03-02")
    assert read.dtype == np.float32
    assert read[0, 3, 0] == (20 + 3 * 5) * 0.5 + 10
    assert (source.read(source.facts.extent, "OGC:CRS84", 5, 4) == read + 10).all()


def test_a_time_that_is_not_there_is_said(series, tmp_path):
    source = coverage(series, tmp_path, variable="t2m")
    with pytest.raises(SourceError, match="1999"):
        source.read(source.facts.extent, "OGC:CRS84", 5, 4, time="1999-01-01")


@pytest.mark.parametrize(("variable", "said"), [("t2n", "no variable 't2n'; there is t2m")])
def test_the_variable_must_be_there(series, tmp_path, variable, said):
    with pytest.raises(SourceError, match=said):
        coverage(series, tmp_path, variable=variable)
