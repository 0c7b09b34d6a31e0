"""The documents of a published site's vector tiles: TileJSON, OGC API – Tiles, MapLibre styles, sprites, glyphs."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from layers.registry import Registry
from server.fonts.glyph_path import GlyphRequest, place
from server.fonts.kept import EVERY, keep
from server.ogcapi import tiles, vector_tiles
from server.styles.documents import layer_documents
from server.styles.style import said
from server.tms.tile_json import published_elsewhere, vector_tile_json
from server.urls import BASE
from tiles.site.publish import TileSet, defaults

NO_GLYPHS = "fonts/none.pbf"
"""What servers of files answer for characters that a font has not: nothing, which MapLibre takes for a range."""


def vector_documents(registry: Registry, published: Sequence[TileSet], store: Path) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every document, addresses with `BASE`."""
    shown = [item for item in defaults(published) if item.is_vector]
    for item in shown:
        if item.tree:
            yield f"tiles/{item.layer.id}.mvt.json", _tile_json(registry, item)
            yield from _ogcapi(registry, item)
        yield from _styles(registry, item)
    yield from _glyphs(shown, store)


def source_address(item: TileSet) -> str:
    """What a MapLibre style has for a source: TileJSON where there are files for it, else the archive."""
    if item.tree:
        return f"{BASE}/tiles/{quote(item.layer.id)}.mvt.json"
    return f"pmtiles://{BASE}/{quote(item.archive)}"


def _tile_json(registry: Registry, item: TileSet) -> bytes:
    body = vector_tile_json(registry, item.layer)
    assert body is not None
    return published_elsewhere(body, f"{BASE}/{quote(item.tree)}/{{z}}/{{x}}/{{y}}.mvt", item.limits)


def _ogcapi(registry: Registry, item: TileSet) -> Iterator[tuple[str, bytes]]:
    layer, grid = item.layer.id, tiles.grid_name(item.grid)
    listed = vector_tiles.tilesets(registry, layer)
    document = vector_tiles.tileset(registry, layer, item.grid.id)
    document["tileMatrixSetLimits"] = tiles.written_limits(item.limits)
    template = f"{BASE}/{quote(item.tree)}/{{tileMatrix}}/{{tileCol}}/{{tileRow}}.mvt"
    for link in document["links"]:
        link["href"] = template if link["rel"] == "item" else link["href"]
    yield f"ogcapi/collections/{layer}/tiles/index.json", tiles.written(listed)
    yield f"ogcapi/collections/{layer}/tiles/{grid}/index.json", tiles.written(document)


def _styles(registry: Registry, item: TileSet) -> Iterator[tuple[str, bytes]]:
    """Styles over the tiles that are there, and their sprites."""
    for document in layer_documents(registry, item.layer):
        body = document.body
        if document.key.startswith("styles/"):
            style = json.loads(body)
            style["sources"][item.layer.id]["url"] = source_address(item)
            body = json.dumps(style, ensure_ascii=False).encode()
        yield document.key, body


def _glyphs(shown: Sequence[TileSet], store: Path) -> Iterator[tuple[str, bytes]]:
    stacks = sorted({stack for item in shown for name in item.layer.styles for stack in said(item.layer, name).fonts})
    for stack in stacks:
        for start in EVERY:
            asked = GlyphRequest(stack, start)
            file = place(store, asked)
            yield f"fonts/{asked.name}/{asked.range}.pbf", file.read_bytes() if file.is_file() else keep(store, asked)
    if stacks:
        yield NO_GLYPHS, b""
