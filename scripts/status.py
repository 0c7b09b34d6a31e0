"""`garrigue status`: the processes and their memory, the configuration, what is stored."""

import json
import urllib.error
import urllib.request
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from scripts.options import STORE, Json, Store
from tiles.address import VECTOR
from tiles.usage import Stamps

MIB = 1024 * 1024


Config = Annotated[
    Path | None,
    typer.Option(
        envvar="GARRIGUE_CONFIG",
        help="Folder of the configuration, to compare with. Default: as it was last served or compiled.",
    ),
]


def status(config: Config = None, store: Store = STORE, as_json: Json = False) -> None:
    """Tell what runs on this store: front, engine (awake, asleep, sleeping hours), registry; and what is stored.

    Of each layer: tiles, size, age, tiles that a change of style or data has made stale, stored tiles answered (hits).
    While a server runs it looks for changes itself; without one, --config has them looked for.

    Exit status 1 where no server runs, or where its configuration is broken.
    """
    server = _server(store)
    served = _served(store, server)
    since = _moment(served["since"])
    told = {"server": server, "layers": _layers(store, _stamps(config, store), served), "hits_since": since}
    if as_json:
        print(json.dumps(told, ensure_ascii=False))
    else:
        _show(told, Console(highlight=False))
    if server is None or not server["configuration"]["ok"]:
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


def _stamps(config: Path | None, store: Path) -> Stamps | None:
    """Of the tiles that are current, by layer and style; None where no configuration is known. Raises RegistryError."""
    from server.published import open_current
    from server.tile_table import TileTable
    from tiles.table import tile_table

    if config is not None:
        from layers.compile import load

        return TileTable(tile_table(load(config, store)[0])).stamps()
    published = open_current(store)
    return published.table.stamps() if published else None


def _layers(store: Path, stamps: Stamps | None, served: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What is stored of every layer that has something, how old it is, what is stale, how often it was answered."""
    from tiles.overview import store as overview_store
    from tiles.usage import usage

    return [
        {
            "layer": one.layer,
            "declared": None if stamps is None else one.layer in stamps,
            "tiles": one.sizes.tiles,
            "images": one.sizes.images,
            "bytes": one.sizes.bytes,
            "archives": one.archives,
            "overviews": overview_store.size(store, one.layer),
            "oldest": _moment(one.oldest),
            "newest": _moment(one.newest),
            "stale": {} if stamps is None else dict(one.stale),
            "unreadable": one.unreadable,
            "hits": served["layers"].get(one.layer, 0),
        }
        for one in usage(store, stamps or {})
    ]


def _served(store: Path, server: Mapping[str, Any] | None) -> Mapping[str, Any]:
    """How many stored tiles were answered: as the server says, else as it said last."""
    from server.front.served import read_served

    if server is not None:
        found: Mapping[str, Any] = server["served"]
        return found
    since, layers = read_served(store)
    return {"since": since, "layers": layers}


def _moment(seconds: float) -> str | None:
    return datetime.fromtimestamp(seconds).astimezone().isoformat(timespec="minutes") if seconds else None


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
    _show_layers(told, console)


def _show_layers(told: Mapping[str, Any], console: Console) -> None:
    names = ("layer", "tiles", "images", "MiB", "overviews", "stale", "oldest", "newest", "hits")
    table = Table(*names, box=None, padding=(0, 2, 0, 0))
    for row in told["layers"]:
        counts = [f"{row[name]:,}" for name in ("tiles", "images")]
        days = [(row[name] or "").partition("T")[0] for name in ("oldest", "newest")]
        stale = f"{sum(row['stale'].values()):,}"
        sizes = [f"{row[name] / MIB:,.1f}" for name in ("bytes", "overviews")]
        table.add_row(row["layer"], *counts, *sizes, stale, *days, f"{row['hits']:,}")
    console.print(table if told["layers"] else "no tiles are stored")
    for row in told["layers"]:
        for word in _advice(row):
            console.print(f"[yellow]{row['layer']}[/]", end="")
            console.print(f": {word}", markup=False)


def _advice(row: Mapping[str, Any]) -> Iterator[str]:
    """What may be done about what is wrong with a layer's tiles."""
    name = row["layer"]
    for file in row["unreadable"]:
        yield f"{file} cannot be read, or is damaged; seeding looks, puts it aside and makes it anew"
    if row["declared"] is None:
        yield "what is stale is known with --config, or once garrigue check --compile or garrigue serve has run"
        return
    if not row["declared"]:
        yield f"not a layer any more; to delete its tiles: garrigue purge {name}"
        return
    for style, count in row["stale"].items():
        kind, option = ("vector tiles", " --format mvt") if style == VECTOR else (f"tiles of style {style}", "")
        chosen = "" if option or style == "default" else f" --style {style}"
        yield f"{count:,} {kind} are of an older style or data: garrigue seed {name}{option}{chosen}"


def _memory(processes: list[dict[str, Any]]) -> str:
    if not processes:
        return ""
    return f", {sum(each['memory_mib'] for each in processes):.0f} MiB in {len(processes)} processes"
