"""WMS-C (OSGeo): the grids on which maps are tiles, in capabilities of 1.1.1 when TILED=true is asked.

The DTD of 1.1.1 leaves the content of VendorSpecificCapabilities to the server, which declares it itself.
"""

from collections.abc import Iterator

from layers.registry import Layer, Registry
from tiles.format import tile_format
from tiles.grids import Grid, grids

DECLARED = """[
<!ELEMENT VendorSpecificCapabilities (TileSet*)>
<!ELEMENT TileSet (SRS, BoundingBox, Resolutions, Width, Height, Format, Layers, Styles)>
<!ELEMENT Resolutions (#PCDATA)> <!ELEMENT Width (#PCDATA)> <!ELEMENT Height (#PCDATA)>
<!ELEMENT Layers (#PCDATA)> <!ELEMENT Styles (#PCDATA)>
]"""
"""The internal subset of the document type declaration."""


def vendor_specific(registry: Registry, layers: tuple[Layer, ...]) -> str:
    """A TileSet a layer and grid: grids that halve their cells, in a CRS that is served."""
    known = grids(registry.config)
    aliases = {alias: grid for grid in known.values() for alias in grid.aliases} | known
    sets = "".join(
        _tile_set(layer, aliases[name])
        for layer in layers
        for name in layer.definition.tiles.grids
        if name in aliases and aliases[name].dyadic and aliases[name].crs in registry.crs_ids
    )
    return f"<VendorSpecificCapabilities>\n{sets}</VendorSpecificCapabilities>\n"


def _tile_set(layer: Layer, grid: Grid) -> str:
    left, bottom, right, top = grid.matrix_bbox(grid.first)
    return (
        f'<TileSet><SRS>{grid.crs}</SRS><BoundingBox SRS="{grid.crs}" minx="{left:.11g}" miny="{bottom:.11g}" '
        f'maxx="{right:.11g}" maxy="{top:.11g}"/><Resolutions>{" ".join(_resolutions(grid))}</Resolutions>'
        f"<Width>{grid.tile_size}</Width><Height>{grid.tile_size}</Height>"
        f"<Format>{tile_format(layer).media_type}</Format><Layers>{layer.name}</Layers><Styles></Styles></TileSet>\n"
    )


def _resolutions(grid: Grid) -> Iterator[str]:
    return (f"{size:.15g}" for size in grid.cell_sizes[grid.first :])
