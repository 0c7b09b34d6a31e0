"""The front: stored tiles and rendered documents, in one small process, whatever clients send."""

import gzip
import json
import shutil
import socket
import time
from pathlib import Path

import pytest
from lxml import etree

from support.server import Running, running, until
from support.tile import put_tile
from tiles.grids import grid as find_grid

HEAVY = ("pydantic", "numpy", "pyproj", "rasterio", "mapnik", "mapproxy", "pygeoapi", "pyogrio", "shapely", "starlette")


def raw(server: Running, data: bytes, *, wait: float = 1.0) -> bytes:
    """What comes back for these bytes, until the server closes or says nothing for a while."""
    with socket.create_connection((server.host, server.port), timeout=wait) as client:
        client.sendall(data)
        found = b""
        try:
            while piece := client.recv(65536):
                found += piece
        except TimeoutError:
            pass
        return found


def test_a_stored_tile_is_answered_with_what_caches_need(server, tile):
    answer = server.get(tile)
    assert (answer.status, answer.body) == (200, b"\xff\xd8tile\xff\xd9")
    assert answer.headers["Content-Type"] == "image/jpeg"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert answer.headers["Cache-Control"] == "public, max-age=600"
    assert "immutable" in server.get(f"{tile}?v=1").headers["Cache-Control"]
    assert server.status()["engine"]["state"] == "asleep"


def test_a_tile_that_the_client_has_is_not_sent_again(server, tile):
    etag = server.get(tile).headers["ETag"]
    for known in (etag, f'W/{etag}, "x"', "*"):
        answer = server.get(tile, {"If-None-Match": known})
        assert (answer.status, answer.body, answer.headers["ETag"]) == (304, b"", etag)
    assert server.get(tile, {"If-None-Match": '"0"'}).status == 200


def test_head_tells_the_length_of_a_tile_and_sends_nothing(server, tile):
    answer = server.get(tile, method="HEAD")
    assert (answer.status, answer.body, answer.headers["Content-Length"]) == (200, b"", "8")


def tiled_map(layer: str, z: int, x: int, y: int) -> str:
    """The address of a tile on PM by WMS-C."""
    box = ",".join(str(value) for value in find_grid("PM").tile_bbox(z, x, y))
    return (
        f"/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={layer}&STYLES=&CRS=EPSG:3857&BBOX={box}"
        "&WIDTH=256&HEIGHT=256&FORMAT=image/jpeg&TILED=true"
    )


def test_one_tile_by_every_protocol(server, tile):
    _, _, layer, grid, z, x, file = tile.split("/")
    y = file.partition(".")[0]
    pairs = f"LAYER={layer}&STYLE=&TILEMATRIXSET={grid}&TILEMATRIX={z}&TILEROW={y}&TILECOL={x}&FORMAT=image/jpeg"
    addresses = (
        f"/wmts/{layer}/default/{grid}/{z}/{y}/{x}.jpg",
        f"/themes/images/wmts/{layer}/default/{grid}/{z}/{y}/{x}.jpg",
        f"/tms/1.0.0/{layer}@{grid}/{z}/{x}/{2 ** int(z) - 1 - int(y)}.jpg",
        f"/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&{pairs}",
        f"/tiles/{layer}/{grid}/{grid}:{z}/{x}/{y}.jpg",
        tiled_map(layer, int(z), int(x), int(y)),
    )
    for address in addresses:
        assert server.get(address).body == b"\xff\xd8tile\xff\xd9", address
    assert server.status()["engine"]["state"] == "asleep"


@pytest.mark.parametrize(
    ("address", "status", "kind"),
    [
        ("/tiles/rien/PM/15/1/1.jpg", 404, "json"),
        ("/tiles/ortho/PM/15/1/1.jpg", 404, "json"),
        ("/tiles/ortho/PM/15/1/1.jpg?x=a/15/16736/11966.jpg", 404, "json"),
        ("/tiles/ortho/PM/15/1/1.gif", 404, "json"),
        ("/tiles/../../etc/passwd", 404, "json"),
        ("/tiles/%2e%2e/%2e%2e/15/1/1.jpg", 404, "json"),
        ("/static/..%2f..%2fservice.yaml", 404, "json"),
        ("/wmts/rien/default/PM/15/1/1.jpg", 404, "xml"),
        ("/wp-login.php", 404, "json"),
    ],
)
def test_what_is_not_there_is_told_without_the_engine(server, address, status, kind):
    answer = server.get(address)
    assert answer.status == status
    assert kind in answer.headers["Content-Type"]
    assert server.status()["engine"]["state"] == "asleep"


