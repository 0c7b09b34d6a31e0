"""PNG as `layers.png` writes it, read by Pillow."""

import ctypes
import io
import mmap
from pathlib import Path

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


XGETBV = bytes.fromhex("b901000000 0f01d0 c3")
"""mov ecx, 1; xgetbv; ret: which parts of the processor's state are in use (Intel SDM, volume 1, 13.6)."""
UPPER_HALVES = 0b1000100
"""AVX's and AVX-512's upper halves of the first sixteen vector registers."""


def _in_use() -> int:
    with mmap.mmap(-1, mmap.PAGESIZE, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC) as page:
        page.write(XGETBV)
        first = ctypes.c_char.from_buffer(page)
        found = int(ctypes.CFUNCTYPE(ctypes.c_uint32)(ctypes.addressof(first))())
        del first
    return found


def test_no_vector_register_is_left_in_use_which_would_slow_what_draws_the_next_picture():
    if " xgetbv1 " not in Path("/proc/cpuinfo").read_text():
        return
    png(np.zeros((256, 256, 4), np.uint8))
    assert _in_use() & UPPER_HALVES == 0
