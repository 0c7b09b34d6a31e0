"""OWSLib reads our capabilities and gets maps, tiles and features."""

import json
from io import BytesIO

import pytest
from owslib.ogcapi.features import Features
from owslib.wfs import WebFeatureService
from owslib.wms import WebMapService
from owslib.wmts import WebMapTileService
from PIL import Image


@pytest.mark.parametrize("version", ["1.1.1", "1.3.0"])
def test_a_map_is_drawn_in_both_versions(demo, version):
    service = WebMapService(f"{demo.url}/wms", version=version)
    layer = service["batiment"]
    assert layer.title
    assert "EPSG:2154" in layer.crsOptions
    x, y = demo.point_in("batiment")
    answer = service.getmap(
        layers=["batiment"],
        styles=[""],
        srs="EPSG:2154",
        bbox=(x - 50, y - 50, x + 50, y + 50),
        size=(200, 200),
        format="image/png",
    )
    assert len(Image.open(BytesIO(answer.read())).convert("RGB").getcolors(100000)) > 1


def test_a_tile_is_fetched_by_wmts(demo):
    service = WebMapTileService(f"{demo.url}/wmts")
    layer = service["pcrs"]
    assert {"PM_5cm", "LAMB93_5cm"} <= set(layer.tilematrixsetlinks)
    limits = layer.tilematrixsetlinks["LAMB93_5cm"].tilematrixlimits["18"]
    answer = service.gettile(
        layer="pcrs",
        tilematrixset="LAMB93_5cm",
        tilematrix="18",
        row=limits.mintilerow,
        column=limits.mintilecol,
        format="image/jpeg",
    )
    assert Image.open(BytesIO(answer.read())).size == (256, 256)


def test_features_come_by_wfs(demo):
    service = WebFeatureService(f"{demo.url}/wfs", version="2.0.0")
    name = f"{demo.prefix}:patrimoine"
    assert name in service.contents
    answer = service.getfeature(typename=[name], maxfeatures=3, outputFormat="application/json")
    assert len(json.loads(answer.read())["features"]) == 3


def test_items_come_by_the_ogc_api(demo):
    service = Features(f"{demo.url}/ogcapi")
    assert "patrimoine" in service.feature_collections()
    items = service.collection_items("patrimoine", limit=5)
    assert items["numberMatched"] == demo.count("patrimoine")
    assert len(items["features"]) == 5
