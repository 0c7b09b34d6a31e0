"""Another server's pictures (WMS, WMTS, XYZ, OGC API – Maps and Tiles) through MapProxy's sources.

MapProxy assembles tiles, asks in the declared CRS and transforms into the asked one. It keeps nothing here: tiles of a
cascaded layer are kept like any other layer's.
"""

import math
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode

import numpy as np
import numpy.typing as npt
from mapproxy.cache.dummy import DummyCache, DummyLocker
from mapproxy.cache.tile_manager import TileManager
from mapproxy.client.http import HTTPClientError
from mapproxy.client.tile import TileClient, TileURLTemplate
from mapproxy.client.wms import WMSClient
from mapproxy.config.config import finish_base_config, load_default_config, local_base_config
from mapproxy.grid.tile_grid import TileGrid, tile_grid
from mapproxy.image.opts import ImageOptions
from mapproxy.layer import BlankImageError, MapBBOXError, MapError
from mapproxy.layer.cache_map_layer import CacheMapLayer
from mapproxy.query import MapQuery
from mapproxy.request.wms import WMS111MapRequest, WMS130MapRequest, WMS130MapRequestParams
from mapproxy.source.ogcapimaps import OGCAPIMapsSource
from mapproxy.source.ogcapitiles import OGCAPITilesSource
from mapproxy.source.tile import TiledSource
from mapproxy.source.wms import WMSSource
from mapproxy.srs import SRS, SupportedSRS
from mapproxy.util.coverage import BBOXCoverage

from layers import model
from layers.crs import CRS84, BBox, north_first, parse_crs
from layers.errors import SourceError
from layers.registry import Layer
from layers.sources.upstream import Upstream, bare

MOST_TILES = 400
"""Tiles that one picture may take from the other server."""

CREATORS = 4
"""Tiles asked at a time."""

_WORLD = math.pi * 6378137.0
_LAMBERT_CELLS = [209715.2 / 2**z for z in range(23)]


class Cascade:
    """A `PictureSource` over one of MapProxy's."""

    def __init__(self, source: Any, format_: str, url: str) -> None:
        self.source = source
        self.format = format_
        self.url = bare(url).split("?")[0]

    @classmethod
    def of(cls, layer: Layer) -> "Cascade":
        """The source of a registered layer. Raises SourceError where its address or grid cannot be used."""
        with local_base_config(_settings()):
            return _opened(layer.definition.source)

    def picture(self, bbox: BBox, crs: str, width: int, height: int) -> npt.NDArray[np.uint8]:
        """Height × width × RGBA; transparent where the other server has nothing. Raises SourceError."""
        try:
            with local_base_config(_settings()):
                query = MapQuery(bbox, (width, height), _srs(crs), self.format)
                image = self.source.get_map(query).as_image().convert("RGBA")
        except BlankImageError:
            return np.zeros((height, width, 4), np.uint8)
        except (MapError, MapBBOXError, HTTPClientError, OSError, KeyError, ValueError) as error:
            raise SourceError(f"{self.url}: {error}") from error
        if image.size != (width, height):
            raise SourceError(
                f"{self.url}: a picture of {image.size[0]} × {image.size[1]} where {width} × {height} was asked"
            )
        return np.asarray(image)


@lru_cache(maxsize=1)
def _settings() -> Any:
    """MapProxy's configuration as it ships; it wants one in each thread."""
    settings = load_default_config()
    settings.conf_base_dir = "/"
    finish_base_config(settings)
    return settings


def _opened(source: Any) -> Cascade:
    match source:
        case model.WmsSource():
            return Cascade(_wms(source), _short(source.format), source.wms)
        case model.TileSource():
            return Cascade(_xyz(source), _short(source.format), source.xyz)
        case model.WmtsSource():
            return Cascade(_wmts(source), _short(source.format), source.wmts)
        case model.OgcApiSource():
            return Cascade(OgcApi(source), _short(source.format), source.ogcapi)
    raise SourceError(f"{type(source).__name__} is not another server's source")


def _short(media_type: str) -> str:
    return media_type.removeprefix("image/")


def _options(format_: str, *, transparent: bool = True) -> ImageOptions:
    return ImageOptions(format=_short(format_), transparent=transparent, resampling="bilinear")


def _srs(crs: str) -> Any:
    return SRS("EPSG:4326" if crs == CRS84 else crs)


def _coverage(extent: BBox | None) -> Any:
    """Where the other server has something; declared in degrees."""
    return BBOXCoverage(extent, SRS("EPSG:4326")) if extent else None


class Params(WMS130MapRequestParams):  # type: ignore[misc]
    """MapProxy's parameters of WMS 1.3.0 with the order of axes as PROJ knows it."""

    def switch_bbox(self) -> None:
        """y first where the first axis points north (06-042, 6.7.2)."""
        params: Any = self
        if params.bbox is not None and params.srs not in (None, "CRS:84") and north_first(params.srs):
            x0, y0, x1, y1 = params.bbox
            params.bbox = (y0, x0, y1, x1)


class Request130(WMS130MapRequest):  # type: ignore[misc]
    """A WMS 1.3.0 GetMap with our order of axes."""

    request_params = Params


