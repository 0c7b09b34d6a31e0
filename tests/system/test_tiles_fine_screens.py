"""Tiles for fine screens (@2x): seeded, answered by every protocol, made when they are missing, published."""

import io
import json
import shutil
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from support.published_site import Site, garrigue, publish_layers
from support.server import running
from tiles.store import Store

SLD = """<StyledLayerDescriptor xmlns="http://www.opengis.net/sld" version="1.0.0">
<NamedLayer><Name>arbre</Name><UserStyle><FeatureTypeStyle>
<Rule><MaxScaleDenominator>9000</MaxScaleDenominator><PointSymbolizer><Graphic><Mark><WellKnownName>square</WellKnownName>
<Fill><CssParameter name="fill">#ff0000</CssParameter></Fill></Mark><Size>10</Size></Graphic></PointSymbolizer></Rule>
<Rule><MinScaleDenominator>9000</MinScaleDenominator><PointSymbolizer><Graphic><Mark><WellKnownName>square</WellKnownName>
<Fill><CssParameter name="fill">#0000ff</CssParameter></Fill></Mark><Size>10</Size></Graphic></PointSymbolizer></Rule>
</FeatureTypeStyle></UserStyle></NamedLayer></StyledLayerDescriptor>"""
Z = 16
"""PM's level of 1 : 8530, whose @2x has pixels of 1 : 4265; the level above is of 1 : 17,000 and 1 : 8530."""


