"""`garrigue demo`: prepare the demo's data, then serve it."""

from typing import Annotated

import typer
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn

from scripts.options import CONFIG, STORE, Config, Store


def demo(
    config: Config = CONFIG,
    store: Store = STORE,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(envvar="PORT", help="Port to listen on.")] = 8080,
    idle: Annotated[int | None, typer.Option(envvar="IDLE", help="Seconds until the engine sleeps.")] = None,
    prepare_only: Annotated[bool, typer.Option("--prepare-only", help="Make the data and stop.")] = False,
) -> None:
    """Make the demo's data (under a minute, once), then serve the demo's layers in the foreground."""
    from scripts.demo.prepare import prepare

    with Progress(
        SpinnerColumn(), TextColumn("{task.description}"), BarColumn(), TimeElapsedColumn(), transient=True
    ) as bar:
        task = bar.add_task("demo data", total=None)
        prepare(config, lambda what, done, total: bar.update(task, description=what, completed=done, total=total))
    if not prepare_only:
        from scripts.serve import serve

        serve(config=config, store=store, host=host, port=port, idle=idle)
