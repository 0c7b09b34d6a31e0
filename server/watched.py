"""The files whose change makes a new registry: the configuration, and the data of its layers. Standard library only."""

from collections.abc import Iterable, Iterator
from glob import iglob
from hashlib import blake2b
from pathlib import Path
from typing import TYPE_CHECKING

from layers.journal import journal_path

if TYPE_CHECKING:
    from layers.registry import Layer, Registry

CONFIG = ("service.yaml", "layers/*.yaml", "layers/*.yml", "styles/**/*", "grids/*.json", "templates/**/*")


def patterns(registry: "Registry", store: Path) -> dict[str, list[str]]:
    """Absolute globs: `config` is looked at every second or so, `data` every half minute."""
    found = {name for layer in registry.layers.values() if (name := _data(layer, store))}
    return {"config": config_patterns(registry.config), "data": sorted(str(registry.config / name) for name in found)}


def config_patterns(config: Path) -> list[str]:
    """Absolute globs of the files of a configuration folder."""
    return [str(config.resolve() / pattern) for pattern in CONFIG]


def stamp(globs: Iterable[str]) -> str:
    """A digest of name, size and time of every file that the globs find."""
    digest = blake2b(digest_size=8)
    for line in sorted(_states(globs)):
        digest.update(line.encode("utf-8", "surrogateescape"))
    return digest.hexdigest()


def _states(globs: Iterable[str]) -> Iterator[str]:
    for pattern in globs:
        for name in iglob(pattern, recursive=True):
            try:
                state = Path(name).stat()
            except OSError:
                continue
            yield f"{name} {state.st_size} {state.st_mtime_ns}\n"


def _data(layer: "Layer", store: Path) -> str | None:
    """The files of a layer's data; of a database's, the journal of its changes."""
    source = layer.definition.source
    if hasattr(source, "postgis"):
        return str(journal_path(store, layer.id))
    name: str | None = getattr(source, "vector", None) or getattr(source, "raster", None)
    return name
