"""Layers that are not for everybody, over HTTP: every protocol, stored tiles, keys given out and taken back."""

import base64
import html
import json
import math
import re
import shutil
import subprocess
import sys

import pytest

from support.server import running
from support.tile import put_tile

MAP = (
    "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetMap&STYLES=&CRS=EPSG:2154"
    "&BBOX=770000,6279000,771000,6280000&WIDTH=64&HEIGHT=64&FORMAT=image/png&LAYERS="
)


RESERVED = """
reserve:
  title: Réservé
  source: {vector: data/chemin.fgb}
  access: [voirie]
"""
"""A theme of which nothing is for everybody."""


@pytest.fixture(scope="module")
def closed(config_dir, tmp_path_factory):
    """A server whose layers `parcelle` and `ortho` are kept for a group, and changes of `arbre`."""
    from layers.compile import load
    from server.compile import write

    folder = tmp_path_factory.mktemp("closed")
    config, store = shutil.copytree(config_dir, folder / "config"), folder / "store"
    for name in ("parcelle", "ortho"):
        for file in (config / "layers").glob("*.yaml"):
            text = file.read_text().replace(f"\n{name}:\n", f"\n{name}:\n  access: [voirie]\n")
            file.write_text(text.replace("\narbre:\n", "\narbre:\n  edit: {groups: [voirie]}\n", name == "ortho"))
    (config / "layers" / "reserve.yaml").write_text(RESERVED, encoding="utf-8")
    write(load(config, store)[0], store)
    put_tile(store)
    with running(config, store, "--idle", "60") as server:
        yield server


def keys(server, *arguments: str) -> str:
    command = [sys.executable, "-m", "scripts.cli", "keys", *arguments, "--store", str(server.store)]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(scope="module")
def member(closed):
    return {"X-API-Key": keys(closed, "add", "bureau", "--group", "voirie")}


@pytest.fixture(scope="module")
def other(closed):
    secret = keys(closed, "add", "eaux", "--group", "eau")
    return {"Authorization": "Basic " + base64.b64encode(f"x:{secret}".encode()).decode()}


CLOSED = {
    "/wms?SERVICE=WMS&REQUEST=GetCapabilities": b"<Name>parcelle</Name>",
    "/wms?SERVICE=WMS&REQUEST=GetCapabilities&VERSION=1.1.1": b"<Name>ortho</Name>",
    "/wfs?SERVICE=WFS&REQUEST=GetCapabilities": b":parcelle<",
    "/wmts?SERVICE=WMTS&REQUEST=GetCapabilities": b">ortho<",
    "/wmts/1.0.0/WMTSCapabilities.xml": b">ortho<",
    "/tms/1.0.0": b"/ortho@",
    "/ogcapi/collections?f=json": b'"parcelle"',
    "/": b"ortho",
}


@pytest.mark.parametrize(("path", "word"), CLOSED.items(), ids=list(CLOSED))
def test_lists_tell_what_the_asker_may_reach(closed, member, other, path, word):
    assert word in closed.get(path, member).body
    for headers in ({}, other, {"X-API-Key": "faux"}, {"X-Garrigue-Asker": "bureau;voirie"}):
        answer = closed.get(path, headers)
        assert answer.status == 200
        assert word not in answer.body


@pytest.mark.parametrize(
    "path",
    [
        MAP + "parcelle",
        "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetLegendGraphic&LAYER=parcelle&FORMAT=image/png",
    ],
)
def test_strangers_are_asked_who_they_are_and_others_told_that_it_is_not_there(closed, member, other, path):
    assert closed.get(path, member).headers["Content-Type"] == "image/png"
    stranger = closed.get(path)
    assert stranger.status == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert b"ServiceException" in stranger.body
    refused = closed.get(path, other)
    assert refused.status == 400
    assert b'code="LayerNotDefined"' in refused.body


