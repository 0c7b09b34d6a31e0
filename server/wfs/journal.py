"""The journal of changes: STORE/journal/{layer}.jsonl, a line of JSON for each: when, who, what, which features."""

import json
import os
import threading
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

from layers.journal import journal_path
from layers.sources.edits import Done

_WRITING = threading.Lock()


def write_journal(store: Path, done: Sequence[Done], author: str = "") -> None:
    """Add the changes of a transaction by an author, "" where nobody is known; they are on the disk then."""
    (store / "journal").mkdir(parents=True, exist_ok=True)
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    with _WRITING:
        for one in done:
            layer = one.edit.layer
            line = {
                "time": now,
                "author": author,
                "operation": one.edit.kind,
                "ids": one.ids,
                "crs": layer.crs,
                "bbox": one.bbox,
            }
            with journal_path(store, layer.id).open("a", encoding="utf-8") as file:
                file.write(json.dumps(line, ensure_ascii=False) + "\n")
                file.flush()
                os.fsync(file.fileno())
