"""Large answers over the whole server: the front takes them from the process that makes them."""

import contextlib
import gzip
import http.client
import os
import signal
import socket
import time
from pathlib import Path

import pytest

from support.server import ROOT, running, until

BUILDINGS, EACH = 8639, b"<wfs:member>"
GML = "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=batiment"
REGISTRY = f"""
theme: {{title: Essai}}
batiment:
  title: Bâtiments
  source: {{vector: "{ROOT}/config/data/bdtopo_nantes.gpkg", layer: batiment}}
"""


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """A server of 8,639 buildings, 11 MB of GML, from which all of them may be asked at once."""
    folder = tmp_path_factory.mktemp("downloads")
    (folder / "config" / "layers").mkdir(parents=True)
    (folder / "config" / "layers" / "essai.yaml").write_text(REGISTRY, encoding="utf-8")
    (folder / "config" / "service.yaml").write_text("title: Essai\nlimits: {features: 100000}\n", encoding="utf-8")
    with running(folder / "config", folder / "store", "--idle", "1") as server:
        yield server


def makers(server) -> list[int]:
    """The processes that make downloads now; the one that forks them is the first of its kind."""
    lines = {pid: Path(f"/proc/{pid}/cmdline") for pid in server.engine_pids()}
    named = b"server.engine.download_process"
    return [pid for pid, line in lines.items() if line.exists() and named in line.read_bytes()][1:]


@contextlib.contextmanager
def asked(server, path: str = GML, request: str = "GET {} HTTP/1.1\r\nHost: a\r\n\r\n"):
    """A client that has asked and reads slowly: little is kept for it on the way."""
    with socket.socket() as client:
        client.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 65536)
        client.settimeout(60)
        client.connect((server.host, server.port))
        client.sendall(request.format(path).encode())
        yield client


def test_all_features_come_and_the_connection_is_kept(site):
    connection = http.client.HTTPConnection(site.host, site.port, timeout=60)
    for _ in range(3):
        connection.request("GET", GML)
        answer = connection.getresponse()
        assert (answer.status, answer.getheader("X-Garrigue-Pipe")) == (200, None)
        body = answer.read()
        assert body.count(EACH) == BUILDINGS
        assert body.endswith(b"</wfs:FeatureCollection>\n")
        first = connection.sock
    assert connection.sock is first
    pages = [site.get(f"{GML}&COUNT=4500&STARTINDEX={start}").body for start in (0, 4500)]
    members = b"".join(page[page.index(EACH) : page.rindex(b"</wfs:FeatureCollection>")] for page in pages)
    assert body[body.index(EACH) : body.rindex(b"</wfs:FeatureCollection>")] == members
    connection.close()


def test_it_is_compressed_for_who_reads_that(site):
    packed = site.get(GML, {"Accept-Encoding": "gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body).count(EACH) == BUILDINGS


def test_a_posted_query_is_answered_as_well(site):
    body = (
        '<wfs:GetFeature xmlns:wfs="http://www.opengis.net/wfs/2.0" service="WFS" version="2.0.0">'
        '<wfs:Query typeNames="batiment"/></wfs:GetFeature>'
    )
    assert site.get("/wfs", {"Content-Type": "text/xml"}, method="POST", body=body).body.count(EACH) == BUILDINGS


def test_head_comes_without(site):
    head = site.get(GML, method="HEAD")
    assert (head.status, head.body, head.headers["X-Garrigue-Pipe"]) == (200, b"", None)
    until(lambda: site.status()["engine"]["in_flight"] == 0, 10)


def test_a_client_cannot_name_a_pipe(site):
    answer = site.get(GML, {"X-Garrigue-Pipe": "1"})
    assert answer.body.count(EACH) == BUILDINGS


@pytest.mark.parametrize("half", [False, True])
def test_a_client_that_leaves_ends_the_process(site, half):
    with asked(site) as client:
        assert client.recv(100).startswith(b"HTTP/1.1 200")
        (pid,) = until(lambda: makers(site))
        if half:
            # It says that it asks no more, and does not read.
            client.shutdown(socket.SHUT_WR)
            until(lambda: not Path(f"/proc/{pid}").exists(), 10)
    until(lambda: not Path(f"/proc/{pid}").exists(), 10)
    until(lambda: site.status()["engine"]["in_flight"] == 0, 10)


def test_an_answer_whose_process_dies_is_not_taken_for_whole(site):
    with asked(site) as client:
        client.recv(100)
        (pid,) = until(lambda: makers(site))
        os.kill(pid, signal.SIGKILL)
        data, end = b"", b""
        while end := client.recv(1 << 16):
            data = (data + end)[-20:]
    assert not data.endswith(b"0\r\n\r\n")
    assert site.get(GML).body.count(EACH) == BUILDINGS


def test_the_engine_does_not_sleep_while_a_client_reads_slowly(site):
    with asked(site, request="GET {} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n") as client:
        client.recv(100)
        started = site.status()["engine"]["starts"]
        time.sleep(3)
        while part := client.recv(1 << 16):
            last = part
    assert last.endswith(b"0\r\n\r\n")
    assert site.status()["engine"]["starts"] == started


def test_an_engine_that_dies_breaks_the_answer_off_and_another_is_started(site):
    with asked(site) as client:
        client.recv(100)
        (pid,) = until(lambda: makers(site))
        os.kill(site.engine_pids()[0], signal.SIGKILL)
        last = b""
        while part := client.recv(1 << 16):
            last = (last + part)[-20:]
    assert not last.endswith(b"0\r\n\r\n")
    until(lambda: not Path(f"/proc/{pid}").exists(), 10)
    assert site.get(GML).body.count(EACH) == BUILDINGS
