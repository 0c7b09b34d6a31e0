"""OGC API – Tiles (OGC 20-057) for map tiles: tile matrix sets, lists of tilesets, tilesets, as JSON.

Every layer that has tiles has its tilesets, in its default style or in each, on its grids. Addresses start with `BASE`.
"""

from collections.abc import Iterator
from typing import Any
from urllib.parse import quote

import orjson

from layers.crs import CRS84, is_geographic, north_first, swap, uri
from layers.registry import Layer, Registry
from server.errors import NotFoundError
from server.urls import BASE
from tiles.format import tile_format
from tiles.grids import DOUBLED, Grid
from tiles.limits import LevelLimits, limits
from tiles.table import layer_grids

type Json = dict[str, Any]

REL = "http://www.opengis.net/def/rel/ogc/1.0"
URI = "http://www.opengis.net/def/tilematrixset/OGC/1.0"
_OWN = {"PM": "WebMercatorQuad", "4326": "WGS1984Quad"}
_NAMES = {f"{own}{end}": f"{name}{end}" for own, name in _OWN.items() for end in ("", DOUBLED)}
"""The OGC's names of grids that have others here; both are answered."""
REGISTERED = ("WebMercatorQuad",)
_WORDS = {
    "tilesets": {"fr": "Jeux de tuiles", "en": "Tilesets"},
    "grids": {"fr": "Grilles de tuiles", "en": "Tile matrix sets"},
    "grid": {"fr": "La grille", "en": "The tile matrix set"},
    "tile": {"fr": "Une tuile", "en": "A tile"},
    "json": {"fr": "Ce document en JSON", "en": "This document as JSON"},
}


def collection(registry: Registry, layer: Layer) -> Json:
    """`/collections/{id}` of a layer that is no feature collection: where its tiles and maps are (20-057, 11)."""
    language = registry.service.language
    place = f"{BASE}/ogcapi/collections/{quote(layer.id)}"
    found: Json = {
        "id": layer.id,
        "title": layer.definition.title.get(language) or layer.id,
        "description": layer.definition.abstract.get(language),
        "extent": {"spatial": {"bbox": [list(layer.geographic_extent)], "crs": uri(CRS84)}},
        "links": [link("self", place, _WORDS["json"][language])],
    }
    if layer_grids(layer, registry):
        found["links"].append(link(f"{REL}/tilesets-map", _address(layer, ""), _WORDS["tilesets"][language]))
    if declared := layer.definition.attribution:
        found["attribution"] = declared.title
    return found


def tile_matrix_sets(registry: Registry) -> Json:
    """`/tileMatrixSets` (20-057, 10)."""
    language = registry.service.language
    listed = [
        named(grid) | {"links": [link("self", grid_address(grid), _WORDS["grid"][language])]}
        for grid in _grids(registry)
    ]
    address = f"{BASE}/ogcapi/tileMatrixSets"
    return {"tileMatrixSets": listed, "links": [link("self", address, _WORDS["grids"][language])]}


def tile_matrix_set(registry: Registry, name: str) -> Json:
    """`/tileMatrixSets/{id}`: a TileMatrixSet (17-083r4, 7.1.3). Raises NotFoundError."""
    grid = by_name(_grids(registry), name)
    axes = ("Lat", "Lon") if is_geographic(grid.crs) else ("N", "E") if north_first(grid.crs) else ("E", "N")
    x, y = grid.origin
    origin = [y, x] if north_first(grid.crs) else [x, y]
    # GDAL looks for the type that version 1.0 of the standard had before it reads members of 2.0.
    return named(grid) | {
        "type": "TileMatrixSetType",
        "orderedAxes": list(axes),
        "tileMatrices": [_matrix(grid, z, origin) for z in range(grid.first, grid.levels)],
    }


def tilesets(registry: Registry, layer_id: str, style: str = "") -> Json:
    """`/collections/{id}/map/tiles`, or of a style: the list of tilesets (20-057, 9). Raises NotFoundError."""
    layer = _layer(registry, layer_id, style)
    found = [
        _tileset(registry, layer, style, grid) | {"links": _tileset_links(registry, layer, style, grid)[:2]}
        for grid in layer_grids(layer, registry)
    ]
    words = _WORDS["tilesets"][registry.service.language]
    return {"tilesets": found, "links": [link("self", _address(layer, style), words)]}


def tileset(registry: Registry, layer_id: str, name: str, style: str = "") -> Json:
    """`/collections/{id}/map/tiles/{tms}`: a tileset's metadata (20-057, 8.2). Raises NotFoundError."""
    layer = _layer(registry, layer_id, style)
    grid = by_name(layer_grids(layer, registry), name)
    levels = limits(layer, grid)
    about = {
        **extents(layer, grid, levels),
        "mediaTypes": [tile_format(layer).media_type],
        "style": {"id": style or layer.default_style},
        "links": _tileset_links(registry, layer, style, grid),
    }
    if declared := layer.definition.attribution:
        about["attribution"] = declared.title
    return _tileset(registry, layer, style, grid) | about