@pytest.mark.parametrize("service", ["wms", "wfs", "wmts"])
@pytest.mark.parametrize("operation", ["GetCapabilities", "GetMap", "GetFeature"])
def test_a_theme_of_which_nothing_is_for_everybody_asks_who_they_are(closed, member, other, service, operation):
    path = f"/themes/reserve/{service}?SERVICE={service.upper()}&REQUEST={operation}"
    stranger = closed.get(path)
    assert stranger.status == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert b"Exception" in stranger.body
    assert b"serve" not in stranger.body.replace(b"reserve", b"").lower()
    assert closed.get(path, other).status == 404
    assert closed.get(path, member).status == (200 if operation == "GetCapabilities" else 400)
    assert closed.get(path.replace("reserve", "absent")).status == 404


def test_a_stored_tile_is_for_members(closed, member, other):
    tile = put_tile(closed.store)
    answer = closed.get(tile, member)
    assert answer.status == 200
    assert answer.headers["Cache-Control"].startswith("private")
    assert "Authorization" in answer.headers["Vary"]
    assert closed.get(tile).status == 401
    assert closed.get(tile, other).status == 404
    assert closed.get(f"{tile}?apikey={member['X-API-Key']}").status == 200
    assert closed.get(tile).status == 401


@pytest.mark.parametrize(
    "path",
    [
        "/tiles/ortho.json",
        "/tms/1.0.0/ortho@PM",
        "/ogcapi/collections/ortho/map/tiles",
        "/ogcapi/collections/parcelle/items?f=json",
        "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=parcelle&COUNT=1",
    ],
)
def test_what_is_out_of_reach_is_not_there(closed, member, other, path):
    assert closed.get(path, member).status == 200
    for headers in ({}, other):
        assert closed.get(path, headers).status in (400, 401, 404)


@pytest.mark.parametrize(
    "path",
    [
        "/ogcapi/collections/parcelle",
        "/ogcapi/collections/parcelle/items?f=json",
        "/ogcapi/collections/parcelle/items/1",
        "/ogcapi/collections/parcelle/queryables",
        "/ogcapi/collections/parcelle/tiles",
        "/ogcapi/collections/ortho/map/tiles",
        "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&TYPENAMES=parcelle&COUNT=1",
        "/wfs?SERVICE=WFS&VERSION=1.1.0&REQUEST=GetFeature&TYPENAME=essai:parcelle",
        "/wfs?SERVICE=WFS&VERSION=1.0.0&REQUEST=DescribeFeatureType&TYPENAME=parcelle",
        "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&RESOURCEID=parcelle.1",
        "/wfs?SERVICE=WFS&VERSION=2.0.0&REQUEST=GetFeature&STOREDQUERY_ID=urn:ogc:def:query:OGC-WFS::GetFeatureById&ID=parcelle.1",
    ],
)
def test_a_stranger_is_asked_who_they_are_by_wfs_and_ogc_api(closed, other, path):
    stranger = closed.get(path)
    assert stranger.status == 401
    assert stranger.headers["WWW-Authenticate"].startswith("Basic realm=")
    assert closed.get(path, other).status in (400, 404)


EDIT = (
    b'<wfs:Transaction service="WFS" version="2.0.0" xmlns:wfs="http://www.opengis.net/wfs/2.0" '
    b'xmlns:fes="http://www.opengis.net/fes/2.0"><wfs:Update typeName="arbre"><wfs:Property><wfs:ValueReference>'
    b"essence</wfs:ValueReference><wfs:Value>tilleul</wfs:Value></wfs:Property><fes:Filter><fes:ResourceId "
    b'rid="arbre.1"/></fes:Filter></wfs:Update></wfs:Transaction>'
)


def test_capabilities_offer_editing_to_who_may_edit(closed, member, other):
    path = "/wfs?SERVICE=WFS&REQUEST=GetCapabilities"
    assert b'"Transaction"' in closed.get(path, member).body
    for headers in ({}, other):
        assert b'"Transaction"' not in closed.get(path, headers).body


def test_a_change_is_for_who_may_and_tells_its_author(closed, member, other):
    for headers, status in (({}, 401), (other, 403), (member, 200)):
        answer = closed.get("/wfs", {**headers, "Content-Type": "text/xml"}, method="POST", body=EDIT)
        assert answer.status == status, answer.body
    line = json.loads((closed.store / "journal" / "arbre.jsonl").read_text().splitlines()[-1])
    assert (line["author"], line["operation"], line["ids"]) == ("bureau", "update", ["arbre.1"])


