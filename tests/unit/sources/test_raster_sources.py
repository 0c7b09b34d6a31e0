from pathlib import Path

import numpy as np
import pytest
import rasterio
from rasterio.env import get_gdal_config
from rasterio.errors import NotGeoreferencedWarning

from layers.errors import SourceError
from layers.sources.datasets import reading
from support.rasters import X0, Y0, coverage, noise, write


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


def mosaic(folder, data, count=2, **options):
    """The data cut into count × count files."""
    step = data.shape[1] // count
    for row in range(count):
        for column in range(count):
            part = data[:, row * step : row * step + step, column * step : column * step + step]
            write(folder / f"d_{row}{column}.tif", part, left=X0 + column * step, top=Y0 - row * step, **options)
    return str(folder / "*.tif")


def test_a_file_tells_its_crs_extent_bands_and_nodata(tmp_path, store):
    data = noise(3, 40, 60)
    facts = coverage(write(tmp_path / "été d'avril.tif", data, photometric="RGB"), store).facts
    assert (facts.crs, facts.extent, facts.resolution) == ("EPSG:2154", (X0, Y0 - 40, X0 + 60, Y0), (1.0, 1.0))
    assert [band.interpretation for band in facts.bands] == ["red", "green", "blue"]
    assert [band.nodata for band in facts.bands] == [None] * 3


def test_sixteen_bits_keep_their_values_and_tell_their_range(tmp_path, store):
    data = noise(1, 30, 30, "uint16")
    source = coverage(write(tmp_path / "a.tif", data), store)
    assert source.facts.bands[0].minimum == data.min()
    assert source.facts.bands[0].maximum == data.max()
    read = source.read(source.facts.extent, "EPSG:2154", 30, 30)
    assert read.dtype == np.uint16
    assert (read == data).all()


@pytest.mark.parametrize("offset", [0.0, 0.3, 7.5, 23.9])
def test_a_mosaic_reads_as_one_file_would(tmp_path, store, offset):
    data = noise(3, 64, 64)
    parts = coverage(mosaic(tmp_path / "parts", data), store)
    whole = coverage(write(tmp_path / "whole.tif", data), store)
    for size in (24, 60, 200):
        box = (X0 + offset, Y0 - 40 - offset, X0 + offset + 40, Y0 - offset)
        assert parts.facts.files == 4
        one, other = (s.read(box, "EPSG:2154", size, size) for s in (parts, whole))
        assert np.abs(one.astype(int) - other.astype(int)).max() <= 1
        assert (np.ma.getmaskarray(one) == np.ma.getmaskarray(other)).all()


def test_a_hole_in_a_mosaic_is_masked(tmp_path, store):
    pattern = mosaic(tmp_path / "parts", noise(3, 64, 64))
    (tmp_path / "parts" / "d_01.tif").unlink()
    read = coverage(pattern, store).read((X0, Y0 - 64, X0 + 64, Y0), "EPSG:2154", 64, 64)
    assert np.ma.getmaskarray(read)[:, :32, 32:].all()
    assert not np.ma.getmaskarray(read)[:, 32:, :].any()
    assert not np.ma.getmaskarray(read)[:, :32, :32].any()


def test_an_index_is_renewed_where_files_changed(tmp_path, store):
    pattern = mosaic(tmp_path / "parts", noise(1, 64, 64))
    first = coverage(pattern, store).facts
    write(tmp_path / "parts" / "e.tif", noise(1, 32, 32), left=X0 + 64)
    second = coverage(pattern, store).facts
    assert (first.files, second.files) == (4, 5)
    assert second.path == first.path
    assert second.extent[2] == X0 + 96
    assert list((store / "indexes").iterdir()) == [Path(first.path)]


def test_an_index_is_left_where_no_file_changed_and_one_that_cannot_be_written_is_told(tmp_path, store):
    pattern = mosaic(tmp_path / "parts", noise(1, 64, 64))
    first = Path(coverage(pattern, store).facts.path)
    inode = first.stat().st_ino
    assert Path(coverage(pattern, store).facts.path).stat().st_ino == inode
    (tmp_path / "full").mkdir()
    (tmp_path / "full" / "indexes").touch()
    with pytest.raises(SourceError, match="index of the files cannot be written"):
        coverage(pattern, tmp_path / "full")


