"""The viewer of a published site: a page, its script, what it shows, and the libraries that it needs for that."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from layers.registry import Registry
from server.portal.static_files import files
from server.site.capabilities import legend_path
from tiles.grids import DOUBLED
from tiles.site.publish import TileSet, defaults

_FOLDER = Path(__file__).parent / "viewer"


def viewer_files(registry: Registry, published: Sequence[TileSet]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every file."""
    shown = [item for item in published if item.grid.stored == "PM" and not item.is_vector]
    shown += [item for item in defaults(published) if item.is_vector]
    fine = {item.tree: item for item in published if item.tree and item.grid.ratio > 1}
    layers = [entry for item in shown for entry in _entries(item, fine)]
    listed: dict[str, Any] = {
        "title": registry.service.title.model_dump(),
        "language": registry.service.language,
        "layers": layers,
    }
    yield "index.html", (_FOLDER / "index.html").read_bytes()
    yield "layers.json", json.dumps(listed, ensure_ascii=False, indent=1).encode()
    yield "viewer.js", (_FOLDER / "viewer.js").read_bytes()
    for name, path in files().items():
        if name.startswith("leaflet/"):
            yield f"static/{name}", path.read_bytes()
    for library in ("maplibre", "pmtiles") if any(item.is_vector for item in published) else ():
        for path in sorted((_FOLDER / library).iterdir()):
            yield f"static/{library}/{path.name}", path.read_bytes()


def _entries(item: TileSet, fine: Mapping[str, TileSet]) -> Iterator[dict[str, Any]]:
    """A layer of the list for each of its styles; `fine` are the tiles for fine screens, where they are as wide."""
    if not item.is_vector:
        entry = _entry(item, item.style) | {"tiles": _template(item) if item.tree else ""}
        more = fine.get(f"{item.tree}{DOUBLED}")
        if more and set(more.limits) <= set(item.limits):
            entry["fine"] = {"tiles": _template(more), "levels": _levels(more)}
        yield entry
        return
    for style in item.layer.styles:
        yield _entry(item, style) | {"maplibre": f"styles/{quote(item.layer.id)}/{quote(style, safe='')}.json"}


def _template(item: TileSet) -> str:
    return f"{quote(item.tree, safe='/@')}/{{z}}/{{x}}/{{y}}.{item.extension}"


def _levels(item: TileSet) -> list[int]:
    return [item.limits[0].z, item.limits[-1].z]


def _entry(item: TileSet, style: str) -> dict[str, Any]:
    attribution = item.layer.definition.attribution
    return {
        "id": item.layer.id,
        "title": item.layer.definition.title.model_dump(),
        "style": style,
        "time": item.time,
        "pmtiles": quote(item.archive),
        "legend": quote(legend_path(item.layer.id, style)),
        "levels": _levels(item),
        "bounds": list(item.layer.geographic_extent),
        "attribution": attribution.title if attribution else "",
    }
