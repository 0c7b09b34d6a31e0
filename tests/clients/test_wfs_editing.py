"""A real QGIS, and GDAL, edit features over WFS-T: insert, change, move, delete, and find them so afterwards."""

import json
import subprocess
from pathlib import Path

import pyogrio
import pytest
import shapely

from server.keys import Keys
from support.asked_of_qgis import PYTHON
from support.gdal import run
from support.postgis import load
from support.postgres import run_sql
from support.schemas import required
from support.server import running
from support.vectors import table, write

LAYERS = """\
theme: {title: Inventaire}
capitelle:
  title: Capitelles
  source: {vector: data/inventaire.gpkg, layer: capitelle}
  edit: true
"""


KEPT = LAYERS.replace("edit: true", "edit: {groups: [mairie]}\n  fields: {entier: {values: {1: bon, 42: ruiné}}}")


@pytest.fixture
def inventory(tmp_path, request):
    """A server of one layer that may be edited; its file."""
    (tmp_path / "data").mkdir()
    (tmp_path / "layers").mkdir()
    data = table("Point").select(["nom", "entier", "jour", "geometry"])
    write(tmp_path / "data" / "inventaire.gpkg", "Point", "capitelle", data=data)
    (tmp_path / "layers" / "inventaire.yaml").write_text(getattr(request, "param", LAYERS), encoding="utf-8")
    (tmp_path / "service.yaml").write_text("namespace: {prefix: inv, uri: 'https://inv.example/ns'}\n")
    with running(tmp_path, tmp_path / "store") as server:
        yield server, tmp_path / "data" / "inventaire.gpkg"


def session(server, version: str, query: str = "", more: str = "") -> dict:
    """What an edit session of QGIS comes to."""
    if subprocess.run([PYTHON, "-c", "import qgis.core"], capture_output=True, check=False).returncode:
        required("python3-qgis")
    uri = f"srsname='EPSG:2154' typename='inv:capitelle' url='{server.url}/wfs?{query}' version='{version}'{more}"
    script = Path(__file__).parents[1] / "support" / "qgis_edits.py"
    run = subprocess.run([PYTHON, script, uri], capture_output=True, timeout=120, check=False)
    answer = json.loads(next(line for line in run.stdout.splitlines() if line.startswith(b"{")))
    assert answer["valid"], answer
    return answer


@pytest.mark.qgis
@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.0.0"])
def test_qgis_inserts_changes_moves_and_deletes(inventory, version):
    server, file = inventory
    answer = session(server, version)
    assert answer["editable"], answer
    assert answer["committed"], answer
    assert answer["count"] == 8, answer
    _, found = pyogrio.read_arrow(file, layer="capitelle")
    rows = {row["nom"]: row for row in found.to_pylist()}
    assert rows["Capitelle d'été"]["entier"] == 42
    place = shapely.from_wkb(next(v for v in rows["Capitelle d'été"].values() if isinstance(v, bytes)))
    assert (place.x, place.y) == (770123.5, 6279456.25)
    moved = shapely.from_wkb(next(v for v in rows["changée"].values() if isinstance(v, bytes)))
    assert (moved.x, moved.y) == (770001.0, 6279002.0)
    assert len(rows) == 8
    journal = (server.store / "journal" / "capitelle.jsonl").read_text().splitlines()
    assert {json.loads(line)["operation"] for line in journal} == {"insert", "update", "delete"}


@pytest.mark.qgis
@pytest.mark.parametrize("inventory", [KEPT], indirect=True)
@pytest.mark.parametrize("way", ["password", "address"])
def test_qgis_edits_with_a_key_what_is_for_a_group_to_change(inventory, way):
    """A key as a password or in the address; a field with a list of values is a field as any other."""
    server, file = inventory
    key = Keys(server.store).add("inventaire", ["mairie"])
    asked = {"query": f"apikey={key}"} if way == "address" else {"more": f" username='x' password='{key}'"}
    answer = session(server, "2.0.0", **asked)
    assert answer["editable"], answer
    assert answer["committed"], answer
    _, found = pyogrio.read_arrow(file, layer="capitelle")
    assert {row["nom"]: row["entier"] for row in found.to_pylist()}["Capitelle d'été"] == 42
    journal = (server.store / "journal" / "capitelle.jsonl").read_text().splitlines()
    assert {json.loads(line)["author"] for line in journal} == {"inventaire"}


