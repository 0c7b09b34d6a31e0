"""What QGIS users do with a WMS: identify in every format, temporal controller, DPI modes, legends of what is shown."""

import numpy as np
import pytest
from PIL import Image

from layers.crs import transform_bbox
from support.asked_of_qgis import ask_qgis, wms

pytestmark = pytest.mark.qgis
OCCITANIE = [400000, 6150000, 800000, 6450000]
YEAR = "2025-01-01/2025-12-31/P1D"
BACKGROUND = (1, 2, 3)


def around(demo, half=100, layer="batiment"):
    x, y = demo.point_in(layer)
    return [x - half, y - half, x + half, y + half]


def pixels(path):
    return np.asarray(Image.open(path).convert("RGB")).astype(int)


@pytest.fixture(scope="module")
def identified(demo):
    """What QGIS identifies in a building, by CRS and version."""
    point, box = demo.point_in("batiment"), around(demo)
    asks = {}
    for crs in ("EPSG:2154", "EPSG:4326"):
        for version in ("1.3.0", "1.1.1"):
            more = {"version": version} if version == "1.1.1" else {}
            extent = list(transform_bbox(tuple(box), "EPSG:2154", crs))
            middle = list(transform_bbox((*point, *point), "EPSG:2154", crs)[:2])
            uri = wms(demo.url, "batiment", crs, **more)
            asks[crs, version] = {"provider": "wms", "uri": uri, "crs": crs, "extent": extent, "identify": middle}
    return dict(zip(asks, ask_qgis(*asks.values()), strict=True))


@pytest.mark.parametrize("crs", ["EPSG:2154", "EPSG:4326"])
@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
def test_qgis_identifies_in_every_format(identified, crs, version):
    answer = identified[crs, version]
    assert answer["valid"], answer
    found = answer["identify"]
    assert set(found) == {"feature", "html", "text"}
    assert [feature["cleabs"][:8] for feature in found["feature"]] == ["BATIMENT"], found
    assert "BATIMENT" in found["html"]
    assert "BATIMENT" in found["text"]
    assert '<ul class="mv-features">' in found["html"]


def test_qgis_identifies_the_value_of_a_raster(demo):
    point, box = demo.point_in("batiment"), around(demo)
    ask = {"provider": "wms", "uri": wms(demo.url, "mnt"), "extent": box, "identify": point}
    (answer,) = ask_qgis(ask)
    (feature,) = answer["identify"]["feature"]
    assert 0 < float(feature["value"]) < 60


def test_the_temporal_controller_plays_the_days(demo, tmp_path):
    days = {"january": "2025-01-15", "july": "2025-07-15"}
    uri = wms(
        demo.url,
        "temperature",
        type="wmst",
        timeDimensionExtent=YEAR,
        allowTemporalUpdates="true",
        temporalSource="provider",
        enableTime="true",
    )
    asks = [
        {"provider": "wms", "uri": uri, "extent": OCCITANIE, "png": str(tmp_path / f"{name}.png")}
        | {"range": [f"{day}T00:00:00Z", f"{day}T23:59:59Z"]}
        for name, day in days.items()
    ]
    answers = ask_qgis(*asks)
    assert all(answer["valid"] and not answer["errors"] and answer["drawn"] > 0.3 for answer in answers), answers
    january, july = (pixels(tmp_path / f"{name}.png") for name in days)
    shown = (january != BACKGROUND).any(axis=2) & (july != BACKGROUND).any(axis=2)
    # January is bluer, July is redder.
    assert (july - january)[shown][:, 0].mean() > 20
    assert (july - january)[shown][:, 2].mean() < -20


def test_every_dpi_mode_of_qgis_draws_the_same_map(demo, tmp_path):
    box = around(demo, 150)
    modes = {"off": "0", "qgis": "1", "umn": "2", "geoserver": "4", "all": "7"}
    asks = [
        {"provider": "wms", "uri": wms(demo.url, "troncon_de_route", dpiMode=mode), "extent": box, "dpi": 192}
        | {"png": str(tmp_path / f"{name}.png")}
        for name, mode in modes.items()
    ]
    answers = ask_qgis(*asks)
    assert all(answer["valid"] and not answer["errors"] for answer in answers), answers
    found = {name: pixels(tmp_path / f"{name}.png") for name in modes}
    for name in ("umn", "geoserver", "all"):
        assert (found[name] == found["qgis"]).all(), name
    covered = {name: (picture != BACKGROUND).any(axis=2).mean() for name, picture in found.items()}
    assert covered["qgis"] > 1.1 * covered["off"], covered


def test_a_legend_of_what_is_shown_is_shorter(demo):
    """In a courtyard there are fewer kinds of land cover than in the layer."""
    x, y = demo.point_in("ocs")
    near, far = [x - 5, y - 5, x + 5, y + 5], [x - 3000, y - 3000, x + 3000, y + 3000]
    uri = wms(demo.url, "ocs").replace("contextualWMSLegend=0", "contextualWMSLegend=1")
    whole, small, large = ask_qgis(
        {"provider": "wms", "uri": wms(demo.url, "ocs"), "extent": near},
        {"provider": "wms", "uri": uri, "extent": near},
        {"provider": "wms", "uri": uri, "extent": far},
    )
    assert small["legend"][1] < large["legend"][1] <= whole["legend"][1], (small, large, whole)


def test_opacity_is_the_clients_or_the_servers(demo, tmp_path):
    box = around(demo, 30)
    own = wms(demo.url, "batiment", IgnoreGetMapUrl="1").replace("/wms", "/wms?MAP_OPACITY%3D50", 1)
    asks = [
        {"provider": "wms", "uri": wms(demo.url, "batiment"), "extent": box, "png": str(tmp_path / "whole.png")},
        {"provider": "wms", "uri": wms(demo.url, "batiment"), "extent": box, "png": str(tmp_path / "half.png")}
        | {"opacity": 0.5},
        {"provider": "wms", "uri": own, "extent": box, "png": str(tmp_path / "own.png")},
    ]
    assert all(answer["valid"] and not answer["errors"] for answer in ask_qgis(*asks))
    whole, half, served = (pixels(tmp_path / f"{name}.png") for name in ("whole", "half", "own"))
    expected = (whole + np.array(BACKGROUND)) / 2
    assert abs(half - expected).max() < 6
    assert abs(served - expected).max() < 6