def test_open_layers_stay_open(closed, other):
    for headers in ({}, other):
        answer = closed.get(MAP + "arbre", headers)
        assert answer.headers["Content-Type"] == "image/png"
        assert ("private" in answer.headers["Cache-Control"]) is bool(headers)


def test_a_preflight_may_ask_for_authorization(closed):
    asked = {"Origin": "https://x.example", "Access-Control-Request-Method": "GET"}
    for wanted in ({}, {"Access-Control-Request-Headers": "authorization"}):
        answer = closed.get("/wms", {**asked, **wanted}, method="OPTIONS")
        assert answer.status == 204
        assert "authorization" in answer.headers["Access-Control-Allow-Headers"].lower()


def test_a_revoked_key_is_refused_at_once(closed):
    key = {"X-API-Key": keys(closed, "add", "passant", "--group", "voirie")}
    assert closed.get(MAP + "parcelle", key).status == 200
    assert "passant  voirie" in keys(closed)
    keys(closed, "revoke", "passant")
    assert closed.get(MAP + "parcelle", key).status == 401


def test_vector_tiles_are_for_members(closed, member, other):
    """Found where the layer's TileJSON says; made for a member, they stay out of others' reach."""
    found = closed.get("/tiles/parcelle.mvt.json", headers=member)
    assert found.status == 200
    west, south, east, north = json.loads(found.body)["bounds"]
    zoom = json.loads(found.body)["maxzoom"]
    x = int(((west + east) / 2 + 180) / 360 * 2**zoom)
    y = int((1 - math.asinh(math.tan(math.radians((south + north) / 2))) / math.pi) / 2 * 2**zoom)
    path = f"/tiles/parcelle/PM/{zoom}/{x}/{y}.mvt"
    assert closed.get(path, headers=member).status == 200
    for asker in (other, {}):
        assert closed.get(path, headers=asker).status in (401, 404)
        assert closed.get("/tiles/parcelle.mvt.json", headers=asker).status in (401, 404)


def test_maplibre_styles_and_sprites_are_for_members(closed, member, other):
    style = closed.get("/styles/parcelle.json", headers=member)
    assert style.json()["sources"]["parcelle"]["url"] == f"{closed.url}/tiles/parcelle.mvt.json"
    assert style.headers["Cache-Control"] == "no-cache"
    assert "Authorization" in style.headers["Vary"]
    assert closed.get("/styles/parcelle/nul.json", headers=member).status == 404
    open_to_all = closed.get("/styles/arbre.json")
    assert closed.get("/styles/arbre.json", headers=member).json() == open_to_all.json()
    for asker in (other, {}):
        for path in ("/styles/parcelle.json", "/styles/parcelle/default.json", "/sprites/parcelle/default.png"):
            answer = closed.get(path, headers=asker)
            assert answer.status in (401, 404)
            assert b"parcelle/" not in answer.body.replace(path.encode(), b"")


@pytest.mark.parametrize("version", ["1.3.0", "1.1.1"])
@pytest.mark.parametrize("path", ["/wms", "/themes/reserve/wms"])
def test_wms_capabilities_keep_the_key_of_an_address_in_their_addresses(closed, member, path, version):
    """QGIS asks maps at the address that the capabilities tell, legends at theirs."""
    key = member["X-API-Key"]
    query = f"SERVICE=WMS&VERSION={version}&REQUEST=GetCapabilities"
    text = closed.get(f"{path}?{query}&apikey={key}").body.decode()
    own = re.findall(rf'xlink:href="({closed.url}/[^"]*wms\?[^"]*)"', text)
    assert len(own) > 5
    assert all(f"?apikey={key}&amp;" in address for address in own), own
    legend = next(address for address in own if "GetLegendGraphic" in address and "LAYER=" in address)
    answer = closed.get(html.unescape(legend).removeprefix(closed.url))
    assert answer.headers["Content-Type"] == "image/png"
    assert key not in closed.get(f"{path}?{query}", member).body.decode()
    assert b"apikey" not in closed.get(f"/wms?{query}&apikey=wrong").body
