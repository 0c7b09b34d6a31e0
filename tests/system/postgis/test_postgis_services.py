"""Layers of a database, served: in every protocol; while the database is away; when it comes back."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote, urlencode

import pytest

from layers import compile as registry
from layers.errors import RegistryError
from support.postgis import load
from support.postgres import PASSWORD, Server
from support.server import ROOT, Running, running
from support.vectors import X0, Y0, table

pytestmark = pytest.mark.postgis

SERVICE = "title: Essai\ncrs: [EPSG:2154, EPSG:3857, EPSG:4326, CRS:84]\nengine: {processes: 1}\n"
LAYERS = """
polygone:
  title: Polygones
  source: {postgis: "${ESSAI_BASE}", table: polygone}
cher:
  title: Polygones jamais comptés
  source: {postgis: "${ESSAI_BASE}", table: public.polygone, count: unknown}
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("postgis")
    (folder / "layers").mkdir()
    (folder / "service.yaml").write_text(SERVICE, encoding="utf-8")
    (folder / "layers" / "base.yaml").write_text(LAYERS, encoding="utf-8")
    return folder


@pytest.fixture(scope="module")
def environment(postgres: Server) -> dict[str, str]:
    address = postgres.database()
    load(address, "polygone", table("Polygon"), "Polygon")
    return {"ESSAI_BASE": address}


@pytest.fixture(scope="module")
def served(config: Path, environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Running]:
    with running(config, tmp_path_factory.mktemp("store"), env=environment) as server:
        yield server


def wfs(**asked: str) -> str:
    return "/wfs?" + urlencode({"SERVICE": "WFS", "VERSION": "2.0.0", "REQUEST": "GetFeature", **asked})


def wms(request: str, **asked: str) -> str:
    picture = {"BBOX": f"{X0},{Y0},{X0 + 1000},{Y0 + 1000}", "WIDTH": "100", "HEIGHT": "100", "CRS": "EPSG:2154"}
    layers = {
        "LAYERS": "polygone",
        "QUERY_LAYERS": "polygone",
        "STYLES": "",
        "FORMAT": "image/png",
        "I": "2",
        "J": "97",
    }
    return "/wms?" + urlencode({"SERVICE": "WMS", "VERSION": "1.3.0", "REQUEST": request, **picture, **layers, **asked})


def test_features_are_answered_by_every_protocol(served):
    collection = served.get(wfs(TYPENAMES="polygone", COUNT="3"))
    assert (collection.status, collection.text.count("<wfs:member>")) == (200, 3)
    assert 'numberMatched="8" numberReturned="3"' in collection.text
    items = served.get("/ogcapi/collections/polygone/items?limit=3&sortby=-nom").json()
    assert (items["numberMatched"], items["numberReturned"]) == (8, 3)
    information = served.get(wms("GetFeatureInfo", INFO_FORMAT="application/json"))
    assert [feature["id"] for feature in information.json()["features"]] == ["polygone.1"]
    assert served.get(wms("GetMap")).headers["Content-Type"] == "image/png"


def test_what_is_not_counted_is_said_to_be_unknown_and_has_pages(served):
    page = served.get(wfs(TYPENAMES="cher", COUNT="3", STARTINDEX="3")).text
    assert 'numberMatched="unknown" numberReturned="3"' in page
    assert "STARTINDEX=6" in page.partition("next=")[2]
    last = served.get(wfs(TYPENAMES="cher", COUNT="3", STARTINDEX="6")).text
    assert 'numberMatched="unknown" numberReturned="2"' in last
    assert " next=" not in last
    assert 'numberMatched="unknown" numberReturned="0"' in served.get(wfs(TYPENAMES="cher", RESULTTYPE="hits")).text
    old = served.get(wfs(TYPENAME="cher", RESULTTYPE="hits", VERSION="1.1.0")).text
    assert "<wfs:FeatureCollection" in old
    assert "numberOfFeatures" not in old
    collection = served.get(wfs(TYPENAMES="cher", OUTPUTFORMAT="application/json")).json()
    assert "numberMatched" not in collection
    assert collection["numberReturned"] == 8
    items = served.get("/ogcapi/collections/cher/items?limit=5").json()
    assert "numberMatched" not in items
    assert {link["rel"] for link in items["links"]} >= {"next"}
    rest = served.get("/ogcapi/collections/cher/items?limit=5&offset=5").json()
    assert "next" not in {link["rel"] for link in rest["links"]}
    assert served.get("/ogcapi/collections/cher/items?f=html&limit=5").status == 200


