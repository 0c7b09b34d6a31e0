"""The command line: help that teaches, exit status, mistakes told in a sentence."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.cli import COMMANDS
from server.published import CURRENT, open_current


def garrigue(*arguments: str, cwd: Path | None = None) -> subprocess.CompletedProcess[str]:
    """What the command line does."""
    command = [sys.executable, "-m", "scripts.cli", *arguments]
    environment = {"PYTHONPATH": str(Path(__file__).parents[2]), "PATH": "/usr/bin:/bin", "COLUMNS": "200"}
    return subprocess.run(command, capture_output=True, text=True, timeout=60, check=False, cwd=cwd, env=environment)


@pytest.fixture
def config(config_dir: Path, tmp_path: Path) -> Path:
    """A copy of the small configuration that a test may spoil."""
    return Path(shutil.copytree(config_dir, tmp_path / "config"))


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command):
    done = garrigue(command, "--help")
    assert done.returncode == 0, done.stderr
    assert "Usage" in done.stdout


def test_no_command_shows_what_there_is():
    done = garrigue("--help")
    assert all(command in done.stdout for command in COMMANDS)


def test_wrong_use_exits_with_2_and_a_hint():
    done = garrigue("sede")
    assert done.returncode == 2
    assert "seed" in done.stderr
    assert garrigue("check", "--nonsense").returncode == 2


def test_check_fails_over_a_template_of_information(config, tmp_path):
    (config / "templates" / "info").mkdir(parents=True)
    (config / "templates" / "info" / "parcelle.html").write_text("<p>\n{% for %}")
    done = garrigue("check", "--config", str(config), "--store", str(tmp_path / "store"))
    assert done.returncode == 1
    assert "templates/info/parcelle.html:2" in done.stderr


def test_check_says_ok_and_exits_with_0(config, tmp_path):
    done = garrigue("check", "--config", str(config), "--store", str(tmp_path / "store"))
    assert done.returncode == 0, done.stderr
    assert "ok 5 layers" in done.stdout


def test_check_tells_mistakes_and_exits_with_1(config, tmp_path):
    (config / "layers" / "faute.yaml").write_text("x:\n  titel: t\n")
    done = garrigue("check", "--config", str(config), "--store", str(tmp_path / "store"))
    assert done.returncode == 1
    assert "layers/faute.yaml:2: x.titel: is not a key here" in done.stderr
    assert "Traceback" not in done.stderr


def test_check_answers_machines_in_json(config, tmp_path):
    (config / "layers" / "faute.yaml").write_text("x:\n  titel: t\n")
    done = garrigue("check", "--config", str(config), "--store", str(tmp_path / "store"), "--json")
    answer = json.loads(done.stdout)
    assert answer["ok"] is False
    assert {"file", "line", "layer", "key", "message"} == set(answer["errors"][0])


def test_a_folder_that_is_not_there_is_told_in_a_sentence(tmp_path):
    done = garrigue("check", "--config", str(tmp_path / "rien"))
    assert done.returncode == 1
    assert "is not a folder" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_compiled_registry_is_swapped_whole(config, tmp_path):
    store = tmp_path / "store"
    assert garrigue("check", "--compile", "--config", str(config), "--store", str(store)).returncode == 0
    first = (store / "registry" / CURRENT).read_text().strip()
    assert (store / "registry" / first / "registry.json").is_file()
    (config / "service.yaml").write_text("title: Autre\n")
    assert garrigue("check", "--compile", "--config", str(config), "--store", str(store)).returncode == 0
    assert (store / "registry" / CURRENT).read_text().strip() != first


def test_what_another_garrigue_compiled_is_compiled_again(config, tmp_path):
    store = tmp_path / "store"
    (store / "registry" / "old").mkdir(parents=True)
    (store / "registry" / "old" / "front.json").write_text('{"version": "old"}')
    (store / "registry" / "current").write_text("old\n")
    assert garrigue("check", "--compile", "--config", str(config), "--store", str(store)).returncode == 0
    assert open_current(store).version != "old"
