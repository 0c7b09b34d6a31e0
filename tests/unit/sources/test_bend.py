"""Pictures of bytes on another grid: where PROJ puts each pixel, the values around it weighted linearly."""

import numpy as np
import pytest

from layers.crs import transform_bbox, transformer
from layers.sources import bend
from layers.sources.bend import TOLERANCE, bent, stretched
from layers.sources.regrid import Piece, lay, warp

SIZE = (300, 200)
STEEPEST = 20
"""Levels between two pixels of a wavy picture."""


def wavy(rows, columns, bands=3):
    """Bands that are nowhere flat."""
    y, x = np.mgrid[0:rows, 0:columns]
    waves = [127 + 100 * np.sin(x / (6 + band)) * np.cos(y / (7 + band)) for band in range(bands)]
    return np.stack(waves).round().astype(np.uint8)


def at(data, columns, rows):
    """The values at places in pixels, weighted linearly, one place after the other."""
    u, v = columns - 0.5, rows - 0.5
    i, j = np.floor(u).astype(int), np.floor(v).astype(int)
    du, dv = u - i, v - j
    above = data[:, j, i] * (1 - du) + data[:, j, i + 1] * du
    return above * (1 - dv) + (data[:, j + 1, i] * (1 - du) + data[:, j + 1, i + 1] * du) * dv


def over(crs, target, resolution, centre=(652000.0, 6862000.0)):
    """A box of SIZE in the target CRS around a place (EPSG:2154), and the place of a source that holds it."""
    x, y = transformer("EPSG:2154", crs).transform(*centre)
    metre = 1.0 if crs == "EPSG:2154" else 1 / 111000
    half = (SIZE[0] * resolution * metre / 2, SIZE[1] * resolution * metre / 2)
    bbox = transform_bbox((x - half[0], y - half[1], x + half[0], y + half[1]), crs, target)
    left, bottom, right, top = transform_bbox(bbox, target, crs)
    pixel = resolution * metre
    place = (left - 4 * pixel, top + 4 * pixel, pixel, pixel)
    return bbox, place, (int((top - bottom) / pixel) + 9, int((right - left) / pixel) + 9)


@pytest.mark.parametrize("resolution", [0.05, 1.0, 20.0, 150.0])
@pytest.mark.parametrize(
    ("crs", "target"), [("EPSG:2154", "EPSG:3857"), ("EPSG:2154", "EPSG:4326"), ("EPSG:4326", "EPSG:3035")]
)
@pytest.mark.parametrize("bands", [1, 3, 4])
def test_a_pixel_is_what_lies_where_proj_puts_it(crs, target, resolution, bands):
    bbox, place, shape = over(crs, target, resolution)
    data = wavy(*shape, bands)
    found = bent(data, place, (crs, target), bbox, SIZE)
    assert found.shape == (bands, SIZE[1], SIZE[0])
    x, y = np.meshgrid(
        bbox[0] + (np.arange(SIZE[0]) + 0.5) * ((bbox[2] - bbox[0]) / SIZE[0]),
        bbox[3] - (np.arange(SIZE[1]) + 0.5) * ((bbox[3] - bbox[1]) / SIZE[1]),
    )
    east, north = transformer(target, crs).transform(x.ravel(), y.ravel())
    exact = at(data, (east - place[0]) / place[2], (place[1] - north) / place[3]).reshape(found.shape)
    assert np.abs(found - exact).max() <= 1 + 2 * STEEPEST * TOLERANCE


def test_the_larger_the_picture_the_more_quadrangles(monkeypatch):
    bbox, place, shape = over("EPSG:2154", "EPSG:3857", 150.0)
    data = wavy(*shape)
    monkeypatch.setattr(bend, "SIDES", (1,))
    assert bent(data, place, ("EPSG:2154", "EPSG:3857"), bbox, SIZE) is None


@pytest.mark.parametrize("size", [(7, 300), (300, 15)])
def test_a_picture_too_small_for_quadrangles_is_left_to_the_warper(size):
    bbox, place, shape = over("EPSG:2154", "EPSG:3857", 1.0)
    assert bent(wavy(*shape), place, ("EPSG:2154", "EPSG:3857"), bbox, size) is None


def test_a_picture_beyond_the_source_is_left_to_the_warper():
    bbox, place, shape = over("EPSG:2154", "EPSG:3857", 1.0)
    moved = (place[0] + 20, *place[1:])
    assert bent(wavy(*shape), moved, ("EPSG:2154", "EPSG:3857"), bbox, SIZE) is None


def test_the_warper_shows_the_same_picture():
    bbox, place, shape = over("EPSG:2154", "EPSG:3857", 1.0)
    data = wavy(*shape)
    asked = ("EPSG:2154", bbox, "EPSG:3857", *SIZE)
    pieces = [Piece(np.ma.MaskedArray(values), *place) for values in (data, data.astype(np.float32))]
    ours, gdal = (warp(piece, *asked, "bilinear", whole=True) for piece in pieces)
    assert ours.dtype == np.uint8
    assert np.abs(ours.astype(float) - gdal).max() <= 1 + 2 * STEEPEST * TOLERANCE * 2


@pytest.mark.parametrize("scale", [0.3, 0.75, 1.0])
def test_a_part_of_a_picture_is_what_numbers_between_its_pixels_say(scale):
    data = wavy(120, 160)
    left, top = 20.4, 15.7
    bbox = (left, -top - 60 * scale, left + 80 * scale, -top)
    pieces = [Piece(np.ma.MaskedArray(values), 0.0, 0.0, 1.0, 1.0) for values in (data, data.astype(np.float32))]
    ours, numbers = (lay(piece, bbox, 80, 60, "bilinear") for piece in pieces)
    assert ours.dtype == np.uint8
    assert np.abs(ours.astype(float) - numbers).max() <= 1.1
    box = (left, top, left + 80 * scale, top + 60 * scale)
    assert np.array_equal(ours, stretched(data, box, 80, 60))


@pytest.mark.parametrize("bands", [1, 2, 4])
def test_bands_do_not_mix(bands):
    data = np.zeros((bands, 40, 40), np.uint8)
    data[-1] = 255
    found = stretched(data, (3.3, 3.3, 33.3, 33.3), 30, 30)
    assert (found[-1] == 255).all()
    assert not found[:-1].any()