def extents(layer: Layer, grid: Grid, levels: tuple[LevelLimits, ...]) -> Json:
    """Where a tileset has tiles, and the layer's box in the order of the CRS's axes (17-083r4, 7.3)."""
    box = layer.extent_in(grid.crs)
    box = swap(box) if north_first(grid.crs) else box
    return {
        "tileMatrixSetLimits": written_limits(levels),
        "boundingBox": {"lowerLeft": list(box[:2]), "upperRight": list(box[2:]), "crs": uri(grid.crs)},
    }


def written_limits(levels: tuple[LevelLimits, ...]) -> list[Json]:
    """First and last rows and columns of each level (17-083r4, 7.3)."""
    return [
        {"tileMatrix": str(z), "minTileRow": y0, "maxTileRow": y1, "minTileCol": x0, "maxTileCol": x1}
        for z, x0, y0, x1, y1 in levels
    ]


def addresses(registry: Registry) -> Iterator[tuple[str, Json]]:
    """Every document but those of styles, by its path below the service's address."""
    yield "ogcapi/tileMatrixSets", tile_matrix_sets(registry)
    for grid in _grids(registry):
        yield f"ogcapi/tileMatrixSets/{grid_name(grid)}", tile_matrix_set(registry, grid.id)
    for layer in registry.layers.values():
        grids = layer_grids(layer, registry)
        if grids:
            yield f"ogcapi/collections/{layer.id}/map/tiles", tilesets(registry, layer.id)
        for grid in grids:
            yield f"ogcapi/collections/{layer.id}/map/tiles/{grid_name(grid)}", tileset(registry, layer.id, grid.id)


def written(document: Json) -> bytes:
    """The document's bytes."""
    return orjson.dumps(document)


def grid_name(grid: Grid) -> str:
    """The name of a grid in addresses: the OGC's where there is one."""
    return _NAMES.get(grid.id, grid.id)


def named(grid: Grid) -> Json:
    """Id, title, CRS and registered address of a grid."""
    found: Json = {"id": grid_name(grid), "title": grid.title or grid.id, "crs": uri(grid.crs)}
    return found | ({"uri": f"{URI}/{grid_name(grid)}"} if grid_name(grid) in REGISTERED else {})


def _grids(registry: Registry) -> list[Grid]:
    used = (layer_grids(layer, registry) for layer in registry.layers.values())
    return list(dict.fromkeys(grid for grids in used for grid in grids))


def by_name(grids: list[Grid] | tuple[Grid, ...], name: str) -> Grid:
    """The grid of a name or alias among these. Raises NotFoundError."""
    for grid in grids:
        if name in (grid_name(grid), grid.id, *grid.aliases):
            return grid
    raise NotFoundError(f"there is no tile matrix set {name[:100]!r} here")


def _layer(registry: Registry, layer_id: str, style: str) -> Layer:
    layer = registry.layers.get(layer_id)
    registry.check_withheld(layer_id)
    if layer is None or not layer_grids(layer, registry):
        raise NotFoundError(f"there is no collection {layer_id[:100]!r} with tiles")
    if style and style not in layer.styles:
        raise NotFoundError(f"the collection {layer_id} has no style {style[:100]!r}")
    return layer


def _matrix(grid: Grid, z: int, origin: list[float]) -> Json:
    columns, rows = grid.matrix_size(z)
    return {
        "id": str(z),
        "scaleDenominator": grid.scale_denominator(z),
        "cellSize": grid.cell_sizes[z],
        "cornerOfOrigin": "topLeft",
        "pointOfOrigin": origin,
        "tileWidth": grid.tile_size,
        "tileHeight": grid.tile_size,
        "matrixWidth": columns,
        "matrixHeight": rows,
    }


def _tileset(registry: Registry, layer: Layer, style: str, grid: Grid) -> Json:
    title = layer.definition.title.get(registry.service.language) or layer.id
    found: Json = {"title": f"{title} ({style})" if style else title, "dataType": "map", "crs": uri(grid.crs)}
    found["tileMatrixSetDefinition"] = grid_address(grid)
    return found | ({"tileMatrixSetURI": f"{URI}/{grid_name(grid)}"} if grid_name(grid) in REGISTERED else {})


def _tileset_links(registry: Registry, layer: Layer, style: str, grid: Grid) -> list[Json]:
    words = {name: titles[registry.service.language] for name, titles in _WORDS.items()}
    address = f"{_address(layer, style)}/{quote(grid_name(grid), safe='@')}"
    template = f"{address}/{{tileMatrix}}/{{tileRow}}/{{tileCol}}"
    return [
        link("self", address, words["json"]),
        link(f"{REL}/tiling-scheme", grid_address(grid), words["grid"]),
        link("item", template, words["tile"], tile_format(layer).media_type) | {"templated": True},
    ]


def _address(layer: Layer, style: str) -> str:
    place = f"{BASE}/ogcapi/collections/{quote(layer.id)}"
    return f"{place}/styles/{quote(style)}/map/tiles" if style else f"{place}/map/tiles"


def grid_address(grid: Grid) -> str:
    """Where a grid's definition is."""
    return f"{BASE}/ogcapi/tileMatrixSets/{quote(grid_name(grid), safe='@')}"


def link(rel: str, href: str, title: str, media_type: str = "application/json") -> Json:
    """A link (RFC 8288, as OGC API – Common writes it)."""
    return {"rel": rel, "type": media_type, "title": title, "href": href}
