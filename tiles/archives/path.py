"""Where the archive of a tile is. Standard library only: the front imports this."""

from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from tiles.grids import BUILT_IN, doubled

STORED = {item.id: item.stored for single in BUILT_IN.values() for item in (single, doubled(single))}


def archive_path(root: Path, names: tuple[str, str, str, str], cell: tuple[int, int, int]) -> Path:
    """The archive of a cell (see tiles.address.shard_cell); `names` are layer, style, time and grid."""
    layer, style, time, grid = names
    look = f"{_safe(style)}@{_safe(time)}" if time else _safe(style)
    band, cx, cy = cell
    place = root / "tiles" / _safe(layer) / _safe(STORED.get(grid, grid), "@") / look
    return place / f"{band:02d}" / str(cx) / f"{cy}.mbtiles"


def holds_something(file: Path) -> bool:
    """True for an archive that something was written in: one of no bytes is being made, or its maker was killed."""
    try:
        return file.stat().st_size > 0
    except OSError:
        return False


def mark_of(file: Path) -> Path:
    """The file beside an archive that says that a reader found it damaged; who writes looks whether it is."""
    return file.with_suffix(".damaged")


def mark(file: Path) -> None:
    """Say so; a store that cannot be written has the log alone."""
    with suppress(OSError):
        mark_of(file).touch()


def _safe(text: str, allowed: str = "") -> str:
    """A name that is one part of a path on any file system."""
    quoted = quote(text, safe=allowed)
    return f"%2E{quoted[1:]}" if quoted.startswith(".") else quoted
