"""Sprites: the pictures of a style on one sheet, and where each is on it (MapLibre Style Specification, `sprite`)."""

import json
from collections.abc import Iterator, Mapping
from io import BytesIO
from typing import Any

import numpy as np
from PIL import Image

from layers.maplibre.drawing import Picture
from layers.styles.paint import attributes, plain

_WIDTH = 512
"""Pixels of a sheet's width, where no picture is wider."""
_ROOM = 8
"""Pixels around a picture while it is drawn: Mapnik does not draw the smallest maps."""


def sprite(pictures: Mapping[str, Picture], ratio: int) -> tuple[bytes, bytes]:
    """The index (JSON) and the sheet (PNG), `ratio` pixels for one of the style."""
    drawn = {name: _drawn(picture, ratio) for name, picture in sorted(pictures.items())}
    places = dict(_places({name: image.size for name, image in drawn.items()}))
    width = max((x + drawn[name].width for name, (x, _) in places.items()), default=1)
    height = max((y + drawn[name].height for name, (_, y) in places.items()), default=1)
    sheet = Image.new("RGBA", (width, height))
    index: dict[str, Any] = {}
    for name, (x, y) in places.items():
        image = drawn[name]
        sheet.paste(image, (x, y))
        index[name] = {"x": x, "y": y, "width": image.width, "height": image.height, "pixelRatio": ratio}
    encoded = BytesIO()
    sheet.save(encoded, "PNG", optimize=True)
    return json.dumps(index, sort_keys=True).encode(), encoded.getvalue()


def _places(sizes: Mapping[str, tuple[int, int]]) -> Iterator[tuple[str, tuple[int, int]]]:
    """Pictures in rows, the highest first."""
    most = max([_WIDTH, *(width for width, _ in sizes.values())])
    x = y = row = 0
    for name, (width, height) in sorted(sizes.items(), key=lambda item: (-item[1][1], item[0])):
        if x + width > most:
            x, y, row = 0, y + row, 0
        yield name, (x, y)
        x, row = x + width, max(row, height)


def _drawn(picture: Picture, ratio: int) -> Image.Image:
    from layers.mapnik_env import mapnik

    width, height = (round(side) + 2 * _ROOM for side in (picture.width, picture.height))
    transform = None if picture.scale == 1 else f"scale({plain(picture.scale)})"
    marker = attributes(file=picture.path, transform=transform, allow_overlap="true", ignore_placement="true")
    source = (
        '<Datasource><Parameter name="type">csv</Parameter><Parameter name="inline">'
        f'wkt\n"POINT({width / 2} {height / 2})"</Parameter></Datasource>'
    )
    style = f'<Style name="s"><Rule><MarkersSymbolizer{marker}/></Rule></Style>'
    layer = f'<Layer name="l" srs="epsg:3857"><StyleName>s</StyleName>{source}</Layer>'
    drawing = mapnik.Map(width * ratio, height * ratio)
    mapnik.load_map_from_string(drawing, f'<Map srs="epsg:3857">{style}{layer}</Map>')
    drawing.zoom_to_box(mapnik.Box2d(0, 0, width, height))
    canvas = mapnik.Image(width * ratio, height * ratio)
    mapnik.render(drawing, canvas, ratio)
    canvas.demultiply()
    pixels = np.frombuffer(canvas.to_string(), np.uint8).reshape(height * ratio, width * ratio, 4)
    inner = slice(_ROOM * ratio, -_ROOM * ratio)
    return Image.fromarray(pixels[inner, inner].copy(), "RGBA")
