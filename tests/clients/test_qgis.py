"""A real QGIS opens one layer of each protocol from the demo, draws it, identifies, shows the legend."""

from urllib.parse import quote

import pytest

from support.asked_of_qgis import ask_qgis, wms, wmts

pytestmark = pytest.mark.qgis
QUARTER = [355300, 6689100, 355900, 6689700]
"""In the demo's imagery, EPSG:2154."""


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:4326", "EPSG:3857"])
def test_qgis_draws_and_identifies_a_wms_layer_in_every_crs(demo, version, crs):
    from layers.crs import transform_bbox

    extent = list(transform_bbox(tuple(QUARTER), "EPSG:2154", crs))
    uri = wms(demo.url, "batiment", crs, **({"version": version} if version == "1.1.1" else {}))
    (answer,) = ask_qgis({"provider": "wms", "uri": uri, "extent": extent, "crs": crs})
    assert answer["valid"], answer
    assert answer["errors"] == []
    assert 0.2 < answer["drawn"] < 0.9
    assert answer["legend"][0] > 20, answer
    assert answer["legend"][1] > 20, answer


def test_qgis_identifies_a_building_as_feature_and_html(demo):
    point = demo.point_in("batiment")
    extent = [point[0] - 100, point[1] - 100, point[0] + 100, point[1] + 100]
    ask = {"provider": "wms", "uri": wms(demo.url, "batiment"), "extent": extent, "identify": point}
    (answer,) = ask_qgis(ask)
    assert len(answer["identify"]["feature"]) == 1, answer
    assert answer["identify"]["feature"][0]["cleabs"].startswith("BATIMENT")
    assert "BATIMENT" in answer["identify"]["html"]


def test_qgis_draws_imagery_from_wmts_in_both_grids_and_from_xyz(demo):
    xyz = quote(f"{demo.url}/tiles/pcrs/PM/{{z}}/{{x}}/{{y}}.jpeg", safe="/:")
    answers = ask_qgis(
        {"provider": "wms", "uri": wmts(demo.url, "pcrs", "LAMB93_5cm", "EPSG:2154", "image/jpeg"), "extent": QUARTER},
        {
            "provider": "wms",
            "uri": wmts(demo.url, "pcrs", "PM_5cm", "EPSG:3857", "image/jpeg"),
            "extent": QUARTER,
            "crs": "EPSG:2154",
        },
        {"provider": "wms", "uri": f"type=xyz&url={xyz}&zmin=10&zmax=19", "extent": QUARTER, "crs": "EPSG:2154"},
    )
    for answer in answers:
        assert answer["valid"], answer
        assert answer["errors"] == []
        assert answer["drawn"] > 0.95, answer


def test_qgis_reads_features_by_wfs_page_after_page(demo):
    name = f"{demo.prefix}:troncon_de_route"
    uri = f"pagingEnabled='true' srsname='EPSG:2154' typename='{name}' url='{demo.url}/wfs?' version='2.0.0'"
    (answer,) = ask_qgis({"provider": "WFS", "uri": uri, "limit": 50000})
    assert answer["valid"], answer
    assert answer["count"] == answer["read"] == demo.count("troncon_de_route")
    assert answer["repeated"] == 0
    assert answer["drawn"] > 0
    assert "nature" in answer["fields"]


def test_qgis_reads_features_by_ogc_api(demo):
    (answer,) = ask_qgis({"provider": "OAPIF", "uri": f"typename='patrimoine' url='{demo.url}/ogcapi'"})
    assert answer["valid"], answer
    assert answer["count"] == answer["read"] == demo.count("patrimoine")
    assert answer["repeated"] == 0
