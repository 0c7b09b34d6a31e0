"""Mapnik beside rasterio, pyproj and pyogrio in one process."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ORDERS = ("mapnik-first", "mapnik-last")
SCRIPT = """
import json, os, sys
before = {k: os.environ.get(k) for k in ("PROJ_LIB", "GDAL_DATA", "ICU_DATA")}
if sys.argv[1] == "mapnik-last":
    import pyogrio, pyproj, rasterio
from layers.mapnik_env import mapnik
import pyogrio, pyproj, rasterio
from rasterio.warp import transform
pairs = {("epsg:4326", "epsg:2154"): (-1.55, 47.21), ("epsg:3857", "epsg:2154"): (-172000, 5977000),
         ("epsg:4275", "epsg:2154"): (2, 47)}
found = []
for (a, b), xy in pairs.items():
    m = mapnik.ProjTransform(mapnik.Projection(a), mapnik.Projection(b)).forward(mapnik.Coord(*xy))
    p = pyproj.Transformer.from_crs(a, b, always_xy=True).transform(*xy)
    r = transform(a.upper(), b.upper(), [xy[0]], [xy[1]])
    found.append([m.x, m.y, *p, r[0][0], r[1][0]])
print(json.dumps({"found": found, "same": before == {k: os.environ.get(k) for k in before}}))
"""


def run(order: str, **environment: str) -> dict:
    done = subprocess.run(
        [sys.executable, "-c", SCRIPT, order],
        capture_output=True,
        text=True,
        check=True,
        env={**os.environ, **environment},
        cwd=Path(__file__).parents[3],
    )
    return json.loads(done.stdout)


@pytest.mark.parametrize("order", ORDERS)
def test_mapnik_rasterio_and_pyproj_agree_whatever_is_imported_first(order, tmp_path):
    answer = run(order, PROJ_USER_WRITABLE_DIRECTORY=str(tmp_path))
    assert answer["same"]
    for mapnik_x, mapnik_y, x, y, rasterio_x, rasterio_y in answer["found"]:
        assert (mapnik_x, mapnik_y) == pytest.approx((x, y), abs=1e-3)
        assert (rasterio_x, rasterio_y) == pytest.approx((x, y), abs=1e-3)


def test_mapnik_and_pyproj_use_a_grid_of_the_users_folder(tmp_path):
    grid = Path("/usr/share/proj/ntf_r93.gsb")
    if not grid.exists():
        pytest.skip("no NTF grid on this machine (Debian's proj-data)")
    (tmp_path / "empty").mkdir()
    shutil.copy(grid, tmp_path)
    without = run("mapnik-last", PROJ_USER_WRITABLE_DIRECTORY=str(tmp_path / "empty"))["found"][2]
    within = run("mapnik-last", PROJ_USER_WRITABLE_DIRECTORY=str(tmp_path))["found"][2]
    assert within[:2] == pytest.approx(within[2:4], abs=1e-3)
    assert abs(within[0] - without[0]) > 0.1


def test_text_wraps_although_icu_data_is_not_set_any_more():
    from support.style_maps import SQUARE, extent, picture, sld

    label = "<TextSymbolizer><Label>un mot et un autre</Label>{}</TextSymbolizer>"
    wrapped = picture(sld(label.format('<VendorOption name="autoWrap">30</VendorOption>')), SQUARE, side=128)
    plain = picture(sld(label.format("")), SQUARE, side=128)
    assert "ICU_DATA" not in os.environ or "mapnik" not in os.environ["ICU_DATA"]
    assert extent(wrapped)[3] - extent(wrapped)[1] > 1.5 * (extent(plain)[3] - extent(plain)[1])
