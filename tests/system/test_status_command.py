"""`garrigue status`: what runs, what is stored, what of it is stale, how often it was answered."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from server.compile import write
from support.published_site import garrigue
from support.server import ROOT, Running, running
from support.tile import put_tile


def status(store: Path, *options: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "scripts.cli", "status", "--store", str(store), *options]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60, env={"COLUMNS": "160"})


def told(store: Path) -> dict[str, Any]:
    return dict(json.loads(status(store, "--json").stdout))


def layer(store: Path, name: str = "ortho") -> dict[str, Any]:
    return next(row for row in told(store)["layers"] if row["layer"] == name)


@pytest.fixture
def store(compiled: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(compiled, tmp_path / "store"))


def test_answers_from_the_store_are_counted_and_kept_across_restarts(config_dir: Path, store: Path) -> None:
    def ask(server: Running) -> None:
        server.get(tile)
        server.get(tile, {"If-None-Match": "*"})
        server.get(tile, {"Authorization": "Basic eDp5"})
        server.get(tile.replace("ortho", "rien"))

    tile = put_tile(store)
    with running(config_dir, store, "--tiles-only") as server:
        ask(server)
        assert layer(store)["hits"] == 3
    assert layer(store)["hits"] == 3
    since = told(store)["hits_since"]
    with running(config_dir, store, "--tiles-only") as server:
        ask(server)
        assert layer(store)["hits"] == 6
    assert (told(store)["hits_since"], layer(store)["hits"]) == (since, 6)


def test_a_store_of_which_nothing_is_known_starts_at_none(config_dir: Path, store: Path) -> None:
    tile = put_tile(store)
    (store / "run").mkdir(exist_ok=True)
    (store / "run" / "served.json").write_text("[]")
    assert layer(store)["hits"] == 0
    with running(config_dir, store, "--tiles-only") as server:
        server.get(tile)
        assert layer(store)["hits"] == 1


def test_stale_tiles_and_layers_that_are_gone_are_told_with_what_to_do(registry: Any, store: Path) -> None:
    put_tile(store)
    shutil.copytree(store / "tiles" / "ortho", store / "tiles" / "ancien")
    assert (layer(store)["tiles"], layer(store)["stale"]) == (1, {})
    source = registry.layers["ortho"]
    from dataclasses import replace

    layers = {**registry.layers, "ortho": replace(source, data_stamp="changed")}
    write(replace(registry, layers=layers, version="changed"), store)
    assert layer(store)["stale"] == {"default": 1}
    done = status(store)
    assert done.returncode == 1
    assert "ortho: 1 tiles of style default are of an older style or data: garrigue seed ortho" in done.stdout
    assert "ancien: not a layer any more; to delete its tiles: garrigue purge ancien" in done.stdout


def test_what_is_stale_is_told_by_the_configuration_alone(config_dir: Path, tmp_path: Path) -> None:
    """A store that was only seeded: no server has run on it, nothing was compiled."""
    config, store = Path(shutil.copytree(config_dir, tmp_path / "config")), tmp_path / "store"
    garrigue("seed", "parcelle", "--levels", "14", "--grid", "PM", "--config", config, "--store", store)
    assert (layer(store, "parcelle")["declared"], layer(store, "parcelle")["stale"]) == (None, {})
    text = status(store).stdout
    assert "with --config" in text
    assert "purge" not in text

    def looked() -> dict[str, Any]:
        return dict(json.loads(status(store, "--config", str(config), "--json").stdout)["layers"][0])

    assert (looked()["declared"], looked()["stale"]) == (True, {})
    style = config / "styles" / "parcelle.sld"
    style.write_text(style.read_text().replace("#c0392b", "#c0392c"))
    assert sum(looked()["stale"].values()) == looked()["tiles"] > 0
