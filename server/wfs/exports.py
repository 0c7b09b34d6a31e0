"""The exports of a store, STORE/exports/{id}/: made one after the other, kept for some hours, bounded in number.

An export outlives the request that asked for it, not the engine: one that was being made when the engine ended is told
as failed, and made again when it is asked for again.
"""

import asyncio
import logging
import re
import shutil
import time
from collections.abc import Buffer, Callable, Iterator
from dataclasses import replace
from pathlib import Path

from layers import model
from layers.errors import GarrigueError
from server.engine.downloads import Downloads
from server.errors import ServiceError
from server.exports_busy import EVERY, sign
from server.wfs.export import Export

log = logging.getLogger("garrigue.exports")

type Work = Callable[[], Iterator[Buffer]]

LOOK = 64 * 1024 * 1024
"""Bytes that are written between looks at the free space."""

_ID = re.compile(r"[0-9a-f]{32}")


class ExportError(ServiceError):
    """An export cannot be made now."""

    code = "OperationProcessingFailed"
    status = 503

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.headers = {"Retry-After": "600"}


class Exports:
    """What is made and kept in a store."""

    def __init__(self, store: Path, downloads: Downloads) -> None:
        self.store = store
        self.folder = store / "exports"
        self._downloads = downloads
        self._making: dict[str, asyncio.Task[None]] = {}
        self._turn = asyncio.Semaphore(1)
        self._beating: asyncio.Task[None] | None = None

    def find(self, name: str) -> Export | None:
        """The export of an id; one that nobody makes any more has failed."""
        found = Export.read(self.folder / name) if _ID.fullmatch(name) else None
        if found is None or found.ended or name in self._making:
            return found
        return replace(found, status="failed", ended=found.created, error="the server was stopped: ask again")

    def path(self, export: Export) -> Path:
        """Its file."""
        return self.folder / export.id / export.file

    def ask(self, wanted: Export, work: Work, settings: model.Exports, floor: int) -> Export:
        """The export of this id, made if it is not there: `work`, which can be pickled, makes its bytes.

        `floor` is how many bytes of the disk stay free. Raises ExportError.
        """
        self.sweep(settings.hours)
        known = self.find(wanted.id)
        if known is not None and known.status != "failed":
            return known
        self._make_room(settings.most, wanted.estimate, floor)
        folder = self.folder / wanted.id
        shutil.rmtree(folder, ignore_errors=True)
        wanted = replace(wanted, status="accepted", created=time.time(), ended=0.0, size=0, error="")
        wanted.write(folder)
        task = asyncio.create_task(self._make(wanted, work, floor))
        self._making[wanted.id] = task
        task.add_done_callback(lambda _: self._making.pop(wanted.id, None))
        if self._beating is None:
            self._beating = asyncio.create_task(self._beat())
        return wanted

    def sweep(self, hours: int) -> None:
        """Remove what was made so many hours ago, and what nobody makes any more since then."""
        for export in self._all():
            if export.id not in self._making and time.time() - (export.ended or export.created) > hours * 3600:
                shutil.rmtree(self.folder / export.id, ignore_errors=True)

    def _all(self) -> list[Export]:
        folders = self.folder.iterdir() if self.folder.is_dir() else ()
        found = [export for folder in folders if _ID.fullmatch(folder.name) and (export := Export.read(folder))]
        return sorted(found, key=lambda export: export.created)

    def _make_room(self, most: int, size: int, floor: int) -> None:
        """Remove the oldest ones where there are as many as there may be."""
        kept = self._all()
        idle = [export for export in kept if export.id not in self._making]
        while len(kept) >= most and idle:
            gone = idle.pop(0)
            kept.remove(gone)
            shutil.rmtree(self.folder / gone.id, ignore_errors=True)
        if len(kept) >= most:
            raise ExportError(f"{most} large files are being made already: ask again later")
        self.folder.mkdir(parents=True, exist_ok=True)
        if shutil.disk_usage(self.folder).free < size + floor:
            raise ExportError(f"there is no room for a file of some {size / 1e6:.0f} MB now")

    async def _make(self, export: Export, work: Work, floor: int) -> None:
        """Write the file, and note how it went."""
        folder = self.folder / export.id
        try:
            async with self._turn:
                replace(export, status="running").write(folder)
                await self._write(self.path(export), work, floor)
            size = self.path(export).stat().st_size
            ended = replace(export, status="successful", ended=time.time(), size=size)
        except (ServiceError, GarrigueError) as error:
            log.error("export %s of %s: %s", export.id, ", ".join(export.layers), error)
            ended = replace(export, status="failed", ended=time.time(), error=str(error))
        except OSError as error:
            log.error("export %s of %s: %s", export.id, ", ".join(export.layers), error)
            ended = replace(export, status="failed", ended=time.time(), error="the file cannot be written")
        ended.write(folder)

    async def _write(self, path: Path, work: Work, floor: int) -> None:
        partial, written = path.with_name(f".{path.name}"), 0
        try:
            with partial.open("wb") as file:
                download = await self._downloads.open(work)
                await download.first()
                async for chunk in download:
                    await asyncio.to_thread(file.write, chunk)
                    written += len(chunk)
                    if written // LOOK != (written - len(chunk)) // LOOK:
                        self._check_space(floor)
            partial.replace(path)
        finally:
            partial.unlink(missing_ok=True)

    def _check_space(self, floor: int) -> None:
        if shutil.disk_usage(self.folder).free < floor:
            raise ExportError("the disk is full")

    async def _beat(self) -> None:
        """Signs of life for the front, while something is made."""
        try:
            while self._making:
                sign(self.store).touch()
                await asyncio.wait(self._making.values(), timeout=EVERY)
        finally:
            sign(self.store).unlink(missing_ok=True)
            self._beating = None

    async def close(self) -> None:
        """Give up what is being made."""
        tasks = [*self._making.values(), *([self._beating] if self._beating else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
