"""MapLibre styles opened by others: MapLibre in Chromium draws what Mapnik draws, QGIS takes them over."""

import json
import math
import urllib.request
from io import BytesIO
from typing import NamedTuple
from urllib.parse import quote

import numpy as np
import pytest
from PIL import Image

from support.asked_of_qgis import ask_qgis
from support.maplibre_page import browser

SIDE = 512
RADIUS = 6378137.0


class View(NamedTuple):
    """A style, where it is looked at, and the least share of pixels that are Mapnik's own, letters and all."""

    name: str
    center: tuple[float, float]
    zoom: float
    same: float

    @property
    def bbox(self) -> list[float]:
        """The box of the picture (EPSG:3857)."""
        x, y = (RADIUS * v for v in (math.radians(self.center[0]), math.asinh(math.tan(math.radians(self.center[1])))))
        half = math.pi * RADIUS * SIDE / 512 / 2**self.zoom
        return [x - half, y - half, x + half, y + half]


NANTES = (-1.5536, 47.2173)
VIEWS = {
    view.name: view
    for view in (
        View("batiment/usage", NANTES, 16, 0.93),
        View("batiment/hauteur", NANTES, 15, 0.9),
        View("troncon_de_route/default", NANTES, 15, 0.85),
        View("patrimoine/default", NANTES, 14, 0.97),
        View("zone_urba/default", NANTES, 14, 0.9),
        View("ocs/couverture", NANTES, 14, 0.9),
        View("arbre/default", NANTES, 17, 0.93),
        View("commune/limites", (3.16, 43.61), 9, 0.93),
        View("commune/population", (2.5, 43.6), 7, 0.9),
    )
}


@pytest.fixture(scope="module")
def shown(demo, tmp_path_factory):
    """Every view as MapLibre shows it, in one Chromium."""
    asked = [
        {"style": f"{demo.url}/styles/{view.name}.json", "center": list(view.center), "zoom": view.zoom}
        for view in VIEWS.values()
    ]
    with browser() as page:
        return dict(zip(VIEWS, page.show(asked, SIDE, tmp_path_factory.mktemp("profile")), strict=True))


def on_white(picture: Image.Image) -> np.ndarray:
    white = Image.new("RGBA", picture.size, "white")
    white.alpha_composite(picture.convert("RGBA"))
    return np.asarray(white.convert("RGB")).astype(int)


@pytest.mark.chromium
@pytest.mark.parametrize("name", VIEWS)
def test_maplibre_draws_what_mapnik_draws(demo, shown, name):
    view, found = VIEWS[name], shown[name]
    layer, style = name.split("/")
    address = (
        f"{demo.url}/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&LAYERS={layer}&STYLES={style}&CRS=EPSG:3857"
        f"&BBOX={','.join(map(str, view.bbox))}&WIDTH={SIDE}&HEIGHT={SIDE}&FORMAT=image/png&TRANSPARENT=TRUE"
    )
    with urllib.request.urlopen(address, timeout=60) as answer:
        expected = on_white(Image.open(BytesIO(answer.read())))
    assert found.errors == []
    assert found.drawn
    drawn = on_white(Image.fromarray(found.picture))
    painted = (drawn < 250).any(axis=2).mean(), (expected < 250).any(axis=2).mean()
    assert painted[0] == pytest.approx(painted[1], rel=0.25)
    assert (np.abs(drawn - expected).max(axis=2) < 48).mean() > view.same


@pytest.mark.chromium
@pytest.mark.parametrize("name", ["commune/limites", "troncon_de_route/default"])
def test_maplibre_writes_labels_with_our_glyphs(demo, shown, name):
    with urllib.request.urlopen(f"{demo.url}/styles/{name}.json", timeout=60) as answer:
        style = json.load(answer)
    labels = {layer["id"] for layer in style["layers"] if "text-field" in layer.get("layout", {})}
    assert labels & shown[name].drawn.keys()


@pytest.mark.qgis
@pytest.mark.parametrize(
    ("name", "labels"), [("batiment/usage", 1), ("patrimoine/default", 1), ("zone_urba/default", 1)]
)
def test_qgis_takes_the_style_of_vector_tiles_over(demo, name, labels):
    layer = name.partition("/")[0]
    tiles, style = (
        quote(f"{demo.url}{p}", safe="/:") for p in (f"/tiles/{layer}/PM/{{z}}/{{x}}/{{y}}.mvt", f"/styles/{name}.json")
    )
    uri = f"type=xyz&url={tiles}&zmin=11&zmax=15&styleUrl={style}"
    (answer,) = ask_qgis({"provider": "vectortile", "uri": uri, "crs": "EPSG:3857", "extent": VIEWS[name].bbox})
    assert answer["style"]["taken"], answer["style"]
    assert answer["style"]["styles"] > 5
    assert answer["style"]["labels"] >= labels
    assert answer["errors"] == []
    assert answer["drawn"] > 0.005
