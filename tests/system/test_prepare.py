"""GeoParquet is drawn from a copy that `garrigue prepare` makes."""

import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pyogrio
import pytest
from PIL import Image

from layers.compile import load
from layers.errors import SourceError
from layers.query import MapQuery, Selection
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


def test_check_says_that_a_copy_is_missing_and_drawing_says_so_too(config, tmp_path):
    from layers.render import render_map

    registry, warnings = load(config, tmp_path / "store")
    assert any("garrigue prepare" in str(warning) for warning in warnings)
    with pytest.raises(SourceError, match="garrigue prepare"):
        render_map(registry, QUERY)


def test_after_prepare_the_layer_is_drawn(config, tmp_path):
    from io import BytesIO

    from layers.render import render_map

    store = tmp_path / "store"
    assert "made copies of lot" in prepare(config, store)
    assert "nothing to prepare" in prepare(config, store)
    registry = current(store)
    assert registry is not None
    picture = np.asarray(Image.open(BytesIO(render_map(registry, QUERY))).convert("RGB"))
    assert (picture != 255).any(axis=2).mean() > 0.5


def test_a_copy_of_older_data_is_removed(config, tmp_path):
    store = tmp_path / "store"
    prepare(config, store)
    (first,) = (store / "copies").glob("*.fgb")
    (config / "data" / "lot.parquet").touch()
    prepare(config, store)
    (second,) = (store / "copies").glob("*.fgb")
    assert first != second
