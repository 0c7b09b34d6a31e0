"""QGIS, GDAL, OWSLib and a browser read the WFS of the demo in every version."""

import html
import http.server
import json
import re
import shutil
import subprocess
import threading
from functools import partial

import pyogrio
import pytest
import shapely
from lxml import etree

from support.asked_of_qgis import ask_qgis
from support.schemas import required

VERSIONS = ("1.0.0", "1.1.0", "2.0.0")


def source(demo, layer: str, version: str, crs: str = "EPSG:2154", **options: str) -> str:
    """A WFS source as QGIS writes it."""
    extra = "".join(f" {name}='{value}'" for name, value in options.items())
    return f"srsname='{crs}' typename='{demo.prefix}:{layer}' url='{demo.url}/wfs?' version='{version}'{extra}"


@pytest.mark.qgis
def test_qgis_reads_every_feature_in_every_version(demo):
    asks = [{"provider": "WFS", "uri": source(demo, "patrimoine", version)} for version in VERSIONS]
    for answer in ask_qgis(*asks):
        assert answer["valid"], answer
        assert answer["read"] == demo.count("patrimoine"), answer
        assert answer["repeated"] == 0
        assert answer["drawn"] > 0, answer
        assert answer["crs"] == "EPSG:2154"


@pytest.mark.qgis
@pytest.mark.parametrize("version", VERSIONS)
def test_qgis_places_features_right_in_degrees(demo, version):
    extent = [-1.7, 47.1, -1.4, 47.3]
    asks = [{"provider": "WFS", "uri": source(demo, "patrimoine", version, "EPSG:4326"), "extent": extent}]
    (answer,) = ask_qgis(*asks)
    assert answer["valid"], answer
    west, south, east, north = answer["extent"]
    assert extent[0] < west < east < extent[2], answer
    assert extent[1] < south < north < extent[3], answer


@pytest.mark.qgis
@pytest.mark.parametrize("version", VERSIONS)
def test_qgis_filters_on_the_server_in_every_version(demo, version):
    sql = f"SELECT * FROM \"{demo.prefix}:batiment\" WHERE nature = 'Eglise'"
    asks = [{"provider": "WFS", "uri": f"{source(demo, 'batiment', version)} sql={sql}"}]
    (answer,) = ask_qgis(*asks)
    assert answer["valid"], answer
    assert 0 < answer["read"] < demo.count("batiment")


@pytest.mark.gdal
@pytest.mark.parametrize("version", VERSIONS)
def test_gdal_reads_every_feature_in_every_version(demo, version):
    url = f"WFS:{demo.url}/wfs?VERSION={version}"
    command = ["ogr2ogr", "-f", "GeoJSON", "/vsistdout/", url, f"{demo.prefix}:patrimoine"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
    assert "ERROR" not in done.stderr, done.stderr
    found = json.loads(done.stdout)["features"]
    assert len(found) == demo.count("patrimoine")
    assert all(feature["geometry"] for feature in found)


@pytest.mark.parametrize("version", VERSIONS)
def test_owslib_reads_capabilities_and_features_in_every_version(demo, version):
    from owslib.wfs import WebFeatureService

    service = WebFeatureService(f"{demo.url}/wfs", version=version)
    name = f"{demo.prefix}:patrimoine"
    assert name in service.contents
    answer = service.getfeature(typename=[name], maxfeatures=3).read()
    answer = answer if isinstance(answer, bytes) else answer.encode()
    assert answer.count(b":patrimoine ") in (3, 4)


def test_owslib_reads_the_schema_a_filter_and_a_stored_query(demo):
    from owslib.fes2 import PropertyIsEqualTo
    from owslib.wfs import WebFeatureService

    service = WebFeatureService(f"{demo.url}/wfs", version="2.0.0")
    name = f"{demo.prefix}:patrimoine"
    assert service.get_schema(name)["properties"]["nom"] == "string"
    equal = etree.tostring(PropertyIsEqualTo("categorie", "Monument").toXML(), encoding="unicode")
    text = f'<fes:Filter xmlns:fes="http://www.opengis.net/fes/2.0">{equal}</fes:Filter>'
    for asked in ({}, {"filter": text}):
        answer = json.loads(service.getfeature(typename=[name], outputFormat="application/json", **asked).read())
        assert answer["numberMatched"] <= demo.count("patrimoine")
    stored = next(query for query in service.storedqueries if query.id == "urn:garrigue:demo:monuments-autour")
    assert [parameter.name for parameter in stored.parameters] == ["lieu", "metres"]
    x, y = first_place(demo, "patrimoine")
    values = {"lieu": f"POINT ({x} {y})", "metres": "1"}
    answer = service.getfeature(storedQueryID=stored.id, storedQueryParams=values, outputFormat="application/json")
    assert json.loads(answer.read())["numberMatched"] >= 1


def first_place(demo, layer: str) -> list[float]:
    """Where the first feature of a layer of points is."""
    path, name = demo.file(layer)
    point = shapely.from_wkb(pyogrio.raw.read(path, layer=name, columns=[], max_features=1)[2][0])
    return [point.x, point.y]


@pytest.mark.gdal
@pytest.mark.parametrize("version", VERSIONS)
def test_gdal_filters_by_attribute_and_by_place_in_every_version(demo, version, tmp_path):
    """The same features as in the file itself, of a layer whose every feature is asked."""
    path, name = demo.file("patrimoine")
    x, y = first_place(demo, "patrimoine")
    box = [str(value) for value in (x - 300, y - 300, x + 300, y + 300)]
    for number, asked in enumerate((["-where", "nom IS NOT NULL"], ["-spat", *box], ["-where", "nom = 'absent'"])):
        counts = []
        for place, layer in ((f"WFS:{demo.url}/wfs?VERSION={version}", f"{demo.prefix}:patrimoine"), (str(path), name)):
            out = tmp_path / f"{number}-{len(counts)}.gpkg"
            command = ["ogr2ogr", str(out), place, layer, "-nln", "out", *asked]
            done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=True)
            assert "ERROR" not in done.stderr, done.stderr
            counts.append(pyogrio.read_info(out, layer="out")["features"])
        assert counts[0] == counts[1], asked


