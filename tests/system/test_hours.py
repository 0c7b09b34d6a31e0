"""In its sleeping hours no engine is started, whatever is asked; what is stored is served."""

import json
import shutil
from pathlib import Path

import pytest
from lxml import etree

from support.schemas import assert_valid
from support.server import running, until
from support.tile import put_tile


@pytest.fixture(scope="module")
def asleep(config_dir, tmp_path_factory):
    """A server on a configuration whose engine never wakes."""
    folder = tmp_path_factory.mktemp("hours")
    config = Path(shutil.copytree(config_dir, folder / "config"))
    text = (config / "service.yaml").read_text().replace("{idle: 5}", '{idle: 5, sleep: ["00:00-24:00"]}')
    (config / "service.yaml").write_text(text)
    with running(config, folder / "store") as server:
        yield server


def test_what_is_stored_is_served(asleep):
    tile = put_tile(asleep.store)
    until(lambda: asleep.get(tile).status == 200)
    for path in ("/", "/wms?SERVICE=WMS&REQUEST=GetCapabilities", "/wmts/1.0.0/WMTSCapabilities.xml"):
        assert asleep.get(path).status == 200
    legend = "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER=parcelle&FORMAT=image/png"
    assert asleep.get(legend).headers["Content-Type"] == "image/png"


def test_a_map_gets_the_exception_of_wms(asleep, get_map):
    answer = asleep.get(get_map)
    assert (answer.status, answer.headers["Content-Type"]) == (503, "text/xml")
    assert 1 <= int(answer.headers["Retry-After"]) <= 86400
    assert answer.headers["Cache-Control"] == "no-store"
    assert_valid(answer.body, "wms/1.3.0/exceptions")
    old = asleep.get(get_map.replace("1.3.0", "1.1.1"))
    assert old.headers["Content-Type"] == "application/vnd.ogc.se_xml"
    assert etree.fromstring(old.body).get("version") == "1.1.1"


def test_wfs_and_wmts_get_a_report(asleep):
    for path in (
        "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=parcelle",
        "/wmts?SERVICE=WMTS&REQUEST=x",
    ):
        answer = asleep.get(path)
        assert answer.status == 503
        assert_valid(answer.body, "ows/1.1.0")
    body = "<wfs:GetFeature xmlns:wfs='http://www.opengis.net/wfs/2.0'/>"
    posted = asleep.get("/wfs", {"Content-Type": "text/xml"}, method="POST", body=body)
    assert (posted.status, "Retry-After" in posted.headers) == (503, True)


def test_the_ogc_api_and_missing_tiles_get_json(asleep):
    x, y = put_tile(asleep.store).removesuffix(".jpg").split("/")[-2:]
    for path in ("/ogcapi/collections/parcelle/items", f"/tiles/ortho/PM/15/{int(x) + 1}/{y}.jpg"):
        answer = asleep.get(path)
        assert (answer.status, answer.headers["Content-Type"]) == (503, "application/json")
        assert "sleeps" in json.loads(answer.body)["description"]


def test_no_engine_process_appears(asleep, get_map):
    asleep.get(get_map)
    status = asleep.status()["engine"]
    assert status["state"] == "sleeping hours"
    assert status["starts"] == 0
