"""Maps of a time range as GIF and APNG that play."""

import io

import numpy as np
import pytest
from lxml import etree
from PIL import Image

from support.rasters import write_series
from support.schemas import assert_valid, assert_valid_wms111
from support.wms import client_of

LAYERS = """
theme: {title: Temps}
temperature:
  title: Température
  source: {raster: data/serie.nc, variable: t2m, resampling: nearest, stretch: [10, 45]}
  time: {dimension: time}
"""
SERVICE = 'title: Temps\ncrs: ["CRS:84", "EPSG:4326"]\nlimits: {frames: 2, frame_pixels: 20000}\n'


@pytest.fixture(scope="module")
def client(registry):
    return client_of(registry)


@pytest.fixture(scope="module")
def series(tmp_path_factory):
    from layers.compile import load

    folder = tmp_path_factory.mktemp("series")
    for name in ("layers", "data"):
        (folder / "config" / name).mkdir(parents=True)
    (folder / "config/service.yaml").write_text(SERVICE, encoding="utf-8")
    (folder / "config/layers/temps.yaml").write_text(LAYERS, encoding="utf-8")
    write_series(folder / "config/data/serie.nc")
    return client_of(load(folder / "config", folder / "store")[0])


def trees(**more):
    box = "770000,6279000,771000,6280000"
    given = {"VERSION": "1.3.0", "REQUEST": "GetMap", "LAYERS": "arbre", "STYLES": "", "CRS": "EPSG:2154", "BBOX": box}
    return {**given, "WIDTH": 60, "HEIGHT": 50, "TIME": "2020/2023", "FORMAT": "image/gif", **more}


def days(**more):
    given = {"LAYERS": "temperature", "CRS": "CRS:84", "BBOX": "1,43,3.5,45", "WIDTH": 50, "HEIGHT": 40}
    return trees(**given, **{"TIME": "2025-03-01/2025-03-02T00:00:00Z", **more})


def frames(answer):
    """Every frame as RGBA, and how long each stays."""
    with Image.open(io.BytesIO(answer.content)) as picture:
        found = []
        for number in range(getattr(picture, "n_frames", 1)):
            picture.seek(number)
            found.append((np.asarray(picture.convert("RGBA")).astype(int), picture.info.get("duration")))
    return found


def still(client, given, time):
    answer = client.get("/wms", **{**given, "TIME": time, "FORMAT": "image/png"})
    return np.asarray(Image.open(io.BytesIO(answer.content)).convert("RGBA")).astype(int)


@pytest.mark.parametrize("name", ["image/gif", "image/apng"])
@pytest.mark.parametrize("transparent", ["TRUE", "FALSE"])
@pytest.mark.parametrize("time", ["2020/2023", "2023,2020", "2000-01-01/2030-01-01/P1Y"])
def test_each_frame_is_the_map_of_its_moment(client, name, transparent, time):
    given = trees(FORMAT=name, TRANSPARENT=transparent)
    answer = client.get("/wms", **{**given, "TIME": time})
    assert answer.headers["content-type"] == name, answer.text
    found = frames(answer)
    assert len(found) == 2
    for (pixels, _), moment in zip(found, ["2020", "2023"], strict=True):
        expected = still(client, given, moment)
        solid = (expected[..., 3] == 255) if name == "image/gif" else np.ones(expected.shape[:2], bool)
        assert abs(pixels - expected)[solid].max() <= (40 if name == "image/gif" else 0)
        assert (pixels[..., 3][expected[..., 3] == 0] == 0).all()


@pytest.mark.parametrize(("more", "delay"), [({}, 500), ({"FRAME_DELAY": 120}, 120)])
@pytest.mark.parametrize("name", ["image/gif", "image/apng"])
def test_a_frame_stays_as_long_as_is_asked(client, name, more, delay):
    assert {stays for _, stays in frames(client.get("/wms", **trees(FORMAT=name, **more)))} == {delay}


def test_a_delay_is_told_in_the_words_of_geoserver_too(client):
    answer = client.get("/wms", **trees(FORMAT="image/gif;subtype=animated", FORMAT_OPTIONS="gif_frames_delay:300"))
    assert answer.headers["content-type"] == "image/gif"
    assert [stays for _, stays in frames(answer)] == [300, 300]


@pytest.mark.parametrize(("time", "count"), [("2023", 1), (None, 1), ("2021/2022", 1)])
def test_one_moment_is_a_still_picture(client, time, count):
    assert len(frames(client.get("/wms", **{**trees(), "TIME": time}))) == count


def test_a_layer_without_time_is_under_every_frame(client):
    found = frames(client.get("/wms", **trees(LAYERS="parcelle,arbre", STYLES=",", FORMAT="image/apng")))
    assert len(found) == 2
    assert all(
        (pixels[2, 2, :3] == [41, 128, 185]).all() or (pixels[2, 2, :3] == [192, 57, 43]).all() for pixels, _ in found
    )


def test_a_raster_plays_its_times(series):
    found = [pixels for pixels, _ in frames(series.get("/wms", **days(FORMAT="image/apng")))]
    assert len(found) == 2
    for pixels, day in zip(found, ["2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z"], strict=True):
        assert (pixels == still(series, days(), day)).all()
    assert (found[0] != found[1]).any()


def test_of_a_range_a_still_picture_shows_the_latest(series):
    assert (still(series, days(), "2025-03-01/2025-03-03") == still(series, days(), "2025-03-02T06:00:00Z")).all()


@pytest.mark.parametrize(
    ("more", "code", "said"),
    [
        ({"TIME": "2025-03-01/2025-03-03"}, "InvalidDimensionValue", "3 moments, and an animation has 2"),
        ({"WIDTH": 200, "HEIGHT": 200}, "InvalidParameterValue", "80000 pixels, and 20000"),
        ({"FRAME_DELAY": 1}, "InvalidParameterValue", "20 to 60000"),
        ({"FRAME_DELAY": "x"}, "InvalidParameterValue", "not a number"),
        ({"FORMAT_OPTIONS": "dpi:90;gif_frames_delay:NaN"}, "InvalidParameterValue", "not a number"),
        ({"TIME": "hier"}, "InvalidDimensionValue", "hier"),
    ],
)
def test_what_is_too_much_or_wrong_is_told(series, more, code, said):
    answer = series.get("/wms", **{**days(), **more})
    error = etree.fromstring(answer.content)[0]
    assert (answer.status_code, error.get("code")) == (400, code)
    assert said in error.text


@pytest.mark.parametrize("name", ["image/gif", "image/apng"])
def test_an_error_in_the_picture_has_its_format(client, name):
    answer = client.get("/wms", **trees(FORMAT=name, LAYERS="nope", EXCEPTIONS="INIMAGE"))
    assert (answer.status_code, answer.headers["content-type"]) == (200, name)
    assert frames(answer)[0][0].shape == (50, 60, 4)


@pytest.mark.parametrize(("version", "valid"), [("1.3.0", True), ("1.1.1", False)])
def test_the_formats_are_advertised(client, version, valid):
    document = client.get("/wms", REQUEST="GetCapabilities", VERSION=version).content
    root = assert_valid(document, "sld/1.1.0/sld_capabilities.xsd") if valid else assert_valid_wms111(document)
    offered = {element.text for element in root.iterfind(".//{*}GetMap/{*}Format")}
    assert {"image/gif", "image/apng"} <= offered
