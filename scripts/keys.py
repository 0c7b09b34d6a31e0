"""`garrigue keys`: who may reach the layers that are not for everybody."""

import json
import re
from enum import StrEnum
from typing import Annotated

import typer
from rich.console import Console

from scripts.options import STORE, Json, Store
from server.keys import Keys

_errors = Console(stderr=True, highlight=False, soft_wrap=True)
_WORD = re.compile(r"[A-Za-z0-9_.-]+")


class Action(StrEnum):
    """What is done with keys."""

    list = "list"
    add = "add"
    revoke = "revoke"


def keys(
    action: Annotated[Action, typer.Argument(help="What to do.")] = Action.list,
    name: Annotated[str | None, typer.Argument(help="Who holds the key.", show_default=False)] = None,
    group: Annotated[list[str] | None, typer.Option(help="A group that its holder is in; once or more.")] = None,
    store: Store = STORE,
    as_json: Json = False,
) -> None:
    """Give out, list and revoke API keys. A key is shown once; only its SHA-256 is kept, in STORE/keys.json.

    It is sent as `X-API-Key`, as `?apikey=`, or as the password of HTTP Basic with any name.
    Exit status: 0 done, 1 the store cannot be written or there is no such name, 2 wrong use.

    Example: garrigue keys add bureau-etudes --group voirie
    """
    found = Keys(store)
    if action is Action.list:
        told = [{key: value for key, value in entry.items() if key != "sha256"} for entry in found.listed()]
        print(json.dumps(told, ensure_ascii=False) if as_json else _lines(told))
        return
    if wrong := _wrong(action, name, group or []):
        _errors.print(f"[bold red]garrigue keys:[/] {wrong}")
        raise typer.Exit(2)
    assert name is not None
    if action is Action.add:
        secret = found.add(name, group or [])
        print(json.dumps({"name": name, "key": secret}) if as_json else secret)
        return
    count = found.revoke(name)
    print(json.dumps({"revoked": count}) if as_json else f"{count} revoked")
    raise typer.Exit(0 if count else 1)


def _wrong(action: Action, name: str | None, groups: list[str]) -> str:
    """What is wrong with a command, in words; "" where nothing is."""
    if not name or not _WORD.fullmatch(name):
        return "a name is needed, of letters, digits, -, _ and ."
    if action is Action.add and not groups:
        return "a key without a group opens nothing: give --group"
    bad = next((one for one in groups if not _WORD.fullmatch(one)), None)
    return f"{bad!r} is no group's name: letters, digits, -, _ and ." if bad else ""


def _lines(told: list[dict[str, object]]) -> str:
    rows = [f"{entry['name']}  {', '.join(entry['groups'])}  since {entry['since']}" for entry in told]  # type: ignore[arg-type]
    return "\n".join(rows or ["no keys have been given out"])