@pytest.mark.parametrize(
    ("odd", "said"),
    [
        ({"crs": "EPSG:3857"}, "CRS"),
        ({"dtype": "uint16"}, "band types"),
        ({"bands": 1}, "band types"),
        ({"nodata": 3}, "nodata"),
    ],
)
def test_a_file_that_does_not_fit_is_named(tmp_path, store, odd, said):
    pattern = mosaic(tmp_path / "parts", noise(3, 16, 16))
    data = noise(odd.pop("bands", 3), 8, 8, odd.pop("dtype", "uint8"))
    write(tmp_path / "parts" / "zz_autre.tif", data, **odd)
    with pytest.raises(SourceError, match=rf"zz_autre\.tif: {said}"):
        coverage(pattern, store)


@pytest.mark.parametrize(
    ("name", "said"),
    [("rein.tif", "no such file"), ("*.tif", "no file matches"), ("text.tif", "cannot be opened")],
)
def test_what_is_not_there_is_said(tmp_path, store, name, said):
    (tmp_path / "text.tif" if name == "text.tif" else tmp_path / "other").write_text("no raster")
    with pytest.raises(SourceError, match=said):
        coverage(tmp_path / name, store)


def test_a_mosaic_keeps_its_palette(tmp_path, store):
    data = np.where(noise(1, 32, 32) > 128, 3, 7).astype("uint8")
    colours = {3: (255, 0, 0, 255), 7: (0, 0, 255, 255)}
    source = coverage(mosaic(tmp_path / "parts", data, colours=colours), store)
    assert source.paletted
    assert source.palette()[7] == (0, 0, 255, 255)
    assert (source.read(source.facts.extent, "EPSG:2154", 32, 32) == data).all()


@pytest.mark.parametrize("name", ["nulle_part.tif", "*.tif"])
def test_a_file_that_lies_nowhere_is_named(tmp_path, store, name):
    profile = {"driver": "GTiff", "count": 1, "height": 4, "width": 4, "dtype": "uint8"}
    with pytest.warns(NotGeoreferencedWarning), rasterio.open(tmp_path / "nulle_part.tif", "w", **profile) as target:
        target.write(noise(1, 4, 4))
    with pytest.raises(SourceError, match="does not tell where it lies"):
        coverage(tmp_path / name, store)


@pytest.mark.parametrize("dtype", ["uint8", "uint16"])
def test_percentiles_of_each_band_are_found(dtype, tmp_path):
    data = np.stack([np.arange(200), 10 + np.arange(200) // 2]).astype(dtype).reshape(2, 10, 20)
    source = coverage(write(tmp_path / "a.tif", data), tmp_path, stretch=["10%", "90%"])
    found = [(band.minimum, band.maximum) for band in source.facts.bands]
    assert found == [pytest.approx((19.9, 179.1)), pytest.approx((19.9, 99.1), abs=0.6)]
    assert (source.source.limits, source.source.percentiles) == (None, (10, 90))


@pytest.mark.parametrize("stretch", [["2%", 90], ["a%", "9%"], ["2%", "200%"], [1]])
def test_a_stretch_is_two_values_or_two_percentiles(stretch, tmp_path):
    with pytest.raises(ValueError, match="stretch"):
        coverage(tmp_path / "a.tif", tmp_path, stretch=stretch)


def test_a_file_of_a_mosaic_that_is_cut_off_is_named(tmp_path, store):
    for number in range(2):
        write(tmp_path / "sheets" / f"sheet{number}.tif", noise(3, 64, 64), left=X0 + 64 * number)
    source = coverage(tmp_path / "sheets" / "*.tif", store)
    cut = tmp_path / "sheets" / "sheet1.tif"
    cut.write_bytes(cut.read_bytes()[:6000])
    assert source.read((X0, Y0 - 64, X0 + 64, Y0), "EPSG:2154", 64, 64).shape == (3, 64, 64)
    with pytest.raises(SourceError, match=r"sheet1\.tif"):
        source.read((X0, Y0 - 64, X0 + 128, Y0), "EPSG:2154", 128, 64)


def test_gdal_keeps_some_megabytes_of_what_it_has_decoded():
    with reading():
        assert 2**25 < get_gdal_config("GDAL_CACHEMAX") < 2**28
