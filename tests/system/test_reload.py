"""A changed configuration is taken up without a restart; a broken one leaves the old one serving and is told."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.server import ROOT, running, until

CAPABILITIES = "/wms?SERVICE=WMS&REQUEST=GetCapabilities"


@pytest.fixture
def changing(config_dir, tmp_path):
    """A server on a configuration that the test may change."""
    config = Path(shutil.copytree(config_dir, tmp_path / "config"))
    with running(config, tmp_path / "store", "--idle", "60") as server:
        yield server


def rewrite(path: Path, old: str, new: str) -> None:
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_a_change_reaches_front_engine_and_render_processes(changing, get_map):
    before = changing.get(get_map)
    etag = changing.get(CAPABILITIES).headers["ETag"]
    rewrite(changing.config / "layers" / "bati.yaml", "fr: Parcelles", "fr: Cadastre rénové")
    rewrite(changing.config / "styles" / "parcelle.sld", "#c0392b", "#27ae60")
    until(lambda: "Cadastre rénové" in changing.get(CAPABILITIES).text)
    assert changing.get(CAPABILITIES).headers["ETag"] != etag
    assert changing.get(get_map).body != before.body
    assert "Cadastre rénové" in changing.get("/wms?SERVICE=WMS&REQUEST=GetCapabilities&UPDATESEQUENCE=0").text
    assert changing.status()["engine"]["starts"] == 1


def test_a_broken_file_leaves_the_old_one_serving_and_is_told(changing):
    path = changing.config / "layers" / "bati.yaml"
    rewrite(path, "style: styles/parcelle.sld", "style: styles/parcele.sld")
    problems = until(lambda: changing.status()["configuration"]["problems"])
    assert "did you mean 'styles/parcelle.sld'" in problems[0]
    assert "bati.yaml" in problems[0]
    assert changing.get(CAPABILITIES).status == 200
    assert changing.get("/status").json()["configuration"] == {"ok": False}
    assert "did you mean" in changing.log.read_text()
    command = [sys.executable, "-m", "scripts.cli", "status", "--store", str(changing.store)]
    told = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=60)
    assert told.returncode == 1
    assert "parcelle.sld" in told.stdout.replace("\n", "")
    rewrite(path, "style: styles/parcele.sld", "style: styles/parcelle.sld")
    until(lambda: changing.status()["configuration"]["ok"])


def children(pid: int) -> list[int]:
    return [int(text) for text in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


def compiling(pid: int) -> list[int]:
    """The processes of a server that compile its configuration."""
    return [child for child in children(pid) if b"--compile" in Path(f"/proc/{child}/cmdline").read_bytes()]


def test_a_server_that_stops_while_it_compiles_leaves_nothing_running(config_dir, tmp_path):
    config = Path(shutil.copytree(config_dir, tmp_path / "config"))
    with running(config, tmp_path / "store") as server:
        rewrite(config / "service.yaml", "en: Summer trial", "en: Winter trial")
        (child,) = until(lambda: compiling(server.pid))
    assert not Path(f"/proc/{child}").exists()


def test_a_registry_compiled_by_hand_is_taken_up(changing):
    rewrite(changing.config / "service.yaml", "en: Summer trial", "en: Winter trial")
    command = [sys.executable, "-m", "scripts.cli", "check", "--compile", "--config", str(changing.config)]
    subprocess.run([*command, "--store", str(changing.store)], cwd=ROOT, check=True, timeout=60, capture_output=True)
    until(lambda: "Winter trial" in changing.get(f"{CAPABILITIES}&LANGUAGE=eng").text)


def test_old_versions_are_removed(changing):
    for number in range(5):
        rewrite(changing.config / "service.yaml", "été" if number == 0 else f"été {number}", f"été {number + 1}")
        until(lambda wanted=f"été {number + 1}": wanted in changing.get(CAPABILITIES).text)
    versions = [path for path in (changing.store / "registry").iterdir() if path.is_dir()]
    assert len(versions) == 3
