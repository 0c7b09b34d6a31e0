"""Tiles over HTTP, from the engine: one tile by every protocol, right errors, one drawing however many ask."""

import io
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path

import httpx
import pytest
from lxml import etree
from PIL import Image

from layers.registry import Registry
from server.compile import write
from support.schemas import assert_valid
from tiles.address import TileAddress
from tiles.grids import grid
from tiles.limits import limits
from tiles.store import Store

ROOT = Path(__file__).parents[2]
OWS = {"ows": "http://www.opengis.net/ows/1.1"}


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("tiles") / "store"


@pytest.fixture(scope="module")
def client(registry: Registry, store: Path) -> Iterator[httpx.Client]:
    write(registry, store)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    command = [sys.executable, "-m", "server.engine.main", "--store", str(store), "--port", str(port)]
    with subprocess.Popen(command, cwd=ROOT) as engine:
        with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=60) as client:
            _await(client)
            yield client
        engine.terminate()


def _await(client: httpx.Client) -> None:
    for _ in range(300):
        try:
            client.get("/tms/1.0.0")
            return
        except httpx.TransportError:
            time.sleep(0.1)
    raise AssertionError("the engine does not answer")


def middle(registry: Registry, layer: str, name: str, z: int) -> tuple[int, int]:
    """Column and row of the tile in the middle of a layer."""
    level = next(level for level in limits(registry.layers[layer], grid(name)) if level.z == z)
    return (level.x0 + level.x1) // 2, (level.y0 + level.y1) // 2


def kvp(layer: str, name: str, z: int, x: int, y: int, **changes: str) -> dict[str, str]:
    asked = {"SERVICE": "WMTS", "REQUEST": "GetTile", "VERSION": "1.0.0", "LAYER": layer, "STYLE": ""}
    asked |= {"FORMAT": "image/png", "TILEMATRIXSET": name, "TILEMATRIX": str(z), "TILEROW": str(y), "TILECOL": str(x)}
    return {key: value for key, value in (asked | changes).items() if value != "-"}


def test_one_tile_is_the_same_by_every_protocol(client: httpx.Client, registry: Registry, store: Path) -> None:
    x, y = middle(registry, "parcelle", "PM", 17)
    south = 2**17 - 1 - y
    answers = [
        client.get(f"/tiles/parcelle/PM/17/{x}/{y}.png"),
        client.get(f"/tms/1.0.0/parcelle@PM/17/{x}/{south}.png"),
        client.get(f"/wmts/parcelle/default/PM/17/{y}/{x}.png"),
        client.get(f"/wmts/parcelle/default/EPSG:3857/EPSG:3857:17/{y}/{x}.png"),
        client.get("/wmts", params=kvp("parcelle", "PM", 17, x, y)),
        client.get("/themes/bati/wmts", params=kvp("parcelle", "PM_5cm", 17, x, y)),
    ]
    assert {answer.status_code for answer in answers} == {200}
    assert {answer.headers["content-type"] for answer in answers} == {"image/png"}
    assert len({answer.content for answer in answers}) == 1
    with closing(Store(store)) as tiles:
        etag, data, _ = tiles.get(TileAddress("parcelle", "default", "", "PM", 17, x, y)) or ("", b"", "")
    assert data == answers[0].content
    assert answers[0].headers["etag"] == f'"{etag}"'
    assert client.get(f"/tiles/parcelle/PM/17/{x}/{y}.png", headers={"If-None-Match": f'"{etag}"'}).status_code == 304


@pytest.mark.parametrize(
    ("name", "matrix"),
    [
        ("PM", "17"),
        ("EPSG:3857", "EPSG:3857:17"),
        ("EPSG:900913", "EPSG:900913:17"),
        ("GoogleMapsCompatible", "17"),
        ("WebMercatorQuad", "17"),
    ],
)
def test_matrix_sets_that_clients_know_by_heart_are_answered(
    client: httpx.Client, registry: Registry, name: str, matrix: str
) -> None:
    x, y = middle(registry, "parcelle", "PM", 17)
    answer = client.get("/wmts", params=kvp("parcelle", name, 17, x, y, TILEMATRIX=matrix))
    assert answer.status_code == 200
    assert answer.content == client.get(f"/tiles/parcelle/PM/17/{x}/{y}.png").content
    wrong = client.get("/wmts", params=kvp("parcelle", name, 17, x, y, TILEMATRIX=f"EPSG:9:{matrix}"))
    assert wrong.status_code == 400


