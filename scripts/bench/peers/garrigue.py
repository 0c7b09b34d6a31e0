"""Ours: `garrigue serve` on a registry written for the benchmark, with its front and its engine."""

import json
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from scripts.bench.peers.peer import Peer, Processes, await_answer, free_port
from scripts.bench.peers.style import SLD

ENVIRONMENT = {"GARRIGUE_HOST": "127.0.0.1"}


def write_registry(folder: Path, layers: Mapping[str, Mapping[str, Any]]) -> Path:
    """A registry of these layers (as layers/*.yaml says them) under `folder`, with the benchmark's styles."""
    for name in ("layers", "styles"):
        (folder / name).mkdir(parents=True, exist_ok=True)
    for name, text in SLD.items():
        (folder / "styles" / f"{name}.sld").write_text(text, encoding="utf-8")
    service = {
        "title": "bench",
        "crs": ["EPSG:2154", "EPSG:3857", "EPSG:4326"],
        "limits": {"features": 10_000_000, "seconds": 900},
    }
    (folder / "service.yaml").write_text(json.dumps(service), encoding="utf-8")
    titled = {name: {"title": name, **layer} for name, layer in layers.items()}
    (folder / "layers" / "bench.yaml").write_text(json.dumps({"theme": {"title": "bench"}} | titled), encoding="utf-8")
    return folder


@contextmanager
def garrigue(folder: Path, layers: Mapping[str, Mapping[str, Any]], *, processes: int = 2) -> Iterator[Peer]:
    """The server over the layers, its engine awake."""
    config = write_registry(folder / "config", layers)
    port = free_port()
    command = [*cli("serve", config, folder / "store"), "--port", str(port), "--workers", str(processes)]
    with Processes(folder / "log") as group:
        pid = group.start([*command, "--idle", "3600"], env=ENVIRONMENT)
        await_answer(group, port, "/health")
        yield Peer("garrigue", port, "", (pid,))


def cli(command: str, config: Path, store: Path) -> list[str]:
    """A command of `garrigue` on this registry and store."""
    return [sys.executable, "-m", "scripts.cli", command, "--config", str(config), "--store", str(store)]
