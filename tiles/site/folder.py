"""A folder that is replaced as a whole: HOME/site is a link to the version in force, made beside the one before.

What did not change is linked from the one before, not written again. A reader sees one version or the other; a writer
that is killed leaves the old one, and its rest is removed by the next.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

from layers.errors import GarrigueError

NAME = "site"
_NOTES = ".garrigue.json"
_PREFIX = ".site-"


class SiteError(GarrigueError):
    """A site that cannot be written, in words."""


@dataclass(slots=True)
class Version:
    """A version in the making. `prints` tell parts apart by what they were made of, without reading them."""

    folder: Path
    old: Path | None
    old_prints: dict[str, str]
    old_files: int
    prints: dict[str, str] = field(default_factory=dict)
    written: int = 0
    kept: int = 0

    @property
    def removed(self) -> int:
        """Files of the old version that are not in this one, or are others."""
        return self.old_files - self.kept

    def put(self, name: str, data: bytes) -> None:
        """A file; linked where the old version has the same."""
        place = self._place(name)
        former = self.old / name if self.old else None
        if former is not None and former.is_file() and former.read_bytes() == data:
            os.link(former, place)
            self.kept += 1
            return
        place.write_bytes(data)
        self.written += 1

    def made(self, name: str) -> Path:
        """Where a file is to be written by others; it counts as written."""
        self.written += 1
        return self._place(name)

    def keep(self, name: str, fingerprint: str) -> bool:
        """Take a file or folder over from the old version, if it was made of the same there; else False."""
        self.prints[name] = fingerprint
        if self.old is None or self.old_prints.get(name) != fingerprint:
            return False
        former = self.old / name
        for file in [former] if former.is_file() else (path for path in former.rglob("*") if path.is_file()):
            os.link(file, self._place(file.relative_to(self.old).as_posix()))
            self.kept += 1
        return True

    def _place(self, name: str) -> Path:
        place = self.folder / name
        place.parent.mkdir(parents=True, exist_ok=True)
        return place


@contextmanager
def new_version(home: Path) -> Iterator[Version]:
    """A version to fill; it comes into force at the end of the block, if that is reached and something changed."""
    try:
        home.mkdir(parents=True, exist_ok=True)
        with (home / ".lock").open("w") as lock:
            _lock(lock.fileno(), home)
            yield from _versions(home)
    except OSError as error:
        raise SiteError(f"{home} cannot be written: {error.strerror or error}") from None


def _lock(number: int, home: Path) -> None:
    try:
        fcntl.flock(number, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        raise SiteError(f"another garrigue publish is writing to {home}") from None


def _versions(home: Path) -> Iterator[Version]:
    current = home / NAME
    if current.exists() and not current.is_symlink():
        raise SiteError(f"{current} is there and was not published by garrigue; give another folder")
    old = current.resolve() if current.is_dir() else None
    for rest in home.glob(f"{_PREFIX}*"):
        if old is None or rest.resolve() != old:
            shutil.rmtree(rest)
    notes: dict[str, Any] = json.loads((old / _NOTES).read_text("utf-8")) if old else {"prints": {}, "files": 0}
    folder = Path(mkdtemp(prefix=_PREFIX, dir=home))
    version = Version(folder, old, notes["prints"], notes["files"])
    try:
        yield version
        if old is None or version.written or version.removed:
            _take_up(home, version)
    finally:
        if current.resolve() != folder:
            shutil.rmtree(folder)


def _take_up(home: Path, version: Version) -> None:
    notes = {"prints": version.prints, "files": version.written + version.kept}
    (version.folder / _NOTES).write_text(json.dumps(notes), encoding="utf-8")
    version.folder.chmod(0o755)
    os.sync()
    link = home / f".{NAME}"
    link.unlink(missing_ok=True)
    link.symlink_to(version.folder.name)
    link.replace(home / NAME)
    if version.old is not None:
        shutil.rmtree(version.old)
