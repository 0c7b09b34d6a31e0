"""Where the changes of a layer that clients made are told, a line of JSON each. Standard library only."""

from pathlib import Path


def journal_path(store: Path, layer_id: str) -> Path:
    """The journal of a layer; it is not there before the first change."""
    return store.resolve() / "journal" / f"{layer_id}.jsonl"
