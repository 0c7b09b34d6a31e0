"""Feature ids: `layer.key`, read back into keys of the data."""

from dataclasses import dataclass

from layers.facts import VectorFacts


@dataclass(frozen=True, slots=True)
class Keys:
    """Keys of one layer's features; `column` True where they are values of a field, else the format's own fid."""

    values: tuple[str | int, ...]
    column: bool


def keys_of(ids: tuple[str, ...], facts: VectorFacts, layer_id: str) -> Keys:
    """The keys that ids tell of; ids of other layers, or that no feature can have, tell of none."""
    texts = [text.removeprefix(f"{layer_id}.") for text in ids if text.startswith(f"{layer_id}.")]
    kind = next((field.type for field in facts.fields if field.name == facts.key), None)
    if kind is not None and kind != "integer":
        return Keys(tuple(texts), True)
    numbers = tuple(int(text) for text in texts if _whole(text))
    return Keys(numbers, kind is not None)


def _whole(text: str) -> bool:
    digits = text.removeprefix("-")
    return digits.isascii() and digits.isdigit() and len(digits) < 19 and str(int(text)) == text
