"""What the front knows of a compiled registry: tiles, documents, the service's own settings.

Read from STORE/registry/{version}/front.json, without a model: the front imports no pydantic.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from server.asked_base import Origin
from server.hours import Hours
from server.rendered import Rendered
from server.tile_table import TileTable

CURRENT = "current-3"
"""The file that names the version in force. Its number is that of the form in which versions are written: raised with
every change of it, so that what another Garrigue compiled is not read, but compiled again."""


class Published:
    """One version of the registry, as the front serves it."""

    def __init__(self, folder: Path) -> None:
        data: Mapping[str, Any] = json.loads((folder / "front.json").read_bytes())
        service = data["service"]
        self.folder = folder
        self.version: str = data["version"]
        self.config = Path(data["config"])
        self.language: str = service["language"]
        self.title: Mapping[str, str] = service["title"]
        self.body_limit: int = service["limits"]["body"]
        self.seconds: int = service["limits"]["seconds"]
        self.idle: int = service["engine"]["idle"]
        self.missing_tile: str = service["engine"]["missing_tile"]
        self.processes: int = service["engine"]["processes"]
        self.hours = Hours(service["engine"]["sleep"], service["engine"]["timezone"])
        self.identity: Mapping[str, str] | None = service["identity"]
        self.origin = Origin(service["public_url"], service["trusted_proxies"])
        self.themes = frozenset(data["themes"])
        self.watched: Mapping[str, Any] = data["watched"]
        self.table = TileTable(data["tiles"])
        self.groups = frozenset(data["groups"])
        self.rendered = Rendered(folder / "documents", data["documents"])


def open_current(store: Path) -> Published | None:
    """What is published now; None where nothing has been compiled yet."""
    try:
        name = (store / "registry" / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return Published(store / "registry" / name)
