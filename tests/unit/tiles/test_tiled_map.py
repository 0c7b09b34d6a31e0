"""GetMaps that are tiles, and those that are none."""

import json
from urllib.parse import urlencode

import pytest

from server.front.tiled_map import parse_tiled
from server.tile_table import TileTable
from tiles.grids import grid
from tiles.table import tile_table


@pytest.fixture
def table(tile_registry) -> TileTable:
    return TileTable(json.loads(json.dumps(tile_table(tile_registry))))


def get_map(table: TileTable, layer: str, name: str, z: int, **changes: str) -> tuple[str, tuple[int, int, int]]:
    """The query of the first tile that a layer has at a level of a grid, and that tile."""
    tiling = grid(name)
    x, y = table.layers[layer].limits[tiling.stored][z][:2]
    pairs = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": layer,
        "STYLES": "",
        "CRS": tiling.crs,
        "BBOX": ",".join(f"{value:.6f}" for value in tiling.tile_bbox(z, x, y)),
        "WIDTH": str(tiling.tile_size),
        "HEIGHT": str(tiling.tile_size),
        "FORMAT": table.layers[layer].media_type,
        "TRANSPARENT": "TRUE",
        "TILED": "true",
    }
    return urlencode({name: value for name, value in {**pairs, **changes}.items() if value != "-"}), (z, x, y)


@pytest.mark.parametrize(("layer", "name", "z"), [("batiment", "PM", 14), ("ortho", "LAMB93_5cm", 18)])
def test_a_box_of_a_grid_is_its_tile(table: TileTable, layer: str, name: str, z: int) -> None:
    query, place = get_map(table, layer, name, z)
    asked = parse_tiled("/wms", query, table)
    assert asked is not None
    assert (asked.layer, asked[4:7]) == (layer, place)
    assert table.grids[asked.grid].stored == grid(name).stored
    older, _ = get_map(table, layer, name, z, VERSION="1.1.1", CRS="-", SRS=grid(name).crs)
    assert parse_tiled("/wms", older, table) == asked
    assert parse_tiled("/themes/bati/wms", query, table) == asked._replace(theme="bati")
    assert parse_tiled("/themes/relief/wms", query, table) is None


def test_latitudes_come_first_in_1_3_0_only(table: TileTable) -> None:
    query, place = get_map(table, "relief", "4326", 12, VERSION="1.1.1", CRS="-", SRS="EPSG:4326")
    old = parse_tiled("/wms", query, table)
    left, bottom, right, top = grid("4326").tile_bbox(*place)
    query, _ = get_map(table, "relief", "4326", 12, BBOX=f"{bottom},{left},{top},{right}")
    assert old == parse_tiled("/wms", query, table)
    assert old is not None
    assert old[4:7] == place


@pytest.mark.parametrize(
    "changes",
    [
        {"TILED": "-"},
        {"TILED": "false"},
        {"REQUEST": "GetFeatureInfo"},
        {"VERSION": "1.0.0"},
        {"TRANSPARENT": "FALSE"},
        {"LAYERS": "batiment,ortho"},
        {"LAYERS": "rien"},
        {"STYLES": "rien"},
        {"WIDTH": "257"},
        {"HEIGHT": "-"},
        {"BBOX": "1,2,3"},
        {"BBOX": "a,b,c,d"},
        {"BBOX": "0,0,nan,inf"},
        {"BBOX": "0,0,100,100"},
        {"CRS": "EPSG:2154"},
        {"FORMAT": "image/jpeg"},
        {"SLD_BODY": "<x/>"},
        {"BGCOLOR": "0xFF0000"},
        {"ELEVATION": "3"},
    ],
)
def test_every_other_map_is_none(table: TileTable, changes: dict[str, str]) -> None:
    assert parse_tiled("/wms", get_map(table, "batiment", "PM", 14, **changes)[0], table) is None


def test_a_box_between_tiles_is_none(table: TileTable) -> None:
    left, bottom, right, top = grid("PM").tile_bbox(*get_map(table, "batiment", "PM", 14)[1])
    half = (right - left) / 2
    query, _ = get_map(table, "batiment", "PM", 14, BBOX=f"{left + half},{bottom},{right + half},{top}")
    assert parse_tiled("/wms", query, table) is None