def test_a_tile_shows_what_is_there(client: httpx.Client, registry: Registry) -> None:
    for column, colour in ((0.25, (192, 57, 43)), (0.75, (41, 128, 185))):
        west, south, east, north = registry.layers["parcelle"].extent
        x, y = west + (east - west) * column, (south + north) / 2
        tiling = grid("LAMB93_5cm")
        found = tiling.tile_range((x, y, x + 0.01, y + 0.01), 18)
        assert found is not None
        answer = client.get(f"/tiles/parcelle/LAMB93_5cm/18/{found[0]}/{found[1]}.png")
        image = Image.open(io.BytesIO(answer.content)).convert("RGB")
        box = tiling.tile_bbox(18, found[0], found[1])
        place = (int((x - box[0]) / tiling.cell_sizes[18]), int((box[3] - y) / tiling.cell_sizes[18]))
        assert max(abs(a - b) for a, b in zip(image.getpixel(place), colour, strict=True)) < 16


def test_imagery_is_jpeg_on_both_grids(client: httpx.Client, registry: Registry) -> None:
    for name in ("PM", "2154_5cm"):
        x, y = middle(registry, "ortho", name, 17)
        answer = client.get(f"/tiles/ortho/{name}/17/{x}/{y}.jpg")
        assert answer.headers["content-type"] == "image/jpeg"
        assert Image.open(io.BytesIO(answer.content)).size == (256, 256)


def test_a_layer_with_time_has_tiles_of_each(client: httpx.Client, registry: Registry) -> None:
    x, y = middle(registry, "arbre", "PM", 17)
    tiles = [client.get(f"/wmts/arbre/default/{time}/PM/17/{y}/{x}.png") for time in ("2020", "2023", "default")]
    assert [tile.status_code for tile in tiles] == [200, 200, 200]
    assert tiles[0].content != tiles[1].content
    assert tiles[1].content == tiles[2].content == client.get(f"/tiles/arbre/PM/17/{x}/{y}.png").content


@pytest.mark.parametrize(
    ("changes", "code", "locator"),
    [
        ({"LAYER": "nothing"}, "InvalidParameterValue", "Layer"),
        ({"LAYER": "-"}, "MissingParameterValue", "Layer"),
        ({"STYLE": "nothing"}, "InvalidParameterValue", "Style"),
        ({"STYLE": "-"}, "MissingParameterValue", "Style"),
        ({"FORMAT": "image/gif"}, "InvalidParameterValue", "Format"),
        ({"TILEMATRIXSET": "nothing"}, "InvalidParameterValue", "TileMatrixSet"),
        ({"TILEMATRIX": "99"}, "InvalidParameterValue", "TileMatrix"),
        ({"TILEROW": "-1"}, "TileOutOfRange", "TileRow"),
        ({"TILECOL": "0"}, "TileOutOfRange", "TileCol"),
        ({"TILECOL": "a"}, "InvalidParameterValue", "TileCol"),
        ({"VERSION": "2.0.0"}, "InvalidParameterValue", "Version"),
        ({"VERSION": "-"}, "MissingParameterValue", "Version"),
        ({"REQUEST": "GetNothing"}, "InvalidParameterValue", "Request"),
        ({"SERVICE": "-"}, "MissingParameterValue", "Service"),
    ],
)
def test_wrong_key_value_requests_get_a_report(
    client: httpx.Client, registry: Registry, changes: dict[str, str], code: str, locator: str
) -> None:
    x, y = middle(registry, "parcelle", "PM", 17)
    answer = client.get("/wmts", params=kvp("parcelle", "PM", 17, x, y, **changes))
    assert answer.status_code == 400
    assert answer.headers["content-type"].startswith("text/xml")
    found = assert_valid(answer.content, "ows/1.1.0").find("ows:Exception", OWS)
    assert (found.get("exceptionCode"), found.get("locator")) == (code, locator)


