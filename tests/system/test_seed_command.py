"""`garrigue seed`: all tiles, once; stopped and resumed; mistakes told."""

import json
import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import pytest

from tiles.seeding.jobs import running
from tiles.store import Store

ROOT = Path(__file__).parents[2]


def start(config: Path, store: Path, *arguments: str, before: Sequence[str] = ()) -> subprocess.Popen[str]:
    command = [
        *before,
        sys.executable,
        "-m",
        "scripts.cli",
        "seed",
        *arguments,
        "--config",
        str(config),
        "--store",
        str(store),
    ]
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "200", "PYTHONWARNINGS": "default"}
    return subprocess.Popen(command, stdout=-1, stderr=-1, text=True, env=environment, cwd=ROOT, start_new_session=True)


def garrigue_seed(
    config: Path, store: Path, *arguments: str, before: Sequence[str] = ()
) -> subprocess.CompletedProcess[str]:
    with start(config, store, *arguments, before=before) as child:
        out, err = child.communicate(timeout=120)
    assert "Traceback" not in err, err
    return subprocess.CompletedProcess(child.args, child.returncode, out, err)


def test_a_seed_makes_every_tile_and_a_second_has_nothing_to_do(config_dir: Path, tmp_path: Path) -> None:
    asked = ("parcelle", "--levels", "14-18", "--grid", "LAMB93_5cm")
    plan = garrigue_seed(config_dir, tmp_path, *asked, "--dry-run", "--json")
    expected = sum(row["tiles"] for row in json.loads(plan.stdout)["jobs"][0]["levels"])
    assert not list(Store(tmp_path).files())
    first = garrigue_seed(config_dir, tmp_path, *asked, "--json")
    assert first.returncode == 0, first.stderr
    job = json.loads(first.stdout)["jobs"][0]
    assert (job["drawn"], job["failed"]) == (expected, 0)
    assert Store(tmp_path).sizes("parcelle").tiles == expected
    second = garrigue_seed(config_dir, tmp_path, *asked)
    assert second.returncode == 0
    assert f"nothing to do, all {expected} tiles are there" in second.stdout


def test_a_larger_seed_leaves_what_is_there(config_dir: Path, tmp_path: Path) -> None:
    garrigue_seed(config_dir, tmp_path, "ortho", "--levels", "14-16", "--grid", "PM", "--workers", "1")
    more = garrigue_seed(config_dir, tmp_path, "ortho", "--levels", "14-17", "--grid", "PM", "--workers", "1", "--json")
    job = json.loads(more.stdout)["jobs"][0]
    assert job["before"] > 0
    assert job["drawn"] + job["before"] == job["total"] == Store(tmp_path).sizes().tiles


def test_deleted_archives_are_made_again(config_dir: Path, tmp_path: Path) -> None:
    asked = ("ortho", "--levels", "14-15", "--grid", "PM", "--workers", "1")
    garrigue_seed(config_dir, tmp_path, *asked)
    shutil.rmtree(tmp_path / "tiles")
    again = garrigue_seed(config_dir, tmp_path, *asked)
    assert "tiles made" in again.stdout
    assert Store(tmp_path).sizes().tiles > 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_killed_seed_goes_on_with_no_tile_lost(config_dir: Path, tmp_path: Path, workers: str) -> None:
    asked = ("ortho", "--grid", "LAMB93_5cm", "--levels", "12-20", "--workers", workers)
    with start(config_dir, tmp_path, *asked) as child:
        deadline = time.monotonic() + 60
        while Store(tmp_path).sizes().tiles < 100 and time.monotonic() < deadline:
            time.sleep(0.05)
        os.kill(child.pid, signal.SIGKILL)
    before = Store(tmp_path).sizes().tiles
    assert before >= 100
    again = json.loads(garrigue_seed(config_dir, tmp_path, *asked, "--json").stdout)["jobs"][0]
    assert again["failed"] == 0
    assert again["drawn"] + again["before"] == again["total"] == Store(tmp_path).sizes().tiles
    assert again["before"] >= before - 64 * int(workers)
    assert not list(tmp_path.rglob("*-journal"))


