"""Which tiles there are: names as asked become a TileAddress, or the error that the asker gets.

Built from `tiles.table.tile_table`, as JSON in the front and directly in the engine, so that both answer alike.
Standard library only: the front imports this.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from server.errors import InvalidParameterError, NotFoundError, ServiceError, TileOutOfRangeError
from server.tile_path import VECTOR_NAMES, VECTOR_TYPE, TileRequest
from tiles.address import VECTOR, TileAddress
from tiles.grids import Grid

type Limits = Mapping[int, tuple[int, int, int, int]]
"""First column and row, last column and row, by level."""


class FoundTile(NamedTuple):
    """A tile that the registry has: where it is kept, its media type, the stamp of the tiles that are current.

    `packed` tells that it is kept with gzip, as vector tiles are.
    """

    address: TileAddress
    media_type: str
    stamp: str
    packed: bool = False


@dataclass(frozen=True, slots=True)
class _Layer:
    id: str
    theme: str
    access: frozenset[str]
    styles: frozenset[str]
    default_style: str
    times: frozenset[str]
    default_time: str
    formats: frozenset[str]
    media_type: str
    stamps: Mapping[str, str]
    limits: Mapping[str, Limits]
    vector: Limits
    vector_stamp: str


class TileTable:
    """The layers and grids of `tile_table`'s JSON."""

    def __init__(self, table: Mapping[str, Any]) -> None:
        grids = [Grid.from_json(item) for item in table["grids"].values()]
        self.grids = {item.id: item for item in grids} | {alias: item for item in grids for alias in item.aliases}
        layers = [_layer(name, entry) for name, entry in table["layers"].items()]
        names = [entry["name"] for entry in table["layers"].values()]
        self.layers = dict(zip(names, layers, strict=True)) | {layer.id: layer for layer in layers}
        self.prefix = str(table.get("prefix", ""))

    def find(self, asked: TileRequest) -> FoundTile:
        """The tile of a request. Raises ServiceError: 404 for addresses, 400 with OWS codes for key-value pairs."""
        try:
            return self._find(asked)
        except (InvalidParameterError, TileOutOfRangeError) as error:
            if asked.form != "kvp":
                error.status = 404
            raise

    @staticmethod
    def unknown(asked: TileRequest) -> ServiceError:
        """The error of a layer that is not there."""
        error = InvalidParameterError(f"there is no layer {asked.layer!r} here", "Layer")
        error.status = error.status if asked.form == "kvp" else 404
        return error

    def stamps(self) -> dict[str, dict[str, str]]:
        """The stamps of the tiles that are current, by layer's id and style (VECTOR for vector tiles)."""
        return {layer.id: {**layer.stamps, VECTOR: layer.vector_stamp} for layer in self.layers.values()}

    def _find(self, asked: TileRequest) -> FoundTile:
        layer = self.layers.get(asked.layer) or self.layers.get(asked.layer.removeprefix(self.prefix))
        if layer is None or asked.theme not in ("", layer.theme):
            raise self.unknown(asked)
        if asked.vector:
            return self._find_vector(layer, asked)
        style = _style(layer, asked)
        time = _time(layer, asked)
        if not _right_format(layer, asked.ext):
            raise InvalidParameterError(f"the tiles of {layer.id} are {layer.media_type}, not {asked.ext!r}", "Format")
        grid = self.grids.get(asked.grid)
        limits = layer.limits.get(grid.stored) if grid else None
        if grid is None or limits is None:
            raise InvalidParameterError(f"the layer {layer.id} has no grid {asked.grid!r}", "TileMatrixSet")
        _check(grid, limits, asked)
        address = TileAddress(layer.id, style, time, grid.id, asked.z, asked.x, asked.y)
        return FoundTile(address, layer.media_type, layer.stamps[style])

    def _find_vector(self, layer: _Layer, asked: TileRequest) -> FoundTile:
        if not layer.vector:
            raise NotFoundError(f"the layer {layer.id} has no vector tiles", "Layer")
        if asked.ext and asked.ext not in VECTOR_NAMES:
            raise InvalidParameterError(f"vector tiles are {VECTOR_TYPE} (mvt, pbf), not {asked.ext!r}", "Format")
        time, grid = _time(layer, asked), self.grids.get(asked.grid)
        if grid is None or grid.stored != "PM":
            raise InvalidParameterError(f"the vector tiles of {layer.id} have no grid {asked.grid!r}", "TileMatrixSet")
        _check(grid, layer.vector, asked)
        address = TileAddress(layer.id, VECTOR, time, grid.id, asked.z, asked.x, asked.y)
        return FoundTile(address, VECTOR_TYPE, layer.vector_stamp, packed=True)

    def limits(self, address: TileAddress) -> Limits:
        """The tiles that there are of an address's layer and grid."""
        layer: _Layer = self.layers[address.layer]
        return layer.vector if address.style == VECTOR else layer.limits[str(self.grids[address.grid].stored)]


