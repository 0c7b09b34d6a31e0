"""Vector tiles opened by others: QGIS by their address and from an archive, GDAL from an archive."""

import json
from pathlib import Path
from urllib.parse import quote

import pytest

from layers.compile import load
from layers.crs import transform_bbox
from support.asked_of_qgis import ask_qgis
from support.gdal import run
from tiles.seeding.plan import make_vector_plan
from tiles.store import Store
from tiles.vector.seed import seed_vector

QUARTER = transform_bbox((355300.0, 6689100.0, 355900.0, 6689700.0), "EPSG:2154", "EPSG:3857")
"""In the demo."""


@pytest.fixture(scope="module")
def archives(demo, tmp_path_factory) -> list[Path]:
    """The archives of the demo's buildings, all their levels."""
    store = tmp_path_factory.mktemp("vector")
    registry, _ = load(demo.config, store)
    seed_vector(registry, store, make_vector_plan(registry, "batiment"))
    return list(Store(store).files("batiment"))


@pytest.mark.qgis
def test_qgis_draws_vector_tiles_by_their_address_and_from_an_archive(demo, archives):
    address = quote(f"{demo.url}/tiles/batiment/PM/{{z}}/{{x}}/{{y}}.mvt", safe="/:")
    deepest = max(archives, key=lambda file: file.parts[-3])
    asks = [
        {"provider": "vectortile", "uri": f"type=xyz&url={address}&zmin=11&zmax=15", "crs": "EPSG:3857"},
        {"provider": "vectortile", "uri": f"type=mbtiles&url={deepest}", "crs": "EPSG:3857"},
    ]
    for answer in ask_qgis(*({**ask, "extent": list(QUARTER)} for ask in asks)):
        assert answer["valid"], answer
        assert answer["errors"] == []
        assert 0.2 < answer["drawn"] < 0.95, answer


@pytest.mark.gdal
def test_gdal_reads_every_archive_with_names_and_types(archives):
    for file in archives:
        found = run("ogrinfo", "-ro", "-so", "-al", str(file))
        assert "Layer name: batiment" in found
        assert "hauteur: Real" in found
        assert "usage_1: String" in found


@pytest.mark.gdal
def test_gdal_finds_buildings_where_they_are(archives, tmp_path):
    deepest = max(archives, key=lambda file: file.parts[-3])
    out = tmp_path / "read.geojson"
    run("ogr2ogr", "-t_srs", "EPSG:4326", str(out), str(deepest), "batiment", "-spat", *map(str, QUARTER))
    features = json.loads(out.read_text(encoding="utf-8"))["features"]
    assert len(features) > 100
    assert all(feature["properties"]["cleabs"].startswith("BATIMENT") for feature in features)
