"""garrigue publish: what it writes, by whom it is read when nginx serves it and no Python runs."""

import json
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote

import pytest
from pmtiles.reader import MmapSource, Reader

from scripts.conformance.server import free_port
from support.asked_of_qgis import ask_qgis
from support.data import X0, Y0
from support.gdal import run
from support.published_site import ROOT, Site, garrigue, publish_layers, served_by_caddy, served_by_nginx
from support.schemas import assert_valid, required

LAYERS = ("ortho", "parcelle", "arbre")
BOX = [X0 + 200, Y0 + 200, X0 + 800, Y0 + 800]
NS = {"w": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}


def contents(folder: Path) -> dict[Path, bytes]:
    return {path: path.read_bytes() for path in folder.resolve().rglob("*") if path.is_file()}


def publish(site: Site, config: Path, *more: object) -> dict:
    return publish_layers(site, config, LAYERS, *more)


@pytest.fixture(scope="module")
def site(config_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    """Two layers and one with time, seeded, published, served by nginx."""
    folder, store = tmp_path_factory.mktemp("published"), tmp_path_factory.mktemp("store")
    garrigue("seed", *LAYERS, "--config", config_dir, "--store", store, "--levels", "14-17", "--time", "all")
    site = Site(f"http://127.0.0.1:{free_port()}", folder / "to", store)
    publish(site, config_dir)
    with served_by_nginx(site, folder):
        yield site


@pytest.mark.nginx
def test_the_capabilities_are_valid_and_their_templates_lead_to_tiles(site):
    root = assert_valid(site.get("/wmts/1.0.0/WMTSCapabilities.xml").content, "wmts/1.0")
    layers = {layer.findtext("ows:Identifier", namespaces=NS): layer for layer in root.iter(f"{{{NS['w']}}}Layer")}
    assert sorted(layers) == sorted(LAYERS)
    for layer in layers.values():
        template = layer.find("w:ResourceURL", NS).get("template")
        place = {"style": "default", "Time": layer.findtext("w:Dimension/w:Default", namespaces=NS)}
        link = layer.find("w:TileMatrixSetLink", NS)
        limits = link.findall("w:TileMatrixSetLimits/w:TileMatrixLimits", NS)[-1]
        place["TileMatrixSet"] = link.findtext("w:TileMatrixSet", namespaces=NS)
        names = {"TileMatrix": "TileMatrix", "TileRow": "MinTileRow", "TileCol": "MinTileCol"}
        place |= {name: limits.findtext(f"w:{element}", namespaces=NS) for name, element in names.items()}
        for name, value in place.items():
            template = template.replace(f"{{{name}}}", str(value))
        answer = site.get(template)
        assert answer.headers["Content-Type"] == layer.findtext("w:Format", namespaces=NS)
        assert answer.headers["Access-Control-Allow-Origin"] == "*"
        legend = layer.find("w:Style/w:LegendURL", NS).get("{http://www.w3.org/1999/xlink}href")
        assert site.get(legend).headers["Content-Type"] == "image/png"


@pytest.mark.nginx
def test_tile_json_and_ogc_api_lead_to_tiles_and_what_is_not_there_is_404(site):
    described = site.get("/tiles/parcelle.json").json()
    assert (described["minzoom"], described["maxzoom"]) == (14, 17)
    tileset = site.get("/ogcapi/collections/parcelle/map/tiles/WebMercatorQuad").json()
    assert site.get("/ogcapi/tileMatrixSets/WebMercatorQuad").json()["id"] == "WebMercatorQuad"
    level = tileset["tileMatrixSetLimits"][-1]
    x, y = level["minTileCol"], level["minTileRow"]
    first = described["tiles"][0].replace("{z}", "17").replace("{x}", str(x)).replace("{y}", str(y))
    item = next(link["href"] for link in tileset["links"] if link["rel"] == "item")
    assert item.replace("{tileMatrix}", "17").replace("{tileCol}", str(x)).replace("{tileRow}", str(y)) == first
    assert site.get(first).headers["Content-Type"] == "image/png"
    for path in ("/tiles/parcelle/default/PM/17/0/0.png", "/.garrigue.json", "/nothing"):
        assert site.get(path).status_code == 404


@pytest.mark.nginx
def test_caddy_serves_what_nginx_serves(site, tmp_path):
    tile = next((site.folder / "site/tiles/ortho/default/PM").rglob("*.jpeg")).relative_to(site.folder / "site")
    vector = next((site.folder / "site/vector/arbre").rglob("*.mvt"), None)
    paths = ["/", "/wmts/1.0.0/WMTSCapabilities.xml", "/tiles/ortho.json", f"/{tile}", "/ogcapi/tileMatrixSets"]
    paths += ["/.garrigue.json", "/nothing"] + ([f"/{vector.relative_to(site.folder / 'site')}"] if vector else [])
    names = ("Content-Type", "Access-Control-Allow-Origin")
    with served_by_caddy(site, tmp_path) as other:
        for path in paths:
            ours, theirs = site.get(path), other.get(path)
            assert theirs.status_code == ours.status_code, path
            if ours.status_code == 200:
                assert theirs.content == ours.content, path
                told = {name: _plain(ours.headers.get(name)) for name in names}
                assert {name: _plain(theirs.headers.get(name)) for name in names} == told, path
                if "/vector/" in path:
                    assert theirs.headers["Content-Encoding"] == "gzip"
                assert ("no-cache" in theirs.headers["Cache-Control"]) == ("no-cache" in ours.headers["Cache-Control"])
        answer = other.get("/pmtiles/ortho.default.pmtiles", Range="bytes=0-126")
        assert (answer.status_code, len(answer.content)) == (206, 127)


def _plain(value: str | None) -> str:
    """A header without what does not matter to its reader."""
    return (value or "").partition(";")[0].replace("application/xml", "text/xml")


@pytest.mark.nginx
def test_pmtiles_hold_the_same_tiles_and_are_read_by_range(site):
    described = site.get("/tiles/ortho.json").json()
    answer = site.get("/pmtiles/ortho.default.pmtiles", Range="bytes=0-126")
    assert (answer.status_code, len(answer.content)) == (206, 127)
    with (site.folder / "site/pmtiles/ortho.default.pmtiles").open("rb") as file:
        reader = Reader(MmapSource(file))
        assert (reader.header()["min_zoom"], reader.header()["max_zoom"]) == (14, 17)
        for tile in (site.folder / "site/tiles/ortho/default/PM").rglob("*.jpeg"):
            z, x, y = (int(part) for part in tile.with_suffix("").parts[-3:])
            assert reader.get(z, x, y) == tile.read_bytes()
    assert described["tiles"][0].endswith(".jpeg")


@pytest.mark.nginx
@pytest.mark.gdal
def test_gdal_opens_the_wmts_and_the_pmtiles_of_nginx_alone(site, tmp_path):
    for grid in ("PM", "LAMB93_5cm"):
        source = f"WMTS:{site.url}/wmts/1.0.0/WMTSCapabilities.xml,layer=ortho,tilematrixset={grid}"
        out = tmp_path / f"{grid}.tif"
        run("gdalwarp", "-q", "-t_srs", "EPSG:2154", "-te", *map(str, BOX), "-ts", "200", "200", source, str(out))
        told = json.loads(run("gdalinfo", "-json", "-stats", str(out)))
        assert all(band["stdDev"] > 20 for band in told["bands"][:3])


@pytest.mark.nginx
@pytest.mark.qgis
def test_qgis_opens_the_wmts_of_nginx_alone(site):
    url = quote(f"{site.url}/wmts/1.0.0/WMTSCapabilities.xml", safe="/:")
    asks = [
        {
            "provider": "wms",
            "uri": f"crs={crs}&format={form}&layers={layer}&styles=default&tileMatrixSet={grid}&url={url}",
            "extent": BOX,
            "crs": "EPSG:2154",
        }
        for layer, form in (("ortho", "image/jpeg"), ("parcelle", "image/png"))
        for grid, crs in (("PM", "EPSG:3857"), ("LAMB93_5cm", "EPSG:2154"))
    ]
    for answer in ask_qgis(*asks):
        assert answer["valid"], answer
        assert answer["errors"] == []
        assert answer["drawn"] > 0.95, answer


@pytest.mark.nginx
@pytest.mark.chromium
def test_the_viewer_shows_the_tiles(site):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or required("Chromium")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--virtual-time-budget=8000", "--dump-dom"]
    done = subprocess.run([chromium, *options, site.url], capture_output=True, text=True, timeout=60, check=False)
    assert "Essai d'été" in done.stdout
    assert done.stdout.count("<option") == 4
    assert 'class="leaflet-tile leaflet-tile-loaded"' in done.stdout


def test_publishing_again_writes_nothing_and_a_changed_layer_only_what_is_its_own(site, config_dir, tmp_path):
    other = Site(site.url, tmp_path / "to", site.store)
    first = publish(other, config_dir)
    place = (other.folder / "site").resolve()
    again = publish(other, config_dir)
    assert (again["written"], again["removed"], again["kept"]) == (0, 0, first["written"])
    assert (other.folder / "site").resolve() == place
    less = publish(other, config_dir, "--levels", "14-16")
    assert less["written"] < 60
    assert less["removed"] > 0
    assert not list((other.folder / "site").rglob("tiles/*/*/PM/17"))
    assert len(list(other.folder.glob(".site-*"))) == 1


def test_layers_of_more_tiles_than_a_tree_may_have_are_archives_only(site, config_dir, tmp_path):
    told = publish(Site(site.url, tmp_path / "to", site.store), config_dir, "--tiles", "3")
    assert {(item["tree"], bool(item["pmtiles"])) for item in told["published"]} == {("", True), ("", False)}
    assert b"<Layer>" not in (tmp_path / "to/site/wmts/1.0.0/WMTSCapabilities.xml").read_bytes()


def test_a_publication_that_is_killed_leaves_the_old_site_whole(site, config_dir, tmp_path):
    other = Site(site.url, tmp_path / "to", site.store)
    publish(other, config_dir, "--levels", "14-16")
    before = contents(other.folder / "site")
    command = [sys.executable, "-m", "scripts.cli", "publish", *LAYERS, "--config", config_dir, "--store", site.store]
    with subprocess.Popen([*command, "--to", other.folder, "--url", site.url], cwd=ROOT) as process:
        while len(list(other.folder.glob(".site-*"))) < 2:
            assert process.poll() is None
        process.kill()
    assert contents(other.folder / "site") == before
    assert publish(other, config_dir)["written"] > 0
    assert len(list(other.folder.glob(".site-*"))) == 1
    assert list((other.folder / "site").rglob("tiles/*/*/PM/17"))


@pytest.mark.parametrize(
    ("arguments", "status", "words"),
    [
        (["nothing", "--url", "http://x"], 2, "there is no layer 'nothing'"),
        (["relief", "--url", "http://x"], 2, "garrigue seed relief"),
        (["ortho"], 2, "--url"),
        (["ortho", "--url", "http://x", "--levels", "a"], 2, "a"),
    ],
)
def test_mistakes_are_told_and_leave_no_site(site, config_dir, tmp_path, arguments, status, words):
    ask = ["--config", config_dir, "--store", site.store, "--to", tmp_path / "to"]
    assert words in garrigue("publish", *arguments, *ask, status=status)
    assert not (tmp_path / "to" / "site").exists()