def _right_format(layer: _Layer, ext: str) -> bool:
    """An extension or media type of the layer's tiles; "" is who asks none."""
    return not ext or ext in layer.formats or ext.partition(";")[0].strip().lower() in layer.formats


def _style(layer: _Layer, asked: TileRequest) -> str:
    if asked.style in layer.styles:
        return asked.style
    if asked.style in ("", "default"):
        return layer.default_style
    raise InvalidParameterError(f"the layer {asked.layer} has no style {asked.style!r}", "Style")


def _time(layer: _Layer, asked: TileRequest) -> str:
    if not layer.times:
        if asked.time and asked.form == "wmts":
            raise NotFoundError(f"the layer {asked.layer} has no time", "Time")
        return ""
    if asked.time in ("", "default", "current"):
        return layer.default_time
    if asked.time not in layer.times:
        raise InvalidParameterError(f"the layer {asked.layer} has no time {asked.time!r}", "Time")
    return asked.time


def _check(grid: Grid, limits: Limits, asked: TileRequest) -> None:
    if not grid.first <= asked.z < grid.levels:
        raise InvalidParameterError(f"the grid {grid.id} has no level {asked.z}", "TileMatrix")
    inside = limits.get(asked.z)
    if inside is None:
        raise TileOutOfRangeError(f"the layer {asked.layer} has no tiles at level {asked.z}", "TileMatrix")
    if not inside[0] <= asked.x <= inside[2]:
        raise TileOutOfRangeError(f"column {asked.x} is not between {inside[0]} and {inside[2]}", "TileCol")
    if not inside[1] <= asked.y <= inside[3]:
        raise TileOutOfRangeError(f"row {asked.y} is not between {inside[1]} and {inside[3]}", "TileRow")
    if asked.form == "tms" and not grid.dyadic:
        raise InvalidParameterError(f"the grid {grid.id} cannot be asked by TMS", "TileMatrixSet")


def _layer(layer_id: str, entry: Mapping[str, Any]) -> _Layer:
    return _Layer(
        id=layer_id,
        theme=entry["theme"],
        access=frozenset(entry["access"]),
        styles=frozenset(entry["styles"]),
        default_style=entry["styles"][0],
        times=frozenset(entry["times"]),
        default_time=entry["default_time"],
        formats=frozenset((*entry["extensions"], entry["media_type"])),
        media_type=entry["media_type"],
        stamps=entry["stamps"],
        limits={grid: _limits(levels) for grid, levels in entry["limits"].items()},
        vector=_limits(entry["vector"]["limits"]),
        vector_stamp=entry["vector"]["stamp"],
    )


def _limits(levels: Mapping[str, tuple[int, int, int, int]]) -> Limits:
    return {int(z): (x0, y0, x1, y1) for z, (x0, y0, x1, y1) in levels.items()}


def exception_form(form: str) -> str:
    """How errors are told for a TileRequest's form: "ows" (WMTS) or "json" (XYZ, TMS, OGC API)."""
    return "ows" if form in ("kvp", "wmts") else "json"


def json_error(error: ServiceError) -> bytes:
    """An error of XYZ and TMS as JSON; never an image, never HTML."""
    return json.dumps({"code": error.code, "description": error.message}, ensure_ascii=False).encode()
