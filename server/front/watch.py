"""Looks whether the configuration or the data changed, has it compiled by a short-lived child, and takes up the result.

A broken configuration leaves the one before serving; what is wrong is kept for `/status` and told in the log.
"""

import asyncio
import json
import logging
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from server.published import CURRENT, Published, open_current
from server.watched import config_patterns, stamp

log = logging.getLogger("garrigue.watch")

EVERY = 1.5
"""Seconds between looks at the configuration, and at which version is current."""
DATA_EVERY = 20
"""Every so many looks, the data's files are looked at too."""


class Watch:
    """Keeps `published` up to date; `taken_up` is called with each new version, `tick` at each look."""

    def __init__(
        self,
        config: Path,
        store: Path,
        published: Published,
        taken_up: Callable[[Published], None],
        tick: Callable[[], None],
    ) -> None:
        self.config = config
        self.store = store
        self.published = published
        self.taken_up = taken_up
        self.tick = tick
        self.problems: list[str] = []
        self.compiling = False
        self._globs = config_patterns(config)
        self._tried = (published.watched["stamp"], published.watched["data_stamp"])
        self._seen = self._tried
        self._current = _identity(store)

    async def run(self, every: float = EVERY) -> None:
        """Look for ever."""
        turn = 0
        while True:
            await self._look(with_data=turn % DATA_EVERY == 0)
            self.tick()
            turn += 1
            await asyncio.sleep(every)

    async def _look(self, *, with_data: bool) -> None:
        if (current := _identity(self.store)) != self._current:
            self._take_up(current)
        seen = await asyncio.to_thread(self._stamps, with_data)
        settled, self._seen = seen == self._seen, seen
        if seen == self._tried:
            return
        # A file that is still being written changes again by the next look.
        if settled or self._tried[0] == "":
            self._tried = seen
            await self._compile()

    def _stamps(self, with_data: bool) -> tuple[str, str]:
        data = stamp(self.published.watched["data"]) if with_data else self._seen[1]
        return stamp(self._globs), data

    async def _compile(self) -> None:
        log.info("the configuration or its data changed: garrigue check --compile")
        command = [sys.executable, "-m", "scripts.cli", "check", "--compile", "--json"]
        command += ["--config", str(self.config), "--store", str(self.store)]
        self.compiling = True
        try:
            pipe = asyncio.subprocess.PIPE
            child = await asyncio.create_subprocess_exec(*command, stdout=pipe, stderr=pipe)
            try:
                out, err = await child.communicate()
            finally:
                # It does not outlive the server, which may be told to stop meanwhile.
                if child.returncode is None:
                    child.kill()
                    await child.wait()
        finally:
            self.compiling = False
        self.problems = [] if child.returncode == 0 else _problems(out, err)
        for problem in self.problems:
            log.error("the configuration is not taken up: %s", problem)
        if (current := _identity(self.store)) != self._current:
            self._take_up(current)

    def _take_up(self, current: tuple[int, int] | None) -> None:
        try:
            published = open_current(self.store)
        except (OSError, KeyError, ValueError) as error:
            log.error("the compiled registry cannot be read: %s", error)
            return
        self._current = current
        if published is not None:
            self.published = published
            self.taken_up(published)
            log.info("serving registry %s", published.version)


def _identity(store: Path) -> tuple[int, int] | None:
    try:
        state = (store / "registry" / CURRENT).stat()
    except OSError:
        return None
    return state.st_mtime_ns, state.st_ino


def _problems(out: bytes, err: bytes) -> list[str]:
    """What `garrigue check --json` found wrong, else the end of what it wrote."""
    try:
        found: Mapping[str, Any] = json.loads(out)
    except ValueError:
        lines = (err or out).decode("utf-8", "replace").strip().splitlines()
        return lines[-3:] or ["garrigue check failed without a word"]
    return [_sentence(item) for item in found.get("errors", [])] or ["garrigue check failed"]


def _sentence(item: Mapping[str, Any]) -> str:
    place = item["file"] if item.get("line") is None else f"{item['file']}:{item['line']}"
    subject = ".".join(part for part in (item.get("layer"), item.get("key")) if part)
    return f"{place}: {subject}: {item['message']}" if subject else f"{place}: {item['message']}"
