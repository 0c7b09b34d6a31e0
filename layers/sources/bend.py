"""Pictures of bytes, without holes, laid on another grid by Pillow: half of the time of numpy or of GDAL's warper.

Another CRS's grid is followed by quadrangles, in each of which rows and columns run straight: as many as it takes for
no pixel to lie further than `TOLERANCE` from where PROJ puts it (GDAL's warper allows twice as much). Values are
weighted linearly between the four pixels around a place and cut to whole numbers: they differ by 1 at the most.
"""

from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

from layers.crs import BBox, transformer

TOLERANCE = 1 / 16
"""Source pixels."""
SIDES = (1, 2, 4, 8, 16)
"""Quadrangles along a side of the picture."""

type Bytes = npt.NDArray[np.uint8]
type Corners = tuple[Any, Any]


def stretched(data: Bytes, box: BBox, width: int, height: int) -> Bytes:
    """A part of bands × rows × columns (one to four bands) as width × height pixels, no coarser than the source's.

    `box` is left, top, right, bottom in pixels of the source.
    """
    picture = _picture(data).resize((width, height), Image.Resampling.BILINEAR, box=box)
    return _bands(picture, len(data))


def bent(data: Bytes, place: tuple[float, float, float, float], crs: tuple[str, str], bbox: BBox, size: tuple[int, int]
) -> Bytes | None:  # fmt: skip
    """Bands × rows × columns (one to four bands) on the grid of another CRS; None where quadrangles do not follow it,
    or where the picture reaches beyond the source.

    `place` is left, top, width and height of the source's pixels, `crs` the source's and the picture's, `bbox` and
    `size` (width, height) the picture's.
    """
    for sides in SIDES if min(size) >= SIDES[-1] else ():
        edges = [np.round(np.linspace(0, length, sides + 1)) for length in size]
        corners = _corners(edges, place, crs, bbox, size)
        if corners is not None:
            return _followed(data, edges, corners, size)
    return None


def _corners(
    edges: list[Any], place: tuple[float, float, float, float], crs: tuple[str, str], bbox: BBox, size: tuple[int, int]
) -> Corners | None:
    """Columns and rows of the source under the corners of quadrangles; None where there are too few of these."""
    columns, rows = (np.sort(np.concatenate((line, (line[1:] + line[:-1]) / 2))) for line in edges)
    x, y = np.meshgrid(
        bbox[0] + columns * ((bbox[2] - bbox[0]) / size[0]), bbox[3] - rows * ((bbox[3] - bbox[1]) / size[1])
    )
    left, top, across, down = place
    there = transformer(crs[1], crs[0]).transform(x, y)
    found = (np.asarray(there[0]) - left) / across, (top - np.asarray(there[1])) / down
    if all(_bow(lines) <= TOLERANCE for lines in found):
        return found[0][::2, ::2], found[1][::2, ::2]
    return None


def _bow(lines: Any) -> float:
    """How far the middles of sides, and of quadrangles, lie from where straight lines would put them."""
    corners, middles = lines[::2, ::2], lines[1::2, 1::2]
    aside = (
        lines[::2, 1::2] - (corners[:, 1:] + corners[:, :-1]) / 2,
        lines[1::2, ::2] - (corners[1:] + corners[:-1]) / 2,
    )
    inside = middles - (corners[1:, 1:] + corners[:-1, :-1] + corners[1:, :-1] + corners[:-1, 1:]) / 4
    return float(max(np.abs(part).max() for part in (*aside, inside)))


def _followed(data: Bytes, edges: list[Any], corners: Corners, size: tuple[int, int]) -> Bytes | None:
    """The picture, quadrangle by quadrangle."""
    for lines, length in zip(corners, data.shape[:0:-1], strict=True):
        if not (lines.min() >= 0 and lines.max() <= length):
            return None
    columns, rows = (line.astype(int).tolist() for line in edges)
    places = np.stack(corners, axis=-1)
    mesh = [
        ((columns[i], rows[j], columns[i + 1], rows[j + 1]), _quadrangle(places[j : j + 2, i : i + 2]))
        for j in range(len(rows) - 1)
        for i in range(len(columns) - 1)
    ]
    picture = _picture(data).transform(size, Image.Transform.MESH, mesh, Image.Resampling.BILINEAR)
    return _bands(picture, len(data))


def _quadrangle(four: Any) -> tuple[float, ...]:
    """North-west, south-west, south-east, north-east, as Pillow takes them."""
    return tuple(np.concatenate((four[0, 0], four[1, 0], four[1, 1], four[0, 1])).tolist())


def _picture(data: Bytes) -> Image.Image:
    """One band as grey, more as four channels of which Pillow mixes none with another."""
    _, rows, columns = data.shape
    if len(data) == 1:
        return Image.frombuffer("L", (columns, rows), np.ascontiguousarray(data[0]), "raw", "L", 0, 1)
    pixels = np.empty((rows, columns, 4), np.uint8)
    for band, values in enumerate(data):
        pixels[..., band] = values
    return Image.frombuffer("RGBX", (columns, rows), pixels, "raw", "RGBX", 0, 1)


def _bands(picture: Image.Image, count: int) -> Bytes:
    pixels = np.asarray(picture)
    return pixels[None] if count == 1 else np.moveaxis(pixels, 2, 0)[:count]