@pytest.mark.qgis
@pytest.mark.parametrize("inventory", [KEPT], indirect=True)
def test_qgis_is_not_offered_what_is_for_others_to_change(inventory):
    answer = session(inventory[0], "2.0.0")
    assert not answer["editable"], answer
    assert not answer["committed"], answer


ONE = """{"type": "FeatureCollection", "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}},
"features": [{"type": "Feature", "properties": {"nom": "ajoutée", "entier": 42, "jour": "2024-02-29"},
"geometry": {"type": "Point", "coordinates": [770123.5, 6279456.25]}}]}"""


def edit_by_ogr(server, version: str, folder: Path) -> None:
    """ogr2ogr adds to a layer; OGR's own objects change, insert in a transaction, and delete by a filter."""
    (folder / "new.geojson").write_text(ONE, encoding="utf-8")
    address = f"WFS:{server.url}/wfs?VERSION={version}"
    run("ogr2ogr", "-append", "-update", address, str(folder / "new.geojson"), "-nln", "inv:capitelle")
    script = Path(__file__).parents[1] / "support" / "ogr_edits.py"
    if subprocess.run([PYTHON, "-c", "import osgeo"], capture_output=True, check=False).returncode:
        required("python3-gdal")
    done = subprocess.run([PYTHON, script, address], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    assert {"ajoutée", "changée", "née 0"} < set(json.loads(done.stdout))


@pytest.mark.gdal
@pytest.mark.parametrize("version", ["2.0.0", "1.1.0", "1.0.0"])
def test_ogr_appends_changes_inserts_and_deletes(inventory, version, tmp_path):
    server, file = inventory
    edit_by_ogr(server, version, tmp_path)
    _, found = pyogrio.read_arrow(file, layer="capitelle")
    rows = {row["nom"]: row for row in found.to_pylist()}
    assert "née 1" not in rows
    assert (rows["ajoutée"]["entier"], str(rows["ajoutée"]["jour"])) == (42, "2024-02-29")
    assert str(rows["née 0"]["jour"]) == "2024-02-29"
    moved = shapely.from_wkb(next(v for v in rows["changée"].values() if isinstance(v, bytes)))
    assert (moved.x, moved.y) == (770001.0, 6279002.0)


@pytest.fixture
def base(postgres, tmp_path):
    """A server of one layer over a table that may be edited; the address of its database."""
    address = postgres.database()
    load(address, "capitelle", table("Point").select(["nom", "entier", "jour", "geometry"]), "Point")
    (tmp_path / "layers").mkdir()
    source = '{postgis: "${INVENTAIRE}", table: capitelle}'
    text = LAYERS.replace("{vector: data/inventaire.gpkg, layer: capitelle}", source)
    (tmp_path / "layers" / "inventaire.yaml").write_text(text, encoding="utf-8")
    (tmp_path / "service.yaml").write_text("namespace: {prefix: inv, uri: 'https://inv.example/ns'}\n")
    with running(tmp_path, tmp_path / "store", env={"INVENTAIRE": address}) as server:
        yield server, address


@pytest.mark.postgis
def test_qgis_edits_a_table_as_it_edits_a_file(base):
    server, address = base
    answer = session(server, "2.0.0")
    assert answer["editable"], answer
    assert answer["committed"], answer
    assert answer["count"] == 8, answer
    rows = run_sql(address, "SELECT fid, nom, entier, ST_AsText(geometry) FROM capitelle ORDER BY fid")
    assert len(rows) == 8
    assert rows[0][1::2] == ("changée", "POINT(770001 6279002)")
    assert rows[-1] == (9, "Capitelle d'été", 42, "POINT(770123.5 6279456.25)")


@pytest.mark.gdal
@pytest.mark.postgis
def test_ogr_edits_a_table_as_it_edits_a_file(base, tmp_path):
    server, address = base
    edit_by_ogr(server, "2.0.0", tmp_path)
    sql = "SELECT nom, entier, jour::text, ST_AsText(geometry) FROM capitelle WHERE fid > 8 OR nom = 'changée'"
    rows = {row[0]: row[1:] for row in run_sql(address, sql)}
    assert sorted(rows) == ["ajoutée", "changée", "née 0"]
    assert rows["ajoutée"] == (42, "2024-02-29", "POINT(770123.5 6279456.25)")
    assert rows["née 0"][1] == "2024-02-29"
    assert rows["changée"][2] == "POINT(770001 6279002)"
