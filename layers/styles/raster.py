"""How the bands of a raster become colours: colour maps, stretches, palettes, alpha; all by look-up tables.

Values of 8 and 16 bits are looked up as they are; others are first put into so many steps that no colour is missed.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
import numpy.typing as npt

from layers.facts import Band, RasterFacts
from layers.styles.color import rgb
from layers.styles.model import Channel, ColorMap, ContrastEnhancement, RasterSymbolizer

type Rgba = npt.NDArray[np.uint8]
type Masked = "np.ma.MaskedArray[Any, np.dtype[Any]]"

STEPS = 65536
_COLORS = ("red", "green", "blue")


@dataclass(frozen=True, slots=True)
class RasterLook:
    """A raster's portrayal: the style's symbolizer, the file's palette (RGBA by value), a stretch.

    `ranged` stretches bytes, too, between what the facts of their band tell.
    """

    symbolizer: RasterSymbolizer = field(default_factory=RasterSymbolizer)
    palette: tuple[tuple[int, int, int, int], ...] = ()
    stretch: tuple[float, float] | None = None
    ranged: bool = False


def to_rgba(look: RasterLook, data: Masked, facts: RasterFacts) -> Rgba:
    """Height × width × 4, not premultiplied, of bands × height × width; masked pixels are transparent.

    `facts.bands` describes the bands of `data` in their order.
    """
    symbolizer = look.symbolizer
    bands = facts.bands[: data.shape[0]]
    chosen = _chosen(symbolizer.channels, bands)
    if symbolizer.color_map is not None:
        picture = _mapped(symbolizer.color_map, data[chosen[0]])
    elif look.palette and len(chosen) == 1:
        picture = _look_up(_palette(look.palette), np.ma.getdata(data[chosen[0]]))
    else:
        picture = _stretched(look, data, bands, chosen)
    _transparent(picture, data, bands, chosen, symbolizer.opacity)
    return picture


def _chosen(channels: Sequence[Channel], bands: Sequence[Band]) -> list[int]:
    """Indexes of the bands to show: one, or red, green and blue."""
    if channels:
        return [_index(channel.source, bands) for channel in channels]
    names = [band.interpretation.lower() for band in bands]
    if all(color in names for color in _COLORS):
        return [names.index(color) for color in _COLORS]
    shown = [i for i, name in enumerate(names) if name != "alpha"]
    return shown[:3] if len(shown) >= 3 else shown[:1] or [0]


def _index(source: str, bands: Sequence[Band]) -> int:
    if source.strip().isdigit():
        return min(max(int(source) - 1, 0), len(bands) - 1)
    names = [band.description.lower() for band in bands]
    return names.index(source.lower()) if source.lower() in names else 0


def _transparent(picture: Rgba, data: Masked, bands: Sequence[Band], chosen: list[int], opacity: float) -> None:
    """Alpha of the file, then of the mask (where all bands shown are masked), then of the style."""
    alphas = [i for i, band in enumerate(bands) if band.interpretation.lower() == "alpha" and i not in chosen]
    if alphas:
        alpha = np.ma.getdata(data[alphas[0]])
        picture[..., 3] = alpha if alpha.dtype == np.uint8 else _scaled(alpha, 0, float(np.iinfo(alpha.dtype).max))
    if np.ma.is_masked(data):
        mask = np.ma.getmaskarray(data)
        hidden = mask[chosen[0]] if len(chosen) == 1 else mask[chosen].all(axis=0)
        picture[hidden] = 0
    values = np.ma.getdata(data[chosen[0]])
    if values.dtype.kind == "f":
        picture[np.isnan(values)] = 0
    if opacity < 1:
        picture[..., 3] = (picture[..., 3].astype(np.uint16) * round(opacity * 256)) >> 8


def _look_up(table: npt.NDArray[np.uint32], index: npt.NDArray[Any]) -> Rgba:
    """Colours by value; values beyond the table get its ends."""
    packed = table.take(index, mode="clip")
    return packed.view(np.uint8).reshape(*index.shape, 4)


@lru_cache(maxsize=64)
def _palette(colors: tuple[tuple[int, int, int, int], ...]) -> npt.NDArray[np.uint32]:
    table = np.zeros((max(len(colors), 256), 4), np.uint8)
    table[: len(colors)] = colors
    return _packed(table)


def _packed(table: npt.NDArray[np.uint8]) -> npt.NDArray[np.uint32]:
    packed = np.ascontiguousarray(table).view(np.uint32).reshape(-1)
    packed.flags.writeable = False
    return packed


def _mapped(color_map: ColorMap, band: Masked) -> Rgba:
    values = np.ma.getdata(band)
    if values.dtype == np.uint8:
        return _look_up(_table(color_map, 0.0, 255.0, 256), values)
    if values.dtype == np.uint16:
        return _look_up(_table(color_map, 0.0, 65535.0, 65536), values)
    if values.dtype == np.int16:
        return _look_up(_table(color_map, -32768.0, 32767.0, 65536), values.view(np.uint16) ^ np.uint16(0x8000))
    if color_map.kind != "ramp":
        return _classified(color_map, values)
    low, high = color_map.stops[0].value, color_map.stops[-1].value
    return _look_up(_table(color_map, low, high, STEPS), _steps(values, low, high, STEPS))


def _steps(values: npt.NDArray[Any], low: float, high: float, count: int) -> npt.NDArray[np.intp]:
    scale = (count - 1) / (high - low) if high > low else 0.0
    scaled = (values - values.dtype.type(low)) * values.dtype.type(scale) if values.dtype.kind == "f" else None
    if scaled is None:
        scaled = (values.astype(np.float64) - low) * scale
    np.nan_to_num(scaled, copy=False, nan=0.0, posinf=count, neginf=0.0)
    np.clip(scaled, 0, count - 1, out=scaled)
    return (scaled + scaled.dtype.type(0.5)).astype(np.intp)


def _classified(color_map: ColorMap, values: npt.NDArray[Any]) -> Rgba:
    """Intervals and single values of numbers that are no small integers."""
    stops = np.array([s.value for s in color_map.stops], np.float64)
    table = np.zeros((len(stops) + 1, 4), np.uint8)
    table[:-1] = _colors(color_map)
    typed = stops.astype(values.dtype) if values.dtype.kind == "f" else stops
    if color_map.kind == "intervals":
        return _look_up(_packed(table), np.searchsorted(typed, values, side="right"))
    index = np.searchsorted(typed, values, side="left")
    found = np.isclose(typed[np.minimum(index, len(stops) - 1)], values, rtol=1e-6, atol=1e-9)
    return _look_up(_packed(table), np.where(found, index, len(stops)))


def _colors(color_map: ColorMap) -> npt.NDArray[np.uint8]:
    return np.array([(*rgb(s.color), round(s.opacity * 255)) for s in color_map.stops], np.uint8)


@lru_cache(maxsize=128)
def _table(color_map: ColorMap, low: float, high: float, count: int) -> npt.NDArray[np.uint32]:
    """Colours of `count` values from `low` to `high`."""
    values = np.linspace(low, high, count)
    if color_map.kind != "ramp":
        return _packed(_classified(color_map, values).reshape(count, 4))
    stops = np.array([s.value for s in color_map.stops])
    colors = _colors(color_map).astype(np.float64)
    table = np.stack([np.interp(values, stops, colors[:, channel]) for channel in range(4)], axis=1)
    return _packed((table + 0.5).astype(np.uint8))


def _stretched(look: RasterLook, data: Masked, bands: Sequence[Band], chosen: list[int]) -> Rgba:
    height, width = data.shape[1:]
    picture = np.empty((height, width, 4), np.uint8)
    picture[..., 3] = 255
    channels = look.symbolizer.channels
    for position, index in enumerate(chosen[:3]):
        own = channels[position].contrast if position < len(channels) else None
        shown = _contrasted(data[index], bands[index], own or look.symbolizer.contrast, look)
        if len(chosen) < 3:
            picture[..., :3] = shown[..., None]
            break
        picture[..., position] = shown
    return picture


def _contrasted(
    band: Masked, facts: Band, contrast: ContrastEnhancement | None, look: RasterLook
) -> npt.NDArray[np.uint8]:
    """A band in 0–255."""
    values = np.ma.getdata(band)
    limits = _limits(band, facts, contrast, look)
    if limits is None and values.dtype == np.uint8:
        shown = values
    else:
        low, high = limits or (0.0, 1.0)
        shown = _scaled(values, low, high)
    if contrast is not None and (contrast.gamma != 1.0 or contrast.method in ("logarithmic", "exponential")):
        return np.asarray(_curve(contrast).take(shown), np.uint8)
    return shown


def _limits(
    band: Masked, facts: Band, contrast: ContrastEnhancement | None, look: RasterLook
) -> tuple[float, float] | None:
    """What becomes black and white; None for 8 bits shown as they are.

    Never what one picture happens to hold, where it can be helped: the next one would not fit to it.
    """
    if contrast is not None and contrast.minimum is not None and contrast.maximum is not None:
        return contrast.minimum, contrast.maximum
    if look.stretch is not None:
        return look.stretch
    asked = look.ranged or (contrast is not None and contrast.method in ("normalize", "histogram"))
    if band.dtype == np.uint8 and (not asked or facts.minimum is None):
        return None
    if facts.minimum is not None and facts.maximum is not None:
        return facts.minimum, facts.maximum
    if band.count() == 0:
        return 0.0, 1.0
    return float(band.min()), float(band.max())


def _scaled(values: npt.NDArray[Any], low: float, high: float) -> npt.NDArray[np.uint8]:
    if values.dtype == np.uint16 or values.dtype == np.uint8:
        return np.asarray(_linear(low, high, 65536).take(values, mode="clip"), np.uint8)
    shown: npt.NDArray[np.uint8] = _steps(values, low, high, 256).astype(np.uint8)
    return shown


@lru_cache(maxsize=64)
def _linear(low: float, high: float, count: int) -> npt.NDArray[np.uint8]:
    span = high - low if high > low else 1.0
    shown: npt.NDArray[np.uint8] = (np.clip((np.arange(count) - low) / span, 0, 1) * 255 + 0.5).astype(np.uint8)
    return shown


@lru_cache(maxsize=64)
def _curve(contrast: ContrastEnhancement) -> npt.NDArray[np.uint8]:
    """Gamma and the curves of ContrastEnhancement over 0–255."""
    part = np.arange(256) / 255.0
    if contrast.method == "logarithmic":
        part = np.log1p(part * 9) / np.log(10)
    elif contrast.method == "exponential":
        part = np.expm1(part) / np.expm1(1.0)
    return (part ** (1.0 / max(contrast.gamma, 0.01)) * 255 + 0.5).astype(np.uint8)
