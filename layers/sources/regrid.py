"""Pixels laid on another grid: exactly, with their mask."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from rasterio.crs import CRS
from rasterio.enums import Resampling
from rasterio.transform import from_origin
from rasterio.warp import reproject

from layers.crs import CRS84, BBox, grid_operation
from layers.sources.bend import bent, stretched

FINEST = 1.001
"""Pixels of a piece to one of the picture up to which each of the picture's lies between two of the piece's."""

type Pixels = np.ma.MaskedArray[Any, np.dtype[Any]]


@dataclass(frozen=True, slots=True)
class Piece:
    """Bands × rows × columns, with its upper left corner, the size of its pixels, and which of its bands are alpha."""

    data: Pixels
    left: float
    top: float
    across: float
    down: float
    alphas: tuple[int, ...] = ()


@dataclass(frozen=True, slots=True)
class Axis:
    """For each pixel of the picture along one axis: the two pixels around it, the second's weight, and if any is."""

    low: Any
    high: Any
    weight: Any
    inside: Any

    @property
    def plain(self) -> bool:
        """True where the first pixel alone is meant."""
        return not bool(self.weight.any())


def lay(piece: Piece, bbox: BBox, width: int, height: int, method: str) -> Pixels:
    """A piece on a grid of the same CRS. Between pixels values are weighted linearly, unless `method` is nearest."""
    linear = method != "nearest"
    columns = _axis((bbox[0] - piece.left) / piece.across, (bbox[2] - bbox[0]) / width / piece.across, width,
                    piece.data.shape[2], linear)  # fmt: skip
    rows = _axis((piece.top - bbox[3]) / piece.down, (bbox[3] - bbox[1]) / height / piece.down, height,
                 piece.data.shape[1], linear)  # fmt: skip
    data, mask = np.ma.getdata(piece.data), _mask(piece)
    plain = rows.plain and columns.plain
    if linear and not plain and _is_picture(data, mask) and (part := _part(piece, bbox, width, height)):
        return np.ma.MaskedArray(stretched(data, part, width, height))
    if plain or mask is None:
        values, masked = _lerp(data, rows, columns), None if mask is None else _pick(mask, rows, columns)
    else:
        values, masked = _lerp_masked(data, mask, rows, columns)
    return _outside(values, masked, rows, columns)


def _mask(piece: Piece) -> Any:
    """The mask of a piece of which anything is masked; None for any other."""
    mask = np.ma.getmask(piece.data)
    return mask if mask is not np.ma.nomask and mask.any() else None


def _is_picture(data: Any, mask: Any) -> bool:
    """True for what `layers.sources.bend` is for."""
    return data.dtype == np.uint8 and len(data) <= 4 and mask is None


def _part(piece: Piece, bbox: BBox, width: int, height: int) -> BBox | None:
    """A box in pixels of the piece, from its upper left corner; None where it reaches beyond it, or is much finer than
    a picture, whose pixels would have to be left out."""
    left, right = ((x - piece.left) / piece.across for x in (bbox[0], bbox[2]))
    top, bottom = ((piece.top - y) / piece.down for y in (bbox[3], bbox[1]))
    _, rows, columns = piece.data.shape
    if left < 0 or top < 0 or right > columns or bottom > rows:
        return None
    return (left, top, right, bottom) if max((right - left) / width, (bottom - top) / height) <= FINEST else None


def _axis(start: float, step: float, count: int, size: int, linear: bool) -> Axis:
    """`start` and `step` in pixels of the piece, from its first edge."""
    centre = start + (np.arange(count) + 0.5) * step
    inside = (centre > 0) & (centre < size)
    if not linear:
        index = np.clip(np.floor(centre), 0, size - 1).astype(np.intp)
        return Axis(index, index, np.zeros(count, np.uint16), inside)
    place = np.clip(centre - 0.5, 0, size - 1)
    low = place.astype(np.intp)
    weight = np.round((place - low) * 256).astype(np.uint16)
    # a pixel within a tenth of another's centre is that pixel: no blur for a hair's breadth
    if step > 0.9 and (np.minimum(weight, 256 - weight) <= 26).all():
        low, weight = np.minimum(low + (weight > 128), size - 1), np.zeros_like(weight)
    return Axis(low, np.minimum(low + 1, size - 1), weight, inside)


def _pick(data: Any, rows: Axis, columns: Axis) -> Any:
    """Nearest pixels; runs of neighbours are cut out rather than gathered, and their ends repeated beyond the piece."""
    down, across = _run(rows.low), _run(columns.low)
    if down is None or across is None:
        return data[:, rows.low][:, :, columns.low]
    part = data[:, slice(*down.ends), slice(*across.ends)]
    beyond = ((0, 0), down.beyond, across.beyond)
    return np.pad(part, beyond, mode="edge") if any(map(any, beyond)) else part


class _Run(NamedTuple):
    """Neighbours from the first of `ends` to before the second; how often they are repeated before and after."""

    ends: tuple[int, int]
    beyond: tuple[int, int]


def _run(index: Any) -> _Run | None:
    """The run that an index, which never falls, is; None where it leaves out or repeats any between its ends."""
    first, last = int(index[0]), int(index[-1])
    before = int(np.searchsorted(index, first, "right")) - 1
    after = len(index) - int(np.searchsorted(index, last, "left")) - 1
    middle = index[before : len(index) - after]
    if len(middle) != last - first + 1 or not (np.diff(middle) == 1).all():
        return None
    return _Run((first, last + 1), (before, after))