def test_documents_carry_the_address_that_was_asked(server):
    wms = "/wms?SERVICE=WMS&REQUEST=GetCapabilities"
    here, elsewhere = server.get(wms), server.get(wms, {"Host": "carte.example.org:81"})
    assert f'xlink:href="{server.url}/wms' in here.text
    assert 'xlink:href="http://carte.example.org:81/wms' in elsewhere.text
    assert "garrigue.invalid" not in here.text
    etree.fromstring(elsewhere.body)
    for path in ("/", "/tiles/parcelle.json", "/tms/1.0.0", "/wmts/1.0.0/WMTSCapabilities.xml"):
        assert "http://carte.example.org:81/" in server.get(path, {"Host": "carte.example.org:81"}).text
    assert server.status()["engine"]["state"] == "asleep"


def test_documents_are_packed_for_who_reads_that_and_kept_by_who_has_them(server):
    path = "/wmts/1.0.0/WMTSCapabilities.xml"
    plain, packed = server.get(path), server.get(path, {"Accept-Encoding": "br, gzip"})
    assert packed.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(packed.body) == plain.body
    assert server.get(path, {"Accept-Encoding": "gzip;q=0"}).headers["Content-Encoding"] is None
    known = server.get(path, {"If-None-Match": plain.headers["ETag"]})
    assert (known.status, known.body) == (304, b"")
    other = server.get(path, {"If-None-Match": plain.headers["ETag"], "Host": "carte.example.org"})
    assert other.status == 200
    head = server.get(path, method="HEAD")
    assert (head.status, head.body, head.headers["Content-Length"]) == (200, b"", str(len(plain.body)))


def test_pages_of_other_origins_may_ask(server):
    asked = {"Origin": "https://carte.example.org", "Access-Control-Request-Method": "POST"}
    answer = server.get("/wfs", {**asked, "Access-Control-Request-Headers": "content-type"}, method="OPTIONS")
    assert (answer.status, answer.headers["Access-Control-Allow-Origin"]) == (204, "*")
    assert "POST" in answer.headers["Access-Control-Allow-Methods"]
    assert answer.headers["Access-Control-Allow-Headers"] == "content-type"
    assert server.get("/").headers["Access-Control-Allow-Origin"] == "*"
    assert server.status()["engine"]["state"] == "asleep"


@pytest.mark.parametrize("path", ["/", "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=arbre", "/absent"])
def test_pages_of_other_origins_may_read_the_headers_that_clients_act_on(server, path):
    """Once each, whoever answers: the front, the engine, or nobody."""
    (exposed,) = server.get(path, {"Origin": "https://carte.example.org"}).headers.get_all(
        "Access-Control-Expose-Headers"
    )
    assert {"Content-Disposition", "ETag", "Location", "Retry-After"} <= set(exposed.split(", "))


