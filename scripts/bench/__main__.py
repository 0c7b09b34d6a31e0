"""`python -m scripts.bench [CASE …]`: ours and its peers, measured in one run; a table, and JSON.

A case is a module of `scripts.bench.cases` with `TITLE` and `run(folder, seconds) -> list[Figure]`; it raises
MissingPeerError where a peer is not installed.
"""

import json
import pkgutil
import sys
import tempfile
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from scripts.bench import cases
from scripts.bench.measure import Figure
from scripts.bench.peers.peer import MissingPeerError


def bench(
    names: Annotated[list[str] | None, typer.Argument(metavar="[CASE]...", help="All where none is named.")] = None,
    seconds: Annotated[float, typer.Option(min=1, help="Seconds a measurement.")] = 8,
    report: Annotated[Path, typer.Option("--json", help="Where the report is written.")] = Path("bench.json"),
) -> None:
    """Measure, and exit 1 where a target is missed."""
    known = sorted(module.name for module in pkgutil.iter_modules(cases.__path__))
    for name in names or []:
        if name not in known:
            raise typer.BadParameter(f"there is no case {name}; there are {', '.join(known)}")
    console, found = Console(), {}
    for name in names or known:
        case = import_module(f"scripts.bench.cases.{name}")
        with tempfile.TemporaryDirectory(prefix="garrigue-bench-") as folder:
            try:
                figures = case.run(Path(folder), seconds)
            except MissingPeerError as error:
                console.print(f"{name}: skipped, {error}")
                continue
        console.print(_table(case.TITLE, figures))
        found[name] = figures
    report.write_text(json.dumps(_json(found), indent=1) + "\n", encoding="utf-8")
    missed = [figure for figures in found.values() for figure in figures if figure.reached is False]
    sys.exit(1 if missed else 0)


def _table(title: str, figures: list[Figure]) -> Table:
    table = Table("", "value", "ratio", "aim", title=title, title_justify="left")
    for figure in figures:
        mark = {None: "", True: "[green]reached[/]", False: "[red]missed[/]"}[figure.reached]
        sign = "≤" if figure.most else "≥"
        aim = f"{sign} {figure.target:g} {mark}" if figure.target is not None else ""
        ratio = f"{figure.ratio:.2f}" if figure.ratio is not None else ""
        table.add_row(figure.name, f"{figure.value:,.6g} {figure.unit}", ratio, aim)
    return table


def _json(found: dict[str, list[Figure]]) -> dict[str, Any]:
    return {name: [figure.to_json() for figure in figures] for name, figures in found.items()}


if __name__ == "__main__":
    typer.run(bench)
