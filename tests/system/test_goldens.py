"""The demo's layers look as they were once found to look right."""

from pathlib import Path

import pytest

from layers.compile import load
from layers.crs import transform_bbox
from layers.query import MapQuery, Selection
from layers.registry import Registry
from support.goldens import assert_golden

CONFIG = Path(__file__).parents[2] / "config"
QUARTER = (355400.0, 6689200.0, 355700.0, 6689500.0)
CITY = (354000.0, 6688400.0, 356400.0, 6690400.0)
REGION = (430000.0, 6140000.0, 845000.0, 6438000.0)
PICTURES = [
    ("rue", ["batiment", "troncon_de_route"], QUARTER, "EPSG:2154"),
    ("imagerie", ["pcrs"], QUARTER, "EPSG:2154"),
    ("imagerie_mercator", ["pcrs", "batiment"], QUARTER, "EPSG:3857"),
    ("ville", ["ocs", "troncon_de_route"], CITY, "EPSG:2154"),
    ("relief", ["mnt", "courbe_de_niveau"], CITY, "EPSG:4326"),
    ("patrimoine", ["espace_vert", "patrimoine"], CITY, "EPSG:3857"),
    ("communes", ["commune"], REGION, "EPSG:2154"),
    ("temperature", ["temperature"], REGION, "OGC:CRS84"),
]


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Registry:
    """The demo's registry."""
    if not (CONFIG / "data" / "demo").is_dir():
        pytest.fail("the demo's data is not there: garrigue demo --prepare-only")
    return load(CONFIG, tmp_path_factory.mktemp("goldens"))[0]


@pytest.mark.parametrize(("name", "layers", "box", "crs"), PICTURES, ids=[picture[0] for picture in PICTURES])
def test_a_map_looks_as_it_was_found_right(demo, name, layers, box, crs):
    from layers.render import render_map

    chosen = [demo.layer(layer) for layer in layers]
    selections = tuple(
        Selection(layer.id, layer.default_style, (layer.default_time,) if layer.default_time else ())
        for layer in chosen
    )
    bbox = transform_bbox(box, "EPSG:2154", crs)
    height = round(400 * (bbox[3] - bbox[1]) / (bbox[2] - bbox[0]))
    assert_golden(render_map(demo, MapQuery(selections, crs, bbox, 400, height)), name)
