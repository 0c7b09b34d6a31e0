"""MapLibre styles, sprites and glyphs over HTTP, with the engine and without."""

import json
import shutil
import subprocess
import sys

import pytest

from support.server import running
from support.vector_tile import fields

POINTS = """<?xml version="1.0" encoding="UTF-8"?>
<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" xmlns:ogc="http://www.opengis.net/ogc" version="1.0.0">
  <NamedLayer><Name>arbre</Name><UserStyle><FeatureTypeStyle><Rule><Name>r</Name>
    <PointSymbolizer><Graphic><Mark><WellKnownName>star</WellKnownName></Mark><Size>12</Size></Graphic></PointSymbolizer>
    <TextSymbolizer><Label><ogc:PropertyName>annee</ogc:PropertyName></Label>
      <VendorOption name="underlineText">true</VendorOption></TextSymbolizer>
    <PolygonSymbolizer><Fill><CssParameter name="fill"><ogc:Function name="strTrim">
      <ogc:PropertyName>annee</ogc:PropertyName></ogc:Function></CssParameter></Fill></PolygonSymbolizer>
  </Rule></FeatureTypeStyle></UserStyle></NamedLayer>
</StyledLayerDescriptor>
"""


def with_star(config):
    """The layer `arbre` drawn with stars and labels."""
    (config / "styles" / "étoiles.sld").write_text(POINTS, encoding="utf-8")
    file = config / "layers" / "bati.yaml"
    text = file.read_text().replace("\narbre:\n", "\narbre:\n  styles: {étoiles: styles/étoiles.sld}\n")
    file.write_text(text)
    return config


@pytest.fixture(scope="module")
def config(config_dir, tmp_path_factory):
    return with_star(shutil.copytree(config_dir, tmp_path_factory.mktemp("starred") / "config"))


@pytest.fixture(scope="module")
def store(config, tmp_path_factory):
    from layers.compile import load
    from server.compile import write

    folder = tmp_path_factory.mktemp("starred_store")
    write(load(config, folder)[0], folder)
    return folder


@pytest.fixture(scope="module")
def served(config, store):
    with running(config, store, "--idle", "60") as server:
        yield server


def test_the_front_serves_styles_sprites_and_glyphs_by_itself(config, store):
    with running(config, store, "--tiles-only") as server:
        style = server.get("/styles/arbre.json")
        assert style.headers["Access-Control-Allow-Origin"] == "*"
        assert server.get("/styles/arbre.json", {"If-None-Match": style.headers["ETag"]}).status == 304
        document = style.json()
        assert document["sources"]["arbre"]["url"] == f"{server.url}/tiles/arbre.mvt.json"
        sprite = document["sprite"].removeprefix(server.url)
        for end in ("", "@2x"):
            assert server.get(f"{sprite}{end}.json").json().keys() == {document["layers"][0]["layout"]["icon-image"]}
            assert server.get(f"{sprite}{end}.png").headers["Content-Type"] == "image/png"
        (stack,) = document["layers"][1]["layout"]["text-font"]
        glyphs = document["glyphs"].removeprefix(server.url)
        answer = server.get(
            glyphs.format(fontstack=stack.replace(" ", "%20"), range="0-255"), {"Accept-Encoding": "gzip"}
        )
        assert (answer.status, answer.headers["Content-Encoding"]) == (200, "gzip")
        rare = server.get(glyphs.format(fontstack=stack.replace(" ", "%20"), range="9984-10239"))
        assert (rare.status, rare.body, rare.headers["Cache-Control"]) == (200, b"", "no-store")
        other = server.get("/fonts/DejaVu%20Serif%20Book/0-255.pbf")
        assert other.status == 404
        assert stack in other.text


def test_glyphs_that_are_not_kept_are_made_by_the_engine(served):
    dingbats = served.get("/fonts/DejaVu%20Sans%20Book/9984-10239.pbf")
    ((_, stack),) = fields(dingbats.body)
    assert len([1 for number, _ in fields(stack) if number == 3]) > 100
    assert (served.store / "fonts/DejaVu Sans Book/9984-10239.pbf").read_bytes() == dingbats.body
    passed_over = served.get("/fonts/Nulle%20Part,DejaVu%20Serif%20Bold/0-255.pbf")
    assert passed_over.status == 200
    assert sorted(path.name for path in (served.store / "fonts").iterdir()) == ["DejaVu Sans Book"]


@pytest.mark.parametrize(
    ("path", "status", "words"),
    [
        ("/fonts/DejaVu%20Sans%20Book/0-254.pbf", 400, "is not a range of 256 characters"),
        ("/fonts/DejaVu%20Sans%20Book/65536-65791.pbf", 400, "65280-65535"),
        ("/fonts/DejaVu%20Sans%20Book/%3Cb%3E.pbf", 400, "'<b>' is not a range"),
        ("/fonts/..%2F..%2Fetc/0-255.pbf", 404, "no font of '../../etc' is installed"),
        ("/fonts/%2C/0-255.pbf", 400, "a stack has 1 to 8 fonts"),
        ("/fonts/DejaVu%20Sans", 404, "/fonts/{fontstack}/0-255.pbf"),
        ("/styles/arbre/nul.json", 404, "there is nothing at"),
        ("/styles/ortho.json", 404, "there is nothing at"),
    ],
)
def test_what_is_not_there_is_said_clearly(served, path, status, words):
    answer = served.get(path)
    assert answer.status == status
    assert words in answer.json()["detail"]


def test_what_a_style_cannot_say_is_in_it_and_told_by_check(served, config):
    untold = served.get("/styles/arbre/%C3%A9toiles.json").json()["metadata"]["garrigue:untold"]
    assert [one["what"] for one in untold] == ["the function strTrim: not drawn"]
    command = [
        sys.executable,
        "-m",
        "scripts.cli",
        "check",
        "--config",
        str(config),
        "--store",
        str(served.store),
        "--json",
    ]
    told = json.loads(subprocess.run(command, check=True, capture_output=True, text=True).stdout)["warnings"]
    assert [(one["layer"], one["key"]) for one in told if "strTrim" in one["message"]] == [("arbre", "styles.étoiles")]


def test_a_vector_tileset_names_its_styles(served):
    found = served.get("/ogcapi/collections/arbre/tiles/WebMercatorQuad?f=json").json()
    (style,) = [link for link in found["links"] if link["rel"] == "stylesheet"]
    assert style["type"] == "application/vnd.mapbox.style+json"
    assert served.get(style["href"].removeprefix(served.url)).json()["version"] == 8
