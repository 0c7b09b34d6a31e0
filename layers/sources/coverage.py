"""Pixels of a raster layer, of any window in any CRS.

A read has two steps. A *piece* is read from the file on the file's own pixels: whole source pixels, averaged down
through the overviews where the picture is coarser. Then the piece is laid on the asked grid, exactly: by weights of
rows and columns in the layer's own CRS, by GDAL's warper in another. Windows that fall between pixels, or on the seam
of two files, are therefore as exact as any other.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from rasterio.enums import MaskFlags, Resampling
from rasterio.windows import Window

from layers import model
from layers.crs import CRS84, BBox, transform_bbox
from layers.errors import SourceError
from layers.facts import RasterFacts
from layers.registry import Layer
from layers.sources import datasets
from layers.sources.dimension import band_of_time
from layers.sources.regrid import Piece, lay, warp

type Pixels = np.ma.MaskedArray[Any, np.dtype[Any]]

PAD = 3
"""Source pixels read beyond the window: what cubic convolution looks at."""
EXACT = 1e-3
"""Part of a source pixel within which a picture lies on the source's own pixels, so that none beyond it are needed."""


@dataclass(frozen=True, slots=True)
class Plan:
    """A rectangle of whole pixels of the file, and the size at which it is read."""

    column: int
    row: int
    columns: int
    rows: int
    width: int
    height: int


class Coverage:
    """Pixels of any window in any CRS, of anything that GDAL opens as a raster."""

    def __init__(self, facts: RasterFacts, source: model.RasterSource, stamp: str = "") -> None:
        self.facts = facts
        self.source = source
        self.stamp = stamp

    @classmethod
    def of(cls, layer: Layer) -> "Coverage":
        """The coverage of a registered layer."""
        assert isinstance(layer.facts, RasterFacts)
        assert isinstance(layer.definition.source, model.RasterSource)
        return cls(layer.facts, layer.definition.source, layer.stamp)

    def read(
        self,
        bbox: BBox,
        crs: str,
        width: int,
        height: int,
        *,
        time: str | None = None,
        resampling: str | None = None,
    ) -> Pixels:
        """Bands × height × width, masked where there is no data; alpha is a band like the others.

        `resampling` is the layer's own by default, and nearest for paletted data. Raises SourceError.
        """
        method = "nearest" if self.paletted else resampling or self.source.resampling
        area, box, whole = _place(self.facts, bbox, crs)
        if area is None:
            return self._nothing(width, height)
        pixel = _pixel(bbox, width, height, area, box)
        with datasets.dataset(self.facts.path, self.stamp) as opened:
            plan = _plan(opened, self.facts, box, pixel)
            if plan is None:
                return self._nothing(width, height)
            data = self._piece(opened, plan, time, method)
        piece = Piece(data, *_georeference(self.facts, plan), alphas=_alphas(self.facts))
        if _same(crs, self.facts.crs):
            return lay(piece, bbox, width, height, method)
        with datasets.reading():
            return warp(piece, self.facts.crs, bbox, crs, width, height, method, whole=whole)

    @property
    def paletted(self) -> bool:
        """True where values are indexes of a colour table: they must not be mixed."""
        return any(band.interpretation == "palette" for band in self.facts.bands)

    def palette(self) -> tuple[tuple[int, int, int, int], ...]:
        """Red, green, blue, alpha by value of a paletted layer; empty for any other."""
        return _palette(self.facts.path, self.stamp) if self.paletted else ()

    def _nothing(self, width: int, height: int) -> Pixels:
        shape = (len(self.facts.bands), height, width)
        return np.ma.masked_all(shape, self._dtype())

    def _dtype(self) -> np.dtype[Any]:
        return np.result_type(*(np.dtype(band.dtype) for band in self.facts.bands))

    def _piece(self, opened: Any, plan: Plan, time: str | None, method: str) -> Pixels:
        """The bands of a plan, with nodata, alpha or the file's mask as mask."""
        bands = self._bands(opened, time)
        whole = (plan.width, plan.height) == (plan.columns, plan.rows)
        how = Resampling.nearest if method == "nearest" or whole else Resampling.average
        asked = {
            "window": Window(plan.column, plan.row, plan.columns, plan.rows),
            "out_shape": (len(bands), plan.height, plan.width),
            "resampling": how,
        }
        data = opened.read(indexes=list(bands), **asked)
        mask = self._mask(opened, data, bands, asked)
        return np.ma.MaskedArray(self._scaled(opened, data, bands), mask=mask)

    def _bands(self, opened: Any, time: str | None) -> Sequence[int]:
        if not self.facts.times:
            return self.source.bands or range(1, len(self.facts.bands) + 1)
        return (band_of_time(opened, self.facts, self.source, time or self.facts.times[-1]),)

    def _mask(self, opened: Any, data: Any, bands: Sequence[int], asked: dict[str, Any]) -> Any:
        nodata = [band.nodata for band in self.facts.bands]
        mask = _is_nodata(data, nodata)
        flags = opened.mask_flag_enums[bands[0] - 1]
        if MaskFlags.alpha in flags:
            alpha = [kind.name for kind in opened.colorinterp].index("alpha") + 1
            shown = data[bands.index(alpha)] if alpha in bands else opened.read(alpha, **_one(asked))
            mask = mask | np.broadcast_to(shown == 0, data.shape)
            if alpha in bands:
                mask[bands.index(alpha)] = False
        elif MaskFlags.per_dataset in flags:
            hidden = opened.read_masks(bands[0], **_one(asked)) == 0
            mask = mask | np.broadcast_to(hidden, data.shape) if hidden.any() else mask
        return mask

    def _scaled(self, opened: Any, data: Any, bands: Sequence[int]) -> Any:
        """Packed values as what they stand for (CF, 8.1)."""
        scales = np.array([opened.scales[band - 1] for band in bands])
        offsets = np.array([opened.offsets[band - 1] for band in bands])
        if (scales == 1).all() and (offsets == 0).all():
            return data
        return (data * scales[:, None, None] + offsets[:, None, None]).astype(np.float32)


