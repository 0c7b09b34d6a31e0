"""GDAL's own drivers open what the demo serves: WMS, WMTS, WFS, OGC API – Features."""

import json

import pytest

from support.gdal import run

pytestmark = pytest.mark.gdal


def test_ogrinfo_lists_and_counts_every_feature_type(demo):
    listed = run("ogrinfo", "-ro", f"WFS:{demo.url}/wfs")
    assert f"{demo.prefix}:batiment" in listed
    told = run("ogrinfo", "-ro", "-so", f"WFS:{demo.url}/wfs", f"{demo.prefix}:batiment")
    assert f"Feature Count: {demo.count('batiment')}" in told
    assert "RGF93" in told


def test_ogr_reads_all_features_by_wfs_once_each(demo, tmp_path):
    out = tmp_path / "routes.gpkg"
    run("ogr2ogr", str(out), f"WFS:{demo.url}/wfs", f"{demo.prefix}:troncon_de_route", "-nln", "routes")
    told = json.loads(
        run(
            "ogr2ogr",
            "-f",
            "GeoJSON",
            "/vsistdout/",
            str(out),
            "-sql",
            "select count(*) n, count(distinct gml_id) ids from routes",
            "-dialect",
            "SQLITE",
        )
    )
    assert told["features"][0]["properties"] == {"n": demo.count("troncon_de_route")} | {
        "ids": demo.count("troncon_de_route")
    }


def test_ogr_filters_on_the_server_by_attribute_and_box(demo):
    x, y = demo.point_in("batiment")
    box = [str(v) for v in (x - 1, y - 1, x + 1, y + 1)]
    told = run("ogrinfo", "-ro", "-so", "-spat", *box, f"WFS:{demo.url}/wfs", f"{demo.prefix}:batiment")
    assert "Feature Count: 1\n" in told
    where = run("ogrinfo", "-ro", "-so", "-where", "nature='Eglise'", f"WFS:{demo.url}/wfs", f"{demo.prefix}:batiment")
    assert 0 < int(where.split("Feature Count: ")[1].split()[0]) < demo.count("batiment")


def test_ogrinfo_reads_a_collection_of_the_ogc_api(demo):
    told = run("ogrinfo", "-ro", "-so", f"OAPIF:{demo.url}/ogcapi", "patrimoine")
    assert f"Feature Count: {demo.count('patrimoine')}" in told


def test_gdal_draws_a_wms_layer(demo, tmp_path):
    x, y = demo.point_in("batiment")
    asked = "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=batiment&STYLES=&CRS=EPSG:2154&FORMAT=image/png"
    url = f"WMS:{demo.url}/wms?{asked}"
    box = f"&BBOX={x - 200},{y - 200},{x + 200},{y + 200}"
    run("gdal_translate", "-of", "PNG", "-outsize", "256", "256", url + box, str(tmp_path / "carte.png"))
    stats = json.loads(run("gdalinfo", "-json", "-stats", str(tmp_path / "carte.png")))
    assert stats["bands"][0]["stdDev"] > 5


@pytest.mark.parametrize("grid", ["PM_5cm", "LAMB93_5cm"])
def test_gdal_draws_imagery_from_wmts(demo, tmp_path, grid):
    source = f"WMTS:{demo.url}/wmts/1.0.0/WMTSCapabilities.xml,layer=pcrs,tilematrixset={grid}"
    told = json.loads(run("gdalinfo", "-json", source))
    assert told["size"][0] > 10000
    west, south, east, north = 355400, 6689300, 355500, 6689400
    run(
        "gdalwarp",
        "-q",
        "-t_srs",
        "EPSG:2154",
        "-te",
        str(west),
        str(south),
        str(east),
        str(north),
        "-ts",
        "200",
        "200",
        "-overwrite",
        source,
        str(tmp_path / "ortho.tif"),
    )
    stats = json.loads(run("gdalinfo", "-json", "-stats", str(tmp_path / "ortho.tif")))
    assert all(band["stdDev"] > 5 for band in stats["bands"][:3])