QUESTIONS = {
    "wfs": (wfs(TYPENAMES="polygone"), 'exceptionCode="NoApplicableCode"'),
    "wfs 1.0": (wfs(TYPENAME="polygone", VERSION="1.0.0"), "<ServiceExceptionReport"),
    "wfs csv": (wfs(TYPENAMES="polygone", OUTPUTFORMAT="csv"), 'exceptionCode="NoApplicableCode"'),
    "ogcapi": ("/ogcapi/collections/polygone/items", '"status":503'),
    "information": (wms("GetFeatureInfo", INFO_FORMAT="application/json"), "<ServiceExceptionReport"),
    "map": (wms("GetMap"), "<ServiceExceptionReport"),
}


def check(config: Path, store: Path, environment: dict[str, str]) -> "subprocess.CompletedProcess[str]":
    command = [
        sys.executable,
        "-m",
        "scripts.cli",
        "check",
        "--config",
        str(config),
        "--store",
        str(store),
        "--compile",
    ]
    env = {**os.environ, **environment}
    return subprocess.run(command, cwd=ROOT, env=env, capture_output=True, text=True, timeout=120, check=False)


@pytest.fixture(scope="class")
def away(served: Running, postgres: Server) -> Iterator[Running]:
    """The server, of which the database is stopped after a first question."""
    assert served.get(QUESTIONS["wfs"][0]).status == 200
    postgres.stop()
    try:
        yield served
    finally:
        postgres.start()


class TestWhileTheDatabaseIsAway:
    @pytest.mark.parametrize("name", QUESTIONS)
    def test_each_protocol_says_so(self, away, name):
        address, form = QUESTIONS[name]
        answer = away.get(address)
        assert (answer.status, answer.headers["Retry-After"]) == (503, "10"), answer.text
        assert form in answer.text.replace(" ", " ")
        assert "the database cannot be reached now" in answer.text
        told = answer.text + away.log.read_text()
        assert PASSWORD not in told
        assert quote(PASSWORD, safe="") not in told

    def test_capabilities_need_no_database(self, away):
        assert "polygone" in away.get(wfs(REQUEST="GetCapabilities")).text
        assert away.get("/ogcapi/collections/polygone").status == 200

    def test_garrigue_check_says_that_the_database_is_away(self, away, config, environment, tmp_path):
        done = check(config, tmp_path, environment)
        assert done.returncode == 1
        assert (
            "layers/base.yaml:4: polygone.source.postgis: the database cannot be reached now"
            in done.stdout + done.stderr
        )
        assert quote(PASSWORD, safe="") not in done.stdout + done.stderr

    def test_what_is_compiled_holds_while_the_database_is_away(self, away, config, environment):
        done = check(config, away.store, environment)
        assert done.returncode == 0, done.stdout + done.stderr
        assert "the database cannot be reached now: what was known of it holds" in done.stdout + done.stderr


def test_once_the_database_is_back_it_is_asked_again(served):
    for address, _ in QUESTIONS.values():
        assert served.get(address).status == 200


def test_no_secret_is_compiled_or_logged(served, environment):
    files = [path for path in served.store.rglob("*") if path.is_file() and path.suffix != ".mbtiles"]
    assert any(path.name == "registry.json" for path in files)
    for path in files:
        assert quote(PASSWORD, safe="").encode() not in path.read_bytes(), path
        assert PASSWORD.encode() not in path.read_bytes(), path


MISTAKES = [
    ("{postgis: 'postgresql://a:secret@host/base', table: t}", "postgis: a password is not written here"),
    ("{postgis: 'host=h password=secret', table: t}", "postgis: a password is not written here"),
    ("{postgis: '${ABSENTE_D_ICI}', table: t}", "the environment variable ABSENTE_D_ICI is not set"),
    ("{postgis: '${ESSAI_BASE}'}", "source.table: is missing"),
    ("{postgis: '${ESSAI_BASE}', table: polygones}", "did you mean 'public.polygone'?"),
    ("{postgis: '${ESSAI_BASE}', table: polygone, geometry: geom}", "there is no geometry 'geom'; there is geometry"),
    ("{postgis: 'postgresql://127.0.0.1:1/base', table: t}", "the database cannot be reached now"),
]


def problems(folder: Path, layer: str) -> str:
    """What is said of a configuration with this layer."""
    (folder / "layers").mkdir()
    (folder / "service.yaml").write_text(SERVICE, encoding="utf-8")
    (folder / "layers" / "faute.yaml").write_text(f"a:\n  title: t\n{layer}", encoding="utf-8")
    with pytest.raises(RegistryError) as caught:
        registry.load(folder, folder / "store")
    return str(caught.value)


@pytest.mark.parametrize(("source", "words"), MISTAKES)
def test_a_mistake_is_told_with_its_place(environment, monkeypatch, tmp_path, source, words):
    monkeypatch.setenv("ESSAI_BASE", environment["ESSAI_BASE"])
    told = problems(tmp_path, f"  source: {source}\n")
    assert words in told
    assert "layers/faute.yaml:" in told
    assert quote(PASSWORD, safe="") not in told
