"""Coordinate reference systems: every spelling of one, and the order of its axes.

Spellings and what they say of the axis order:

    EPSG:n                                       the protocol decides (x first in WMS 1.1.1 and WFS with short names)
    urn:ogc:def:crs:EPSG::n                      the authority's order (OGC 07-092r3)
    http://www.opengis.net/def/crs/EPSG/0/n      the authority's order (OGC 09-048r5)
    http://www.opengis.net/gml/srs/epsg.xml#n    x first, by custom
    CRS:84, urn:ogc:def:crs:OGC:1.3:CRS84, …     longitude first
    IGNF:LAMB93                                  alias of EPSG:2154, as IGN's services write it
"""

import os
import re
import warnings
from dataclasses import dataclass
from enum import Enum
from functools import lru_cache
from pathlib import Path

import pyproj
from pyproj.exceptions import CRSError
from pyproj.transformer import TransformerGroup

from layers.errors import UnknownCrsError

type BBox = tuple[float, float, float, float]
"""xmin, ymin, xmax, ymax; x is the easting or longitude whatever the CRS's axis order."""

CRS84 = "OGC:CRS84"
_CRS84_SPELLINGS = frozenset(
    s.upper()
    for s in (
        "CRS:84",
        "CRS84",
        "OGC:CRS84",
        "urn:ogc:def:crs:OGC:1.3:CRS84",
        "urn:ogc:def:crs:OGC::CRS84",
        "urn:ogc:def:crs:OGC:2:84",
        "http://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "https://www.opengis.net/def/crs/OGC/1.3/CRS84",
        "http://www.opengis.net/def/crs/OGC/0/CRS84",
    )
)
_ALIASES = {"IGNF:LAMB93": "EPSG:2154", "IGNF:RGF93G": "EPSG:4171", "EPSG:900913": "EPSG:3857"}
_NTF = "Nouvelle Triangulation Francaise"
_OF_THE_WORLD = ("World Geodetic System 1984", "European Terrestrial Reference System 1989")
_GRIDS = re.compile(r"(?<=\s)grids=(\S+)")
_FORMS = (
    ("SHORT", re.compile(r"EPSG:(\d{4,6})", re.ASCII | re.IGNORECASE)),
    ("URN", re.compile(r"urn:(?:x-)?ogc:def:crs:EPSG(?::[\d.]*)?:(\d{4,6})", re.ASCII | re.IGNORECASE)),
    ("URI", re.compile(r"https?://www\.opengis\.net/def/crs/EPSG/[\d.]+/(\d{4,6})", re.ASCII | re.IGNORECASE)),
    ("GML", re.compile(r"https?://www\.opengis\.net/gml/srs/epsg\.xml#(\d{4,6})", re.ASCII | re.IGNORECASE)),
)


def _take_grids() -> None:
    """Let every library find the grids of the folders in PROJ_DATA, each with the database that it brings along.

    With the variable itself GDAL would read another release's database, or none, and pyproj would not look there.
    """
    told = [os.environ.pop(name, "") for name in ("PROJ_DATA", "PROJ_LIB")]
    folders = [folder for one in told for folder in one.split(os.pathsep) if folder]
    for folder in (one for one in folders if next(Path(one).glob("*.tif"), None)):
        pyproj.datadir.append_data_dir(folder)
        os.environ.setdefault("PROJ_USER_WRITABLE_DIRECTORY", folder)


_take_grids()


class Spelling(Enum):
    """How a CRS was written, which decides whether the authority's axis order holds."""

    SHORT = "short"
    URN = "urn"
    URI = "uri"
    GML = "gml"
    CRS84 = "crs84"


@dataclass(frozen=True, slots=True)
class Crs:
    """A CRS as it was asked: its canonical id ("EPSG:2154", "OGC:CRS84") and how it was written."""

    id: str
    spelling: Spelling
    text: str

    @property
    def authority_order(self) -> bool:
        """True where this spelling by itself promises the authority's axis order."""
        return self.spelling in (Spelling.URN, Spelling.URI)

    def swapped(self, *, short_is_authority: bool) -> bool:
        """True where coordinates written in this CRS have y (north) first.

        `short_is_authority`: whether the protocol gives "EPSG:n" the authority's order
        (WMS 1.3.0: yes; WMS 1.1.1 and WFS by custom: no).
        """
        authority = self.authority_order or (self.spelling is Spelling.SHORT and short_is_authority)
        return authority and north_first(self.id)


def parse_crs(text: str, *, parameter: str = "crs") -> Crs:
    """Read any spelling of a CRS. Raises UnknownCrsError where it is none that PROJ knows."""
    text = text.strip()
    if text.upper() in _CRS84_SPELLINGS:
        return Crs(CRS84, Spelling.CRS84, text)
    short = _ALIASES.get(text.upper(), text)
    for name, pattern in _FORMS:
        if match := pattern.fullmatch(short):
            crs_id = _ALIASES.get(f"EPSG:{match[1]}", f"EPSG:{match[1]}")
            if not known(crs_id):
                break
            return Crs(crs_id, Spelling[name], text)
    raise UnknownCrsError(text, parameter=parameter)


@lru_cache(maxsize=256)
def known(crs_id: str) -> bool:
    """True where PROJ's database has this CRS."""
    try:
        proj_crs(crs_id)
    except CRSError:
        return False
    return True


