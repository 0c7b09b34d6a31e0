"""`garrigue serve`: the front in the foreground, the engine by need."""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from scripts.options import CONFIG, STORE, Config, Store


def serve(
    config: Config = CONFIG,
    store: Store = STORE,
    host: Annotated[
        str, typer.Option(envvar="GARRIGUE_HOST", help="Address to listen on; 0.0.0.0 for all.")
    ] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="GARRIGUE_PORT", min=0, max=65535, help="0 for any free one.")] = 8080,
    idle: Annotated[
        float | None, typer.Option(min=1, help="Seconds until an unused engine stops (service.yaml).")
    ] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes that draw (service.yaml).")] = None,
    tiles_only: Annotated[
        bool, typer.Option("--tiles-only", help="Serve what is stored; never start the engine.")
    ] = False,
    engine_only: Annotated[bool, typer.Option("--engine-only", help="The engine alone, on this port.")] = False,
) -> None:
    """Serve the layers: tiles and documents from the store, the rest from the engine, which sleeps when nobody asks.

    Start with: garrigue serve --port 8080. What to paste into QGIS is printed when it is ready. Changes of the
    configuration are taken up while it runs; a broken one leaves the old one serving.
    """
    if tiles_only and engine_only:
        raise typer.BadParameter("--tiles-only and --engine-only exclude each other")
    if (config / "service.yaml").exists() or not tiles_only:
        _compile_if_new(config, store)
    where = ["--store", str(store.resolve()), "--host", host, "--port", str(port)]
    if workers is not None:
        where += ["--workers", str(workers)]
    if engine_only:
        _become("server.engine.main", where)
    where += ["--config", str(config.resolve())]
    if idle is not None:
        where += ["--idle", str(idle)]
    _become("server.front.main", [*where, *(["--tiles-only"] if tiles_only else [])])


def _compile_if_new(config: Path, store: Path) -> None:
    """Compile where nothing has been: afterwards the front starts at once, and looks itself for what changed."""
    from server.compile import current_folder

    if current_folder(store) is not None:
        return
    Console(stderr=True).print(f"reading {config} …")
    from scripts.check import check

    check(config, store, compile_=True)


def _become(module: str, arguments: list[str]) -> None:
    """Go on as another program, with this process's id and nothing of what the command line imported."""
    environment = {"MALLOC_ARENA_MAX": "2"} | dict(os.environ)
    sys.stdout.flush()
    sys.stderr.flush()
    start = f"from {module} import main; main()"
    os.execve(sys.executable, [sys.executable, "-c", start, *arguments], environment)  # noqa: S606
