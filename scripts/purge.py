"""`garrigue purge`: delete tiles of layers from the store."""

import json
from dataclasses import asdict
from typing import Annotated

import typer
from rich.console import Console

from layers.errors import RequestError
from scripts.options import CONFIG, STORE, Config, Json, Store
from scripts.seed import AREA

_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def purge(
    layers: Annotated[list[str], typer.Argument(help="Layers to delete tiles of.", show_default=False)],
    area: Annotated[str | None, typer.Option(help=AREA)] = None,
    levels: Annotated[str | None, typer.Option(help="First and last level, as in 12-20. Default: all.")] = None,
    grid: Annotated[str | None, typer.Option(help="Grid. Default: all.")] = None,
    style: Annotated[str | None, typer.Option(help="Style. Default: all.")] = None,
    time: Annotated[str | None, typer.Option(help="Time. Default: all.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be deleted.")] = False,
    config: Config = CONFIG,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Delete tiles of layers, in all their grids, styles and times. `garrigue seed` makes them again.

    Exit status: 0 done, 1 the store cannot be written, 2 wrong use.

    Example: garrigue purge pcrs --area "commune:nom='Nantes'" --levels 18-21
    """
    from layers.compile import load
    from tiles.area import AreaError, read_area
    from tiles.grids import GridError
    from tiles.purge import Which
    from tiles.purge import purge as run
    from tiles.seeding.plan import LevelError, read_levels

    registry, _ = load(config, store)
    try:
        where = read_area(area, registry) if area else None
        which = Which(where, read_levels(levels) if levels else None, grid, style, time)
        results = {layer: run(registry, store, layer, which, dry_run=dry_run) for layer in layers}
    except (RequestError, AreaError, GridError, LevelError) as error:
        _errors.print(f"[bold red]garrigue purge:[/] {error}")
        raise typer.Exit(2) from None
    if as_json:
        print(json.dumps({"ok": True, "layers": {name: asdict(one) for name, one in results.items()}}))
        return
    word = "would be deleted (--dry-run)" if dry_run else "deleted"
    for name, one in results.items():
        copies = f", {one.overviews / 1e6:.1f} MB of overviews" if one.overviews else ""
        print(f"{name}: {one.tiles} tiles {word}, {one.archives} archives as a whole, {one.bytes / 1e6:.1f} MB{copies}")
