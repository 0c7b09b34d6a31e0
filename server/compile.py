"""The compiled registry: STORE/registry/{version}/ with registry.json, front.json and documents/.

`STORE/registry/current-3` names the version that is served. A version is written beside the others and then named
there, so that readers see one whole version or another, never a mixture.
"""

import json
import os
import shutil
from collections.abc import Iterable
from pathlib import Path
from tempfile import mkdtemp
from typing import Any
from urllib.parse import quote

from xxhash import xxh3_64

from layers.registry import Registry
from server.documents import Document, gather
from server.published import CURRENT
from server.urls import BASE
from server.watched import patterns, stamp

KEPT = 3
"""Versions that stay: requests under way, and processes that look now and then, still read the one before."""


def write(registry: Registry, store: Path) -> Path:
    """Write what is compiled of a registry, name it the current one, and return its folder."""
    # Imported by need: whoever only looks for the current registry needs no fonts.
    from server.fonts.kept import keep_glyphs

    home = store / "registry"
    home.mkdir(parents=True, exist_ok=True)
    folder = Path(mkdtemp(prefix=".new-", dir=home))
    try:
        keep_glyphs(registry, store)
        index = _write_documents(gather(registry.reached_by(frozenset())), folder / "documents")
        front = json.dumps(_front(registry, store, index), ensure_ascii=False)
        (folder / "registry.json").write_text(registry.to_json(), encoding="utf-8")
        (folder / "front.json").write_text(front, encoding="utf-8")
        folder.chmod(0o755)
        place = _settle(folder, home / f"{registry.version}-{xxh3_64(front.encode()).hexdigest()[:8]}")
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    _name_current(home, place.name)
    _remove_old(home, place.name)
    return place


def current(store: Path) -> Registry | None:
    """The registry that was compiled last, or None."""
    folder = current_folder(store)
    if folder is None:
        return None
    return Registry.from_json((folder / "registry.json").read_bytes())


def current_folder(store: Path) -> Path | None:
    """The folder of the version that is served, or None where nothing has been compiled."""
    try:
        name = (store / "registry" / CURRENT).read_text(encoding="utf-8").strip()
    except FileNotFoundError:
        return None
    return store / "registry" / name


def _front(registry: Registry, store: Path, index: dict[str, Any]) -> dict[str, Any]:
    """What the front must know."""
    # Imported by need, too: stamps of vector tiles read styles, with numpy and Pillow.
    from tiles.table import tile_table

    service = registry.service
    watched = patterns(registry, store)
    return {
        "version": registry.version,
        "config": str(registry.config),
        "service": {
            "title": service.title.model_dump(),
            "language": service.language,
            "public_url": service.public_url,
            "trusted_proxies": list(service.trusted_proxies),
            "identity": service.identity and service.identity.model_dump(),
            "limits": service.limits.model_dump(),
            "engine": service.engine.model_dump(mode="json"),
            "prefix": service.namespace.prefix,
        },
        "groups": sorted(registry.groups),
        "themes": list(registry.themes),
        "tiles": tile_table(registry),
        "documents": index,
        "watched": {**watched, "stamp": stamp(watched["config"]), "data_stamp": stamp(watched["data"])},
    }


def _write_documents(documents: Iterable[Document], folder: Path) -> dict[str, Any]:
    """Every document's file, and the index: by key, file, media type, headers, digest, whether addresses are in it."""
    index: dict[str, Any] = {}
    folder.mkdir()
    for document in documents:
        name = quote(document.key, safe="").replace("%2F", "!")
        (folder / name).write_bytes(document.body)
        index[document.key] = {
            "file": name,
            "type": document.content_type,
            "headers": dict(document.headers),
            "digest": xxh3_64(document.body).hexdigest(),
            "based": BASE.encode() in document.body,
        }
    return index


def _settle(folder: Path, place: Path) -> Path:
    """Give the folder its name; where another process was quicker, its twin is there already."""
    try:
        folder.rename(place)
    except OSError:
        if not (place / "front.json").is_file():
            raise
        os.utime(place)
    return place


def _name_current(home: Path, name: str) -> None:
    temporary = home / f".current-{os.getpid()}"
    temporary.write_text(name + "\n", encoding="utf-8")
    temporary.replace(home / CURRENT)


def _remove_old(home: Path, name: str) -> None:
    versions = [path for path in home.iterdir() if path.is_dir() and not path.name.startswith(".")]
    versions.sort(key=lambda path: (path.name == name, path.stat().st_mtime), reverse=True)
    for path in versions[KEPT:]:
        shutil.rmtree(path, ignore_errors=True)