def _wms(source: model.WmsSource) -> Any:
    param = {
        "layers": ",".join(source.layers),
        "styles": ",".join(source.styles),
        "transparent": str(source.transparent).lower(),
    }
    request = (Request130 if source.version == "1.3.0" else WMS111MapRequest)(url=bare(source.wms), param=param)
    crs = parse_crs(source.crs).id
    return WMSSource(
        WMSClient(request, http_client=Upstream(source.wms)),
        image_opts=_options(source.format, transparent=source.transparent),
        coverage=_coverage(source.extent),
        supported_srs=SupportedSRS([_srs(crs)]),
    )


def _grid(name: str, levels: str | None = None) -> TileGrid:
    """One of the grids that other servers publish. Raises SourceError."""
    last = int(levels.split("-")[-1]) if levels else None
    if name in ("PM", "WebMercatorQuad", "GoogleMapsCompatible"):
        cells = [2 * _WORLD / 256 / 2**z for z in range((last if last is not None else 22) + 1)]
        return tile_grid("EPSG:3857", bbox=(-_WORLD, -_WORLD, _WORLD, _WORLD), res=cells, origin="nw")
    if name in ("LAMB93_5cm", "2154_5cm"):
        cells = _LAMBERT_CELLS[: last + 1] if last is not None else _LAMBERT_CELLS
        return tile_grid("EPSG:2154", bbox=(0.0, 6000000.0, 1300000.0, 12000000.0), res=cells, origin="nw")
    raise SourceError(f"grid {name!r} cannot be cascaded; PM, LAMB93_5cm, 2154_5cm can")


def _tiled(grid: TileGrid, template: str, url: str, format_: str, extent: BBox | None) -> Any:
    client = TileClient(TileURLTemplate(template, format_), http_client=Upstream(url))
    options = _options(format_)
    return _assembled(TiledSource(grid, client, coverage=_coverage(extent), image_opts=options), grid, format_)


def _assembled(tiles: Any, grid: TileGrid, format_: str) -> Any:
    """Any picture made of a source's tiles."""
    options = _options(format_)
    manager = TileManager(
        grid, DummyCache(), [tiles], format_, DummyLocker(), image_opts=options, concurrent_tile_creators=CREATORS
    )
    return CacheMapLayer(manager, image_opts=options, max_tile_limit=MOST_TILES)


def _xyz(source: model.TileSource) -> Any:
    return _tiled(
        _grid(source.grid, source.levels), _template(source.xyz), source.xyz, _short(source.format), source.extent
    )


def _template(address: str) -> str:
    """An address with {z}, {x}, {y} in MapProxy's words; its own words are left alone."""
    address = bare(address)
    if "%(" in address:
        return address
    address = address.replace("%", "%%")
    for name in ("z", "x", "y", "quadkey", "bbox"):
        address = address.replace(f"{{{name}}}", f"%({name})s")
    return address


def _wmts(source: model.WmtsSource) -> Any:
    grid, format_ = _grid(source.grid), _short(source.format)
    return _tiled(grid, _wmts_template(source), source.wmts, format_, source.extent)


def _wmts_template(source: model.WmtsSource) -> str:
    """RESTful where the address has {TileMatrix} in it (OGC 07-057r7, 10), else KVP (8.2)."""
    address = bare(source.wmts).replace("%", "%%")
    if "{" in address:
        names = {
            "Layer": source.layer,
            "Style": source.style,
            "style": source.style,
            "TileMatrixSet": source.matrix_set,
        }
        names |= {"TileMatrix": "%(z)s", "TileRow": "%(y)s", "TileCol": "%(x)s"}
        for name, value in names.items():
            address = address.replace(f"{{{name}}}", value)
        return address
    fixed = {
        "SERVICE": "WMTS",
        "REQUEST": "GetTile",
        "VERSION": "1.0.0",
        "LAYER": source.layer,
        "STYLE": source.style,
        "FORMAT": source.format,
        "TILEMATRIXSET": source.matrix_set,
    }
    joint = "" if address.endswith(("?", "&")) else "&" if "?" in address else "?"
    text = urlencode(fixed).replace("%", "%%")
    return f"{address}{joint}{text}&TILEMATRIX=%(z)s&TILEROW=%(y)s&TILECOL=%(x)s"


class OgcApi:
    """A collection's map, or its tiles where it has no map (OGC 20-058, 20-057)."""

    def __init__(self, source: model.OgcApiSource) -> None:
        client, options = Upstream(source.ogcapi), _options(source.format)
        common = {"http_client": client, "coverage": _coverage(source.extent), "image_opts": options}
        self.maps = OGCAPIMapsSource(bare(source.ogcapi), source.collection, **common)
        tiles = OGCAPITilesSource(bare(source.ogcapi), source.collection, **common)
        self.tiles = _assembled(tiles, _grid(source.grid), _short(source.format))

    def get_map(self, query: MapQuery) -> Any:
        """The collection's map; MapProxy's error where it has neither map nor tiles."""
        try:
            self.maps._get_maps_list()
        except MapError:
            return self.tiles.get_map(query)
        return self.maps.get_map(query) if self.maps.map_format_to_href else self.tiles.get_map(query)
