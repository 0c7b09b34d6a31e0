"""garrigue publish of vector tiles: a site that nginx serves alone, read by MapLibre, QGIS and GDAL."""

import gzip
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from pmtiles.reader import MmapSource, Reader
from pmtiles.tile import Compression, TileType

from layers.crs import transform_bbox
from scripts.conformance.server import free_port
from support.asked_of_qgis import ask_qgis
from support.data import X0, Y0
from support.maplibre_page import browser
from support.published_site import Site, garrigue, publish_layers, served_by_nginx
from support.vector_tile import layers_of

BOX = transform_bbox((X0 + 200, Y0 + 200, X0 + 800, Y0 + 800), "EPSG:2154", "EPSG:3857")
MIDDLE = transform_bbox((X0 + 500, Y0 + 500, X0 + 500, Y0 + 500), "EPSG:2154", "OGC:CRS84")[:2]


@pytest.fixture(scope="module")
def config(config_dir, tmp_path_factory) -> Path:
    """Parcels with labels."""
    folder = shutil.copytree(config_dir, tmp_path_factory.mktemp("labelled") / "config")
    file = folder / "styles" / "parcelle.sld"
    label = "<TextSymbolizer><Label><ogc:PropertyName>numero</ogc:PropertyName></Label></TextSymbolizer></Rule>"
    file.write_text(file.read_text().replace("</Rule>", label))
    return folder


