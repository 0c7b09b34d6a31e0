"""Which layers have vector tiles, at which levels, and what makes them stale."""

from dataclasses import replace

import pytest
from pydantic import ValidationError

from layers import model
from layers.facts import Field
from layers.registry import Layer, Registry
from server.front.missing_tile import missing_tile
from support.style_maps import sld
from tiles.grids import grid
from tiles.limits import vector_limits
from tiles.stamp import tile_stamp, vector_stamp
from tiles.table import vector_grid
from tiles.vector.fields import labels_of
from tiles.vector.info import vector_layers


def with_tiles(registry: Registry, name: str, **tiles: object) -> Layer:
    layer = registry.layers[name]
    return replace(layer, definition=layer.definition.model_copy(update={"tiles": model.Tiles.model_validate(tiles)}))


def levels(layer: Layer) -> tuple[int, int]:
    found = vector_limits(layer, grid("PM"))
    return found[0].z, found[-1].z


@pytest.mark.parametrize(
    ("tiles", "expected"),
    [({}, (0, 15)), ({"levels": "12-20"}, (11, 15)), ({"levels": "10-14"}, (9, 13)), ({"levels": "18-20"}, (15, 15)),
     ({"vector": "8-16"}, (8, 16)), ({"vector": 7}, (7, 7)), ({"vector": True, "levels": "6-9"}, (5, 8))],
)  # fmt: skip
def test_levels_are_those_of_the_pictures_less_one_or_as_declared(tile_registry, tiles, expected):
    assert levels(with_tiles(tile_registry, "batiment", **tiles)) == expected


def test_layers_of_features_on_web_mercator_have_them_unless_told_otherwise(tile_registry):
    assert vector_grid(tile_registry.layers["batiment"], tile_registry) == grid("PM")
    assert vector_grid(tile_registry.layers["ortho"], tile_registry) is None
    assert vector_grid(with_tiles(tile_registry, "batiment", vector=False), tile_registry) is None
    assert vector_grid(with_tiles(tile_registry, "batiment", grids=["LAMB93_5cm"]), tile_registry) is None


def test_a_style_makes_no_vector_tile_stale_and_the_data_does(tile_registry):
    layer = tile_registry.layers["batiment"]
    other = replace(layer, data_stamp="other")
    assert vector_stamp(other) != vector_stamp(layer) != tile_stamp(layer, "default")
    assert vector_stamp(replace(layer, styles={"other": ""})) == vector_stamp(layer)


@pytest.mark.parametrize("wrong", ["16-8", "all", -1, "1-2-3"])
def test_wrong_levels_are_refused(wrong):
    with pytest.raises(ValidationError, match="levels"):
        model.Tiles.model_validate({"vector": wrong})


def test_a_blank_vector_tile_has_no_layers():
    told = missing_tile("blank", 0, "application/vnd.mapbox-vector-tile")
    assert told is not None
    assert (told.status, told.body, told.headers["Content-Type"]) == (200, b"", "application/vnd.mapbox-vector-tile")


def test_polygons_have_points_with_what_styles_put_in_their_middle(tile_registry, tmp_path):
    plain = tile_registry.layers["batiment"]
    fields = (Field("nom", "string"), Field("hauteur", "real"))
    layer = replace(plain, facts=replace(plain.facts, fields=fields))
    style = tmp_path / "labels.sld"
    label = "<TextSymbolizer><Label><ogc:PropertyName>nom</ogc:PropertyName></Label>"
    style.write_bytes(sld(f"<MaxScaleDenominator>100000</MaxScaleDenominator>{label}</TextSymbolizer>"))
    labelled = replace(layer, styles={"default": str(style)})
    found = labels_of(labelled)
    assert found is not None
    assert (found.name, found.fields, found.first) == ("batiment-labels", fields[:1], 11)
    told = vector_layers(labelled, vector_limits(labelled, grid("PM")))
    assert [(one["id"], one["minzoom"]) for one in told] == [("batiment", 0), ("batiment-labels", 11)]
    assert vector_stamp(labelled) != vector_stamp(replace(layer, styles={"default": ""}))
    assert labels_of(replace(layer, styles={"default": ""})) is None