PAGE = """<!doctype html><meta charset="utf-8"><title>x</title><p id="said"></p><script>
const query = "SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=patrimoine&OUTPUTFORMAT=application/json";
async function read(more) {
  const answer = await fetch(ADDRESS + "/wfs?" + query + more);
  return { status: answer.status, body: await answer.json().catch(() => null) };
}
async function file() {
  const more = "&OUTPUTFORMAT=text/csv&COUNT=2";
  const address = ADDRESS + "/wfs?" + query.replace(/&OUTPUT.*/, "") + more;
  const said = await fetch(address, { headers: { Prefer: "respond-async" } });
  let made = said;
  for (let turn = 0; turn < 5000 && made.status === 202; turn += 1) made = await fetch(said.headers.get("Location"));
  const link = (await made.json()).links.find((one) => one.rel === "enclosure");
  const got = await fetch(link.href, { headers: { Range: "bytes=0-1" } });
  return { status: said.status, wait: said.headers.get("Retry-After"), name: got.headers.get("Content-Disposition"),
    range: got.headers.get("Content-Range"), start: await got.text() };
}
async function main() {
  const all = (await read("&SRSNAME=CRS:84")).body;
  const page = (await read("&COUNT=2")).body;
  const next = await (await fetch(page.links.find((link) => link.rel === "next").href)).json();
  const wrong = await read("&CQL_FILTER=" + encodeURIComponent("nulle_part = 1"));
  const [x, y] = all.features[0].geometry.coordinates;
  document.getElementById("said").textContent = JSON.stringify({
    count: all.features.length, matched: all.numberMatched, x, y, name: all.features[0].properties.nom,
    repeated: next.features.some((one) => page.features.some((other) => other.id === one.id)),
    wrong: wrong.status, file: await file() });
}
main().catch((error) => { document.getElementById("said").textContent = "failed: " + error; });
</script>"""


@pytest.mark.chromium
def test_a_page_of_another_origin_reads_geojson_and_waits_for_a_file_in_a_browser(demo, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("chromium-browser") or required("Chromium")
    (tmp_path / "page.html").write_text(PAGE.replace("ADDRESS", json.dumps(demo.url)), encoding="utf-8")
    options = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--dump-dom"]
    options += [
        "--disable-quic",
        "--no-first-run",
        "--virtual-time-budget=20000",
        f"--user-data-dir={tmp_path}/profile",
    ]
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(tmp_path))) as other:
        thread = threading.Thread(target=other.serve_forever)
        thread.start()
        page = f"http://127.0.0.1:{other.server_address[1]}/page.html"
        done = subprocess.run([chromium, *options, page], capture_output=True, timeout=90, check=True)
        other.shutdown()
        thread.join()
    said = re.search(r'id="said">(.*?)</p>', done.stdout.decode())[1]
    told = json.loads(html.unescape(said))
    assert told["count"] == told["matched"] == demo.count("patrimoine")
    assert -2 < told["x"] < -1 < 47 < told["y"] < 48
    assert (told["repeated"], told["wrong"]) == (False, 400)
    made = told["file"]
    assert (made["status"], made["start"]) == (202, '"i')
    assert int(made["wait"]) > 0
    assert "patrimoine.csv" in made["name"]
    assert made["range"].startswith("bytes 0-1/")


class Quiet(http.server.SimpleHTTPRequestHandler):
    """Files, without a line for each."""

    def log_message(self, *_):
        """Says nothing."""
