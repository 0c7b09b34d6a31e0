"""The viewer of a published site: a page, its script, what it shows, and the libraries that it needs for that."""

import json
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import quote

from layers.registry import Registry
from server.portal.static_files import files
from server.site.capabilities import legend_path
from tiles.grids import DOUBLED
from tiles.limits import LevelLimits
from tiles.site.publish import TileSet, defaults

_FOLDER = Path(__file__).parent / "viewer"


def viewer_files(registry: Registry, published: Sequence[TileSet]) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every file."""
    shown = [item for item in published if item.grid.stored == "PM" and not item.is_vector]
    shown += [item for item in defaults(published) if item.is_vector]
    fine = {(item.tree, item.limits) for item in published if item.tree and item.grid.ratio > 1}
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


def _entries(item: TileSet, fine: Container[tuple[str, tuple[LevelLimits, ...]]]) -> Iterator[dict[str, Any]]:
    """A layer of the list for each of its styles; `{r}` is Leaflet's "@2x" of fine screens, where such tiles are."""
    if not item.is_vector:
        both = "{r}" if (f"{item.tree}{DOUBLED}", item.limits) in fine else ""
        tiles = f"{quote(item.tree)}{both}/{{z}}/{{x}}/{{y}}.{item.extension}" if item.tree else ""
        yield _entry(item, item.style) | {"tiles": tiles}
        return
    for style in item.layer.styles:
        yield _entry(item, style) | {"maplibre": f"styles/{quote(item.layer.id)}/{quote(style, safe='')}.json"}


def _entry(item: TileSet, style: str) -> dict[str, Any]:
    attribution = item.layer.definition.attribution
    return {
        "id": item.layer.id,
        "title": item.layer.definition.title.model_dump(),
        "style": style,
        "time": item.time,
        "pmtiles": quote(item.archive),
        "legend": quote(legend_path(item.layer.id, style)),
        "levels": [item.limits[0].z, item.limits[-1].z],
        "bounds": list(item.layer.geographic_extent),
        "attribution": attribution.title if attribution else "",
    }
