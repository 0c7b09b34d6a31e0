"""Requests become addresses, or the error that their protocol asks."""

import json

import pytest

from layers.registry import Registry
from server.errors import ServiceError
from server.tile_path import TileRequest, parse
from server.tile_table import TileTable
from tiles.address import TileAddress
from tiles.format import tile_format
from tiles.grids import grid
from tiles.limits import level_range, limits
from tiles.stamp import tile_stamp
from tiles.table import tile_table

X, Y = 60156, 446953
"""The north-western tile of the imagery at level 22 of LAMB93_5cm."""


@pytest.fixture
def table(tile_registry: Registry) -> TileTable:
    return TileTable(json.loads(json.dumps(tile_table(tile_registry))))


def asked(path: str, query: str = "", **changes: str) -> TileRequest:
    request = parse(path, query)
    assert request is not None
    return request._replace(**changes)


def test_names_and_aliases_are_found(table: TileTable) -> None:
    found = table.find(asked(f"/wmts/ortho/default/2154_5cm/22/{Y}/{X}.jpg"))
    assert found.address == TileAddress("ortho", "default", "", "2154_5cm", 22, X, Y)
    assert found.media_type == "image/jpeg"
    west, z = limits_of(table, "PM", 14), 14
    for name in ("PM", "EPSG:3857", "WebMercatorQuad", "PM_5cm"):
        assert table.find(asked(f"/tiles/batiment/{name}/{z}/{west[0]}/{west[1]}.png"))
    assert table.find(asked(f"/wmts/essai:ocs/default/PM/{z}/{west[1]}/{west[0]}.png".replace("essai", "garrigue")))


def limits_of(table: TileTable, name: str, z: int) -> tuple[int, int, int, int]:
    return table.layers["batiment"].limits[name][z]


def test_style_and_time_have_defaults(table: TileTable) -> None:
    x0, y0, _, _ = limits_of(table, "PM", 14)
    path = f"/tiles/ocs/PM/14/{x0}/{y0}.png"
    assert table.find(asked(path)).address[:3] == ("ocs", "couverture", "2021")
    assert table.find(asked(path, "style=usage&time=2018")).address[:3] == ("ocs", "usage", "2018")
    assert table.find(asked(f"/wmts/OCS.GE/default/default/PM/14/{y0}/{x0}.png")).address[:3] == (
        "ocs",
        "couverture",
        "2021",
    )
    assert table.find(asked(f"/wmts/OCS.GE/usage/2018/PM/14/{y0}/{x0}.png")).address[:3] == ("ocs", "usage", "2018")


WRONG = [
    ({"layer": "nothing"}, "InvalidParameterValue", "Layer"),
    ({"theme": "relief"}, "InvalidParameterValue", "Layer"),
    ({"style": "nothing"}, "InvalidParameterValue", "Style"),
    ({"ext": "image/png"}, "InvalidParameterValue", "Format"),
    ({"grid": "4326"}, "InvalidParameterValue", "TileMatrixSet"),
    ({"grid": "nothing"}, "InvalidParameterValue", "TileMatrixSet"),
    ({"z": 23}, "InvalidParameterValue", "TileMatrix"),
    ({"z": 11}, "TileOutOfRange", "TileMatrix"),
    ({"x": X - 1}, "TileOutOfRange", "TileCol"),
    ({"y": -1}, "TileOutOfRange", "TileRow"),
]


@pytest.mark.parametrize(("change", "code", "locator"), WRONG)
@pytest.mark.parametrize(("form", "status"), [("kvp", 400), ("wmts", 404), ("xyz", 404)])
def test_what_is_not_there_has_its_code(
    table: TileTable, change: dict, code: str, locator: str, form: str, status: int
) -> None:
    request = TileRequest("ortho", "", "", "LAMB93_5cm", 22, X, Y, "image/jpeg", form)._replace(**change)
    with pytest.raises(ServiceError) as raised:
        table.find(request)
    assert (raised.value.code, raised.value.locator, raised.value.status) == (code, locator, status)


def test_levels_follow_the_declaration_the_data_and_the_grid(tile_registry: Registry) -> None:
    layers = tile_registry.layers
    assert level_range(layers["batiment"], grid("PM")) == (0, 20)
    assert level_range(layers["batiment"], grid("LAMB93_5cm")) == (0, 20)
    assert level_range(layers["ortho"], grid("LAMB93_5cm")) == (12, 22)
    assert level_range(layers["ortho"], grid("2154_10cm")) == (12, 21)
    assert level_range(layers["relief"], grid("LAMB93")) == (0, 21)
    assert sum(level.tiles for level in limits(layers["ortho"], grid("2154_5cm"))[-1:]) == 79 * 79


def test_formats_follow_the_data(tile_registry: Registry) -> None:
    kinds = {name: tile_format(layer) for name, layer in tile_registry.layers.items()}
    assert {name: kind.mbtiles for name, kind in kinds.items()} == {
        "batiment": "png",
        "ortho": "jpg",
        "ocs": "png",
        "relief": "webp",
    }
    assert kinds["ortho"].accepts("jpg")
    assert kinds["batiment"].accepts("image/png; mode=8bit")
    assert not kinds["batiment"].accepts("jpg")


def test_a_stamp_changes_with_what_is_drawn_only(tile_registry: Registry) -> None:
    from dataclasses import replace

    layer = tile_registry.layers["batiment"]
    same = replace(layer, stamp="other", definition=layer.definition.model_copy(update={"keywords": ()}))
    assert tile_stamp(same, "default") == tile_stamp(layer, "default")
    assert tile_stamp(replace(layer, data_stamp="new"), "default") != tile_stamp(layer, "default")
