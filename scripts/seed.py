"""`garrigue seed`: make tiles ahead, so that they are served while the heavy process sleeps."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import datetime
from enum import StrEnum
from functools import partial
from pathlib import Path
from tempfile import TemporaryFile
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn, TimeRemainingColumn

from layers.errors import GarrigueError, RequestError
from layers.registry import Registry
from scripts.options import CONFIG, STORE, Config, Json, Store
from tiles.address import VECTOR

if TYPE_CHECKING:
    from tiles.seeding.schedule import Seed

NOT_FOR_VECTOR = {
    "style": "they have no style",
    "since": "it looks at the sheets of imagery; --changed compares features",
}
"""What is refused with `--format mvt`, and why."""
AREA = "File of polygons (GeoJSON, GeoPackage …), LAYER:filter (CQL), or xmin,ymin,xmax,ymax[,CRS] (degrees)."

_errors = Console(stderr=True, highlight=False, soft_wrap=True)


class Format(StrEnum):
    """What tiles are made."""

    PICTURES = "pictures"
    MVT = "mvt"


def seed(
    layers: Annotated[list[str] | None, typer.Argument(help="Layers to make tiles of.", show_default=False)] = None,
    task: Annotated[str | None, typer.Option(help="A task of config/seeds.yaml instead.")] = None,
    levels: Annotated[str | None, typer.Option(help="First and last level, as in 12-20. Default: all it has.")] = None,
    area: Annotated[str | None, typer.Option(help=AREA)] = None,
    deep_area: Annotated[
        str | None, typer.Option(help="LEVEL:AREA, as in 20:centres.gpkg: from that level on inside the area only.")
    ] = None,
    grid: Annotated[list[str] | None, typer.Option(help="Grid; may be repeated. Default: all of the layer.")] = None,
    style: Annotated[str, typer.Option(help="Style; 'all' for every one. Default: the default one.")] = "",
    time: Annotated[str, typer.Option(help="Time; 'all' for every one. Default: the default one.")] = "",
    changed: Annotated[bool, typer.Option("--changed", help="Keep tiles where the data did not change since.")] = False,
    since: Annotated[str | None, typer.Option(help="Keep tiles off sheets newer than a date, 2026-05-31.")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="Processes. Default: one a core.")] = None,
    scheduler: Annotated[str | None, typer.Option(help="Address of a Dask scheduler, tcp://host:8786.")] = None,
    until: Annotated[str | None, typer.Option(help="Stop at an hour, as in 06:00.")] = None,
    lasting: Annotated[str | None, typer.Option("--for", help="Stop after a while, as in 8h or 90m.")] = None,
    format_: Annotated[
        Format, typer.Option("--format", help="mvt makes vector tiles in place of pictures.")
    ] = Format.PICTURES,
    errors: Annotated[int, typer.Option(min=1, help="Blocks that may fail in a row before the job is given up.")] = 20,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only tell what would be made.")] = False,
    config: Config = CONFIG,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Make the tiles of layers and keep them in the store; what is there already is left.

    Can be stopped at any time (Ctrl-C, kill) and run again: it goes on where it was.
    Exit status: 0 all there, 1 some could not be made, 2 wrong use, 3 the time was up before the end.

    Example: garrigue seed pcrs --levels 12-20 --area config/areas/quartier.geojson --until 06:00
    """
    from layers.compile import load
    from tiles.seeding.schedule import Seed

    given: dict[str, Any] = {
        "style": style,
        "time": time,
        "levels": levels,
        "area": area,
        "deep_area": deep_area,
        "since": since,
    }
    given |= {"layers": layers, "grids": grid or (), "changed": changed, "format": format_.value}
    asked = Seed.model_validate(given) if layers else None
    if scheduler and format_ is Format.MVT:
        _errors.print("[bold red]garrigue seed:[/] --scheduler is not for vector tiles: they are made on this machine")
        raise typer.Exit(2)
    means, seeds = _means(config, asked, task, workers, scheduler, (until, lasting), errors)
    if not dry_run:
        _check_store(store)
    registry, _ = load(config, store)
    plans = [plan for one in seeds for plan in _plans(registry, one)]
    for word in dict.fromkeys(word for plan in plans for word in plan.warnings):
        _errors.print(f"[bold yellow]warning[/] {word}")
    if not dry_run:
        for one in seeds:
            _take_changes(registry, store, one)
    if dry_run:
        return _tell_plans(registry, store, plans, means, as_json)
    from tiles.seeding.team import teams

    with teams(means.workers, means.scheduler) as choose:
        reports = [_seed_one(registry, store, plan, means, choose, quiet=as_json) for plan in plans]
    _tell_reports(plans, reports, as_json)
    if any(report.failed for report in reports):
        raise typer.Exit(1)
    if any(report.stopped for report in reports):
        raise typer.Exit(3)
    return None


