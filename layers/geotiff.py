"""A map as a GeoTIFF: RGB or RGBA with its place, deflated in tiles."""

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import ColorInterp
from rasterio.io import MemoryFile
from rasterio.transform import from_bounds

from layers.crs import CRS84
from layers.encode import to_array
from layers.query import MapQuery
from layers.registry import Registry
from layers.render import draw
from layers.sources.datasets import reading

_BANDS = (ColorInterp.red, ColorInterp.green, ColorInterp.blue, ColorInterp.alpha)


def geotiff(registry: Registry, query: MapQuery) -> bytes:
    """The file. Raises UnknownLayerError, UnknownStyleError, SourceError."""
    image = draw(registry, query)
    if image.premultiplied():
        image.demultiply()
    count = 4 if query.transparent else 3
    bands = np.moveaxis(to_array(image)[..., :count], -1, 0)
    profile = {
        "driver": "GTiff",
        "width": query.width,
        "height": query.height,
        "count": count,
        "dtype": "uint8",
        "crs": CRS.from_string("EPSG:4326" if query.crs == CRS84 else query.crs),
        "transform": from_bounds(*query.bbox, query.width, query.height),
        "compress": "deflate",
        "tiled": True,
        "photometric": "RGB",
        **({"alpha": "non-premultiplied"} if count == 4 else {}),
    }
    with reading(), MemoryFile() as memory:
        with memory.open(**profile) as file:
            file.write(bands)
            file.colorinterp = _BANDS[:count]
        return bytes(memory.read())
