"""Grids agree with IGN's published matrices and with morecantile, and tiles with boxes."""

import json
import math
from pathlib import Path

import morecantile
import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiles.grids import BUILT_IN, Grid, GridError, grid, grids, tile_matrix_set

IGN = [
    # id, level, cell size, scale denominator, columns, rows (rok4/tilematrixsets)
    ("PM", 0, 156543.033928041, 559082264.028718, 1, 1),
    ("PM", 19, 0.29858214173897, 1066.36479192489, 524288, 524288),
    ("PM", 21, 0.0746455354347424, 266.591197981223, 2097152, 2097152),
    ("PM_5cm", 22, 0.0373227677173712, 133.295598990611, 4194304, 4194304),
    ("2154_5cm", 0, 209715.2, 748982857.142857, 1, 1),
    ("2154_5cm", 10, 204.8, 731428.571428571, 25, 206),
    ("2154_5cm", 19, 0.4, 1428.57142857143, 12600, 105102),
    ("LAMB93_5cm", 22, 0.05, 178.571428571429, 100800, 840818),
    ("2154_10cm", 21, 0.1, 357.142857142857, 50400, 420409),
    ("LAMB93", 0, 104579.224549894, 373497230.535336, 2, 2),
    ("LAMB93", 10, 102.0783167832, 364565.417082857, 51, 232),
    ("LAMB93", 21, 0.0498429018, 178.010363571429, 101121, 471125),
    ("4326", 10, 0.0006866455078125, 272989.389692034, 2048, 1024),
]


@pytest.mark.parametrize(("grid_id", "z", "cell", "scale", "columns", "rows"), IGN)
def test_levels_are_those_that_ign_publishes(
    grid_id: str, z: int, cell: float, scale: float, columns: int, rows: int
) -> None:
    found = grid(grid_id)
    assert found.cell_sizes[z] == pytest.approx(cell, rel=1e-12)
    assert found.scale_denominator(z) == pytest.approx(scale, rel=2e-8)
    assert found.matrix_size(z) == (columns, rows)


@pytest.mark.parametrize(("grid_id", "peer"), [("PM", "WebMercatorQuad"), ("4326", "WGS1984Quad")])
def test_tiles_are_where_morecantile_puts_them(grid_id: str, peer: str) -> None:
    ours, theirs = grid(grid_id), morecantile.tms.get(peer)
    for z in (0, 1, 7, 14, 18):
        x, y = ours.matrix_size(z)[0] // 3, ours.matrix_size(z)[1] // 4
        assert ours.tile_bbox(z, x, y) == pytest.approx(tuple(theirs.xy_bounds(morecantile.Tile(x, y, z))), abs=1e-6)


@given(
    grid_id=st.sampled_from(sorted(BUILT_IN)),
    level=st.floats(0, 0.999),
    column=st.floats(0, 0.999999),
    row=st.floats(0, 0.999999),
)
def test_a_tile_covers_itself_and_no_neighbour(grid_id: str, level: float, column: float, row: float) -> None:
    found = BUILT_IN[grid_id]
    z = int(level * found.levels)
    x, y = int(column * found.matrix_size(z)[0]), int(row * found.matrix_size(z)[1])
    assert found.tile_range(found.tile_bbox(z, x, y), z) == (x, y, x, y)
    assert found.has(z, x, y)


def test_boxes_outside_a_grid_have_no_tiles() -> None:
    found = grid("PM")
    assert found.tile_range((-3e7, 0, -2.5e7, 1), 5) is None
    assert found.tile_range((2.1e7, 0, 2.5e7, 1), 5) is None
    assert found.tile_range((0, 2.1e7, 1, 2.2e7), 5) is None
    assert not found.has(5, 32, 0)
    assert not found.has(22, 0, 0)


@pytest.mark.parametrize("name", ["WebMercatorQuad", "GoogleMapsCompatible", "EPSG:3857"])
def test_web_mercator_has_the_names_that_clients_ask(name: str) -> None:
    found = grid(name)
    assert found.id == "PM"
    assert found.level(f"{name}:12") == found.level("12") == 12
    assert found.level("PM:12") == 12
    for wrong in ("22", "-1", "012", "EPSG:2154:3", "", "a"):
        assert found.level(wrong) is None


def test_grids_that_share_levels_share_stored_tiles() -> None:
    assert grid("LAMB93_5cm").stored == grid("2154_5cm").stored == grid("2154_10cm").stored == "2154_5cm"
    assert grid("PM_5cm").stored == "PM"
    assert grid("2154_5cm").dyadic
    assert not grid("LAMB93").dyadic


def test_a_grid_travels_as_json() -> None:
    for found in BUILT_IN.values():
        assert Grid.from_json(json.loads(json.dumps(found.to_json()))) == found


@pytest.mark.parametrize(
    "name", ["WebMercatorQuad", "WGS1984Quad", "WorldCRS84Quad", "EuropeanETRS89_LAEAQuad", "UTM31WGS84Quad"]
)
def test_any_published_tile_matrix_set_is_read(name: str) -> None:
    theirs = morecantile.tms.get(name)
    found = tile_matrix_set(json.loads(theirs.model_dump_json(exclude_none=True)))
    for z in (found.first, 3, 9):
        ours, bounds = found.tile_bbox(z, 0, 0), theirs.xy_bounds(morecantile.Tile(0, 0, z))
        assert all(math.isclose(a, b, rel_tol=1e-9, abs_tol=1e-3) for a, b in zip(ours, bounds, strict=True))


def test_declared_grids_are_found_and_read_again_when_they_change(tmp_path: Path) -> None:
    (tmp_path / "grids").mkdir()
    file = tmp_path / "grids" / "local.json"
    source = json.loads(morecantile.tms.get("WebMercatorQuad").model_dump_json(exclude_none=True))
    file.write_text(json.dumps(source | {"id": "local"}))
    assert grid("local", tmp_path).crs == "EPSG:3857"
    assert "PM" in grids(tmp_path)
    file.write_text(json.dumps(source | {"id": "other_name"}))
    with pytest.raises(GridError, match="no grid 'local'"):
        grid("local", tmp_path)
    file.write_text("{}")
    with pytest.raises(GridError, match=r"local\.json: tileMatrix is missing"):
        grid("PM", tmp_path)


def test_tiles_for_fine_screens_lie_where_the_plain_ones_do() -> None:
    plain, fine = grid("2154_5cm"), grid("LAMB93_5cm@2x")
    assert (fine.id, fine.stored, fine.tile_size) == ("LAMB93_5cm@2x", "2154_5cm@2x", 512)
    assert fine.tile_bbox(14, 700, 4000) == plain.tile_bbox(14, 700, 4000)
    assert fine.shown_scale(14) == plain.scale_denominator(14) == 2 * fine.scale_denominator(14)
    assert grid("WebMercatorQuad@2x").id == "PM@2x"
    with pytest.raises(GridError, match="no grid 'nulle'"):
        grid("nulle@2x")


@pytest.mark.parametrize(("name", "crs"), [("IGNF:RGR92UTM40S", "EPSG:2975"), ("IGNF:WGS84G", "EPSG:4326")])
def test_a_grid_may_name_its_crs_as_ign_does(name: str, crs: str) -> None:
    matrix = {"id": "0", "scaleDenominator": 1e6, "pointOfOrigin": [0, 9e6], "tileWidth": 256, "tileHeight": 256}
    data = {"id": "g", "crs": name, "tileMatrices": [matrix | {"matrixWidth": 1, "matrixHeight": 1}]}
    assert tile_matrix_set(data).crs == crs
