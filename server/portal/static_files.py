"""The files under /static: style, script, the map library (Leaflet, BSD-2)."""

from pathlib import Path

FOLDER = Path(__file__).parent / "static"

MEDIA_TYPES = {
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    "": "text/plain; charset=utf-8",
}


def files() -> dict[str, Path]:
    """Every file by its path below /static."""
    return {path.relative_to(FOLDER).as_posix(): path for path in sorted(FOLDER.rglob("*")) if path.is_file()}


def media_type(name: str) -> str:
    """The Content-Type of a file's name."""
    return MEDIA_TYPES[Path(name).suffix]
