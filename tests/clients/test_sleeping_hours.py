"""In the engine's sleeping hours: tiles and documents as ever, the protocol's own refusal for the rest, no engine."""

import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from lxml import etree
from ruamel.yaml import YAML

from support.asked_of_qgis import ask_qgis, wmts
from support.server import Running, running

BOX = [355450, 6689250, 355550, 6689350]


@pytest.fixture(scope="module")
def asleep(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    """The demo with some tiles of imagery seeded, then served in hours in which the engine never runs."""
    root = Path(__file__).parents[2]
    config = Path(shutil.copytree(root / "config", tmp_path_factory.mktemp("asleep") / "config", symlinks=True))
    store = tmp_path_factory.mktemp("asleep_store")
    seed(config, store, "LAMB93_5cm", "12-20")
    seed(config, store, "PM", "14-19")
    service = YAML(typ="safe").load(config / "service.yaml")
    YAML().dump(service | {"engine": {"idle": 5, "sleep": ["00:00-24:00"]}}, config / "service.yaml")
    with running(config, store) as server:
        yield server


def seed(config: Path, store: Path, grid: str, levels: str) -> None:
    """Seed imagery around BOX."""
    command = [sys.executable, "-m", "scripts.cli", "seed", "pcrs", "--config", str(config), "--store", str(store)]
    area = ",".join(str(value) for value in BOX)
    command += ["--grid", grid, "--levels", levels, "--area", f"{area},EPSG:2154"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stderr + done.stdout


def test_qgis_draws_wmts_and_xyz_while_no_engine_runs(asleep):
    xyz = f"type=xyz&url={asleep.url}/tiles/pcrs/PM/%7Bz%7D/%7Bx%7D/%7By%7D.jpeg&zmin=14&zmax=19"
    answers = ask_qgis(
        {"provider": "wms", "uri": wmts(asleep.url, "pcrs", "LAMB93_5cm", "EPSG:2154", "image/jpeg"), "extent": BOX},
        {"provider": "wms", "uri": xyz, "extent": BOX, "crs": "EPSG:2154"},
    )
    for answer in answers:
        assert answer["valid"], answer
        assert answer["drawn"] > 0.9, answer
    assert asleep.engine_pids() == []


def test_qgis_still_reads_the_capabilities(asleep):
    uri = f"contextualWMSLegend=0&crs=EPSG:2154&format=image/png&layers=batiment&styles=&url={asleep.url}/wms"
    (answer,) = ask_qgis({"provider": "wms", "uri": uri, "extent": BOX})
    assert answer["valid"]
    assert answer["crs"] == "EPSG:2154"
    assert answer["legend"][0] > 20
    assert answer["drawn"] == 0
    assert asleep.engine_pids() == []


def test_a_map_is_refused_in_the_protocols_own_form_with_503_and_when_to_come_back(asleep):
    asked = "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS=batiment&STYLES=&CRS=EPSG:2154&WIDTH=9&HEIGHT=9"
    answer = asleep.get(f"/wms?{asked}&FORMAT=image/png&BBOX=355450,6689250,355550,6689350")
    assert answer.status == 503
    assert int(answer.headers["Retry-After"]) > 0
    assert etree.fromstring(answer.body).tag == "{http://www.opengis.net/ogc}ServiceExceptionReport"
    feature = asleep.get("/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=batiment")
    assert feature.status == 503
    assert etree.fromstring(feature.body).tag == "{http://www.opengis.net/ows/1.1}ExceptionReport"
    items = asleep.get("/ogcapi/collections/batiment/items")
    assert items.status == 503
    assert "json" in items.headers["Content-Type"]
    assert asleep.engine_pids() == []


@pytest.mark.parametrize(
    "path",
    [
        "/",
        "/wms?SERVICE=WMS&REQUEST=GetCapabilities",
        "/wfs?SERVICE=WFS&REQUEST=GetCapabilities",
        "/wmts/1.0.0/WMTSCapabilities.xml",
        "/tms/1.0.0",
        "/tiles/pcrs.json",
        "/health",
    ],
)
def test_documents_are_served_as_ever(asleep, path):
    answer = asleep.get(path)
    assert answer.status == 200
    assert answer.body
    assert asleep.engine_pids() == []
