"""`garrigue seed`: hours, tasks, deep areas, failures that are listed."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tiles.store import Store

ROOT = Path(__file__).parents[2]
PARCELS = "parcelle:numero < 2"


def seed(config: Path, store: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", "seed", *arguments, "--config", str(config), "--store", str(store)]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200"}
    done = subprocess.run(command, capture_output=True, text=True, env=environment, cwd=ROOT, timeout=120, check=False)
    assert "Traceback" not in done.stderr, done.stderr
    return done


def test_a_seed_stops_when_its_time_is_up_and_goes_on(config_dir: Path, tmp_path: Path) -> None:
    asked = ("ortho", "--grid", "PM", "--levels", "12-20", "--workers", "1")
    for seconds in (1, 2, 4, 8, 16, 32):
        first = seed(config_dir, tmp_path, *asked, "--for", f"{seconds}s")
        assert first.returncode == 3, first.stdout
        assert "tiles are left" in first.stdout
        if list((tmp_path / "tiles").rglob("*.mbtiles")):
            break
    second = json.loads(seed(config_dir, tmp_path, *asked, "--json").stdout)["jobs"][0]
    assert (second["stopped"], second["failed"]) == (False, 0)
    assert second["before"] > 0
    assert second["drawn"] + second["before"] == second["total"]


def test_deep_levels_are_made_in_the_deep_area_only(config_dir: Path, tmp_path: Path) -> None:
    asked = ("ortho", "--grid", "LAMB93_5cm", "--levels", "17-18", "--dry-run", "--json")
    plans = [asked, (*asked, "--deep-area", f"18:{PARCELS}"), (*asked, "--area", PARCELS)]
    every, deep, area = (json.loads(seed(config_dir, tmp_path, *p).stdout)["jobs"][0]["levels"] for p in plans)
    assert every[0]["tiles"] == deep[0]["tiles"] > area[0]["tiles"]
    assert every[1]["tiles"] > deep[1]["tiles"] == area[1]["tiles"]


def test_a_task_seeds_what_it_names(config_dir: Path, tmp_path: Path) -> None:
    config = shutil.copytree(config_dir, tmp_path / "config")
    (config / "areas").mkdir()
    square = [[770000, 6279000], [770100, 6279000], [770100, 6279100], [770000, 6279000]]
    crs = {"type": "name", "properties": {"name": "EPSG:2154"}}
    (config / "areas" / "a.geojson").write_text(json.dumps({"type": "Polygon", "coordinates": [square], "crs": crs}))
    (config / "seeds.yaml").write_text(
        "small: {workers: 1, seeds: [{layers: [ortho], grids: [PM], levels: 16-17, area: areas/a.geojson}]}\n"
        'never: {hours: "00:00-00:00", seeds: [{layers: [ortho]}]}\n'
    )
    done = json.loads(seed(config, tmp_path / "store", "--task", "small", "--json").stdout)["jobs"][0]
    assert done["drawn"] == done["total"] == Store(tmp_path / "store").sizes().tiles > 0


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "name layers, or one task"),
        (("ortho", "--task", "night"), "name layers, or one task"),
        (("--task", "night"), "there is no"),
        (("ortho", "--until", "25:00"), "an hour is written"),
        (("ortho", "--for", "8"), "a duration is written"),
        (("ortho", "--deep-area", "a.gpkg"), "LEVEL:AREA"),
        (("ortho", "--area", "parcelle:nombre > 2"), "no field 'nombre'"),
        (("ortho", "--area", "parcelle:numero >"), "the area parcelle"),
        (("ortho", "--area", "parcelle:numero > 1000"), "has no feature"),
        (("ortho", "--area", "relief:"), "has no features"),
    ],
)
def test_a_mistake_of_schedule_or_area_is_wrong_use(
    config_dir: Path, tmp_path: Path, arguments: tuple[str, ...], message: str
) -> None:
    done = seed(config_dir, tmp_path, *arguments)
    assert done.returncode == 2
    assert message in done.stderr