@pytest.mark.parametrize(
    "path",
    ["/tiles/parcelle/PM/17/0/0.png", "/tiles/nothing/PM/1/0/0.png", "/tiles/parcelle/PM/17/a/0.png", "/tiles/x.json"],
)
def test_wrong_addresses_of_xyz_are_404_in_json(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert set(answer.json()) >= {"code", "description"}


@pytest.mark.parametrize("path", ["/wmts/parcelle/default/PM/17/0/0.png", "/wmts/parcelle/default/PM/17/0", "/wmts/x"])
def test_wrong_addresses_of_wmts_are_404_in_xml(client: httpx.Client, path: str) -> None:
    answer = client.get(path)
    assert answer.status_code == 404
    assert_valid(answer.content, "ows/1.1.0")


def test_feature_info_tells_what_lies_under_a_pixel(client: httpx.Client, registry: Registry) -> None:
    x, y = middle(registry, "parcelle", "PM", 17)
    asked = kvp("parcelle", "PM", 17, x, y, REQUEST="GetFeatureInfo", INFOFORMAT="application/json", I="128", J="128")
    answer = client.get("/wmts", params=asked)
    assert answer.headers["content-type"].startswith("application/json")
    assert answer.json()["features"][0]["properties"]["section"] in ("A", "B")
    wrong = client.get("/wmts", params=asked | {"I": "256"})
    found = assert_valid(wrong.content, "ows/1.1.0").find("ows:Exception", OWS)
    assert (wrong.status_code, found.get("exceptionCode"), found.get("locator")) == (400, "PointIJOutOfRange", "I")


def test_capabilities_follow_sections_versions_and_sequence(client: httpx.Client) -> None:
    ask = {"SERVICE": "WMTS", "REQUEST": "GetCapabilities"}
    whole = client.get("/wmts", params=ask)
    assert whole.content == client.get("/wmts/1.0.0/WMTSCapabilities.xml").content
    root = etree.fromstring(client.get("/wmts", params=ask | {"SECTIONS": "Contents"}).content)
    assert [etree.QName(child).localname for child in root] == ["Contents"]
    current = client.get("/wmts", params=ask | {"UPDATESEQUENCE": root.get("updateSequence")})
    assert len(current.content) < 1000
    for wrong, code in (
        ({"ACCEPTVERSIONS": "9.9.9"}, "VersionNegotiationFailed"),
        ({"SECTIONS": "x"}, "InvalidParameterValue"),
    ):
        answer = client.get("/wmts", params=ask | wrong)
        assert (answer.status_code, code in answer.text) == (400, True)


def test_tile_json_and_tms_lead_to_tiles(client: httpx.Client, registry: Registry) -> None:
    described = json.loads(client.get("/tiles/ortho.json").content)
    assert described["tilejson"] == "3.0.0"
    z = described["maxzoom"]
    x, y = middle(registry, "ortho", "PM", z)
    address = described["tiles"][0].replace("{z}", str(z)).replace("{x}", str(x)).replace("{y}", str(y))
    answer = httpx.get(address, timeout=60)
    assert answer.status_code == 200
    assert "immutable" in answer.headers["cache-control"]
    service = etree.fromstring(client.get("/tms/1.0.0").content)
    maps = {item.get("href"): item.get("profile") for item in service.iter("TileMap")}
    assert any(href.endswith("/tms/1.0.0/ortho@LAMB93_5cm") for href in maps)
    tile_map = etree.fromstring(httpx.get(next(iter(maps))).content)
    assert tile_map.find("Origin").get("x") == "-20037508.3427892"


def test_many_who_ask_for_one_metatile_get_one_drawing(client: httpx.Client, registry: Registry, store: Path) -> None:
    x, y = middle(registry, "chemin", "PM", 18)
    paths = [f"/tiles/chemin/PM/18/{x - x % 4 + i % 4}/{y - y % 4 + i // 4}.png" for i in range(16)]
    with ThreadPoolExecutor(16) as pool:
        answers = list(pool.map(client.get, paths))
    assert {answer.status_code for answer in answers} <= {200, 404}
    header = Store(store).path(TileAddress("chemin", "default", "", "PM", 18, x, y)).read_bytes()[:100]
    # SQLite counts an archive's transactions at byte 24: one drawing is one.
    assert int.from_bytes(header[24:28], "big") == 1
