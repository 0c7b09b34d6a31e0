import numpy as np
import pytest
from rasterio.io import MemoryFile
from rasterio.shutil import copy
from rasterio.transform import from_origin

from layers.errors import SourceError
from support.rasters import coverage

TAGS = {
    "NETCDF_DIM_EXTRA": "{time}",
    "NETCDF_DIM_time_DEF": "{3,6}",
    "NETCDF_DIM_time_VALUES": "{0,24,30}",
    "time#units": "hours since 2025-03-01 00:00:00",
    "time#standard_name": "time",
}


@pytest.fixture
def series(tmp_path):
    """Three times of a packed variable in degrees."""
    path = tmp_path / "série.nc"
    data = np.arange(60, dtype="int16").reshape(3, 4, 5)
    profile = {"driver": "GTiff", "count": 3, "height": 4, "width": 5, "dtype": "int16", "nodata": -1}
    with MemoryFile() as memory:
        with memory.open(**profile, crs="EPSG:4326", transform=from_origin(1, 45, 0.5, 0.5)) as target:
            target.update_tags(**TAGS)
            for band, value in ((1, "0"), (2, "24"), (3, "30")):
                target.update_tags(band, NETCDF_VARNAME="t2m", NETCDF_DIM_time=value)
            target.scales, target.offsets = [0.5] * 3, [10.0] * 3
            target.write(data)
        with memory.open() as target:
            copy(target, path, driver="netCDF", format="NC4", write_gdal_history="NO")
    return path


def test_a_variable_has_its_times_and_its_unpacked_values(series, tmp_path):
    source = coverage(series, tmp_path, variable="t2m")
    assert source.facts.times == ("2025-03-01", "2025-03-02", "2025-03-02T06:00:00Z")
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
