"""`garrigue seed --format mvt`: vector tiles made ahead."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import typer
from rich.console import Console

from layers.errors import GarrigueError, RequestError
from layers.registry import Registry

_errors = Console(stderr=True, highlight=False, soft_wrap=True)
_NOT_FOR_THEM = {
    "style": "they have no style",
    "grids": "they have one grid",
    "deep_area": "all levels are made in one go; seed twice, the deep --levels with an --area",
    "since": "it looks at the sheets of imagery; --changed compares features",
}
_WORDS = {"features": "reading features", "tiles": "making tiles", "store": "keeping tiles"}


def vector_plans(registry: Registry, asked: Any) -> list[Any]:
    """The plans of what is asked (`scripts.seed.Asked`); what is wrong in it is told with exit status 2."""
    return [plan for name in asked.layers for plan in _plans(registry, name, asked)]


def seed_vector_tiles(
    registry: Registry, store: Path, plans: list[Any], *, threads: int | None, dry_run: bool, as_json: bool
) -> None:
    """Make vector tiles, or tell how many there are."""
    for word in dict.fromkeys(word for plan in plans for word in plan.warnings):
        _errors.print(f"[bold yellow]warning[/] {word}")
    if dry_run:
        return _tell_plans(registry, plans, as_json)
    reports = [_seed_one(registry, store, plan, threads or os.cpu_count() or 1, quiet=as_json) for plan in plans]
    if as_json:
        rows = [{"plan": _facts(plan), **asdict(report)} for plan, report in zip(plans, reports, strict=True)]
        print(json.dumps({"ok": True, "jobs": rows}, ensure_ascii=False))
        return None
    for plan, report in zip(plans, reports, strict=True):
        print(_told(plan, report))
    return None


def _plans(registry: Registry, name: str, asked: Any) -> list[Any]:
    from tiles.area import AreaError, read_area
    from tiles.grids import GridError
    from tiles.plan import LevelError, NoVectorTilesError, make_vector_plan, read_levels

    try:
        _refuse_other(asked)
        layer = registry.layer(name)
        where = read_area(asked.area, registry) if asked.area else None
        levels = read_levels(asked.levels) if asked.levels else None
        times = list(layer.times) or [""] if asked.time == "all" else [asked.time]
        return [make_vector_plan(registry, name, time=time, levels=levels, area=where) for time in times]
    except (RequestError, AreaError, GridError, LevelError, NoVectorTilesError) as error:
        _errors.print(f"[bold red]garrigue seed:[/] {error}")
        raise typer.Exit(2) from None


def _refuse_other(asked: Any) -> None:
    """Raises NoVectorTilesError for what vector tiles have not."""
    from tiles.plan import NoVectorTilesError

    for name, why in _NOT_FOR_THEM.items():
        if getattr(asked, name):
            option = {"grids": "grid"}.get(name, name).replace("_", "-")
            raise NoVectorTilesError(f"--{option} is not for vector tiles: {why}")


def _seed_one(registry: Registry, store: Path, plan: Any, threads: int, *, quiet: bool) -> Any:
    from tiles.vector_seed import seed_vector

    try:
        if quiet:
            return seed_vector(registry, store, plan, threads)
        with Console(stderr=True).status(plan.layer) as status:
            return seed_vector(registry, store, plan, threads, _teller(status, plan.layer))
    except KeyboardInterrupt:
        _errors.print("stopped; the same command goes on from here")
        raise typer.Exit(1) from None
    except GarrigueError as error:
        _errors.print(f"[bold red]garrigue seed:[/] {error}")
        raise typer.Exit(1) from None


def _teller(status: Any, layer: str) -> Callable[[str, Any], None]:
    def tell(what: str, report: Any) -> None:
        status.update(f"{layer}: {_WORDS[what]}" + (f", {report.made} of {report.total}" if report.made else ""))

    return tell


def _told(plan: Any, report: Any) -> str:
    name = " ".join(filter(None, (plan.layer, plan.time, "vector tiles")))
    if not report.made:
        return f"{name}: nothing to do, all {report.total} tiles are there"
    return (
        f"{name}: {report.made} tiles made ({report.empty} empty, {report.before} there before), "
        f"{report.bytes / 1e6:.1f} MB, {report.seconds:.1f} s"
    )


def _facts(plan: Any) -> dict[str, Any]:
    return {
        "layer": plan.layer,
        "time": plan.time,
        "grid": plan.grid,
        "levels": f"{plan.levels[0].z}-{plan.levels[-1].z}",
    }


def _tell_plans(registry: Registry, plans: list[Any], as_json: bool) -> None:
    counted = [(plan, _counts(registry, plan)) for plan in plans]
    if as_json:
        rows = [
            {"plan": _facts(plan), "levels": [{"level": z, "tiles": count} for z, count in counts.items()]}
            for plan, counts in counted
        ]
        print(json.dumps({"ok": True, "jobs": rows}, ensure_ascii=False))
        return
    for plan, counts in counted:
        print(f"{plan.layer} vector tiles")
        for z, count in counts.items():
            print(f"  level {z:2}: {count:>10} tiles")
    print("nothing was made (--dry-run)")


def _counts(registry: Registry, plan: Any) -> dict[int, int]:
    """How many tiles a level has."""
    from tiles.grids import grid
    from tiles.plan import blocks

    found: dict[int, int] = {}
    for block in blocks(plan, grid(plan.grid, registry.config)):
        found[block.z] = found.get(block.z, 0) + (block.x1 - block.x0 + 1) * (block.y1 - block.y0 + 1)
    return found
