"""The WFS over a real socket: GDAL reads all of it back, and a client that leaves stops the work."""

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import threading
import time
import urllib.request
from functools import partial
from pathlib import Path

import pyogrio
import pytest
import shapely
import uvicorn
from starlette.applications import Starlette
from starlette.routing import Route

from server.engine.downloads import Downloads
from server.wfs import stream
from server.wfs.service import routes
from support import made
from support.schemas import required
from support.vectors import KINDS, layer_id, make_registry, shapes, table


class Alone:
    """What the WFS needs of the engine's context."""

    def __init__(self, registry, port: int) -> None:
        self.registry = registry
        self.port = port

    def base(self, _request) -> str:
        return f"http://127.0.0.1:{self.port}"


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """A running server's address; pages of three, so that clients must follow them."""
    with socket.socket() as found:
        found.bind(("127.0.0.1", 0))
        port = found.getsockname()[1]
    app = Starlette(routes=routes(None))
    app.state.context = Alone(make_registry(tmp_path_factory.mktemp("system"), features=3), port)
    server = uvicorn.Server(uvicorn.Config(app, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    yield f"http://127.0.0.1:{port}/wfs"
    server.should_exit = True
    thread.join()


def gdal(command: str, *arguments: str) -> str:
    if shutil.which(command) is None:
        required(f"GDAL's {command}")
    done = subprocess.run([command, *arguments], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert "ERROR" not in done.stderr, done.stderr
    return done.stdout


@pytest.mark.gdal
def test_ogrinfo_lists_and_counts_every_layer(address):
    text = gdal("ogrinfo", "-ro", "-al", "-so", f"WFS:{address}")
    assert text.count("Feature Count: ") == 10
    assert "Feature Count: 8" in text


@pytest.mark.gdal
@pytest.mark.parametrize("kind", KINDS)
def test_ogr2ogr_reads_back_what_is_in_the_file(address, tmp_path, kind):
    name = layer_id(kind)
    # GDAL reads a MultiSurface as one that may hold curves, which GEOS does not.
    options = ["-f", "GPKG", "-nlt", "CONVERT_TO_LINEAR", "-nln", "back"]
    gdal("ogr2ogr", *options, str(tmp_path / "back.gpkg"), f"WFS:{address}", f"essai:{name}")
    _, back = pyogrio.read_arrow(tmp_path / "back.gpkg")
    expected = table(kind).to_pylist()
    assert back["gml_id"].to_pylist() == [f"{name}.{number}" for number in range(1, 9)]
    for field in ("entier", "réel", "vrai", "jour", "moment"):
        assert back[field].to_pylist() == [row[field] for row in expected]
    # GDAL takes an empty text for none.
    assert back["nom"].to_pylist() == [row["nom"] or None for row in expected]
    read = shapely.from_wkb(back[back.column_names[-1]].to_pylist())
    for left, right in zip(read, shapes(kind), strict=True):
        assert (left is None) == (right is None)
        if right is not None:
            there = shapely.get_coordinates(left, include_z=True)
            assert there == pytest.approx(shapely.get_coordinates(right, include_z=True), nan_ok=True, abs=1e-8)


@pytest.mark.gdal
@pytest.mark.parametrize(
    ("option", "expected"),
    [
        (["-where", "nom = 'été'"], 1),
        (["-where", "entier >= 5"], 4),
        (["-spat", "770000", "6279000", "770120", "6279500"], 2),
    ],
)
def test_gdal_filters_on_the_server(address, option, expected):
    text = gdal("ogrinfo", "-ro", "-al", "-so", *option, f"WFS:{address}", "essai:polygon")
    assert f"Feature Count: {expected}" in text


def test_a_geojson_answer_is_read_by_gdal(address, tmp_path):
    query = "SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=multipolygon&OUTPUTFORMAT=application/json"
    with urllib.request.urlopen(f"{address}?{query}") as answer:
        (tmp_path / "a.geojson").write_bytes(answer.read())
    info = pyogrio.read_info(tmp_path / "a.geojson")
    assert (info["crs"], info["features"], info["geometry_type"]) == ("EPSG:2154", 3, "MultiPolygon")
    assert json.loads((tmp_path / "a.geojson").read_text())["numberMatched"] == 8


def test_a_client_that_leaves_stops_the_work():
    made, closed = [], threading.Event()

    def chunks():
        try:
            for number in range(100_000):
                made.append(number)
                yield b"x" * 100_000
        finally:
            closed.set()

    async def endpoint(_request):
        flow = stream.Stream(chunks())
        await flow.first()
        return stream.StreamedResponse(flow)

    server = uvicorn.Server(uvicorn.Config(Starlette(routes=[Route("/", endpoint)]), port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        client.recv(1000)
    assert closed.wait(10)
    assert len(made) < 1000
    server.should_exit = True
    thread.join()


def test_a_client_that_leaves_ends_the_process_of_its_download(tmp_path, monkeypatch):
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(path for path in sys.path if path))
    downloads, told = Downloads(preload=["support.made"]), tmp_path / "told"

    async def endpoint(_request):
        download = await downloads.open(partial(made.endless, told))
        await download.first()
        return stream.StreamedResponse(download)

    @contextlib.asynccontextmanager
    async def lifespan(_app):
        yield
        await downloads.close()

    app = Starlette(routes=[Route("/", endpoint)], lifespan=lifespan)
    server = uvicorn.Server(uvicorn.Config(app, port=0, log_level="error"))
    thread = threading.Thread(target=server.run)
    thread.start()
    while not server.started:
        time.sleep(0.02)
    port = server.servers[0].sockets[0].getsockname()[1]
    with socket.create_connection(("127.0.0.1", port)) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        left = 20_000_000
        while left > 0:
            left -= len(client.recv(1 << 16))
        pid = int(told.read_bytes().split()[0])
    for _ in range(500):
        if not Path(f"/proc/{pid}").exists():
            break
        time.sleep(0.02)
    server.should_exit = True
    thread.join()
    assert not Path(f"/proc/{pid}").exists()