def _means(
    config: Path,
    asked: "Seed | None",
    task: str | None,
    workers: int | None,
    scheduler: str | None,
    ends: tuple[str | None, str | None],
    errors: int,
) -> "tuple[Any, list[Seed]]":
    """How to run, and what; of a task where one is named."""
    from tiles.seeding.schedule import ScheduleError, deadline, end_of_hours, read_task
    from tiles.seeding.seed import Means

    try:
        now = datetime.now()
        end, seeds = deadline(*ends, now), [asked] if asked else []
        if bool(task) == bool(asked):
            raise ScheduleError("name layers, or one task by --task")
        if task:
            found = read_task(config, task)
            ends_ = [moment for moment in (end, end_of_hours(found.hours, now) if found.hours else None) if moment]
            end, workers, scheduler = min(ends_, default=None), workers or found.workers, scheduler or found.scheduler
            seeds = [_beside(config, one) for one in found.seeds]
    except ScheduleError as error:
        _errors.print(f"[bold red]garrigue seed:[/] {error}")
        raise typer.Exit(2) from None
    return Means(workers, scheduler, end, errors), seeds


def _beside(config: Path, seed: "Seed") -> "Seed":
    """Files of areas in a task are named from the configuration's folder."""
    changed = {}
    if seed.area and (config / seed.area).is_file():
        changed["area"] = str(config / seed.area)
    if seed.deep_area:
        first, _, area = seed.deep_area.partition(":")
        if (config / area).is_file():
            changed["deep_area"] = f"{first}:{config / area}"
    return seed.model_copy(update=changed)


def _check_store(store: Path) -> None:
    """By writing: a folder that is there may be on a disk that takes nothing."""
    try:
        (store / "jobs").mkdir(parents=True, exist_ok=True)
        with TemporaryFile(dir=store / "jobs"):
            pass
    except OSError as error:
        _errors.print(f"[bold red]garrigue seed:[/] the store {store} cannot be written: {error.strerror}")
        raise typer.Exit(1) from None


def _take_changes(registry: Registry, store: Path, asked: "Seed") -> None:
    """Tiles that the data's changes do not reach are kept as current."""
    if not (asked.changed or asked.since):
        return
    from tiles.seeding.changes import ChangeError, take_changes

    try:
        since = _date(asked.since) if asked.since else None
        for name in asked.layers:
            found = take_changes(registry, store, name, since)
            if found.parts is None:
                _errors.print(f"{name}: nothing to compare with yet; from now on there is")
            else:
                _errors.print(f"{name}: {found.parts} changes; {found.kept} tiles stay, {found.stale} are made again")
    except ChangeError as error:
        _errors.print(f"[bold red]garrigue seed:[/] {error}")
        raise typer.Exit(2) from None


def _date(text: str) -> datetime:
    from tiles.seeding.changes import ChangeError

    try:
        return datetime.fromisoformat(text)
    except ValueError:
        raise ChangeError(f"a date is written 2026-05-31, not {text!r}") from None


def _plans(registry: Registry, asked: "Seed") -> list[Any]:
    """The plans of what is asked; what is wrong in it is told with exit status 2."""
    from tiles.area import AreaError, read_area
    from tiles.grids import GridError
    from tiles.seeding.plan import LevelError, NoVectorTilesError, read_deep, read_levels

    try:
        if asked.format == "mvt":
            _refuse_other(asked)
        where = read_area(asked.area, registry) if asked.area else None
        deep = read_deep(asked.deep_area, registry) if asked.deep_area else None
        chosen = read_levels(asked.levels) if asked.levels else None
        return [
            plan
            for name in asked.layers
            for plan in _plans_of(registry, name, asked, levels=chosen, area=where, deep=deep)
        ]
    except (RequestError, AreaError, GridError, LevelError, NoVectorTilesError) as error:
        _errors.print(f"[bold red]garrigue seed:[/] {error}", markup=True)
        raise typer.Exit(2) from None


def _refuse_other(asked: "Seed") -> None:
    """Raises NoVectorTilesError for what vector tiles have not."""
    from tiles.seeding.plan import NoVectorTilesError

    for name, why in NOT_FOR_VECTOR.items():
        if getattr(asked, name):
            raise NoVectorTilesError(f"--{name} is not for vector tiles: {why}")


def _plans_of(registry: Registry, name: str, asked: "Seed", **within: Any) -> list[Any]:
    from tiles.seeding.plan import make_plan, make_vector_plans
    from tiles.table import layer_grids

    layer = registry.layer(name)
    times = list(layer.times) or [""] if asked.time == "all" else [asked.time]
    if asked.format == "mvt":
        return [plan for t in times for plan in make_vector_plans(registry, name, grids=asked.grids, time=t, **within)]
    styles = list(layer.styles) if asked.style == "all" else [asked.style]
    grids = asked.grids or [item.id for item in layer_grids(layer, registry)]
    return [
        make_plan(registry, name, grid_name=one, style=s, time=t, **within)
        for one in grids
        for s in styles
        for t in times
    ]