def _lerp(data: Any, rows: Axis, columns: Axis) -> Any:
    if rows.plain and columns.plain:
        return _pick(data, rows, columns)
    if data.dtype == np.uint8:
        return _lerp_bytes(data, rows, columns)
    down, across = _fractions(rows)[:, None], _fractions(columns)
    kind = np.float64 if data.dtype.itemsize > 4 else np.float32
    wide = data.astype(kind, copy=False)
    mixed = wide[:, rows.low] * (1 - down) + wide[:, rows.high] * down
    mixed = mixed[:, :, columns.low] * (1 - across) + mixed[:, :, columns.high] * across
    return mixed.astype(data.dtype) if data.dtype.kind == "f" else np.rint(mixed).astype(data.dtype)


def _lerp_bytes(data: Any, rows: Axis, columns: Axis) -> Any:
    """In 16 bit whole numbers: twice as fast as in floats."""
    wide = data.astype(np.uint16)
    down, across = rows.weight[:, None], columns.weight
    mixed = wide[:, rows.low] * (256 - down) + wide[:, rows.high] * down
    mixed = (mixed + 128) >> 8
    mixed = mixed[:, :, columns.low] * (256 - across) + mixed[:, :, columns.high] * across
    return ((mixed + 128) >> 8).astype(np.uint8)


def _fractions(axis: Axis) -> Any:
    return axis.weight.astype(np.float32) / 256


def _lerp_masked(data: Any, mask: Any, rows: Axis, columns: Axis) -> tuple[Any, Any]:
    """Masked pixels weigh nothing; a pixel that is more than half masked is masked."""
    valid = (~mask).astype(np.float32)
    kind = np.float64 if data.dtype.itemsize > 4 else np.float32
    total = _lerp(np.where(mask, 0, data).astype(kind), rows, columns)
    weight = _lerp(valid, rows, columns)
    masked = weight < 0.5
    values = np.divide(total, weight, out=np.zeros_like(total), where=~masked)
    return (values if data.dtype.kind == "f" else np.rint(values)).astype(data.dtype), masked


def _outside(values: Any, masked: Any, rows: Axis, columns: Axis) -> Pixels:
    """Masks what lies beyond the piece, which is the layer's end."""
    if not (rows.inside.all() and columns.inside.all()):
        outside = ~(rows.inside[:, None] & columns.inside)
        masked = np.broadcast_to(outside, values.shape).copy() if masked is None else masked | outside
    return np.ma.MaskedArray(values, mask=np.ma.nomask if masked is None else masked)


def warp(
    piece: Piece, crs: str, bbox: BBox, target: str, width: int, height: int, method: str, *, whole: bool = False
) -> Pixels:
    """A piece on a grid of another CRS, by GDAL's warper; `whole` tells that the piece reaches beyond the picture.

    The piece is about as coarse as the picture already: the warper need not average (XSCALE, YSCALE).
    """
    data, mask = np.ma.getdata(piece.data), _mask(piece)
    asked = {
        "src_crs": _gdal_crs(crs),
        "dst_crs": _gdal_crs(target),
        "src_transform": from_origin(piece.left, piece.top, piece.across, piece.down),
        "dst_transform": from_origin(bbox[0], bbox[3], (bbox[2] - bbox[0]) / width, (bbox[3] - bbox[1]) / height),
        "XSCALE": 1,
        "YSCALE": 1,
    }
    if operation := grid_operation(crs, target):
        asked["COORDINATE_OPERATION"] = operation
    how = Resampling[method]
    if whole and method == "bilinear" and _is_picture(data, mask):
        place = (piece.left, piece.top, piece.across, piece.down)
        found = bent(data, place, (crs, target), bbox, (width, height))
        if found is not None:
            return np.ma.MaskedArray(found)
    if whole and mask is None:
        target_data = np.zeros((len(data), height, width), data.dtype)
        reproject(data, target_data, resampling=how, **asked)
        return np.ma.MaskedArray(target_data)
    mask = np.ma.getmaskarray(piece.data)
    if data.dtype == np.uint8:
        shown = [band for band in range(len(data)) if band not in piece.alphas]
        return _warp_bytes(data, mask[shown].all(axis=0), how, (height, width), asked)
    return _warp_numbers(data, mask, how, (height, width), asked)


def _warp_bytes(data: Any, mask: Any, how: Resampling, shape: tuple[int, int], asked: dict[str, Any]) -> Pixels:
    """With the mask as an alpha band, by which the warper weighs colours."""
    opaque = np.where(mask, 0, 255).astype(np.uint8)[None]
    source = np.concatenate((data, opaque))
    target = np.zeros((len(source), *shape), np.uint8)
    reproject(source, target, src_alpha=len(source), resampling=how, **asked)
    hidden = target[-1] < 128
    return np.ma.MaskedArray(target[:-1], mask=np.broadcast_to(hidden, target[:-1].shape).copy())


def _warp_numbers(data: Any, mask: Any, how: Resampling, shape: tuple[int, int], asked: dict[str, Any]) -> Pixels:
    """With masked pixels as a value that is no other's."""
    kind = np.float64 if data.dtype.itemsize > 4 or data.dtype in (np.uint32, np.int32) else np.float32
    source = np.where(mask, np.nan, data).astype(kind)
    target = np.full((len(data), *shape), np.nan, kind)
    reproject(source, target, src_nodata=np.nan, dst_nodata=np.nan, resampling=how, **asked)
    hidden = np.isnan(target)
    if data.dtype.kind != "f":
        target = np.rint(np.where(hidden, 0, target))
    return np.ma.MaskedArray(target.astype(data.dtype), mask=hidden)


def _gdal_crs(crs: str) -> CRS:
    return CRS.from_user_input(crs.replace(CRS84, "EPSG:4326"))
