"""`garrigue seed`: make tiles ahead, so that they are served while the heavy process sleeps."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from layers.errors import GarrigueError, RequestError
from layers.registry import Registry
from scripts.options import CONFIG, STORE, Config, Json, Store

_errors = Console(stderr=True, highlight=False, soft_wrap=True)


def seed(
    layers: Annotated[list[str], typer.Argument(help="Layers to make tiles of.", show_default=False)],
    levels: Annotated[str | None, typer.Option(help="First and last level, as in 12-20. Default: all it has.")] = None,
    area: Annotated[
        str | None,
        typer.Option(help="File of polygons (GeoJSON, GeoPackage …), or xmin,ymin,xmax,ymax[,CRS] (degrees)."),
    ] = None,
    grid: Annotated[list[str] | None, typer.Option(help="Grid; may be repeated. Default: all of the layer.")] = None,
    style: Annotated[str, typer.Option(help="Style; 'all' for every one. Default: the default one.")] = "",
    time: Annotated[str, typer.Option(help="Time; 'all' for every one. Default: the default one.")] = "",
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one a core.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be made.")] = False,
    config: Config = CONFIG,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Make the tiles of layers and keep them in the store; what is there already is left.

    Can be stopped at any time (Ctrl-C, kill) and run again: it goes on where it was.
    Exit status: 0 all there, 1 some could not be made, 2 wrong use.

    Example: garrigue seed pcrs --levels 12-20 --area config/areas/quartier.geojson
    """
    from layers.compile import load

    if not dry_run:
        _check_store(store)
    registry, _ = load(config, store)
    plans = _plans(registry, layers, levels, area, grid, style, time)
    for word in dict.fromkeys(word for plan in plans for word in plan.warnings):
        _errors.print(f"[bold yellow]warning[/] {word}")
    if dry_run:
        return _tell_plans(registry, store, plans, as_json)
    reports = [_seed_one(registry, store, plan, workers, as_json) for plan in plans]
    _tell_reports(plans, reports, as_json)
    if any(report.failed for report in reports):
        raise typer.Exit(1)
    return None


def _check_store(store: Path) -> None:
    try:
        (store / "jobs").mkdir(parents=True, exist_ok=True)
    except OSError as error:
        _errors.print(f"[bold red]garrigue seed:[/] the store {store} cannot be written: {error.strerror}")
        raise typer.Exit(1) from None


def _plans(
    registry: Registry,
    names: list[str],
    levels: str | None,
    area: str | None,
    grids: list[str] | None,
    style: str,
    time: str,
) -> list[Any]:
    """The plans of a command line; what is wrong in it is told with exit status 2."""
    from tiles.area import AreaError, read_area
    from tiles.grids import GridError
    from tiles.plan import LevelError, make_plan, read_levels
    from tiles.table import layer_grids

    try:
        where, chosen = read_area(area) if area else None, read_levels(levels) if levels else None
        plans = []
        for name in names:
            layer = registry.layer(name)
            styles = list(layer.styles) if style == "all" else [style]
            times = list(layer.times) or [""] if time == "all" else [time]
            for one in grids or [item.id for item in layer_grids(layer, registry)]:
                plans += [
                    make_plan(registry, name, grid_name=one, style=s, time=t, levels=chosen, area=where)
                    for s in styles
                    for t in times
                ]
        return plans
    except (RequestError, AreaError, GridError, LevelError) as error:
        _errors.print(f"[bold red]garrigue seed:[/] {error}", markup=True)
        raise typer.Exit(2) from None


def _seed_one(registry: Registry, store: Path, plan: Any, workers: int | None, quiet: bool) -> Any:
    from tiles.seed import Report
    from tiles.seed import seed as run

    if quiet:
        return run(registry, store, plan, workers=workers)
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[rate]}"),
        TimeElapsedColumn(),
        TimeRemainingColumn(),
    )
    with Progress(*columns, console=Console(stderr=True), transient=True) as bar:
        task = bar.add_task(_name(plan), total=None, rate="")

        def tell(report: Report) -> None:
            rate = f"{report.drawn / report.seconds:.0f} tiles/s" if report.seconds > 0.5 else ""
            failed = f", {report.failed} failed" if report.failed else ""
            bar.update(task, total=report.total, completed=report.done, rate=rate + failed)

        try:
            return run(registry, store, plan, workers=workers, progress=tell)
        except KeyboardInterrupt:
            _errors.print("stopped; the same command goes on from here")
            raise typer.Exit(1) from None
        except GarrigueError as error:
            _errors.print(f"[bold red]garrigue seed:[/] {_name(plan)}: {error}")
            raise typer.Exit(1) from None


def _name(plan: Any) -> str:
    return " ".join(filter(None, (plan.layer, plan.style if plan.style != "default" else "", plan.time, plan.grid)))


def _tell_reports(plans: list[Any], reports: list[Any], as_json: bool) -> None:
    if as_json:
        rows = [{"plan": _facts(plan), **asdict(report)} for plan, report in zip(plans, reports, strict=True)]
        print(json.dumps({"ok": not any(report.failed for report in reports), "jobs": rows}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for plan, report in zip(plans, reports, strict=True):
        if report.drawn == 0 and not report.failed:
            console.print(f"{_name(plan)}: nothing to do, all {report.total} tiles are there")
            continue
        rate = report.drawn / max(report.seconds, 1e-3)
        console.print(
            f"{_name(plan)}: {report.drawn} tiles made ({report.empty} empty, {report.before} there before), "
            f"{report.bytes / 1e6:.1f} MB, {report.seconds:.1f} s, {rate:.0f} tiles/s"
        )
        for block, error in report.errors:
            console.print(f"  [red]failed[/] level {block.z}, columns {block.x0}-{block.x1}: {error}")


def _facts(plan: Any) -> dict[str, Any]:
    levels = f"{plan.levels[0].z}-{plan.levels[-1].z}"
    return {"layer": plan.layer, "style": plan.style, "time": plan.time, "grid": plan.grid, "levels": levels}


def _tell_plans(registry: Registry, store: Path, plans: list[Any], as_json: bool) -> None:
    from tiles.estimate import estimate

    estimates = [estimate(registry, store, plan) for plan in plans]
    if as_json:
        rows = [{"plan": _facts(plan), "levels": found} for plan, found in zip(plans, estimates, strict=True)]
        print(json.dumps({"ok": True, "jobs": rows}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for plan, found in zip(plans, estimates, strict=True):
        console.print(f"[bold]{_name(plan)}[/]")
        for row in found:
            hours = "" if row["seconds"] is None else f", about {row['seconds'] / 60:.1f} min"
            console.print(
                f"  level {row['level']:2}: {row['tiles']:>10} tiles, about {row['bytes'] / 1e6:.1f} MB{hours}"
            )
        console.print(f"  together {sum(row['tiles'] for row in found)} tiles; nothing was made (--dry-run)")
