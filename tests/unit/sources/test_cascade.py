from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from io import BytesIO
from threading import Thread
from urllib.parse import parse_qsl, urlsplit

import numpy as np
import pytest
from PIL import Image

from layers import model
from layers.errors import SourceError
from layers.facts import CascadeFacts
from layers.registry import Layer
from layers.sources import open_picture

TOULOUSE = (574000.0, 6279000.0, 575000.0, 6280000.0)
WORLD = 20037508.342789244


def png(width=256, height=256, colour=(200, 10, 20, 255)) -> bytes:
    buffer = BytesIO()
    Image.new("RGBA", (width, height), colour).save(buffer, "PNG")
    return buffer.getvalue()


@contextmanager
def server(answer) -> Iterator[tuple[str, list]]:
    """Another server: `answer(path, query)` gives status, headers, body; what it was asked is kept."""
    asked = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            parts = urlsplit(self.path)
            query = {key.lower(): value for key, value in parse_qsl(parts.query, keep_blank_values=True)}
            asked.append((parts.path, query))
            status, headers, body = answer(parts.path, query)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *args):
            pass

    running = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = Thread(target=running.serve_forever, args=(0.01,))
    thread.start()
    try:
        yield f"http://127.0.0.1:{running.server_port}", asked
    finally:
        running.shutdown()
        running.server_close()
        thread.join()


def a_picture(_path, query):
    size = int(query.get("width", 256)), int(query.get("height", 256))
    return 200, {"Content-Type": "image/png"}, png(*size)


def picture_of(bbox, crs="EPSG:3857", size=(64, 64), asked_in=None, **source):
    source |= {"crs": asked_in} if asked_in else {}
    definition = model.Layer(title="ailleurs", source=source)
    layer = Layer("ailleurs", "t", definition, CascadeFacts("EPSG:3857", (0, 0, 1, 1)), {"default": ""}, "1")
    return open_picture(layer).picture(bbox, crs, *size)


@pytest.mark.parametrize(
    ("crs", "bbox", "expected"),
    [
        ("EPSG:2154", TOULOUSE, TOULOUSE),
        ("EPSG:3943", (1e6, 2e6, 1001000.0, 2001000.0), (1e6, 2e6, 1001000.0, 2001000.0)),
        ("EPSG:4326", (1.0, 43.0, 2.0, 44.0), (43.0, 1.0, 44.0, 2.0)),
        ("EPSG:3035", (3.6e6, 2.3e6, 3.7e6, 2.4e6), (2.3e6, 3.6e6, 2.4e6, 3.7e6)),
    ],
)
def test_wms_1_3_0_is_asked_in_the_order_of_its_crs(crs, bbox, expected):
    with server(a_picture) as (url, asked):
        found = picture_of(bbox, crs, wms=f"{url}/wms", layers=("ORTHO", "NOMS"), asked_in=crs)
    assert found.shape == (64, 64, 4)
    assert (found == (200, 10, 20, 255)).all()
    ((path, query),) = asked
    assert path == "/wms"
    assert {k: query[k] for k in ("service", "request", "version", "layers", "styles", "crs", "format")} == {
        "service": "WMS", "request": "GetMap", "version": "1.3.0", "layers": "ORTHO,NOMS", "styles": "", "crs": crs,
        "format": "image/png",
    }  # fmt: skip
    assert tuple(map(float, query["bbox"].split(","))) == pytest.approx(expected)
    assert query["transparent"] == "true"


def test_wms_1_1_1_is_asked_x_first_and_the_picture_is_transformed():
    with server(a_picture) as (url, asked):
        found = picture_of(
            TOULOUSE, "EPSG:2154", wms=f"{url}/?map=a", layers=("A",), version="1.1.1", asked_in="EPSG:4326"
        )
    ((_, query),) = asked
    assert (query["version"], query["srs"], query["map"]) == ("1.1.1", "EPSG:4326", "a")
    west, south, east, north = map(float, query["bbox"].split(","))
    assert 1.4 < west < east < 1.5
    assert 43.5 < south < north < 43.7
    assert found[32, 32].tolist() == [200, 10, 20, 255]


