"""An export: a file that is made aside, for it is too large to wait for. What is known of it, kept beside the file."""

import json
from dataclasses import asdict, dataclass
from pathlib import Path

NOTE = "export.json"


@dataclass(frozen=True, slots=True)
class Export:
    """`status` is accepted, running, successful or failed, as OGC API – Processes calls them (18-062r2, 7.12).

    `layers` are the ids of the layers whose features it has; sizes are bytes, times seconds since 1970, 0 for not yet.
    """

    id: str
    layers: list[str]
    file: str
    media_type: str
    features: int
    estimate: int
    created: float
    status: str = "accepted"
    ended: float = 0.0
    size: int = 0
    error: str = ""

    def write(self, folder: Path) -> None:
        """Note it in its folder; a reader sees the note before or this one."""
        folder.mkdir(parents=True, exist_ok=True)
        note = folder / f".{NOTE}"
        note.write_text(json.dumps(asdict(self)), encoding="utf-8")
        note.replace(folder / NOTE)

    @classmethod
    def read(cls, folder: Path) -> "Export | None":
        """What is noted in a folder; None where nothing is, or nothing that can be read."""
        try:
            return cls(**json.loads((folder / NOTE).read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