@pytest.fixture(scope="module")
def site(config_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A configuration with trees of a symbol that changes with the scale, on PM and PM@2x; both seeded to level 16."""
    config = Path(shutil.copytree(config_dir, tmp_path_factory.mktemp("fine") / "config"))
    (config / "styles" / "arbre.sld").write_text(SLD)
    layers = config / "layers" / "bati.yaml"
    tiles = "  style: styles/arbre.sld\n  tiles: {grids: [PM, PM@2x], format: png, levels: 12-17}\n"
    text = layers.read_text().replace("  time: {attribute: annee}\n", tiles)
    layers.write_text(text)
    store = config.parent / "store"
    garrigue("seed", "arbre", "--levels", "14-16", "--config", config, "--store", store)
    return config, store


def picture(data: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def colours(pixels: np.ndarray) -> set[tuple[int, int, int]]:
    return {tuple(int(v) for v in pixel[:3]) for pixel in pixels.reshape(-1, 4) if pixel[3] == 255}


def most_painted(config: Path, store: Path) -> tuple[int, int]:
    """Column and row (from the north) of a tile with symbols."""
    from layers.compile import load
    from tiles.address import TileAddress
    from tiles.grids import grid
    from tiles.limits import limits

    layer = load(config, store)[0].layers["arbre"]
    level = next(one for one in limits(layer, grid("PM")) if one.z == Z)
    places = [(x, y) for y in range(level.y0, level.y1 + 1) for x in range(level.x0, level.x1 + 1)]
    with closing(Store(store)) as tiles:
        found = {p: tiles.get(TileAddress("arbre", "default", "", "PM", Z, *p)) for p in places}
    return max(places, key=lambda p: len(found[p][1]))


def test_one_tile_of_twice_the_pixels_by_every_protocol_while_the_engine_sleeps(site):
    config, store = site
    x, y = most_painted(config, store)
    pairs = f"LAYER=arbre&STYLE=&TILEMATRIXSET=PM@2x&TILEMATRIX={Z}&TILEROW={y}&TILECOL={x}&FORMAT=image/png"
    with running(config, store, "--tiles-only") as server:
        fine = server.get(f"/tiles/arbre/PM@2x/{Z}/{x}/{y}.png").body
        for address in (
            f"/tiles/arbre/PM/{Z}/{x}/{y}@2x.png",
            f"/tiles/arbre/EPSG:3857/EPSG:3857:{Z}/{x}/{y}@2x.png",
            f"/tiles/arbre/PM%402x/{Z}/{x}/{y}@2x.png",
            f"/wmts/arbre/default/PM/{Z}/{y}/{x}@2x.png",
            f"/wmts/arbre/default/PM@2x/{Z}/{y}/{x}.png",
            f"/tms/1.0.0/arbre@PM@2x/{Z}/{x}/{2**Z - 1 - y}.png",
            f"/ogcapi/collections/arbre/map/tiles/WebMercatorQuad@2x/{Z}/{y}/{x}",
            f"/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0&{pairs}",
        ):
            assert server.get(address).body == fine, address
        plain = server.get(f"/tiles/arbre/PM/{Z}/{x}/{y}.png").body
        assert server.get(f"/tiles/ortho/PM/{Z}/{x}/{y}@2x.jpeg").status == 404
        (template,) = server.get("/tiles/arbre@2x.json").json()["tiles"]
        where = template.replace("{z}", str(Z)).replace("{x}", str(x)).replace("{y}", str(y))
        assert server.get(where.removeprefix(server.url)).body == fine
        sets = {one["id"] for one in server.get("/ogcapi/tileMatrixSets").json()["tileMatrixSets"]}
        assert {"WebMercatorQuad", "WebMercatorQuad@2x"} <= sets
        matrices = server.get("/ogcapi/tileMatrixSets/WebMercatorQuad@2x").json()["tileMatrices"]
        assert (matrices[3]["tileWidth"], matrices[3]["matrixWidth"]) == (512, 8)
        assert server.get("/tms/1.0.0/arbre@PM@2x").status == 200
    small, large = picture(plain), picture(fine)
    assert (small.shape, large.shape) == ((256, 256, 4), (512, 512, 4))
    # The rules are those of the plain tile's scale, and symbols have twice its pixels a side.
    assert colours(small) == colours(large) == {(255, 0, 0)}
    assert (large[..., 3] > 0).sum() == pytest.approx(4 * (small[..., 3] > 0).sum(), rel=0.15)


def test_a_missing_one_is_drawn_like_a_seeded_one(site, tmp_path):
    config, store = site
    x, y = most_painted(config, store)
    empty = tmp_path / "store"
    with running(config, store, "--tiles-only") as sleeping, running(config, empty) as server:
        for z, column, row in ((Z, x, y), (Z - 1, x // 2, y // 2)):
            address = f"/tiles/arbre/PM/{z}/{column}/{row}@2x.png"
            seeded, drawn = picture(sleeping.get(address).body), picture(server.get(address).body)
            assert np.array_equal(seeded, drawn), address
        # The plain grid's tiles were not touched.
        assert not list(Store(empty).archives("arbre", "default", "", "PM"))


def test_a_published_site_has_them_for_fine_screens(site, tmp_path):
    config, store = site
    out = Site("https://tiles.example.org:8443", tmp_path / "to", store)
    told = publish_layers(out, config, ["arbre"])
    assert {item["pmtiles"] for item in told["published"]} == {
        "pmtiles/arbre.default.pmtiles",
        "pmtiles/arbre.default@2x.pmtiles",
    }
    folder = out.folder / "site"
    described = json.loads((folder / "tiles/arbre@2x.json").read_text())
    assert described["tiles"] == ["https://tiles.example.org:8443/tiles/arbre/default/PM@2x/{z}/{x}/{y}.png"]
    listed = json.loads((folder / "layers.json").read_text())["layers"]
    plain, fine = (
        {"tiles": f"tiles/arbre/default/PM{end}/{{z}}/{{x}}/{{y}}.png", "levels": [14, 16]} for end in ("", "@2x")
    )
    assert [(item["tiles"], item["levels"], item["fine"]) for item in listed] == [(*plain.values(), fine)]
    x, y = most_painted(config, store)
    assert picture((folder / f"tiles/arbre/default/PM@2x/{Z}/{x}/{y}.png").read_bytes()).shape[:2] == (512, 512)
    capabilities = (folder / "wmts/1.0.0/WMTSCapabilities.xml").read_text()
    assert "<ows:Identifier>PM@2x</ows:Identifier>" in capabilities