def test_xyz_tiles_are_put_together():
    def tile(path, _query):
        z, x, y = map(int, path.removesuffix(".png").split("/")[-3:])
        return 200, {"Content-Type": "image/png"}, png(colour=(x * 100, y * 100, z, 255))

    with server(tile) as (url, asked):
        found = picture_of((-WORLD, -WORLD, WORLD, WORLD), size=(512, 512), xyz=url + "/t/{z}/{x}/{y}.png")
    assert sorted(path for path, _ in asked) == [f"/t/1/{x}/{y}.png" for x in (0, 1) for y in (0, 1)]
    assert found[100, 400].tolist() == [100, 0, 1, 255]
    assert found[400, 100].tolist() == [0, 100, 1, 255]


@pytest.mark.parametrize("rest", [False, True])
def test_wmts_is_asked_by_kvp_or_rest(rest):
    address = (
        "/wmts/{Layer}/{Style}/{TileMatrixSet}/{TileMatrix}/{TileRow}/{TileCol}.png" if rest else "/wmts?key=a%20b"
    )
    source = {"layer": "ORTHO", "style": "normal", "matrix_set": "PM"}
    with server(a_picture) as (url, asked):
        picture_of((0, 0, WORLD, WORLD), size=(256, 256), wmts=url + address, **source)
    ((path, query),) = asked
    if rest:
        assert path == "/wmts/ORTHO/normal/PM/1/0/1.png"
    else:
        assert {**query} == {
            "key": "a b", "service": "WMTS", "request": "GetTile", "version": "1.0.0", "layer": "ORTHO",
            "style": "normal", "format": "image/png", "tilematrixset": "PM", "tilematrix": "1", "tilerow": "0",
            "tilecol": "1",
        }  # fmt: skip


def test_tiles_in_lambert_follow_ign_s_grid():
    with server(a_picture) as (url, asked):
        picture_of(TOULOUSE, "EPSG:2154", (1000, 1000), xyz=url + "/{z}/{x}/{y}", grid="LAMB93_5cm", levels="0-20")
    z, x, y = min(tuple(map(int, path.strip("/").split("/"))) for path, _ in asked)
    span = 256 * 209715.2 / 2**z
    assert x == int(574000 // span)
    assert y == int((12000000 - 6280000) // span)


def test_maps_of_an_ogc_api_are_found_by_their_link():
    def api(path, query):
        if path.endswith("/collections/ortho"):
            link = '{"rel": "http://www.opengis.net/def/rel/ogc/1.0/map", "type": "image/png", "href": "/api/map"}'
            crs = '"http://www.opengis.net/def/crs/EPSG/0/3857"'
            return 200, {"Content-Type": "application/json"}, f'{{"links": [{link}], "crs": [{crs}]}}'.encode()
        return a_picture(path, query)

    with server(api) as (url, asked):
        found = picture_of((0, 0, 1000, 1000), ogcapi=f"{url}/api", collection="ortho")
    assert [path for path, _ in asked] == ["/api/collections/ortho", "/api/map"]
    assert found[5, 5].tolist() == [200, 10, 20, 255]


@pytest.mark.parametrize(
    ("answer", "said"),
    [
        ((500, {}, b"down"), "500"),
        ((200, {"Content-Type": "text/xml"}, b"<ServiceException/>"), "no image"),
        ((200, {"Content-Type": "image/png"}, b"not a picture"), "identify"),
        ((302, {"Location": "http://localhost:1/wms"}, b""), "302"),
    ],
)
def test_what_the_other_server_does_wrong_is_a_source_error(answer, said):
    with server(lambda *_: answer) as (url, asked), pytest.raises(SourceError, match=said):
        picture_of((0, 0, 9, 9), wms=f"{url}/wms", layers=("A",))
    assert len(asked) == 1


def test_a_server_that_is_not_there_is_a_source_error():
    with pytest.raises(SourceError, match=r"127\.0\.0\.1"):
        picture_of((0, 0, 9, 9), wms="http://127.0.0.1:9/wms", layers=("A",))


def test_only_http_is_cascaded_and_only_known_grids():
    with pytest.raises(SourceError, match="http and https"):
        picture_of((0, 0, 9, 9), wms="file:///etc/hosts", layers=("A",))
    with pytest.raises(SourceError, match="grid 'LAMB1'"):
        picture_of((0, 0, 9, 9), xyz="http://127.0.0.1/{z}/{x}/{y}", grid="LAMB1")


def test_nothing_is_asked_outside_the_declared_extent():
    with server(a_picture) as (url, asked):
        found = picture_of(TOULOUSE, "EPSG:2154", wms=url, layers=("A",), extent=(10, 50, 11, 51))
    assert not asked
    assert np.array_equal(found, np.zeros((64, 64, 4)))
