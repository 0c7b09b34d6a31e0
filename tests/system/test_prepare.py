"""GeoParquet is drawn from a copy that `garrigue prepare` makes."""

import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from PIL import Image

from layers.compile import load
from layers.query import MapQuery, Selection
from layers.registry import Registry
from server.compile import current

ROOT = Path(__file__).parents[2]
QUERY = MapQuery((Selection("lot"),), "EPSG:2154", (770000, 6279000, 771000, 6280000), 100, 100)


@pytest.fixture
def config(config_dir: Path, tmp_path: Path) -> Path:
    """The small configuration with its parcels as GeoParquet too."""
    import json

    config = Path(shutil.copytree(config_dir, tmp_path / "config"))
    _, table = pyogrio.read_arrow(config / "data" / "essai.gpkg", layer="parcelle", columns=["section"])
    table = table.rename_columns(["section", "geometry"])
    geo = {"version": "1.0.0", "primary_column": "geometry"}
    geo["columns"] = {"geometry": {"encoding": "WKB", "geometry_types": ["Polygon"], "crs": _projjson()}}
    table = table.set_column(1, "geometry", table["geometry"].cast(pa.binary()))
    pq.write_table(table.replace_schema_metadata({"geo": json.dumps(geo)}), config / "data" / "lot.parquet")
    (config / "layers" / "lot.yaml").write_text("lot:\n  title: Lots\n  source: {vector: data/lot.parquet}\n")
    return config


def _projjson() -> dict:
    import pyproj

    return pyproj.CRS.from_epsg(2154).to_json_dict()


def prepare(config: Path, store: Path) -> str:
    """What the command says."""
    command = [sys.executable, "-m", "scripts.cli", "prepare", "--config", str(config), "--store", str(store)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    return done.stdout


def drawn(registry: Registry) -> np.ndarray:
    from layers.render import render_map

    return np.asarray(Image.open(BytesIO(render_map(registry, QUERY))).convert("RGB"))


def test_the_layer_is_drawn_before_and_after_and_check_says_that_a_copy_is_missing(config, tmp_path):
    store = tmp_path / "store"
    before, warnings = load(config, store)
    assert any("garrigue prepare" in str(warning) for warning in warnings)
    assert "made copies of lot" in prepare(config, store)
    assert "nothing to prepare" in prepare(config, store)
    registry = current(store)
    assert registry is not None
    picture = drawn(registry)
    assert (picture != 255).any(axis=2).mean() > 0.5
    # The copy has an index, which puts features in another order: where outlines cross, another one lies above.
    assert np.abs(picture.astype(int) - drawn(before)).max() < 20


def test_a_copy_of_older_data_is_removed(config, tmp_path):
    store = tmp_path / "store"
    prepare(config, store)
    (first,) = (store / "copies").glob("*.fgb")
    (config / "data" / "lot.parquet").touch()
    prepare(config, store)
    (second,) = (store / "copies").glob("*.fgb")
    assert first != second


@pytest.fixture
def copied(config: Path) -> Path:
    """The small configuration with copies of its parcels and trees for web maps."""
    for path in (config / "layers").glob("*.yaml"):
        text = path.read_text()
        for name in ("parcelle", "arbre"):
            text = text.replace(f"layer: {name}}}\n", f"layer: {name}}}\n  copies: [EPSG:3857, EPSG:2154]\n")
        path.write_text(text)
    return config


def in_web_mercator(registry: Registry, name: str, **more) -> np.ndarray:
    from layers.crs import transform_bbox
    from layers.render import render_map

    box = transform_bbox(QUERY.bbox, "EPSG:2154", "EPSG:3857")
    query = MapQuery((Selection(name, **more),), "EPSG:3857", box, 300, 300)
    return np.asarray(Image.open(BytesIO(render_map(registry, query))).convert("RGB")).astype(int)


@pytest.mark.parametrize(("name", "more"), [("parcelle", {}), ("arbre", {}), ("arbre", {"time": ("2020",)})])
def test_a_copy_in_another_crs_draws_the_same_picture(copied, tmp_path, name, more):
    store = tmp_path / "store"
    before, warnings = load(copied, store)
    assert [str(warning) for warning in warnings if "EPSG:3857" in str(warning)]
    assert f"{name} in EPSG:3857" in prepare(copied, store)
    assert "nothing to prepare" in prepare(copied, store)
    registry = current(store)
    assert registry is not None
    assert registry.version != before.version
    assert registry.layers[name].stamp == before.layers[name].stamp
    picture = in_web_mercator(registry, name, **more)
    assert (picture != 255).any(axis=2).mean() > 0.002
    # Features may come in another order: where outlines cross, another one lies above.
    assert (np.abs(picture - in_web_mercator(before, name, **more)).max(axis=2) > 16).mean() < 0.005


def test_a_map_is_drawn_from_the_copy_but_for_what_the_data_itself_decides(copied, tmp_path):
    from layers.filters import property_is_one_of
    from layers.sources.drawn import in_crs

    prepare(copied, tmp_path / "store")
    registry = current(tmp_path / "store")
    assert registry is not None
    layer, plain = registry.layers["parcelle"], Selection("parcelle")
    copy = in_crs(layer, plain, "EPSG:3857")
    assert (copy.crs, Path(copy.facts.drawn).name) == ("EPSG:3857", f"parcelle-{layer.data_stamp}@epsg3857.fgb")
    assert in_crs(layer, plain, "EPSG:2154") is layer
    assert in_crs(layer, plain, "EPSG:4326") is layer
    assert in_crs(copy, plain, "EPSG:3857") is copy
    filtered = Selection("parcelle", filter=property_is_one_of("section", ["B"], "string"))
    assert in_crs(layer, filtered, "EPSG:3857") is layer


def test_changed_data_is_drawn_itself_until_it_is_prepared_again(copied, tmp_path):
    store = tmp_path / "store"
    prepare(copied, store)
    first = {path.name for path in (store / "copies").glob("*@*.fgb")}
    (copied / "data" / "essai.gpkg").touch()
    changed, _ = load(copied, store)
    assert changed.layers["parcelle"].facts.copies == ()
    prepare(copied, store)
    second = {path.name for path in (store / "copies").glob("*@*.fgb")}
    assert len(first) == len(second) == 3
    assert not first & second


def test_a_copy_is_of_a_file_and_in_a_crs(config, tmp_path):
    from layers.errors import RegistryError

    text = "lot:\n  title: Lots\n  source: {vector: data/lot.parquet}\n  copies: [EPSG:999999]\n"
    (config / "layers" / "lot.yaml").write_text(text)
    with pytest.raises(RegistryError, match="EPSG:999999"):
        load(config, tmp_path / "store")
