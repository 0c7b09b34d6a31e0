"""What the archives of a layer say of themselves."""

from layers.registry import Layer
from tiles.archives.archive import ArchiveInfo
from tiles.format import tile_format
from tiles.stamp import tile_stamp


def archive_info(layer: Layer, style: str, grid_id: str) -> ArchiveInfo:
    """What the archives of a layer say of themselves."""
    attribution = layer.definition.attribution
    return ArchiveInfo(
        name=layer.definition.title.get("fr") or layer.id,
        format=tile_format(layer).mbtiles,
        bounds=layer.geographic_extent,
        grid=grid_id,
        attribution=attribution.title if attribution else "",
        stamp=tile_stamp(layer, style),
    )
