"""API keys: who holds them and their groups, in STORE/keys.json. Standard library only: the front imports this.

A key is 32 random bytes that nobody chose, so its SHA-256 is kept in its place: there is nothing to guess.
"""

import hashlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

type Holder = tuple[str, frozenset[str]]
"""A name and its groups."""


class Keys:
    """The keys of a store, read again when their file changes: a key that is revoked is refused at once."""

    def __init__(self, store: Path) -> None:
        self.path = store / "keys.json"
        self._seen: tuple[int, int] | None = None
        self._holders: dict[str, Holder] = {}

    def holder(self, secret: str) -> Holder | None:
        """Who holds a key; None for one that is not, or no longer, given out."""
        self._look()
        return self._holders.get(_digest(secret))

    def listed(self) -> list[dict[str, Any]]:
        """Name, groups, day of each key; never the key."""
        try:
            found: list[dict[str, Any]] = json.loads(self.path.read_bytes())["keys"]
        except FileNotFoundError:
            return []
        return found

    def add(self, name: str, groups: Iterable[str]) -> str:
        """Give out a key. It is told here and never again."""
        secret = secrets.token_urlsafe(32)
        day = datetime.now(UTC).date().isoformat()
        entry = {"name": name, "groups": sorted(set(groups)), "since": day, "sha256": _digest(secret)}
        self._write([*self.listed(), entry])
        return secret

    def revoke(self, name: str) -> int:
        """Take back every key of a name; how many there were."""
        listed = self.listed()
        kept = [entry for entry in listed if entry["name"] != name]
        if len(kept) < len(listed):
            self._write(kept)
        return len(listed) - len(kept)

    def _look(self) -> None:
        try:
            state = self.path.stat()
        except FileNotFoundError:
            self._seen, self._holders = None, {}
            return
        if (seen := (state.st_mtime_ns, state.st_ino)) != self._seen:
            self._holders = {entry["sha256"]: _holder(entry) for entry in self.listed()}
            self._seen = seen

    def _write(self, entries: list[dict[str, Any]]) -> None:
        """The whole file anew, for its owner alone."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        beside = self.path.with_name(f".keys-{os.getpid()}.json")
        beside.touch(0o600)
        beside.write_text(json.dumps({"keys": entries}, ensure_ascii=False, indent=1), encoding="utf-8")
        beside.replace(self.path)


def _holder(entry: Mapping[str, Any]) -> Holder:
    return str(entry["name"]), frozenset(entry["groups"])


def _digest(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()
