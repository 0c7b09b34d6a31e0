"""What the OGC's suite of OGC API – Tiles (ets-ogcapi-tiles10) asks, and what OpenLayers and GDAL read, asked here."""

import json

import httpx
import pytest
from morecantile import TileMatrixSet

from server.compile import write
from support.server import running
from support.tile import put_tile
from tiles.grids import grid
from tiles.limits import limits

REL = "http://www.opengis.net/def/rel/ogc/1.0"
TILES = "http://www.opengis.net/spec/ogcapi-tiles-1/1.0/conf"


@pytest.fixture(scope="module")
def iut(config_dir, tmp_path_factory):
    """Asks the implementation under test: the front, and the engine behind it."""
    with running(config_dir, tmp_path_factory.mktemp("store")) as server, httpx.Client(base_url=server.url) as client:
        client.timeout = 60
        yield client


def linked(document: dict, rel: str) -> dict:
    return next(link for link in document["links"] if link["rel"] == rel)


@pytest.mark.parametrize("layer", ["parcelle", "ortho"])
def test_a_client_goes_from_the_landing_page_to_a_tile_by_links_alone(iut, registry, layer):
    listed = iut.get(linked(iut.get("/ogcapi/").json(), f"{REL}/tiling-schemes")["href"]).json()
    grids = {item["id"]: iut.get(linked(item, "self")["href"]).json() for item in listed["tileMatrixSets"]}
    tilesets = iut.get(f"/ogcapi/collections/{layer}/map/tiles").json()["tilesets"]
    assert len(tilesets) == 2
    for listed_tileset in tilesets:
        tileset = iut.get(linked(listed_tileset, "self")["href"]).json()
        scheme = iut.get(linked(tileset, f"{REL}/tiling-scheme")["href"]).json()
        assert scheme == grids[scheme["id"]]
        item = linked(tileset, "item")
        assert item["templated"]
        limit = next(level for level in tileset["tileMatrixSetLimits"] if level["tileMatrix"] == "16")
        place = (
            item["href"].replace("{tileRow}", str(limit["minTileRow"])).replace("{tileCol}", str(limit["minTileCol"]))
        )
        answer = iut.get(place.replace("{tileMatrix}", "16"))
        assert (answer.status_code, answer.headers["content-type"]) == (200, item["type"])


@pytest.mark.parametrize("layer", ["parcelle", "ortho"])
def test_a_collection_leads_to_its_tilesets(iut, layer):
    collection = iut.get(f"/ogcapi/collections/{layer}", params={"f": "json"}).json()
    assert iut.get(linked(collection, f"{REL}/tilesets-map")["href"]).json()["tilesets"][0]["dataType"] == "map"


def test_the_classes_are_told_and_the_operations_have_the_standards_ids(iut):
    told = iut.get("/ogcapi/conformance", params={"f": "json"}).json()["conformsTo"]
    assert {f"{TILES}/{name}" for name in ("core", "tileset", "tilesets-list", "geodata-tilesets")} <= set(told)
    paths = iut.get("/ogcapi/api", params={"f": "json"}).json()["paths"]
    ids = {operation["get"]["operationId"] for operation in paths.values()}
    assert {"getTileMatrixSetsList", ".collection.map.getTileSet", ".collection.map.getTile"} <= ids


@pytest.mark.parametrize("name", ["WebMercatorQuad", "LAMB93_5cm", "PM", "EPSG:3857"])
def test_tile_matrix_sets_are_those_that_morecantile_reads(iut, name):
    document = iut.get(f"/ogcapi/tileMatrixSets/{name}").json()
    read = TileMatrixSet.model_validate_json(json.dumps(document))
    ours = grid("PM" if document["id"] == "WebMercatorQuad" else document["id"])
    assert [matrix.cellSize for matrix in read.tileMatrices] == list(ours.cell_sizes)
    box = read.xy_bounds(35, 22, 6)
    assert tuple(box) == pytest.approx(ours.tile_bbox(6, 35, 22))


