"""`garrigue status`: the processes and their memory, the configuration, what is stored."""

import json
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import typer
from rich.console import Console
from rich.table import Table

from scripts.options import STORE, Json, Store

MIB = 1024 * 1024


def status(store: Store = STORE, as_json: Json = False) -> None:
    """Tell what runs on this store: front, engine (awake, asleep, sleeping hours), registry, sizes a layer.

    Exit status 1 where no server runs, or where its configuration is broken.
    """
    told = {"server": _server(store), "layers": _layers(store)}
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told, Console(highlight=False))
    server = told["server"]
    if not isinstance(server, dict) or not server["configuration"]["ok"]:
        raise typer.Exit(1)


def _server(store: Path) -> dict[str, Any] | None:
    """What the running server says; None where none answers."""
    try:
        place = json.loads((store / "run" / "front.json").read_text(encoding="utf-8"))
        request = urllib.request.Request(  # noqa: S310 - an address that our own server wrote
            f"{place['address']}/status", headers={"X-Garrigue-Token": place["token"]}
        )
        with urllib.request.urlopen(request, timeout=5) as answer:  # noqa: S310
            found: dict[str, Any] = json.load(answer)
    except (OSError, ValueError, KeyError):
        return None
    return {"address": place["address"], **found}


def _layers(store: Path) -> list[dict[str, Any]]:
    """Tiles, distinct images and bytes of every layer that has some."""
    from tiles.store import Store as Tiles

    tiles = Tiles(store)
    names = sorted(path.name for path in (store / "tiles").glob("*") if path.is_dir())
    found = []
    for name in names:
        sizes = tiles.sizes(name)
        found.append({"layer": name, "tiles": sizes.tiles, "images": sizes.images, "bytes": sizes.bytes})
    return found


def _show(told: dict[str, Any], console: Console) -> None:
    server = told["server"]
    if server is None:
        console.print("[yellow]no server runs on this store[/]; start one with: garrigue serve")
    else:
        front, engine = server["front"], server["engine"]
        console.print(f"server    {server['address']}")
        console.print(f"front     {front['memory_mib']:.1f} MiB, process {front['pid']}")
        console.print(f"engine    {engine['state']}{_memory(engine.get('processes', []))}")
        console.print(f"registry  {server['registry']}")
        for problem in server["configuration"].get("problems", []):
            console.print("[bold red]not taken up[/] ", end="")
            console.print(problem, markup=False)
    table = Table("layer", "tiles", "images", "MiB")
    for row in told["layers"]:
        table.add_row(row["layer"], f"{row['tiles']:,}", f"{row['images']:,}", f"{row['bytes'] / MIB:,.1f}")
    console.print(table if told["layers"] else "no tiles are stored")


def _memory(processes: list[dict[str, Any]]) -> str:
    if not processes:
        return ""
    return f", {sum(each['memory_mib'] for each in processes):.0f} MiB in {len(processes)} processes"
