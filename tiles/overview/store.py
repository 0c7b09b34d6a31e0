"""Where overviews are kept, found again, and removed.

    STORE/overviews/{layer}/{grid}/{data stamp}-{what is kept}-{box}/deep.fgb    all features, in the grid's CRS
                                                                     {z}.fgb     what level z needs
                                                                     made.json   the box, and the file of each level

A folder is written beside and renamed, so what is there is whole. Who draws from it holds its lock, and what is held is
not removed. Styles that need the same share a folder; the next data makes a new one, and the old ones go.
"""

import fcntl
import json
import os
import shutil
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import quote

from xxhash import xxh3_64_hexdigest

from layers.errors import SourceError

type Box = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax in the grid's CRS."""

type Names = Mapping[int, str]
"""By level, the name of the file that it is drawn from."""


def place(store: Path, layer_id: str, grid_id: str) -> Path:
    """The folder of all overviews of a layer on a grid."""
    return store.resolve() / "overviews" / quote(layer_id, safe="") / quote(grid_id, safe="")


def find(parent: Path, prefix: str, box: Box | None) -> Path | None:
    """A folder of a prefix that has the features of a box; None for the box asks the whole layer."""
    return next((folder for folder in sorted(parent.glob(f"{prefix}-*")) if _covers(folder, box)), None)


def make(
    parent: Path, data_stamp: str, recipe: str, box: Box | None, write: Callable[[Box | None, Path], Names]
) -> Path:
    """A new folder, written by `write`. One at a time a layer and grid: who waited finds what the other has made.

    Raises SourceError.
    """
    prefix = f"{data_stamp}-{recipe}"
    try:
        parent.mkdir(parents=True, exist_ok=True)
        with _locked(parent / "making.lock", fcntl.LOCK_EX):
            found = find(parent, prefix, box)
            return found or _made(parent, prefix, _joined(parent, prefix, box), write, data_stamp)
    except OSError as error:
        raise SourceError(f"overviews cannot be written at {parent}: {error.strerror}") from None


@contextmanager
def held(folder: Path) -> Iterator[dict[int, Path]]:
    """The files of a folder by level, while nobody removes it."""
    with _locked(folder / "lock", fcntl.LOCK_SH):
        yield {int(z): folder / name for z, name in _read(folder)[1].items()}


def size(store: Path, layer_id: str, grid_id: str | None = None) -> int:
    """Bytes of the overviews of a layer, on a grid or on all."""
    names = f"{quote(layer_id, safe='')}/{quote(grid_id, safe='') if grid_id else '*'}/*/*.fgb"
    total = 0
    for file in (store / "overviews").glob(names):
        with suppress(FileNotFoundError):
            total += file.stat().st_size
    return total


def remove(store: Path, layer_id: str, grid_id: str | None = None) -> None:
    """Remove the overviews of a layer that nobody draws from. Raises OSError."""
    layer = store / "overviews" / quote(layer_id, safe="")
    for parent in layer.glob(quote(grid_id, safe="") if grid_id else "*"):
        for folder in parent.glob("*-*"):
            _remove(folder)
        if not any(parent.glob("*-*")):
            shutil.rmtree(parent)
    with suppress(OSError):
        layer.rmdir()


def _made(
    parent: Path, prefix: str, box: Box | None, write: Callable[[Box | None, Path], Names], data_stamp: str
) -> Path:
    folder = parent / f"{prefix}-{xxh3_64_hexdigest(repr(box).encode())}"
    part = parent / "part"
    shutil.rmtree(part, ignore_errors=True)
    part.mkdir()
    try:
        text = json.dumps({"box": box, "levels": dict(write(box, part))})
        (part / "made.json").write_text(text, encoding="utf-8")
        shutil.rmtree(folder, ignore_errors=True)
        part.rename(folder)
    finally:
        shutil.rmtree(part, ignore_errors=True)
    for other in parent.glob("*-*"):
        if other != folder and (other.name.startswith(f"{prefix}-") or not other.name.startswith(f"{data_stamp}-")):
            _remove(other)
    return folder


def _read(folder: Path) -> tuple[Box | None, dict[str, str]]:
    found = json.loads((folder / "made.json").read_text("utf-8"))
    box = found["box"]
    return (None if box is None else (box[0], box[1], box[2], box[3])), found["levels"]


def _covers(folder: Path, box: Box | None) -> bool:
    try:
        own, _ = _read(folder)
    except (OSError, ValueError, KeyError):
        return False
    if own is None or box is None:
        return own is None
    return own[0] <= box[0] and own[1] <= box[1] and own[2] >= box[2] and own[3] >= box[3]


def _joined(parent: Path, prefix: str, box: Box | None) -> Box | None:
    """With what is there already: who seeds two areas by turns is not to make overviews by turns."""
    for folder in parent.glob(f"{prefix}-*"):
        with suppress(OSError, ValueError, KeyError):
            own, _ = _read(folder)
            if own is None or box is None:
                return None
            box = min(own[0], box[0]), min(own[1], box[1]), max(own[2], box[2]), max(own[3], box[3])
    return box


def _remove(folder: Path) -> None:
    """Unless somebody draws from it."""
    with suppress(BlockingIOError, FileNotFoundError), _locked(folder / "lock", fcntl.LOCK_EX | fcntl.LOCK_NB):
        shutil.rmtree(folder)


@contextmanager
def _locked(file: Path, how: int) -> Iterator[None]:
    lock = os.open(file, os.O_RDWR | os.O_CREAT, 0o644)
    try:
        fcntl.flock(lock, how)
        yield
    finally:
        os.close(lock)