@lru_cache(maxsize=256)
def proj_crs(crs_id: str) -> pyproj.CRS:
    """PROJ's object of a canonical id."""
    return pyproj.CRS.from_user_input(crs_id)


@lru_cache(maxsize=256)
def north_first(crs_id: str) -> bool:
    """True where the first axis points north and the second does not (EPSG:4326, 3035; not polar ones)."""
    axes = proj_crs(crs_id).axis_info
    return len(axes) >= 2 and axes[0].direction.lower() == "north" and axes[1].direction.lower() != "north"


@lru_cache(maxsize=256)
def metres_per_unit(crs_id: str) -> float:
    """Metres in a unit of the CRS; a degree is 6378137 × π / 180 (OGC 07-057r7, 6.1)."""
    axis = proj_crs(crs_id).axis_info[0]
    if "degree" in axis.unit_name:
        return 111319.49079327358
    return float(axis.unit_conversion_factor)


@lru_cache(maxsize=256)
def is_geographic(crs_id: str) -> bool:
    """True where units are degrees."""
    return bool(proj_crs(crs_id).is_geographic)


@lru_cache(maxsize=256)
def area_of_use(crs_id: str) -> BBox | None:
    """Where the CRS is meant to be used: west, south, east, north in degrees."""
    area = proj_crs(crs_id).area_of_use
    return (area.west, area.south, area.east, area.north) if area else None


@lru_cache(maxsize=512)
def transformer(source: str, target: str) -> pyproj.Transformer:
    """The transformation between two canonical ids, x first on both sides."""
    return pyproj.Transformer.from_crs(beside(source, target), beside(target, source), always_xy=True)


@lru_cache(maxsize=512)
def beside(crs_id: str, other: str) -> pyproj.CRS:
    """PROJ's object of a CRS for a transformation from or to another one.

    From NTF PROJ goes to RGF93 by IGN's grid, but to WGS 84 and ETRS89 by a shift that is good to two metres. For EPSG
    these three are one in France, so that beside NTF a CRS of theirs is taken to be of RGF93 where the grid is there.
    """
    crs = proj_crs(crs_id)
    if not _is_of(proj_crs(other), _NTF) or not _is_of(crs, *_OF_THE_WORLD) or not _has_ntf_grid():
        return crs
    if crs.is_geographic:
        return proj_crs("EPSG:4171" if north_first(crs_id) else "EPSG:7084")
    told = crs.to_json_dict()
    told["base_crs"] = proj_crs("EPSG:4171").to_json_dict()
    return pyproj.CRS.from_json_dict({key: value for key, value in told.items() if key != "id"})


def _is_of(crs: pyproj.CRS, *datums: str) -> bool:
    return bool(crs.geodetic_crs and crs.geodetic_crs.datum and crs.geodetic_crs.datum.name.startswith(datums))


@lru_cache(maxsize=1)
def _has_ntf_grid() -> bool:
    return grid_operation("EPSG:4275", "EPSG:4171") is not None


@lru_cache(maxsize=512)
def grid_operation(source: str, target: str) -> str | None:
    """PROJ's pipeline where the best one at hand reads a grid (NTF to RGF93), the grids by their paths; else None.

    Axes are in the authority's order. For GDAL, whose PROJ has a folder of its own and does not see the grids.
    """
    with warnings.catch_warnings():
        # A grid that is not there is no mistake: the next best operation is taken, here as everywhere.
        warnings.simplefilter("ignore", UserWarning)
        best = TransformerGroup(beside(source, target), beside(target, source)).transformers[:1]
    definition = best[0].definition if best else ""
    return _GRIDS.sub(lambda match: f"grids={_grid_path(match[1])}", definition) if "grids=" in definition else None


def _grid_path(name: str) -> str:
    user: str = pyproj.datadir.get_user_data_dir()  # type: ignore[attr-defined]
    folders = (user, *pyproj.datadir.get_data_dir().split(os.pathsep))
    return next((str(Path(folder) / name) for folder in folders if (Path(folder) / name).is_file()), name)


def transform_bbox(bbox: BBox, source: str, target: str) -> BBox:
    """The box around a transformed box, edges densified; infinite parts are cut by the area of use."""
    if source == target:
        return bbox
    return tuple(transformer(source, target).transform_bounds(*bbox, densify_pts=21))  # type: ignore[return-value]


def swap(bbox: BBox) -> BBox:
    """The same box with the order of the axes exchanged."""
    return (bbox[1], bbox[0], bbox[3], bbox[2])


def urn(crs_id: str) -> str:
    """The URN of a canonical id (OGC 07-092r3)."""
    authority, code = crs_id.split(":")
    return "urn:ogc:def:crs:OGC:1.3:CRS84" if crs_id == CRS84 else f"urn:ogc:def:crs:{authority}::{code}"


def uri(crs_id: str) -> str:
    """The http URI of a canonical id (OGC 09-048r5)."""
    authority, code = crs_id.split(":")
    if crs_id == CRS84:
        return "http://www.opengis.net/def/crs/OGC/1.3/CRS84"
    return f"http://www.opengis.net/def/crs/{authority}/0/{code}"


def wms_name(crs_id: str) -> str:
    """How WMS 1.3.0 writes it: EPSG:n or CRS:84 (06-042, 6.7.3.2)."""
    return "CRS:84" if crs_id == CRS84 else crs_id
