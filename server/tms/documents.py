"""The documents of TMS 1.0.0 (OSGeo), and the TileJSON, that are rendered ahead."""

from collections.abc import Iterator
from urllib.parse import quote
from xml.sax.saxutils import escape, quoteattr

from layers.registry import Layer, Registry
from server.documents import Document
from server.errors import printable
from server.tms.tile_json import tile_json, vector_tile_json
from server.urls import BASE
from tiles.format import tile_format
from tiles.grids import DOUBLED, Grid
from tiles.limits import limits
from tiles.table import layer_grids

PROFILES = {"PM": "global-mercator", "4326": "global-geodetic"}
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def documents(registry: Registry) -> Iterator[Document]:
    """`tms/1.0.0`, `tms/1.0.0/{layer}@{grid}`; TileJSON `tiles/{layer}.json`, `…@2x.json`, `….mvt.json`."""
    yield Document("tms/1.0.0", "text/xml", service(registry))
    for layer in registry.layers.values():
        for grid in tms_grids(layer, registry):
            yield Document(f"tms/1.0.0/{layer.id}@{grid.id}", "text/xml", tile_map(registry, layer, grid))
        for end in ("", DOUBLED):
            if body := tile_json(registry, layer, end):
                yield Document(f"tiles/{layer.id}{end}.json", "application/json", body)
        if body := vector_tile_json(registry, layer):
            yield Document(f"tiles/{layer.id}.mvt.json", "application/json", body)


def tms_grids(layer: Layer, registry: Registry) -> list[Grid]:
    """The grids of a layer on which rows can be counted from the south at every level."""
    return [grid for grid in layer_grids(layer, registry) if grid.dyadic]


def service(registry: Registry) -> bytes:
    """The TileMapService resource: every layer on every grid."""
    maps = "".join(
        f'    <TileMap title={_quoted(_title(registry, layer))} srs="{grid.crs}" profile="{_profile(grid)}" '
        f'href="{_address(layer, grid)}"/>\n'
        for layer in registry.layers.values()
        for grid in tms_grids(layer, registry)
    )
    language = registry.service.language
    return (
        f'{_HEAD}<TileMapService version="1.0.0" services="{BASE}/tms/">\n'
        f"  <Title>{_text(registry.service.title.get(language))}</Title>\n"
        f"  <Abstract>{_text(registry.service.abstract.get(language))}</Abstract>\n"
        f"  <TileMaps>\n{maps}  </TileMaps>\n</TileMapService>\n"
    ).encode()


def tile_map(registry: Registry, layer: Layer, grid: Grid) -> bytes:
    """The TileMap resource of a layer on a grid; its box and origin are the grid's, from which tiles are counted."""
    kind, span = tile_format(layer), grid.span(0)
    left, top = grid.origin
    bottom, right = top - span, left + span * grid.matrix_size(0)[0]
    sets = "".join(
        f'    <TileSet href="{_address(layer, grid)}/{level.z}" units-per-pixel="{grid.cell_sizes[level.z]!r}" '
        f'order="{level.z}"/>\n'
        for level in limits(layer, grid)
    )
    return (
        f'{_HEAD}<TileMap version="1.0.0" tilemapservice="{BASE}/tms/1.0.0">\n'
        f"  <Title>{_text(_title(registry, layer))}</Title>\n"
        f"  <Abstract>{_text(layer.definition.abstract.get(registry.service.language))}</Abstract>\n"
        f"  <SRS>{grid.crs}</SRS>\n"
        f'  <BoundingBox minx="{left!r}" miny="{bottom!r}" maxx="{right!r}" maxy="{top!r}"/>\n'
        f'  <Origin x="{left!r}" y="{bottom!r}"/>\n'
        f'  <TileFormat width="{grid.tile_size}" height="{grid.tile_size}" mime-type="{kind.media_type}" '
        f'extension="{kind.extension}"/>\n'
        f'  <TileSets profile="{_profile(grid)}">\n{sets}  </TileSets>\n</TileMap>\n'
    ).encode()


def _title(registry: Registry, layer: Layer) -> str:
    return layer.definition.title.get(registry.service.language) or layer.id


def _address(layer: Layer, grid: Grid) -> str:
    return f"{BASE}/tms/1.0.0/{quote(layer.id)}@{quote(grid.id, safe='@')}"


def _profile(grid: Grid) -> str:
    return PROFILES.get(grid.stored, "local")


def _text(text: str) -> str:
    return escape(printable(text))


def _quoted(text: str) -> str:
    return quoteattr(printable(text))
