"""A vector tile taken apart (Vector Tile Specification 2.1, 4): enough to see what is in it."""

from collections.abc import Iterator
from dataclasses import dataclass, field


@dataclass
class VectorLayer:
    """A layer of a tile: its name, keys, distinct values, number of features, units of a side."""

    name: str = ""
    keys: set[str] = field(default_factory=set)
    values: list[object] = field(default_factory=list)
    features: int = 0
    extent: int = 4096


def layers_of(tile: bytes) -> list[VectorLayer]:
    """The layers of an unpacked tile."""
    return [_layer(bytes(body)) for number, body in fields(tile) if number == 3 and isinstance(body, bytes)]


def _layer(body: bytes) -> VectorLayer:
    found = VectorLayer()
    for number, value in fields(body):
        if number == 1 and isinstance(value, bytes):
            found.name = value.decode()
        elif number == 2:
            found.features += 1
        elif number == 3 and isinstance(value, bytes):
            found.keys.add(value.decode())
        elif number == 4 and isinstance(value, bytes):
            found.values.append(next(one for _, one in fields(value)))
        elif number == 5 and isinstance(value, int):
            found.extent = value
    return found


def fields(body: bytes) -> Iterator[tuple[int, bytes | int]]:
    """Number and value of each field of a protocol buffer: whole numbers, or bytes."""
    at = 0
    while at < len(body):
        key, at = _varint(body, at)
        kind = key & 7
        if kind == 0:
            value, at = _varint(body, at)
            yield key >> 3, value
            continue
        length = {1: 8, 5: 4}.get(kind)
        if length is None:
            length, at = _varint(body, at)
        yield key >> 3, body[at : at + length]
        at += length


def _varint(body: bytes, at: int) -> tuple[int, int]:
    found, shift = 0, 0
    while True:
        byte = body[at]
        found |= (byte & 127) << shift
        at, shift = at + 1, shift + 7
        if byte < 128:
            return found, at
