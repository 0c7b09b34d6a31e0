"""WMTS in depth by clients of others: both encodings (QGIS asks by key-value pairs, GDAL by RESTful addresses), both
projections, a layer with time, its legends (QGIS shows none of WMTS)."""

import json
import urllib.request
from io import BytesIO
from urllib.parse import quote

import pytest
from owslib.wmts import WebMapTileService
from PIL import Image

from layers.crs import transform_bbox
from support.asked_of_qgis import ask_qgis, wmts
from support.gdal import run

QUARTER = (355300.0, 6689100.0, 355900.0, 6689700.0)
"""In the demo, EPSG:2154."""


@pytest.mark.qgis
@pytest.mark.parametrize(("grid", "crs"), [("LAMB93_5cm", "EPSG:2154"), ("PM", "EPSG:3857")])
def test_qgis_draws_vector_tiles_of_wmts_and_identifies(demo, grid, crs):
    point = demo.point_in("batiment")
    extent = [point[0] - 150, point[1] - 150, point[0] + 150, point[1] + 150]
    ask = {"provider": "wms", "uri": wmts(demo.url, "batiment", grid, crs), "extent": extent, "crs": "EPSG:2154"}
    if crs == "EPSG:2154":
        ask["identify"] = point
    (answer,) = ask_qgis(ask)
    assert answer["valid"], answer
    assert answer["errors"] == []
    assert 0.1 < answer["drawn"] < 0.95
    if crs == "EPSG:2154":
        assert answer["identify"]["feature"], answer
        assert answer["identify"]["feature"][0]["cleabs"].startswith("BATIMENT")


@pytest.mark.qgis
def test_qgis_asks_the_time_that_the_user_chose(demo, tmp_path):
    times = ["2019", "2022"]
    asks = [
        {
            "provider": "wms",
            "uri": f"{wmts(demo.url, 'ocs', 'LAMB93_5cm', 'EPSG:2154')}&tileDimensions={quote(f'Time={time}')}",
            "extent": list(QUARTER),
            "png": str(tmp_path / f"{time}.png"),
        }
        for time in times
    ]
    for answer in ask_qgis(*asks):
        assert answer["valid"], answer
        assert answer["drawn"] > 0.9, answer
    pictures = [(tmp_path / f"{time}.png").read_bytes() for time in times]
    assert pictures[0] != pictures[1]


@pytest.mark.gdal
@pytest.mark.parametrize(("grid", "crs"), [("LAMB93_5cm", "EPSG:2154"), ("PM", "EPSG:3857")])
@pytest.mark.parametrize("address", ["/wmts/1.0.0/WMTSCapabilities.xml", "/wmts?SERVICE=WMTS&REQUEST=GetCapabilities"])
def test_gdal_reads_a_layer_with_time_from_either_capabilities(demo, tmp_path, address, grid, crs):
    source = f"WMTS:{demo.url}{address},layer=ocs,tilematrixset={grid}"
    box = [str(value) for value in transform_bbox(QUARTER, "EPSG:2154", crs)]
    out = tmp_path / "ocs.tif"
    run("gdalwarp", "-q", "-te", *box, "-ts", "200", "200", source, str(out))
    told = json.loads(run("gdalinfo", "-json", "-stats", str(out)))
    assert f'ID["EPSG",{crs[5:]}]' in told["coordinateSystem"]["wkt"]
    assert told["bands"][0]["stdDev"] > 5


@pytest.mark.gdal
def test_gdal_takes_the_first_grid_and_the_deepest_level_that_the_layer_has(demo):
    told = json.loads(run("gdalinfo", "-json", f"WMTS:{demo.url}/wmts/1.0.0/WMTSCapabilities.xml,layer=ocs"))
    assert 'ID["EPSG",3857]' in told["coordinateSystem"]["wkt"]
    assert told["geoTransform"][1] < 0.4


def test_the_legend_of_every_style_is_the_picture_that_is_told(demo):
    styles = WebMapTileService(f"{demo.url}/wmts")["ocs"].styles
    assert set(styles) == {"couverture", "usage"}
    for style in styles.values():
        with urllib.request.urlopen(style["legend"]) as answer:
            picture = Image.open(BytesIO(answer.read()))
        assert (picture.format, *picture.size) == ("PNG", int(style["width"]), int(style["height"]))