def test_styles_times_and_formats_choose_a_tile(iut, registry):
    level = next(level for level in limits(registry.layers["arbre"], grid("PM")) if level.z == 17)
    place = f"WebMercatorQuad/17/{(level.y0 + level.y1) // 2}/{(level.x0 + level.x1) // 2}"
    tile = f"/ogcapi/collections/arbre/map/tiles/{place}"
    last = iut.get(tile).content
    assert iut.get(tile, params={"datetime": "2023", "f": "png"}).content == last
    assert iut.get(tile, params={"datetime": "2020"}).content != last
    assert iut.get(f"/ogcapi/collections/arbre/styles/default/map/tiles/{place}").content == last
    assert [iut.get(tile, params=asked).status_code for asked in ({"datetime": "1900"}, {"f": "jpeg"})] == [404, 404]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/tileMatrixSets/nothing", 404),
        ("/tileMatrixSets?limit=1", 400),
        ("/tileMatrixSets?f=html", 400),
        ("/collections/nothing/map/tiles", 404),
        ("/collections/parcelle/map/tiles/nothing", 404),
        ("/collections/parcelle/styles/nothing/map/tiles", 404),
        ("/collections/parcelle/map/tiles/PM/17/2147483647/2147483647", 404),
        ("/collections/parcelle/map/tiles/PM/99/0/0", 404),
        ("/collections/parcelle/map/tiles/PM/a/0/0", 404),
    ],
)
def test_wrong_addresses_are_told_as_json(iut, path, status):
    answer = iut.get(f"/ogcapi{path}")
    assert answer.status_code == status
    assert answer.json()["status"] == status


def test_stored_tiles_and_documents_are_answered_by_the_front_alone(registry, config_dir, tmp_path_factory):
    store = tmp_path_factory.mktemp("store")
    write(registry, store)
    _, _, _, grid_id, z, x, last = put_tile(store).split("/")
    with running(config_dir, store, "--tiles-only") as server:
        tileset = server.get(f"/ogcapi/collections/ortho/map/tiles/{grid_id}")
        assert tileset.status == 404
        tileset = server.get("/ogcapi/collections/ortho/map/tiles/WebMercatorQuad")
        assert json.loads(tileset.body)["links"][0]["href"].startswith(server.url)
        place = f"/ogcapi/collections/ortho/map/tiles/WebMercatorQuad/{z}/{last.partition('.')[0]}/{x}"
        for query in ("", "?f=jpeg", "?f=jpg"):
            answer = server.get(place + query)
            assert (answer.status, answer.headers["Content-Type"]) == (200, "image/jpeg")
        assert server.get(f"{place[:-1]}x").status == 404
        assert server.engine_pids() == []


def test_vector_tilesets_lead_to_tiles_and_tell_their_fields(iut, registry):
    collection = iut.get("/ogcapi/collections/parcelle", params={"f": "json"}).json()
    listed = iut.get(linked(collection, f"{REL}/tilesets-vector")["href"]).json()
    (head,) = listed["tilesets"]
    assert (head["dataType"], head["tileMatrixSetURI"].rpartition("/")[2]) == ("vector", "WebMercatorQuad")
    tileset = iut.get(linked(head, "self")["href"]).json()
    (layer,) = tileset["layers"]
    assert layer["propertiesSchema"]["properties"]["section"] == {"type": "string", "title": "Section cadastrale"}
    assert layer["geometryDimension"] == 2
    limit = next(level for level in tileset["tileMatrixSetLimits"] if level["tileMatrix"] == "14")
    item = linked(tileset, "item")
    place = item["href"].format(tileMatrix=14, tileRow=limit["minTileRow"], tileCol=limit["minTileCol"])
    answer = iut.get(place)
    assert (answer.status_code, answer.headers["content-type"]) == (200, item["type"])
    told = iut.get(linked(tileset, "describedby")["href"]).json()
    assert told["tilejson"] == "3.0.0"
    assert told["vector_layers"][0]["fields"]["surface"] == "Number"
    assert (
        iut.get(told["tiles"][0].format(z=14, x=limit["minTileCol"], y=limit["minTileRow"])).content == answer.content
    )


def test_vector_tilesets_are_told_in_the_classes_and_the_definition(iut):
    assert f"{TILES}/mvt" in iut.get("/ogcapi/conformance", params={"f": "json"}).json()["conformsTo"]
    paths = iut.get("/ogcapi/api", params={"f": "json"}).json()["paths"]
    ids = {path["get"]["operationId"] for path in paths.values()}
    names = ("getTileSetsList", "getTileSet", "getTile")
    assert {f".collection.vector.{name}" for name in names} <= ids


@pytest.mark.parametrize(
    "path", ["collections/ortho/tiles", "collections/none/tiles", "collections/parcelle/tiles/LAMB93_5cm"]
)
def test_where_there_are_no_vector_tilesets_is_told(iut, path):
    answer = iut.get(f"/ogcapi/{path}")
    assert answer.status_code == 404
    assert answer.json()["description"]
