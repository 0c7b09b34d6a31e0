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