@lru_cache(maxsize=64)
def _palette(path: str, stamp: str) -> tuple[tuple[int, int, int, int], ...]:
    with datasets.dataset(path, stamp) as opened:
        table = opened.colormap(1)
    return tuple(table.get(value, (0, 0, 0, 0)) for value in range(max(table, default=-1) + 1))


def _one(asked: dict[str, Any]) -> dict[str, Any]:
    return {**asked, "out_shape": asked["out_shape"][1:], "resampling": Resampling.nearest}


def _is_nodata(data: Any, nodata: list[float | None]) -> Any:
    told = {band: value for band, value in enumerate(nodata) if value is not None and not math.isnan(value)}
    if not told and data.dtype.kind != "f":
        return np.ma.nomask
    mask = np.zeros(data.shape, bool)
    for band, value in told.items():
        mask[band] = data[band] == value
    if data.dtype.kind == "f":
        mask |= ~np.isfinite(data)
    return mask


def _same(one: str, other: str) -> bool:
    """True for two names of one CRS, the order of axes apart."""
    return one.replace(CRS84, "EPSG:4326") == other.replace(CRS84, "EPSG:4326")


def _place(facts: RasterFacts, bbox: BBox, crs: str) -> tuple[BBox | None, BBox, bool]:
    """The part of a picture's box where the layer is (None: none), that part in the layer's CRS, and whether it is all.

    "All" is certain: every pixel of the picture lies on the layer.
    """
    own = _same(crs, facts.crs)
    extent = facts.extent if own else _extent_in(facts, crs)
    area = _intersection(bbox, extent) if extent else bbox
    if area is None:
        return None, bbox, False
    box = area if own else transform_bbox(area, crs, facts.crs)
    box = box if all(map(math.isfinite, box)) else facts.extent
    return area, box, area == bbox and _intersection(box, facts.extent) == box


def _alphas(facts: RasterFacts) -> tuple[int, ...]:
    return tuple(number for number, band in enumerate(facts.bands) if band.interpretation == "alpha")


def _extent_in(facts: RasterFacts, crs: str) -> BBox | None:
    """The layer's extent in another CRS; None where a part of it has no place there."""
    extent = transform_bbox(facts.extent, facts.crs, crs)
    return extent if all(map(math.isfinite, extent)) else None


def _intersection(one: BBox, other: BBox) -> BBox | None:
    left, bottom = max(one[0], other[0]), max(one[1], other[1])
    right, top = min(one[2], other[2]), min(one[3], other[3])
    return (left, bottom, right, top) if left < right and bottom < top else None


def _pixel(bbox: BBox, width: int, height: int, area: BBox, box: BBox) -> tuple[float, float]:
    """Size of the picture's pixels in units of the layer's CRS, around the area that both share."""
    across = (bbox[2] - bbox[0]) / width * (box[2] - box[0]) / (area[2] - area[0])
    down = (bbox[3] - bbox[1]) / height * (box[3] - box[1]) / (area[3] - area[1])
    return across, down


def _plan(opened: Any, facts: RasterFacts, box: BBox, pixel: tuple[float, float]) -> Plan | None:
    """Whole pixels around a box, averaged down to about the picture's; None where the file has none there."""
    left, _, _, top = facts.extent
    across, down = facts.resolution
    wide, high = pixel[0] / across, pixel[1] / down
    column, columns, width = _span((box[0] - left) / across, (box[2] - left) / across, wide, opened.width)
    row, rows, height = _span((top - box[3]) / down, (top - box[1]) / down, high, opened.height)
    if not columns or not rows:
        return None
    if width * height > 40_000_000:
        raise SourceError(f"{facts.path}: a picture would need {width} × {height} pixels of it")
    return Plan(column, row, columns, rows, width, height)


def _step(coarse: float) -> int:
    """Source pixels that are averaged into one: a power of two, as overviews are made and as files of a mosaic are cut.

    The piece is up to 1.7 times finer than the picture, or up to 1.2 times coarser.
    """
    return 1 << max(0, math.floor(math.log2(coarse) + 0.25))


def _span(first: float, last: float, pixel: float, size: int) -> tuple[int, int, int]:
    """First pixel, number of pixels, and number at which they are read, of one axis.

    `pixel` is how many source pixels one of the picture's is wide. Spans start on multiples of the step, so that
    neighbouring pictures average the same pixels.
    """
    step = _step(pixel)
    pad = 0 if _is_exact(first / step, last / step, pixel / step) else PAD
    start = max(0, math.floor(first / step - pad + EXACT) * step)
    end = min(size, math.ceil(last / step + pad - EXACT) * step)
    count = max(0, end - start)
    return start, count, max(1, -(-count // step))


def _is_exact(first: float, last: float, pixel: float) -> bool:
    """True for a picture's span whose pixels are those of the piece, one to one."""
    aligned = all(abs(edge - round(edge)) < EXACT for edge in (first, last))
    return aligned and abs(pixel - 1) * max(1, last - first) < EXACT


def _georeference(facts: RasterFacts, plan: Plan) -> tuple[float, float, float, float]:
    """Left, top, width and height of a piece's pixels."""
    left, _, _, top = facts.extent
    across, down = facts.resolution
    return (
        left + plan.column * across,
        top - plan.row * down,
        plan.columns * across / plan.width,
        plan.rows * down / plan.height,
    )
