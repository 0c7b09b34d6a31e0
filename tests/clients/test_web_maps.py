"""OpenLayers and Leaflet in a real Chromium, as pages of another origin: maps in one picture and in tiles, on fine
screens, in every order of axes; information; legends; capabilities.
"""

import base64
import importlib.util
import json
import urllib.parse
import urllib.request
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from layers.crs import transform_bbox
from support.maplibre_page import browser

pytestmark = pytest.mark.chromium
PAGES = Path(__file__).parent / "pages"
OPENLAYERS = Path(importlib.util.find_spec("mapproxy").origin).parent / "service/templates/demo/static"
LEAFLET = Path(__file__).parents[2] / "server/portal/static/leaflet"
SIDE = 256
LAYER = {"LAYERS": "batiment"}
FORMATS = ["application/json", "application/vnd.ogc.gml", "text/html"]
HALF = 60
"""Metres from the middle of a view to its edge."""


def picture_of(told):
    return np.asarray(Image.open(BytesIO(base64.b64decode(told["picture"].partition(",")[2]))).convert("RGB")).astype(
        int
    )


def get_map(demo, crs, box, side=SIDE, **more):
    """The map of a box, x first, as one picture on white."""
    asked = {"SERVICE": "WMS", "VERSION": "1.1.1", "REQUEST": "GetMap", "LAYERS": "batiment", "STYLES": "", "SRS": crs}
    asked |= {"BBOX": ",".join(map(repr, box)), "WIDTH": side, "HEIGHT": side, "FORMAT": "image/png", **more}
    with urllib.request.urlopen(f"{demo.url}/wms?{urllib.parse.urlencode(asked)}", timeout=60) as answer:
        return np.asarray(Image.open(BytesIO(answer.read())).convert("RGB")).astype(int)


def box_around(demo, crs):
    """A square of the CRS around a point in a building."""
    x, y = demo.point_in("batiment")
    box = transform_bbox((x - HALF, y - HALF, x + HALF, y + HALF), "EPSG:2154", crs)
    middle, half = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2), (box[2] - box[0]) / 2
    return (middle[0] - half, middle[1] - half, middle[0] + half, middle[1] + half)


def opened(page, library, views, folder):
    """What a page tells of its views."""
    text = (PAGES / page).read_text(encoding="utf-8").replace("ASKED", json.dumps(views)).replace("SIDE", str(SIDE))
    with browser(library) as found:
        found.page = text
        told = found.open(f"{found.address}/page.html", folder)
    assert "error" not in told, told
    return told


def view(demo, crs, **more):
    left, bottom, right, top = box_around(demo, crs)
    middle = [(left + right) / 2, (bottom + top) / 2]
    return {"url": f"{demo.url}/wms", "crs": crs, "center": middle, "resolution": (right - left) / SIDE, **more}


VIEWS = {
    **{
        f"one picture, {crs}": {"crs": crs, "params": LAYER, "formats": FORMATS}
        for crs in ("EPSG:2154", "EPSG:3857", "EPSG:4326")
    },
    **{
        f"one picture, {crs}, 1.1.1": {"crs": crs, "params": {**LAYER, "VERSION": "1.1.1"}, "formats": FORMATS}
        for crs in ("EPSG:2154", "EPSG:4326")
    },
    **{
        f"tiles, {crs}": {"crs": crs, "params": {**LAYER, "TILED": True}, "tiled": True}
        for crs in ("EPSG:2154", "EPSG:3857", "EPSG:4326")
    },
    **{
        f"two pixels for one, {server}": {"crs": "EPSG:2154", "params": LAYER, "ratio": 2, "server": server}
        for server in ("geoserver", "mapserver", "qgis")
    },
    "two pixels for one, tiles": {"crs": "EPSG:3857", "params": LAYER, "ratio": 2, "server": "qgis", "tiled": True},
}