def test_the_same_job_cannot_run_twice_at_once(config_dir: Path, tmp_path: Path) -> None:
    asked = ("ortho", "--levels", "14-15", "--grid", "PM")
    done = json.loads(garrigue_seed(config_dir, tmp_path, *asked, "--json").stdout)
    with running(tmp_path, done["jobs"][0]["job"]):
        second = garrigue_seed(config_dir, tmp_path, *asked)
    assert second.returncode == 1
    assert "is being seeded by another process" in second.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("parcele",), "did you mean 'parcelle'"),
        (("parcelle", "--grid", "nothing"), "no grid 'nothing'"),
        (("ortho", "--levels", "1-3"), "none of 1 to 3"),
        (("ortho", "--levels", "x"), "levels are written"),
        (("ortho", "--area", "nowhere.gpkg"), "neither a file nor"),
        (("ortho", "--area", "-1.6,47.1,-1.5,47.2"), "is off the layer ortho"),
        (("ortho", "--style", "nothing"), "style='nothing' is not one of default"),
        (("ortho", "--time", "2020"), "has no time"),
        (("ortho", "--since", "yesterday"), "a date is written 2026-05-31, not 'yesterday'"),
        (("parcelle", "--since", "2026-01-01"), "for parcelle use --changed"),
        (("ortho", "--until", "25:00"), "an hour is written 06:00"),
        (("ortho", "--for", "long"), "a duration is written 8h"),
        (("ortho", "--deep-area", "centre.gpkg"), "a deep area is written LEVEL:AREA"),
        (("ortho", "--deep-area", "18:-1.6,47.1,-1.5,47.2"), "is off the layer ortho"),
        (("ortho", "--area", "parcelle:numero = 'x' AND"), "the area parcelle:numero"),
    ],
)
def test_a_mistake_is_wrong_use(config_dir: Path, tmp_path: Path, arguments: tuple[str, ...], message: str) -> None:
    done = garrigue_seed(config_dir, tmp_path, *arguments)
    assert done.returncode == 2
    assert message in done.stderr


def test_a_store_that_cannot_be_written_fails_in_words(config_dir: Path, tmp_path: Path) -> None:
    blocked = tmp_path / "file"
    blocked.write_text("")
    done = garrigue_seed(config_dir, blocked / "store", "parcelle", "--levels", "14-15")
    assert done.returncode == 1
    assert "cannot be" in done.stderr


@pytest.mark.parametrize(("what", "blocks"), [(("--format", "mvt"), 16), (("--levels", "14-15"), 16), ((), 100)])
def test_a_disk_that_takes_no_more_is_told(
    config_dir: Path, tmp_path: Path, what: tuple[str, ...], blocks: int
) -> None:
    """Files may not grow beyond some blocks of 512 bytes: features, states of jobs and archives are cut off."""
    limited = ["sh", "-c", f'ulimit -f {blocks}; exec "$@"', "sh"]
    done = garrigue_seed(config_dir, tmp_path, "parcelle", *what, before=limited)
    assert done.returncode == 1
    assert "cannot be" in done.stderr
    assert not list(tmp_path.glob("jobs/*.mvt"))
    assert garrigue_seed(config_dir, tmp_path, "parcelle", "--levels", "14-15").returncode == 0


def as_nobody_special() -> list[str]:
    """What is put before a command so that permissions hold for it, also where root runs the tests."""
    return ["setpriv", "--bounding-set", "-dac_override"] if os.geteuid() == 0 else []


def test_a_read_only_store_is_told_and_stays_as_it_is(config_dir: Path, tmp_path: Path) -> None:
    asked = ("ortho", "--grid", "PM", "--levels")
    garrigue_seed(config_dir, tmp_path, *asked, "14-15")
    folders = [path for path in (tmp_path, *tmp_path.rglob("*")) if path.is_dir()]
    before = Store(tmp_path).sizes()
    for folder in folders:
        folder.chmod(0o555)
    try:
        done = garrigue_seed(config_dir, tmp_path, *asked, "14-16", before=as_nobody_special())
    finally:
        for folder in folders:
            folder.chmod(0o755)
    assert done.returncode == 1
    assert f"the store {tmp_path} cannot be written: Permission denied" in done.stderr
    assert Store(tmp_path).sizes() == before


def test_a_disk_that_takes_no_more_is_told_and_nothing_is_lost(config_dir: Path, tmp_path: Path) -> None:
    """A limit of a file's size stands for the end of the disk: SQLite's writes fail half-way in the same place."""
    config = shutil.copytree(config_dir, tmp_path / "config")
    asked = ("ortho", "--grid", "LAMB93_5cm", "--levels", "16-20", "--workers", "1")
    limit = ["prlimit", f"--fsize={120_000}"]
    full = garrigue_seed(config, tmp_path / "store", *asked, before=limit)
    assert full.returncode == 1
    assert "the store cannot be written at" in full.stderr
    there = Store(tmp_path / "store").sizes().tiles
    assert there > 0
    again = json.loads(garrigue_seed(config, tmp_path / "store", *asked, "--json").stdout)["jobs"][0]
    assert (again["failed"], again["drawn"] + again["before"]) == (0, again["total"])
    assert again["before"] >= there - 64
    assert Store(tmp_path / "store").sizes().tiles == again["total"]


def test_areas_in_other_crs_and_polygons_that_cross_are_taken(config_dir: Path, tmp_path: Path) -> None:
    west, south = 770000, 6279000
    ring = [[west, south], [west + 500, south + 500], [west + 500, south], [west, south + 500], [west, south]]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::2154"}}
    area = tmp_path / "bow.geojson"
    area.write_text(json.dumps({"type": "Polygon", "coordinates": [ring], "crs": crs}))
    asked = ("ortho", "--area", str(area), "--levels", "18-18", "--grid", "LAMB93_5cm", "--workers", "1")
    done = garrigue_seed(config_dir, tmp_path / "store", *asked)
    assert done.returncode == 0, done.stderr
    assert "a polygon crosses itself; it was made valid" in done.stderr
    assert 0 < Store(tmp_path / "store").sizes().tiles <= 16
