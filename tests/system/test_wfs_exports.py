"""Files that are too large to wait for, over HTTP: estimated, made aside, found again, kept from strangers, removed."""

import json
import os
import re
import shutil
import signal
import time

import numpy as np
import pyarrow as pa
import pyogrio
import pytest
import shapely

from server.keys import Keys
from support.server import running

COUNT = 30_000
GET = "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES="
ASIDE = {"Prefer": "respond-async"}
LAYERS = """
points:
  title: Points
  source: {vector: data/points.gpkg, layer: points}
prives:
  title: Privés
  source: {vector: data/points.gpkg, layer: points}
  access: [sig]
"""


@pytest.fixture(scope="module")
def server(config_dir, tmp_path_factory):
    """A server whose limit is 100 kB, whose engine stops after a second without requests, and 30,000 points."""
    folder = tmp_path_factory.mktemp("exports")
    config = shutil.copytree(config_dir, folder / "config")
    places = shapely.points(770000 + np.arange(COUNT) % 997, 6279000 + np.arange(COUNT) % 991)
    fields = {f"champ{number}": [f"valeur {row} é" for row in range(COUNT)] for number in range(6)}
    table = pa.table({**fields, "geometry": pa.array(shapely.to_wkb(places))})
    data = config / "data" / "points.gpkg"
    pyogrio.write_arrow(table, data, layer="points", geometry_name="geometry", geometry_type="Point", crs="EPSG:2154")
    (config / "layers" / "points.yaml").write_text(LAYERS, encoding="utf-8")
    service = config / "service.yaml"
    service.write_text(service.read_text(encoding="utf-8") + "\nexports: {larger_than: 100 kB, most: 3}\n", "utf-8")
    with running(config, folder / "store", "--idle", "1") as found:
        yield found


def local(server, address: str) -> str:
    """The path of an address that an answer gave."""
    return "/" + address.split("/", 3)[3]


def waited(server, path: str, seconds: float = 60) -> dict:
    """The status of an export that is ended."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        answer = server.get(path)
        told = json.loads(answer.body)
        assert answer.status == (200 if told["status"] in ("successful", "failed") else 202), told
        if answer.status == 200:
            return told
        time.sleep(0.3)
    raise AssertionError(f"{path} does not end")


def test_a_large_file_is_made_aside_and_its_size_is_estimated(server):
    """The engine has no request for longer than it may idle, and goes on until the file is there."""
    answer = server.get(f"{GET}points&OUTPUTFORMAT=xlsx")
    assert answer.status == 202, answer.body
    assert answer.headers["Retry-After"]
    path = local(server, answer.headers["Location"])
    told = json.loads(answer.body)
    assert told["features"] == COUNT
    assert told["estimatedSize"] > 100_000
    time.sleep(3)
    told = waited(server, path)
    assert told["status"] == "successful"
    assert 0.4 < told["size"] / told["estimatedSize"] < 2.5
    again = server.get(f"{GET}points&OUTPUTFORMAT=xlsx")
    assert (again.status, local(server, again.headers["Location"])) == (303, local(server, told["links"][1]["href"]))


def test_the_file_is_whole_named_and_comes_in_parts(server, tmp_path):
    first = server.get(f"{GET}points&OUTPUTFORMAT=geopackage")
    second = server.get(f"/wfs?outputformat=geopackage&{GET[5:]}points")
    path = local(server, first.headers["Location"])
    assert first.status == 202
    assert second.status in (202, 303)
    told = waited(server, path)
    file = local(server, told["links"][1]["href"])
    whole = server.get(file)
    assert whole.headers["Content-Disposition"] == 'attachment; filename="points.gpkg"'
    assert whole.headers["Content-Type"] == "application/geopackage+sqlite3"
    part = server.get(file, {"Range": "bytes=100-199"})
    assert (part.status, part.body) == (206, whole.body[100:200])
    assert server.get(file, {"Range": f"bytes={len(whole.body)}-"}).status == 416
    (tmp_path / "back.gpkg").write_bytes(whole.body)
    assert pyogrio.read_info(tmp_path / "back.gpkg")["features"] == COUNT


def test_a_page_tells_it_in_french_and_english(server):
    answer = server.get(f"{GET}arbre&OUTPUTFORMAT=kml", ASIDE | {"Accept": "text/html", "Accept-Language": "en"})
    assert (answer.status, answer.headers["Preference-Applied"]) == (202, "respond-async")
    assert b'<html lang="en">' in answer.body
    path = local(server, answer.headers["Location"])
    waited(server, path)
    page = server.get(f"{path}?f=html&lang=fr").body.decode()
    assert "Prêt" in page
    assert "arbre.kml" in page
    assert re.search(r"\(\d[\d,]*\u00a0ko, 50 objets\)", page)
    assert "Download" in server.get(f"{path}?f=html&lang=en").body.decode()
    assert "refresh" not in page


def test_small_files_and_streams_are_answered_at_once(server):
    """Also where somebody else had one made aside."""
    assert server.get(f"{GET}arbre&OUTPUTFORMAT=kml").status == 200
    assert server.get(f"{GET}points&OUTPUTFORMAT=csv").status == 200
    assert server.get(f"{GET}points&OUTPUTFORMAT=xlsx&COUNT=10").status == 200


@pytest.mark.parametrize("path", ["/wfs/exports/x", "/wfs/exports/" + "0" * 32, f"/wfs/exports/{'0' * 32}/points.gpkg"])
def test_what_is_not_there_is_told(server, path):
    answer = server.get(path)
    assert answer.status == 404
    assert b"ExceptionReport" in answer.body


def test_an_export_of_a_layer_for_a_group_is_for_that_group(server):
    """Its address is of no use to others."""
    member = {"X-API-Key": Keys(server.store).add("bureau", ["sig"])}
    answer = server.get(f"{GET}prives&OUTPUTFORMAT=kml", member | ASIDE)
    assert answer.status in (202, 303)
    path = local(server, answer.headers["Location"])
    assert server.get(path, member).status in (200, 202)
    assert server.get(path).status == 401


def test_an_export_of_a_killed_engine_has_failed_and_is_made_again(server):
    asked = f"{GET}points&OUTPUTFORMAT=ods&COUNT=15000"
    path = local(server, server.get(asked).headers["Location"])
    os.kill(server.engine_pids()[0], signal.SIGKILL)
    while server.get(path).status not in (200, 202):
        time.sleep(0.1)
    told = json.loads(server.get(path).body)
    assert told["status"] == "failed"
    assert "ask again" in told["message"]
    assert server.get(asked).status == 202
    assert waited(server, path)["status"] == "successful"


def test_no_more_are_kept_than_may_be_and_none_for_longer(server):
    for name in ("arbre", "parcelle", "chemin", "points"):
        answer = server.get(f"{GET}{name}&OUTPUTFORMAT=kml", ASIDE)
        waited(server, local(server, answer.headers["Location"]))
    folders = [folder for folder in (server.store / "exports").iterdir() if folder.is_dir()]
    assert len(folders) == 3
    oldest = folders[0] / "export.json"
    note = json.loads(oldest.read_text())
    oldest.write_text(json.dumps(note | {"ended": time.time() - 25 * 3600}))
    assert server.get(f"/wfs/exports/{folders[0].name}").status == 404
    assert not folders[0].exists()
