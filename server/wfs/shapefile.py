"""Names of fields as a Shapefile holds them: ten bytes, each its own."""

import unicodedata
from collections.abc import Iterable

LENGTH = 10


def short_names(names: Iterable[str]) -> dict[str, str]:
    """A short name for each: without accents and signs, cut, numbered where two would be the same."""
    found: dict[str, str] = {}
    taken: set[str] = set()
    for name in names:
        plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode()
        base = "".join(c if c.isalnum() else "_" for c in plain) or "field"
        short, number = base[:LENGTH], 1
        while short.lower() in taken:
            end = f"_{number}"
            short, number = base[: LENGTH - len(end)] + end, number + 1
        taken.add(short.lower())
        found[name] = short
    return found