def _seed_one(registry: Registry, store: Path, plan: Any, means: Any, choose: Any, *, quiet: bool) -> Any:
    from tiles.seeding.seed import seed as pictures
    from tiles.vector.seed import seed_vector

    run: Callable[..., Any] = seed_vector if plan.style == VECTOR else partial(pictures, choose=choose)
    try:
        if quiet:
            return run(registry, store, plan, means)
        with Progress(*_COLUMNS, console=Console(stderr=True), transient=True) as bar:
            return run(registry, store, plan, means, _teller(bar, _name(plan)))
    except KeyboardInterrupt:
        _errors.print("stopped; the same command goes on from here")
        raise typer.Exit(1) from None
    except GarrigueError as error:
        _errors.print(f"[bold red]garrigue seed:[/] {_name(plan)}: {error}")
        raise typer.Exit(1) from None


_DOING = {"features": "reading features", "tiles": "making tiles", "store": "keeping tiles"}
_COLUMNS = (
    TextColumn("{task.description}"),
    BarColumn(),
    MofNCompleteColumn(),
    TextColumn("{task.fields[rate]}"),
    TimeElapsedColumn(),
    TimeRemainingColumn(),
)


def _teller(bar: Progress, name: str) -> Callable[[Any], None]:
    task = bar.add_task(name, total=None, rate="")

    def tell(report: Any) -> None:
        rate = f"{report.drawn / report.seconds:.0f} tiles/s" if report.seconds > 0.5 else _DOING.get(report.doing, "")
        failed = f", {report.failed} failed" if report.failed else ""
        bar.update(task, total=report.total, completed=report.done, rate=rate + failed)

    return tell


def _name(plan: Any) -> str:
    style = {"default": "", VECTOR: "vector tiles"}.get(plan.style, plan.style)
    return " ".join(filter(None, (plan.layer, style, plan.time, plan.grid)))


def _tell_reports(plans: list[Any], reports: list[Any], as_json: bool) -> None:
    if as_json:
        rows = [{"plan": _facts(plan), **asdict(report)} for plan, report in zip(plans, reports, strict=True)]
        print(json.dumps({"ok": not any(report.failed for report in reports), "jobs": rows}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for plan, report in zip(plans, reports, strict=True):
        if report.drawn == 0 and not report.failed and not report.stopped:
            console.print(f"{_name(plan)}: nothing to do, all {report.total} tiles are there")
            continue
        rate = report.drawn / max(report.seconds, 1e-3)
        console.print(
            f"{_name(plan)}: {report.drawn} tiles made ({report.empty} empty, {report.before} there before), "
            f"{round(report.bytes / 1e6, 1) + 0:.1f} MB, {report.seconds:.1f} s, {rate:.0f} tiles/s"
        )
        if report.stopped:
            console.print(f"  the time is up: {report.total - report.done} tiles are left; the same command goes on")
        for block, error in report.errors:
            place = f"level {block.z}, columns {block.x0}-{block.x1}, rows {block.y0}-{block.y1}"
            console.print(f"  [red]failed[/] {place}: {error}")


def _facts(plan: Any) -> dict[str, Any]:
    levels = f"{plan.levels[0].z}-{plan.levels[-1].z}"
    kind, style = (Format.MVT, "") if plan.style == VECTOR else (Format.PICTURES, plan.style)
    facts = {"layer": plan.layer, "style": style, "time": plan.time, "grid": plan.grid, "levels": levels}
    return facts | {"format": kind.value}


def _tell_plans(registry: Registry, store: Path, plans: list[Any], means: Any, as_json: bool) -> None:
    from tiles.seeding.estimate import estimate

    estimates = [estimate(registry, store, plan, means.workers) for plan in plans]
    if as_json:
        rows = [{"plan": _facts(plan), "levels": found} for plan, found in zip(plans, estimates, strict=True)]
        print(json.dumps({"ok": True, "jobs": rows}, ensure_ascii=False))
        return
    console = Console(highlight=False, soft_wrap=True)
    for plan, found in zip(plans, estimates, strict=True):
        console.print(f"[bold]{_name(plan)}[/]")
        for row in found:
            console.print(f"  level {row['level']:2}: {_cost(row)}")
        total = {key: sum(row[key] for row in found) for key in ("tiles", "bytes", "seconds", "watt_hours")}
        usual = "" if all(row["measured"] for row in found) else "; the pace is a guess until the layer was seeded once"
        console.print(f"  together {_cost(total)}{usual}")
    console.print("nothing was made (--dry-run)")


def _cost(row: dict[str, Any]) -> str:
    size = _in(row["bytes"], {"GB": 1e9, "MB": 1e6, "kB": 1e3})
    hours = _in(row["seconds"], {"h": 3600, "min": 60, "s": 1})
    energy = _in(row["watt_hours"], {"kWh": 1000, "Wh": 1})
    return f"{row['tiles']:>10} tiles, about {size}, {hours}, {energy}"


def _in(amount: float, units: dict[str, float]) -> str:
    """An amount in the largest unit of which it is one at least, else in the smallest."""
    unit = next((name for name, size in units.items() if amount >= size), list(units)[-1])
    return f"{amount / units[unit]:.1f} {unit}"