@pytest.fixture(scope="module")
def shown(demo, tmp_path_factory):
    """What OpenLayers makes of every view, in one page."""
    views = [view(demo, **asked) for asked in VIEWS.values()]
    told = opened("openlayers.html", OPENLAYERS, views, tmp_path_factory.mktemp("openlayers"))
    return told["capabilities"], dict(zip(VIEWS, told["views"], strict=True))


def alike(one, other):
    """Share of the pixels that are of one colour in both."""
    assert one.shape == other.shape
    return (abs(one - other).max(axis=2) < 40).mean()


@pytest.mark.parametrize("name", VIEWS)
def test_openlayers_shows_the_map(demo, shown, name):
    told, asked = shown[1][name], VIEWS[name]
    ratio = asked.get("ratio", 1)
    expected = get_map(demo, asked["crs"], box_around(demo, asked["crs"]), SIDE * ratio, DPI=90.714286 * ratio)
    assert told["failed"] == []
    assert (expected < 250).any(axis=2).mean() > 0.1
    assert alike(picture_of(told), expected) > (0.9 if asked.get("tiled") else 0.97)


@pytest.mark.parametrize("name", [name for name in VIEWS if "formats" in VIEWS[name]])
def test_openlayers_asks_what_lies_under_the_pointer(shown, name):
    info = shown[1][name]["info"]
    for kind in FORMATS[:2]:
        assert info[kind], kind
        assert info[kind][0][0] is True, kind
        assert info[kind][0][1].startswith("BATIMENT"), kind
    assert "BATIMENT" in info["text/html"][0]


def test_openlayers_reads_the_capabilities_and_the_legend(shown):
    capabilities, views = shown
    assert capabilities["version"] == "1.3.0"
    assert {"batiment", "pcrs", "temperature"} <= set(capabilities["layers"])
    with urllib.request.urlopen(views["one picture, EPSG:2154"]["legend"], timeout=60) as answer:
        legend = Image.open(BytesIO(answer.read()))
    assert min(legend.size) > 20


LEAFLET_VIEWS = {
    f"{'tiles' if tiled else 'one picture'}, {crs}, {version}": {"crs": crs, "version": version, "tiled": tiled}
    for tiled in (True, False)
    for crs in ("EPSG:3857", "EPSG:4326")
    for version in ("1.1.1", "1.3.0")
} | {"tiles, two pixels for one": {"crs": "EPSG:3857", "version": "1.1.1", "tiled": True, "ratio": 2}}


@pytest.fixture(scope="module")
def leaflet(demo, tmp_path_factory):
    """What Leaflet makes of every view, in one page."""
    x, y = demo.point_in("batiment")
    west, south, _, _ = transform_bbox((x, y, x, y), "EPSG:2154", "OGC:CRS84")
    place = {"url": f"{demo.url}/wms", "center": [south, west], "params": {"layers": "batiment"}}
    views = [{**place, "zoom": 18 if one["crs"] == "EPSG:3857" else 17, **one} for one in LEAFLET_VIEWS.values()]
    told = opened("leaflet.html", LEAFLET, views, tmp_path_factory.mktemp("leaflet"))
    return dict(zip(LEAFLET_VIEWS, told["views"], strict=True))


@pytest.mark.parametrize("name", LEAFLET_VIEWS)
def test_leaflet_shows_the_map(demo, leaflet, name):
    told, asked = leaflet[name], LEAFLET_VIEWS[name]
    ratio = asked.get("ratio", 1)
    expected = get_map(demo, asked["crs"], told["box"], SIDE * ratio)
    assert told["failed"] == []
    assert set(told["sizes"]) == ({256 * ratio} if asked["tiled"] else set())
    assert (expected < 250).any(axis=2).mean() > 0.1
    assert alike(picture_of(told), expected) > 0.9


@pytest.mark.parametrize("name", LEAFLET_VIEWS)
def test_leaflets_users_ask_what_lies_under_the_pointer(leaflet, name):
    assert [cleabs[:8] for cleabs in leaflet[name]["info"]] == ["BATIMENT"]
