"""The words of the pages in French and English, from one catalogue."""

import json
from functools import lru_cache
from pathlib import Path


@lru_cache(maxsize=1)
def catalogue() -> dict[str, dict[str, str]]:
    """Words by language and name."""
    texts: dict[str, dict[str, str]] = json.loads((Path(__file__).parent / "texts.json").read_text("utf-8"))
    return texts


def number(value: float, language: str) -> str:
    """A number as it is written in a language: narrow no-break spaces and a comma, or commas and a point."""
    text = f"{value:,.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else f"{value:,}"
    if language == "en":
        return text
    return text.replace(",", "\u202f").replace(".", ",")
