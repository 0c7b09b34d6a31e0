"""Glyphs kept in the store: what European languages need is made when the registry is compiled, the rest when asked.

STORE/fonts/{fontstack}/{range}.pbf, for the stacks of the styles alone: so many files at the most.
"""

import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkstemp

from xxhash import xxh3_64

from layers.maplibre.fonts import faces
from layers.maplibre.glyphs import glyph_range
from layers.registry import Registry
from layers.styles import symbols
from server.fonts.glyph_path import GlyphRequest, folder, kept_stacks, place
from server.styles.style import said
from tiles.table import vector_grid

AHEAD = (0, 256, 8192)
"""Letters of Europe's languages in Latin script, punctuation and currencies: the starts of their ranges."""
EVERY = (*AHEAD, 512, 768, 1024, 7680, 8448)
"""With every accent, Greek, Cyrillic and letter-like signs: what a published site has."""
RECIPE = "1"
"""Changes with the way in which glyphs are drawn."""
_STAMP = ".made-of"


def keep_glyphs(registry: Registry, store: Path) -> None:
    """Make the glyphs of every stack that a style asks for, and forget those of stacks that none asks for any more."""
    stacks = _stacks(registry)
    for name in set(kept_stacks(store)) - {",".join(stack) for stack in stacks}:
        shutil.rmtree(folder(store, tuple(name.split(","))), ignore_errors=True)
    for stack in stacks:
        home, stamp = folder(store, stack), _stamp(stack)
        known = home / _STAMP
        if known.is_file() and known.read_text(encoding="utf-8") == stamp:
            continue
        shutil.rmtree(home, ignore_errors=True)
        home.mkdir(parents=True)
        for start in AHEAD:
            keep(store, GlyphRequest(stack, start))
        known.write_text(stamp, encoding="utf-8")


def keep(store: Path, asked: GlyphRequest) -> bytes:
    """Make a range of the stack's faces that are installed, and keep it where the stack is a style's."""
    body = _drawn(asked)
    path = place(store, asked)
    if path.parent.is_dir():
        _write(path, body)
    return body


def _drawn(asked: GlyphRequest) -> bytes:
    """The glyphs, drawn once for every store of this machine."""
    file = symbols.folder() / f"glyphs-{_stamp(asked.stack)}-{asked.start}.pbf"
    if file.is_file():
        return file.read_bytes()
    body = glyph_range(asked.name, installed(asked.stack), asked.start)
    _write(file, body)
    return body


def installed(stack: Iterable[str]) -> tuple[str, ...]:
    """The faces of a stack that are installed."""
    return tuple(face for face in stack if face in faces())


def _stacks(registry: Registry) -> list[tuple[str, ...]]:
    layers = [layer for layer in registry.layers.values() if vector_grid(layer, registry) is not None]
    return sorted({stack for layer in layers for name in layer.styles for stack in said(layer, name).fonts})


def _stamp(stack: tuple[str, ...]) -> str:
    files = [faces()[face].file for face in installed(stack)]
    facts = [f"{file} {(status := file.stat()).st_size} {status.st_mtime_ns}" for file in files]
    return xxh3_64("|".join([RECIPE, ",".join(stack), *facts]).encode()).hexdigest()


def _write(path: Path, body: bytes) -> None:
    """Whole or not at all."""
    number, name = mkstemp(dir=path.parent, prefix=".part-")
    with os.fdopen(number, "wb") as file:
        file.write(body)
    Path(name).chmod(0o644)
    Path(name).replace(path)
