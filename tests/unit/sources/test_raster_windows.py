import numpy as np
import pytest
import rasterio
from pyproj import Transformer

from layers.crs import transform_bbox
from support.rasters import X0, Y0, coverage, noise, write


@pytest.fixture
def store(tmp_path):
    return tmp_path / "store"


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857", "OGC:CRS84", "EPSG:4171", "EPSG:3943", "EPSG:3035"])
def test_a_mark_lies_where_proj_puts_it(tmp_path, store, crs):
    data = np.zeros((1, 200, 200), np.uint8)
    data[0, 40:44, 120:124] = 255
    source = coverage(write(tmp_path / "mark.tif", data), store)
    box = transform_bbox(source.facts.extent, "EPSG:2154", crs)
    read = source.read(box, crs, 400, 400).filled(0)[0]
    rows, columns = np.nonzero(read > 127)
    x, y = Transformer.from_crs("EPSG:2154", crs, always_xy=True).transform(X0 + 122, Y0 - 42)
    assert columns.mean() + 0.5 == pytest.approx((x - box[0]) / (box[2] - box[0]) * 400, abs=1)
    assert rows.mean() + 0.5 == pytest.approx((box[3] - y) / (box[3] - box[1]) * 400, abs=1)


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857"])
def test_windows_off_the_data_are_masked(tmp_path, store, crs):
    source = coverage(write(tmp_path / "a.tif", noise(3, 20, 20)), store)
    far = transform_bbox((X0 + 5000, Y0 - 100, X0 + 5100, Y0), "EPSG:2154", crs)
    assert np.ma.getmaskarray(source.read(far, crs, 16, 16)).all()
    around = transform_bbox((X0 - 10, Y0 - 30, X0 + 30, Y0 + 10), "EPSG:2154", crs)
    mask = np.ma.getmaskarray(source.read(around, crs, 40, 40))
    assert mask[:, :8].all()
    assert not mask[:, 13:27, 13:27].any()


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857", "EPSG:4326"])
@pytest.mark.parametrize("half", [1e-4, 0.4, 1e6])
def test_tiny_and_huge_windows_are_read(tmp_path, store, crs, half):
    source = coverage(write(tmp_path / "a.tif", noise(1, 20, 20)), store)
    box = transform_bbox((X0 + 10 - half, Y0 - 10 - half, X0 + 10 + half, Y0 - 10 + half), "EPSG:2154", crs)
    read = source.read(box, crs, 31, 17)
    assert read.shape == (1, 17, 31)
    assert bool(read.mask.any()) == (half > 10)


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857"])
@pytest.mark.parametrize("dtype", ["uint8", "int16", "float32"])
def test_nodata_is_masked_and_does_not_bleed(tmp_path, store, crs, dtype):
    data = np.full((1, 40, 40), 100, dtype)
    data[0, :, 20:] = 250
    source = coverage(write(tmp_path / "a.tif", data, nodata=250), store)
    box = transform_bbox(source.facts.extent, "EPSG:2154", crs)
    read = source.read(box, crs, 77, 77)
    assert set(np.unique(read.compressed()).tolist()) == {100}
    assert read.mask[0, 30:40, 45:].all()
    assert not read.mask[0, 30:40, 5:30].any()


def test_nan_is_masked(tmp_path, store):
    data = np.full((1, 8, 8), 2.5, "float32")
    data[0, 0] = np.nan
    source = coverage(write(tmp_path / "a.tif", data), store)
    read = source.read(source.facts.extent, "EPSG:2154", 8, 8)
    assert read.mask[0, 0].all()
    assert read.count() == 56


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857"])
def test_alpha_masks_colours_and_is_a_band(tmp_path, store, crs):
    data = noise(4, 40, 40)
    data[3] = 255
    data[3, :, :20] = 0
    source = coverage(write(tmp_path / "a.tif", data, photometric="RGB", alpha="yes"), store)
    box = transform_bbox(source.facts.extent, "EPSG:2154", crs)
    read = source.read(box, crs, 40, 40)
    assert [band.interpretation for band in source.facts.bands][3] == "alpha"
    assert np.ma.getmaskarray(read)[:3, 15:25, 2:17].all()
    assert not np.ma.getmaskarray(read)[:3, 15:25, 24:36].any()


def test_chosen_bands_come_in_their_order(tmp_path, store):
    data = noise(4, 10, 10)
    source = coverage(write(tmp_path / "a.tif", data), store, bands=(4, 1, 2))
    assert (source.read(source.facts.extent, "EPSG:2154", 10, 10) == data[[3, 0, 1]]).all()


def test_indexes_of_a_palette_are_never_mixed(tmp_path, store):
    data = np.where(np.indices((30, 30)).sum(axis=0) % 2, 3, 200).astype("uint8")[None]
    colours = {3: (255, 0, 0, 255), 200: (0, 0, 255, 255)}
    source = coverage(write(tmp_path / "a.tif", data, colours=colours), store)
    for size in (10, 30, 91):
        assert set(np.unique(source.read(source.facts.extent, "EPSG:3857", size, size).compressed()).tolist()) <= {
            3,
            200,
        }
    assert source.palette()[3] == (255, 0, 0, 255)


def test_overviews_serve_small_scales(tmp_path, store):
    path = write(tmp_path / "a.tif", np.full((1, 512, 512), 10, "uint8"), tiled=True, blockxsize=128, blockysize=128)
    with rasterio.open(path, "r+") as target:
        target.build_overviews([2, 4, 8])
    source = coverage(path, store)
    assert (source.read(source.facts.extent, "EPSG:2154", 32, 32) == 10).all()


def test_a_raster_that_lies_askew_is_straightened(tmp_path, store):
    path = write(tmp_path / "a.tif", np.full((1, 50, 50), 9, "uint8"))
    with rasterio.open(path, "r+") as target:
        target.transform = (
            rasterio.Affine.translation(X0, Y0) @ rasterio.Affine.rotation(-45) @ rasterio.Affine.scale(1, -1)
        )
    source = coverage(path, store)
    read = source.read(source.facts.extent, "EPSG:2154", 60, 60)
    assert read.mask[0, 0, 0]
    assert read[0, 30, 30] == 9


@pytest.mark.parametrize("nodata", [None, 7])
@pytest.mark.parametrize(("column", "row"), [(0, 0), (16, 8), (-8, -4), (52, 40), (-8, 52)])
def test_windows_on_the_pixels_of_the_data_are_those_pixels(tmp_path, store, column, row, nodata):
    data = noise(3, 64, 64)
    source = coverage(write(tmp_path / "a.tif", data, nodata=nodata, tiled=True, blockxsize=16, blockysize=16), store)
    whole = np.ma.masked_all((3, 64 + 64, 64 + 64), np.uint8)
    whole[:, 32:96, 32:96] = np.ma.masked_equal(data, 7) if nodata else data
    wanted = whole[:, 32 + row : 56 + row, 32 + column : 56 + column]
    box = (X0 + column, Y0 - row - 24, X0 + column + 24, Y0 - row)
    read = source.read(box, "EPSG:2154", 24, 24)
    assert (np.ma.getmaskarray(read) == np.ma.getmaskarray(wanted)).all()
    assert (read == wanted).all()
    halved = source.read(box, "EPSG:2154", 12, 12)
    means = wanted.reshape(3, 12, 2, 12, 2).astype(float).mean(axis=(2, 4))
    assert np.abs(halved - means).max() <= 0.5
