"""The documents of a published site: capabilities, TileJSON, OGC API – Tiles, legends, the viewer."""

import io
import re
from collections.abc import Container, Iterator, Sequence
from pathlib import Path
from urllib.parse import quote

from PIL import Image

from layers.legend import legend
from layers.query import LegendQuery
from layers.registry import Registry
from server.ogcapi import tiles
from server.site.capabilities import legend_path, site_capabilities
from server.site.vector_documents import vector_documents
from server.site.viewer_files import viewer_files
from server.tms.tile_json import published_elsewhere, tile_json
from server.urls import BASE
from tiles.grids import DOUBLED
from tiles.site.publish import TileSet, defaults


def site_documents(
    registry: Registry, published: Sequence[TileSet], url: str, store: Path
) -> Iterator[tuple[str, bytes]]:
    """Path and bytes of every document, each once; `url` is the site's address, which WMTS has to have in full."""
    trees = [item for item in published if item.tree and not item.is_vector]
    pictures = dict(_legends(registry, published))
    sizes = {key: Image.open(io.BytesIO(picture)).size for key, picture in pictures.items()}
    found = [
        ("wmts/1.0.0/WMTSCapabilities.xml", site_capabilities(registry, trees, sizes)),
        *_tile_jsons(registry, trees),
    ]
    served = [*_grids(registry, [item for item in published if item.tree]), *_ogcapi(registry, trees)]
    found += [(f"{path}/index.json", tiles.written(document)) for path, document in served]
    documents = dict([*found, *vector_documents(registry, published, store)])
    for path, body in documents.items():
        yield path, _with_indexes(body, documents).replace(BASE.encode(), url.encode())
    for (layer, style), picture in pictures.items():
        yield legend_path(layer, style), picture
    yield from viewer_files(registry, published)


def _with_indexes(body: bytes, documents: Container[str]) -> bytes:
    """A document that leads to the files of others, not to their folders: not every store of objects knows those."""

    def file(match: re.Match[bytes]) -> bytes:
        index = f"{match[1].decode()}/index.json"
        return f'"{BASE}/{index}"'.encode() if index in documents else match[0]

    return re.sub(rb'"%s/(ogcapi/[^"]+)"' % re.escape(BASE.encode()), file, body)


def _legends(registry: Registry, published: Sequence[TileSet]) -> Iterator[tuple[tuple[str, str], bytes]]:
    language = registry.service.language
    styles = ((item.layer.id, s) for item in published for s in (item.layer.styles if item.is_vector else [item.style]))
    for layer, style in dict.fromkeys(styles):
        yield (layer, style), legend(registry, LegendQuery(layer, style, language))


def _tile_jsons(registry: Registry, trees: Sequence[TileSet]) -> Iterator[tuple[str, bytes]]:
    """TileJSON of each layer that has a tree in Web Mercator: its default style, its last time."""
    for item in defaults(trees):
        fine = DOUBLED if item.grid.ratio > 1 else ""
        body = tile_json(registry, item.layer, fine) if item.grid.stored == f"PM{fine}" else None
        if body is not None:
            address = f"{BASE}/{quote(item.tree, safe='/@')}/{{z}}/{{x}}/{{y}}.{item.extension}"
            yield f"tiles/{item.layer.id}{fine}.json", published_elsewhere(body, address, item.limits)


def _grids(registry: Registry, trees: Sequence[TileSet]) -> Iterator[tuple[str, tiles.Json]]:
    """The grids of pictures and of vector tiles."""
    ids = {tiles.grid_name(item.grid): item.grid.id for item in trees}
    sets = tiles.tile_matrix_sets(registry)
    sets["tileMatrixSets"] = [entry for entry in sets["tileMatrixSets"] if entry["id"] in ids]
    yield "ogcapi/tileMatrixSets", sets
    for name, own in ids.items():
        yield f"ogcapi/tileMatrixSets/{name}", tiles.tile_matrix_set(registry, own)


def _ogcapi(registry: Registry, trees: Sequence[TileSet]) -> Iterator[tuple[str, tiles.Json]]:
    shown = defaults(trees)
    for layer in dict.fromkeys(item.layer.id for item in shown):
        mine = [_tileset(registry, item) for item in shown if item.layer.id == layer]
        yield f"ogcapi/collections/{layer}/map/tiles", {"tilesets": [document for _, document in mine], "links": []}
    for item in shown:
        name, document = _tileset(registry, item)
        yield f"ogcapi/collections/{item.layer.id}/map/tiles/{name}", document


def _tileset(registry: Registry, item: TileSet) -> tuple[str, tiles.Json]:
    document = tiles.tileset(registry, item.layer.id, item.grid.id)
    document["tileMatrixSetLimits"] = tiles.written_limits(item.limits)
    place = f"{BASE}/{quote(item.tree, safe='/@')}/{{tileMatrix}}/{{tileCol}}/{{tileRow}}.{item.extension}"
    for link in document["links"]:
        link["href"] = place if link["rel"] == "item" else link["href"]
    scheme = next(link["href"] for link in document["links"] if link["rel"].endswith("tiling-scheme"))
    return scheme.rpartition("/")[2], document
