"""Features as a DXF drawing (R12, which every CAD program reads), batch by batch: their geometries, with Z.

Lines and the rings of polygons are polylines, on a layer of the drawing that is called as the features' own. A drawing
has no attributes and no CRS: its units are those of the CRS that was asked.
"""

from collections.abc import Iterator
from io import StringIO
from typing import TYPE_CHECKING, Any

import shapely

from layers.sources.batch import geometry
from layers.sources.geometry import shapes
from server.wfs.files import Features

if TYPE_CHECKING:
    from ezdxf.addons.r12writer import R12FastStreamWriter

_POINT, _LINE, _RING, _POLYGON = 0, 1, 2, 3


def rows(features: Features) -> Iterator[bytes]:
    """The beginning of the drawing, what is drawn of each batch, the end."""
    from ezdxf.addons.r12writer import r12writer

    text = StringIO()
    with r12writer(text) as drawing:
        for batch in features.batches:
            for shape in shapely.get_parts(shapes(geometry(batch))) if features.has_geometry else ():
                _draw(drawing, shape, features.layer)
            yield _taken(text)
    yield _taken(text)


def _taken(text: StringIO) -> bytes:
    written = text.getvalue().encode("ascii", "replace")
    text.seek(0)
    text.truncate()
    return written


def _draw(drawing: "R12FastStreamWriter", shape: Any, layer: str) -> None:
    match int(shapely.get_type_id(shape)):
        case _ if shape.is_empty:
            return
        case kind if kind == _POINT:
            drawing.add_point(_places(shape)[0], layer=layer)
        case kind if kind == _LINE:
            drawing.add_polyline(_places(shape), layer=layer)
        case kind if kind == _POLYGON:
            for ring in (shape.exterior, *shape.interiors):
                drawing.add_polyline(_places(ring)[:-1], closed=True, layer=layer)
        case _:
            for part in shapely.get_parts(shape):
                _draw(drawing, part, layer)


def _places(shape: Any) -> list[list[float]]:
    found: list[list[float]] = shapely.get_coordinates(shape, include_z=bool(shapely.has_z(shape))).tolist()
    return found
