"""Sprites."""

import json
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image

from layers.maplibre.sprite import sprite
from support.maplibre import parameter, said, said_file
from support.style_maps import fill

STYLES = Path(__file__).parents[2] / "data/styles"
MARK = f"<Mark><WellKnownName>{{}}</WellKnownName><Fill>{parameter('fill', '{}')}</Fill></Mark>"


def point(name: str, color: str, size: int) -> str:
    return f"<PointSymbolizer><Graphic>{MARK.format(name, color)}<Size>{size}</Size></Graphic></PointSymbolizer>"


def cut(found, ratio: int):
    """The pictures of a sprite by name."""
    index, sheet = sprite(found.pictures, ratio)
    image = Image.open(BytesIO(sheet))
    for name, place in json.loads(index).items():
        assert place["pixelRatio"] == ratio
        box = (place["x"], place["y"], place["x"] + place["width"], place["y"] + place["height"])
        yield name, np.array(image.crop(box))


def test_each_picture_is_where_the_index_says_in_both_sizes():
    found = said(point("square", "#ff0000", 20), point("diamond", "#00ff00", 40), geometry="Point")
    names = [layer["layout"]["icon-image"] for layer in found.layers]
    for ratio in (1, 2):
        pictures = dict(cut(found, ratio))
        for name, color, side in zip(names, ((255, 0, 0), (0, 255, 0)), (20, 40), strict=True):
            middle = pictures[name][pictures[name].shape[0] // 2, pictures[name].shape[1] // 2]
            assert tuple(middle) == (*color, 255)
            painted = np.flatnonzero(pictures[name][..., 3].max(axis=0) > 127)
            assert abs(painted[-1] - painted[0] + 1 - side * ratio) <= 2


def test_a_pattern_is_a_whole_tile_without_a_seam():
    lines = "<Mark><WellKnownName>shape://horline</WellKnownName><Stroke/></Mark><Size>8</Size>"
    hatch = f"<GraphicFill><Graphic>{lines}</Graphic></GraphicFill>"
    found = said(fill("#ffffff").replace('<CssParameter name="fill">#ffffff</CssParameter>', hatch))
    (layer,) = found.layers
    ((name, pixels),) = cut(found, 1)
    assert layer["paint"]["fill-pattern"] == name
    rows = pixels[..., 3].min(axis=1)
    assert pixels.shape[0] in (8, 16, 32, 64)
    assert (rows > 200).sum() * 8 == pixels.shape[0]


def test_pictures_of_files_are_in_it():
    found = said_file(STYLES / "qgis_symboles.sld", "Point", {"genre": "string", "effectif": "real"})
    pictures = dict(cut(found, 1))
    drawn = pictures[found.layers[0]["layout"]["icon-image"]]
    assert drawn.shape == (40, 40, 4)
    assert ((drawn[..., 1] == 0xAA) & (drawn[..., 0] == 0) & (drawn[..., 3] == 255)).any()
    assert not said(fill("#ff0000")).pictures