@pytest.mark.parametrize("host", ['"><script>alert(1)</script>', "a b", "evil.example/..//", "a'b"])
def test_a_hostile_host_is_refused(server, host):
    answer = raw(server, f"GET /wms?REQUEST=GetCapabilities HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
    assert answer.startswith(b"HTTP/1.1 400")
    assert b"<script>" not in answer


def test_requests_in_a_row_are_answered_in_their_order(server, tile):
    requests = [
        tile,
        "/health",
        tile,
        "/tiles/rien/PM/1/0/0.jpg",
        tile,
        "/wms?SERVICE=WMS&REQUEST=GetCapabilities",
        tile,
    ]
    data = b"".join(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode() for path in requests)
    answer = raw(server, data)
    order = [
        answer.find(b"tile\xff\xd9"),
        answer.find(b"ok\n"),
        answer.find(b"there is no layer"),
        answer.find(b"WMS_Cap"),
    ]
    assert order == sorted(order)
    assert order[0] > 0
    assert answer.count(b"HTTP/1.1 200") == 6
    assert answer.count(b"\xff\xd8tile\xff\xd9") == 4


def test_the_same_request_again_is_answered_as_the_first_time(server, tile):
    plain = f"GET {tile} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    head = f"HEAD {tile} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    with socket.create_connection((server.host, server.port), timeout=5) as client:
        for data, answers, bodies in [
            (plain, 1, 1),
            (plain, 1, 1),
            (plain + head, 2, 1),
            (plain + head, 2, 1),
            (head, 1, 0),
        ]:
            client.sendall(data)
            time.sleep(0.15)
            found = client.recv(65536)
            assert (found.count(b"HTTP/1.1 200"), found.count(b"\xff\xd8tile")) == (answers, bodies)


def test_a_client_that_asks_to_close_is_closed(server, tile):
    started = time.monotonic()
    answer = raw(server, f"GET {tile} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(), wait=5)
    assert answer.endswith(b"\xff\xd8tile\xff\xd9")
    assert b"Connection: close" in answer
    assert raw(server, f"GET {tile} HTTP/1.0\r\n\r\n".encode(), wait=5).endswith(b"\xff\xd9")
    assert time.monotonic() - started < 3


def test_a_tile_asked_with_a_body_does_not_confuse_what_follows(server, tile):
    smuggled = b"GET /health HTTP/1.1\r\nHost: a\r\n\r\n"
    data = f"GET {tile} HTTP/1.1\r\nHost: a\r\nContent-Length: {len(smuggled)}\r\n\r\n".encode() + smuggled
    answer = raw(server, data + f"GET {tile} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    assert answer.count(b"HTTP/1.1 200") == 2
    assert b"ok\n" not in answer


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: a\r\nX: " + b"y" * 100_000,
        b"GET /" + b"a" * 100_000,
        b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 20_000,
        b"\x16\x03\x01\x02\x00\x01\x00",
        b"nonsense\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: -1\r\n\r\n",
        b"GET / HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
    ],
)
def test_what_is_no_request_is_refused_and_others_are_served(server, tile, data):
    answer = raw(server, data, wait=2)
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 431"))
    assert server.get(tile).status == 200


def test_the_idle_front_is_small_and_does_nothing(server, tile):
    until(lambda: server.status()["engine"]["state"] == "asleep", 90)
    assert server.status()["front"]["memory_mib"] <= 45
    before = cpu_seconds(server.pid)
    time.sleep(4)
    assert cpu_seconds(server.pid) - before <= 0.04


def cpu_seconds(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / 100


def test_nothing_heavy_comes_into_the_front(config_dir, compiled, tmp_path):
    store = shutil.copytree(compiled, tmp_path / "store")
    tile = put_tile(store)
    with running(config_dir, store, env={"PYTHONPROFILEIMPORTTIME": "1"}) as server:
        for path in (tile, "/", "/wms?SERVICE=WMS&REQUEST=GetCapabilities", "/status", "/tiles/x"):
            server.get(path)
        server.get("/tiles/rien/PM/1/0/0.jpg")
        front = server.log.read_text().rpartition("imported package")[2]
        maps = Path(f"/proc/{server.pid}/maps").read_text()
    imported = {
        line.rpartition("|")[2].strip().partition(".")[0] for line in front.splitlines() if "import time:" in line
    }
    assert "uvicorn" in imported
    assert not imported & set(HEAVY)
    assert not [name for name in (*HEAVY, "gdal") if f"/{name}" in maps]


def test_a_port_that_is_taken_is_told_in_a_sentence(server, config_dir, own_store):
    with (
        pytest.raises(AssertionError, match="cannot listen on") as told,
        running(config_dir, own_store, "--port", str(server.port)),
    ):
        pass
    assert "Traceback" not in str(told.value)


def test_anybody_is_told_that_it_is_well_and_only_its_admin_the_rest(server):
    assert server.get("/health").status == 200
    told = json.loads(server.get("/status").body)
    assert told["configuration"] == {"ok": True}
    assert "pid" not in told["front"]
    assert server.status()["front"]["pid"] == server.pid
