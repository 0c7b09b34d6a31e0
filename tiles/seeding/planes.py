"""A picture as planes of red, green and blue, as a source gives it: whole pixels are only put together tile by tile."""

from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from layers.sources.coverage import Pixels


class Planes(NamedTuple):
    """Three pictures of one band each, of one size."""

    red: Image.Image
    green: Image.Image
    blue: Image.Image

    @classmethod
    def white(cls, width: int, height: int) -> "Planes":
        """Nothing but white."""
        return cls(*(Image.new("L", (width, height), 255) for _ in cls._fields))

    @classmethod
    def over_white(cls, pixels: Pixels) -> "Planes | None":
        """Bytes of three bands, white where all are masked; None where nothing is there."""
        bands: Any = np.ma.getdata(pixels)
        if np.ma.is_masked(pixels):
            hidden = np.ma.getmaskarray(pixels).all(axis=0)
            if hidden.all():
                return None
            bands = np.where(hidden, np.uint8(255), bands)
        _, height, width = bands.shape
        planes = map(np.ascontiguousarray, bands)
        return cls(*(Image.frombuffer("L", (width, height), band, "raw", "L", 0, 1) for band in planes))

    def crop(self, box: tuple[int, int, int, int]) -> Image.Image:
        """A piece of the picture (left, top, right, bottom), each pixel in four bytes, as libjpeg likes it best."""
        red, green, blue = (plane.crop(box) for plane in self)
        return Image.merge("RGBX", (red, green, blue, red))

    def half(self) -> "Planes":
        """The picture at half its size: means of four pixels."""
        return Planes(*(plane.reduce(2) for plane in self))

    def paste(self, other: "Planes", left: int, top: int) -> None:
        """Put another picture in at a place."""
        for mine, theirs in zip(self, other, strict=True):
            mine.paste(theirs, (left, top))
