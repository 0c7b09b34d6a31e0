"""The benchmarks' own parts: data repeated, places, configurations of the peers, requests in turn, rows."""

import os
import re
import shutil
import signal
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pyogrio
import pytest
import shapely

from scripts.bench import ask, data
from scripts.bench.ask import Client, Times, alternate, answered
from scripts.bench.cases.get_feature import get_feature
from scripts.bench.cases.get_map import get_map, latency_figures
from scripts.bench.cases.seeding import HALF, aligned
from scripts.bench.peers.mapserver import RasterLayer, VectorLayer, mapserver, write_mapfile
from scripts.bench.peers.peer import MissingPeerError, Peer, Processes, await_answer, family, free_port, installed
from scripts.bench.peers.seeders import spent
from scripts.bench.places import Place, places

BOX = (354000.0, 6688500.0, 354200.0, 6688700.0)
debian_mapserver = pytest.mark.skipif(
    not shutil.which("/usr/lib/cgi-bin/mapserv") or not shutil.which("nginx"), reason="no cgi-mapserver, no nginx"
)


class Echo(BaseHTTPRequestHandler):
    """Answers the path, counts who asked; `bad` in it is answered by another content type."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        body = self.path.encode()
        self.server.asked.append(self.path)
        self.server.ports.add(self.client_address[1])
        self.send_response(200)
        self.send_header("Content-Type", "text/xml" if "bad" in self.path else "image/png")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


@pytest.fixture
def echo():
    server = ThreadingHTTPServer(("127.0.0.1", 0), Echo)
    server.asked, server.ports = [], set()
    server.daemon_threads = True
    thread = threading.Thread(target=server.serve_forever, args=(0.02,))
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def clients(echo):
    made = [Client(Peer(name, echo.server_address[1], f"/{name}?", ())) for name in ("garrigue", "mapserver")]
    yield made
    for client in made:
        client.close()


def test_another_server_may_fail_on_some_requests_ours_on_none(echo):
    theirs, ours = (Client(Peer(name, echo.server_address[1], "", ())) for name in ("other", "garrigue"))
    found = alternate([theirs], lambda _: ["/a", "/bad", "/c"], "image/png", warm_up=1)
    assert found["other"].sizes == [2, 2]
    with pytest.raises(RuntimeError, match="other answers 1 of 3"):
        alternate([theirs], lambda _: ["/a", "/bad", "/bad"], "image/png")
    with pytest.raises(RuntimeError, match="garrigue answers /bad"):
        alternate([ours], lambda _: ["/a", "/bad", "/c"], "image/png")
    for client in (theirs, ours):
        client.close()


@pytest.mark.parametrize(("rest", "connections"), [(10.0, 1), (0.0, 3)])
def test_a_client_that_rested_does_not_take_a_connection_that_may_be_closed(echo, monkeypatch, rest, connections):
    monkeypatch.setattr(ask, "REST", rest)
    client = Client(Peer("echo", echo.server_address[1], "", ()))
    for _ in range(3):
        client.ask("/a", "image/png")
    client.close()
    assert len(echo.ports) == connections


def test_the_time_that_a_server_s_processes_take_is_told(tmp_path):
    busy = "import os\nwhile sum(os.times()[:2]) < 0.5: pass\nprint(flush=True); input()"
    with Processes(tmp_path / "log") as group:
        first = group.start(
            [sys.executable, "-c", f"import subprocess, sys; subprocess.run([sys.executable, '-c', {busy!r}])"]
        )
        peer = Peer("both", 1, "", (), (first,))
        while peer.worked() < 0.5:
            time.sleep(0.05)
    assert peer.worked() == 0


def test_a_region_holds_as_many_buildings_as_asked_each_with_its_own_id(tmp_path):
    found = data.region(tmp_path, 20_000)
    tables = [pyogrio.raw.read_arrow(path)[1] for path in (found.fgb, found.gpkg)]
    for table in tables:
        assert table.num_rows == 20_000
        assert len(set(table["cleabs"].to_pylist())) == 20_000
    bounds = pyogrio.read_info(found.fgb)["total_bounds"]
    assert bounds[2] - bounds[0] > 1.98 * (data.EXTENT[2] - data.EXTENT[0])
    assert bounds[0] >= found.extent[0] - 0.01
    assert bounds[3] <= found.extent[3] + 0.01


def test_a_copy_is_the_building_moved_with_its_height(tmp_path):
    one = shapely.from_wkb(pyogrio.raw.read_arrow(data.BDTOPO, layer="batiment")[1]["geom"].to_numpy()[:1])[0]
    table = pyogrio.raw.read_arrow(data.region(tmp_path, 9000).gpkg, where="cleabs = 'BATIMENT0000000000008639'")[1]
    copy = shapely.from_wkb(table["geom"].to_numpy())[0]
    moved = shapely.get_coordinates(copy, include_z=True) - shapely.get_coordinates(one, include_z=True)
    assert np.allclose(moved, [data.EXTENT[2] - data.EXTENT[0], 0, 0], atol=0.011)


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:3857"])
def test_places_are_the_same_in_every_run_square_and_inside(crs):
    wanted = places(crs, 256, 0.4, 20)
    assert wanted == places(crs, 256, 0.4, 20)
    for place in wanted:
        x0, y0, x1, y1 = place.bbox
        assert x1 - x0 == pytest.approx(y1 - y0)
        if crs == "EPSG:2154":
            assert x1 - x0 == pytest.approx(102.4)
            assert data.EXTENT[0] <= x0 < x1 <= data.EXTENT[2]


def test_servers_are_asked_in_blocks_in_turn_and_the_warm_up_is_not_counted(echo, clients):
    times = alternate(clients, lambda _: ["a", "b", "c", "d"], "image/png", warm_up=1, block=2)
    assert echo.asked[:2] == ["/garrigue?a", "/mapserver?a"]
    order = [path.split("?")[0] for path in echo.asked[2:]]
    assert order == ["/garrigue"] * 2 + ["/mapserver"] * 4 + ["/garrigue"] * 2
    assert {name: len(found.seconds) for name, found in times.items()} == {"garrigue": 4, "mapserver": 4}


def test_an_answer_of_another_kind_is_no_answer(clients):
    with pytest.raises(RuntimeError, match=r"garrigue answers bad with 200 text/xml"):
        clients[0].ask("bad", "image/png")
    assert answered(clients, ["a", "bad", "c"], lambda _, item: item, "image/png") == ["a", "c"]
    with pytest.raises(RuntimeError, match="2 of 2 requests fail"):
        answered(clients, ["bad1", "bad2"], lambda _, item: item, "image/png")


def test_ratios_are_ours_over_the_peers():
    ours, theirs = Times([0.002] * 20, [1000] * 20), Times([0.004] * 20, [1000] * 20)
    figures = latency_figures("x", {"garrigue": ours, "mapserver": theirs}, {"mapserver": 0.7})
    peer = next(figure for figure in figures if "mapserver, median" in figure.name)
    assert (peer.value, peer.ratio, peer.reached) == (pytest.approx(4), pytest.approx(0.5), True)


def test_requests_say_the_same_to_every_server():
    place = Place("EPSG:2154", BOX, 256)
    ours, theirs = Peer("garrigue", 1, "", ()), Peer("mapserver", 1, "/?map=BENCH&", ())
    assert get_map(ours, place, ["batiment"]) == "/wms?" + get_map(theirs, place, ["batiment"])
    assert get_feature(ours, COUNT=2) == "/wfs?" + get_feature(theirs, COUNT=2)


def test_a_mapfile_names_its_layers_and_their_data(tmp_path):
    layers = [VectorLayer("batiment", tmp_path / "b.fgb", "POLYGON", "STYLE END", BOX)]
    layers += [RasterLayer("pcrs", tmp_path / "p.vrt"), RasterLayer("index", tmp_path / "i.shp", index=True)]
    environment = write_mapfile(tmp_path, layers, BOX)
    text = (tmp_path / "bench.map").read_text()
    assert re.findall(r'LAYER\s+NAME "(\w+)"', text) == ["batiment", "pcrs", "index"]
    assert f'DATA "{tmp_path}/b.fgb"' in text
    assert f'TILEINDEX "{tmp_path}/i.shp"' in text
    assert "bench.map" in (tmp_path / "mapserver.conf").read_text()
    assert set(environment) == {"MAPSERVER_CONFIG_FILE"}


def test_a_seeded_area_lies_on_tile_borders_within_the_data():
    side = 2 * HALF / 2**13
    for value in aligned((*data.EXTENT[:2], data.EXTENT[0] + 20000, data.EXTENT[1] + 20000)):
        assert min((value + HALF) % side, side - (value + HALF) % side) == pytest.approx(1)


def test_a_program_that_is_not_installed_is_told():
    with pytest.raises(MissingPeerError, match="no-such-server is not installed"):
        installed("no-such-server")


def test_a_server_that_ends_by_itself_is_told_with_its_last_words(tmp_path):
    with Processes(tmp_path / "log") as group:
        group.start(["sh", "-c", "echo the mapfile is wrong; exit 3"])
        with pytest.raises(RuntimeError, match=r"status 3: the mapfile is wrong"):
            await_answer(group, free_port(), "/", 10)


def test_a_family_is_a_process_and_what_it_started(tmp_path):
    with Processes(tmp_path / "log") as group:
        pid = group.start(["sh", "-c", "sleep 30 & wait"])
        for _ in range(200):
            if len(found := list(family([pid]))) == 2:
                break
            threading.Event().wait(0.01)
        assert found[0] == pid
        assert len(found) == 2
        os.kill(found[1], signal.SIGTERM)
    assert group.started[0].returncode is not None


@debian_mapserver
def test_mapserver_draws_and_gives_features(tmp_path):
    layer = VectorLayer("batiment", data.street(tmp_path)["batiment"], "POLYGON", "STYLE COLOR 9 9 9 END", data.EXTENT)
    with mapserver(tmp_path / "mapserver", [layer], data.EXTENT, processes=1) as peer:
        client = Client(peer)
        assert client.ask(get_map(peer, Place("EPSG:2154", BOX, 256), ["batiment"]), "image/png").size > 500
        answer = client.ask(get_feature(peer, COUNT=2, OUTPUTFORMAT="geojson"), "application/")
        client.close()
    assert answer.head.count(b'"Feature"') == 2


def test_the_time_of_processes_that_a_command_leaves_behind_is_counted() -> None:
    work = "import time\nwhile time.process_time() < 0.4: pass"
    leave = f"import subprocess, sys\nsubprocess.Popen([sys.executable, '-c', {work!r}])"
    before = spent()
    done = subprocess.run([sys.executable, "-m", "scripts.bench.adopt", sys.executable, "-c", leave], check=False)
    assert done.returncode == 0
    assert spent() - before >= 0.4