@pytest.fixture(scope="module")
def site(config: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """A layer's vector tiles, and one's without files of their own for each tile."""
    folder, store = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("store")
    where = ["--config", config, "--store", store]
    garrigue("seed", "parcelle", "chemin", "--format", "mvt", "--levels", "12-15", *where)
    site = Site(f"http://127.0.0.1:{free_port()}", folder / "to", store)
    told = publish_layers(site, config, ["parcelle", "chemin"])
    assert {(item["layer"], item["style"], item["format"]) for item in told["published"]} == {
        ("parcelle", "", "mvt"),
        ("chemin", "", "mvt"),
    }
    with served_by_nginx(site, folder):
        yield site


@pytest.mark.nginx
def test_files_are_tiles_with_gzip_and_what_describes_them_leads_there(site):
    described = site.get("/tiles/parcelle.mvt.json").json()
    assert (described["minzoom"], described["maxzoom"], described["vector_layers"][0]["id"]) == (12, 15, "parcelle")
    tileset = site.get("/ogcapi/collections/parcelle/tiles/WebMercatorQuad").json()
    level = tileset["tileMatrixSetLimits"][-1]
    place = {"z": level["tileMatrix"], "x": str(level["minTileCol"]), "y": str(level["minTileRow"])}
    address = described["tiles"][0]
    for name, value in place.items():
        address = address.replace(f"{{{name}}}", value)
    answer = site.get(address, **{"Accept-Encoding": "gzip"})
    assert answer.headers["Content-Type"] == "application/vnd.mapbox-vector-tile"
    assert answer.headers["Content-Encoding"] == "gzip"
    assert answer.headers["Access-Control-Allow-Origin"] == "*"
    assert layers_of(answer.content)[0].name == "parcelle"
    labels = tileset["layers"][1]
    assert (labels["id"], labels["geometryDimension"]) == ("parcelle-labels", 0)
    assert labels["propertiesSchema"]["properties"].keys() == {"section", "numero"}


@pytest.mark.nginx
def test_the_archive_holds_the_same_tiles_and_their_layers(site):
    assert site.get("/pmtiles/parcelle.mvt.pmtiles", Range="bytes=0-126").status_code == 206
    with (site.folder / "site/pmtiles/parcelle.mvt.pmtiles").open("rb") as file:
        reader = Reader(MmapSource(file))
        header = reader.header()
        assert (header["tile_type"], header["tile_compression"]) == (TileType.MVT, Compression.GZIP)
        assert reader.metadata()["vector_layers"][0]["fields"]["numero"] == "Number"
        labels = 0
        trees = list((site.folder / "site/vector/parcelle/PM").rglob("*.mvt"))
        assert len(trees) >= 4
        for tile in trees:
            z, x, y = (int(part) for part in tile.with_suffix("").parts[-3:])
            assert reader.get(z, x, y) == tile.read_bytes()
            found = {layer.name: layer for layer in layers_of(gzip.decompress(tile.read_bytes()))}
            assert found["parcelle"].features
            labels += found["parcelle-labels"].features if z == 15 and "parcelle-labels" in found else 0
        # A point of each parcel, and those near a border once more in the tile beyond it.
        assert 100 <= labels < 130


@pytest.mark.nginx
def test_styles_sprites_and_glyphs_are_the_sites_own(site):
    style = site.get("/styles/parcelle.json").json()
    assert style["sources"]["parcelle"]["url"] == f"{site.url}/tiles/parcelle.mvt.json"
    assert site.get("/styles/parcelle/default.json").json() == style
    stack = style["layers"][-1]["layout"]["text-font"][0]
    glyphs = style["glyphs"].replace("{fontstack}", stack)
    letters = site.get(glyphs.replace("{range}", "0-255"))
    assert letters.headers["Content-Type"] == "application/x-protobuf"
    assert len(letters.content) > 10_000
    rare = site.get(glyphs.replace("{range}", "40960-41215"))
    assert (rare.status_code, rare.content) == (200, b"")


@pytest.mark.nginx
@pytest.mark.chromium
def test_maplibre_shows_the_published_style(site, tmp_path):
    with browser() as page:
        view = {"style": f"{site.url}/styles/parcelle.json", "center": list(MIDDLE), "zoom": 15}
        (found,) = page.show([view], 256, tmp_path)
    assert found.errors == []
    assert {layer for layer in found.drawn if found.drawn[layer] > 10} >= {"parcelle-1", "parcelle-2"}
    assert (found.picture[..., :3] == (0xC0, 0x39, 0x2B)).all(axis=2).mean() > 0.05


@pytest.mark.nginx
@pytest.mark.chromium
@pytest.mark.parametrize(("most", "source"), [("200000", "tiles/chemin.mvt.json"), ("0", "pmtiles://")])
def test_the_viewer_shows_vector_tiles_in_both_languages(site, config, tmp_path, most, source):
    other = Site(f"http://127.0.0.1:{free_port()}", tmp_path / "to", site.store)
    publish_layers(other, config, ["parcelle", "chemin"], "--tiles", most)
    assert source in (other.folder / "site/styles/chemin.json").read_text()
    probe = """<script>const look = setInterval(() => { const map = document.getElementById("map");
      if (map.dataset.drawn) { clearInterval(look); fetch("BROWSER/told", { method: "POST", mode: "no-cors",
      body: JSON.stringify([map.dataset.drawn, document.querySelector("[role=status]").textContent,
      [...document.querySelectorAll("option, header a:not([hidden])")].map((e) => e.textContent)]) }); } }, 100);
      </script>"""
    with browser() as page, served_by_nginx(other, tmp_path):
        index = (other.folder / "site/index.html").resolve()
        index.write_text(index.read_text().replace("</body>", probe.replace("BROWSER", page.address) + "</body>"))
        drawn, said, words = page.open(f"{other.url}/?lang=en#chemin/default/mvt", tmp_path / "profile")
    assert said == ""
    assert int(drawn) > 0
    assert words == ["Parcels · vector tiles", "Paths · vector tiles", "PMTiles archive", "MapLibre style"]


@pytest.mark.nginx
@pytest.mark.qgis
def test_qgis_opens_the_tiles_and_the_style_of_nginx_alone(site):
    tiles = f"{site.url}/vector/parcelle/PM/{{z}}/{{x}}/{{y}}.mvt".replace("{", "%7B").replace("}", "%7D")
    uri = f"type=xyz&url={tiles}&zmin=12&zmax=15&styleUrl={site.url}/styles/parcelle.json"
    (answer,) = ask_qgis({"provider": "vectortile", "uri": uri, "crs": "EPSG:3857", "extent": list(BOX)})
    assert answer["style"]["taken"], answer
    assert answer["errors"] == []
    assert answer["drawn"] > 0.9


def test_publishing_again_writes_nothing_and_a_style_only_what_is_its_own(site, config, tmp_path):
    folder = shutil.copytree(config, tmp_path / "config")
    other = Site(site.url, tmp_path / "to", site.store)
    first = publish_layers(other, folder, ["parcelle", "chemin"])
    again = publish_layers(other, folder, ["parcelle", "chemin"])
    assert (again["written"], again["removed"], again["kept"]) == (0, 0, first["written"])
    file = folder / "styles" / "parcelle.sld"
    file.write_text(file.read_text().replace("#c0392b", "#00ff00"))
    changed = publish_layers(other, folder, ["parcelle", "chemin"])
    assert changed["written"] <= 4
    assert "#00ff00" in (other.folder / "site/styles/parcelle.json").read_text()
