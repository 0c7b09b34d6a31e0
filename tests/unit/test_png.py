"""PNG as `layers.png` writes it, read by Pillow."""

import io

import numpy as np
import pytest
from PIL import Image

from layers.png import png


@pytest.mark.parametrize(("bands", "mode"), [(3, "RGB"), (4, "RGBA")])
@pytest.mark.parametrize("size", [(1, 1), (256, 256), (37, 501)])
def test_pixels_come_back_as_they_were(bands, mode, size):
    pixels = np.random.default_rng(3).integers(0, 255, (*size, bands), "uint8")
    with Image.open(io.BytesIO(png(pixels))) as read:
        read.load()
        assert (read.mode, read.size) == (mode, size[::-1])
        assert np.array_equal(np.asarray(read), pixels)


def test_a_view_of_a_larger_picture_is_written():
    pixels = np.arange(64 * 64 * 4, dtype="uint8").reshape(64, 64, 4)
    with Image.open(io.BytesIO(png(pixels[10:20, 30:50, :3]))) as read:
        assert np.array_equal(np.asarray(read), pixels[10:20, 30:50, :3])
