"""`garrigue purge`: by area, levels, grid; what was purged is seeded again."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tiles.store import Store

ROOT = Path(__file__).parents[2]
SEED = ("seed", "ortho", "--grid", "LAMB93_5cm", "--levels", "12-18", "--workers", "1", "--json")


def garrigue(config: Path, store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", *arguments, "--config", str(config), "--store", str(store)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_an_area_is_purged_and_seeded_again(config_dir: Path, tmp_path: Path) -> None:
    garrigue(config_dir, tmp_path, *SEED)
    before = Store(tmp_path).sizes()
    asked = ("purge", "ortho", "--area", "parcelle:numero = 0", "--levels", "17-18", "--json")
    told = json.loads(garrigue(config_dir, tmp_path, *asked, "--dry-run").stdout)["layers"]["ortho"]
    assert Store(tmp_path).sizes() == before
    done = json.loads(garrigue(config_dir, tmp_path, *asked).stdout)["layers"]["ortho"]
    assert done["tiles"] == told["tiles"] > 0
    assert Store(tmp_path).sizes().tiles == before.tiles - done["tiles"]
    again = json.loads(garrigue(config_dir, tmp_path, *SEED).stdout)["jobs"][0]
    assert again["drawn"] >= done["tiles"]
    assert Store(tmp_path).sizes().tiles == before.tiles


def test_a_layer_is_purged_in_every_grid(config_dir: Path, tmp_path: Path) -> None:
    garrigue(config_dir, tmp_path, "seed", "ortho", "--levels", "12-15", "--workers", "1")
    assert len({file.relative_to(tmp_path / "tiles").parts[1] for file in Store(tmp_path).files("ortho")}) == 2
    assert garrigue(config_dir, tmp_path, "purge", "ortho", "--grid", "PM").returncode == 0
    assert {file.relative_to(tmp_path / "tiles").parts[1] for file in Store(tmp_path).files()} == {"2154_5cm"}
    garrigue(config_dir, tmp_path, "purge", "ortho", "--style", "default")
    assert not list((tmp_path / "tiles").rglob("*.mbtiles"))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("otho",), "did you mean"),
        (("ortho", "--grid", "nothing"), "no grid 'nothing'"),
        (("ortho", "--levels", "x"), "levels are written"),
        (("ortho", "--area", "nowhere"), "neither a file nor"),
    ],
)
def test_a_mistake_deletes_nothing(config_dir: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = garrigue(config_dir, tmp_path, "purge", *arguments)
    assert done.returncode == 2
    assert message in done.stderr
