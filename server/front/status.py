"""What the server tells of itself: to anybody whether it is well, to its admin (who can read the store) the rest."""

import json
import os
import secrets
from hmac import compare_digest
from pathlib import Path
from typing import TYPE_CHECKING, Any

from server.front.served import Served
from server.memory import resident

if TYPE_CHECKING:
    from server.front.wake import Engine
    from server.front.watch import Watch

MIB = 1024 * 1024


class Status:
    """The state of the processes; `path` tells `garrigue status` where to ask, and the token to ask with."""

    def __init__(self, store: Path, served: Served) -> None:
        self.path = store / "run" / "front.json"
        self.token = secrets.token_hex(16)
        self.served = served
        self.engine: Engine | None = None
        self.watch: Watch | None = None

    def told(self, token: str) -> dict[str, Any]:
        """What is told to who has this token ("" for none)."""
        trusted = compare_digest(token.encode(), self.token.encode())
        engine = self.engine
        found: dict[str, Any] = {
            "front": {"memory_mib": round(resident(os.getpid()) / MIB, 1)},
            "engine": {"state": engine.state if engine else "never"},
            "configuration": {"ok": not (self.watch and self.watch.problems)},
            "registry": self.watch.published.version if self.watch else None,
        }
        if trusted:
            self._add_details(found)
        return found

    def announce(self, address: str) -> None:
        """Write where this server is; readable by its owner only. A read-only store is no reason to stop."""
        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            temporary = self.path.with_suffix(f".{os.getpid()}")
            temporary.touch(0o600)
            temporary.write_text(json.dumps({"pid": os.getpid(), "address": address, "token": self.token}))
            temporary.replace(self.path)
        except OSError:
            return

    def withdraw(self) -> None:
        """Remove what `announce` wrote, if it is still this process's."""
        try:
            if json.loads(self.path.read_text(encoding="utf-8"))["pid"] == os.getpid():
                self.path.unlink()
        except (OSError, ValueError, KeyError):
            return

    def _add_details(self, found: dict[str, Any]) -> None:
        found["front"]["pid"] = os.getpid()
        found["served"] = self.served.told()
        engine = self.engine
        if engine is not None:
            pids = family(engine.process.pid) if engine.process is not None else []
            found["engine"]["processes"] = [
                {"pid": pid, "memory_mib": round(resident(pid) / MIB, 1)} for pid in pids if resident(pid)
            ]
            found["engine"] |= {"in_flight": engine.in_flight, "starts": engine.starts}
        if self.watch:
            found["configuration"] |= {"problems": self.watch.problems, "compiling": self.watch.compiling}
            found["configuration"]["folder"] = str(self.watch.config)


def family(pid: int) -> list[int]:
    """A process and everything that it started, itself first."""
    found = [pid]
    for process in found:
        try:
            lists = list(Path(f"/proc/{process}/task").glob("*/children"))
            found += [int(child) for path in lists for child in path.read_text(encoding="ascii").split()]
        except OSError:
            continue
    return found
