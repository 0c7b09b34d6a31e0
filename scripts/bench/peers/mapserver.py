"""MapServer's FastCGI (Debian: cgi-mapserver), reading FlatGeobuf by its own reader: WMS and WFS."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.peers.fastcgi import fastcgi
from scripts.bench.peers.peer import Peer, installed

CRS = "EPSG:2154 EPSG:3857 EPSG:4326"

MAP = """
MAP
  NAME "bench" SIZE 256 256 EXTENT {extent} UNITS METERS MAXSIZE 8192
  PROJECTION "init=epsg:2154" END
  IMAGETYPE "png"
  OUTPUTFORMAT NAME "png" DRIVER "AGG/PNG" MIMETYPE "image/png" IMAGEMODE RGBA EXTENSION "png" END
  OUTPUTFORMAT NAME "jpeg" DRIVER "AGG/JPEG" MIMETYPE "image/jpeg" IMAGEMODE RGB FORMATOPTION "QUALITY=85" END
  OUTPUTFORMAT NAME "geojson" DRIVER "OGR/GEOJSON" MIMETYPE "application/geo+json"
    FORMATOPTION "STORAGE=stream" FORMATOPTION "FORM=SIMPLE" FORMATOPTION "LCO:COORDINATE_PRECISION=2" END
  WEB METADATA
    "ows_enable_request" "*" "ows_title" "bench" "ows_srs" "{crs}" "ows_onlineresource" "http://127.0.0.1/?"
    "wfs_getfeature_formatlist" "geojson" "ows_updatesequence" "1"
  END END
{layers}
END
"""

VECTOR = """
  LAYER
    NAME "{name}" TYPE {kind} STATUS ON EXTENT {extent}
    CONNECTIONTYPE FLATGEOBUF DATA "{path}" TEMPLATE "none"
    PROJECTION "init=epsg:2154" END
    METADATA
      "ows_title" "{name}" "ows_srs" "{crs}" "gml_include_items" "all" "gml_types" "auto" "gml_featureid" "cleabs"
      "wfs_use_default_extent_for_getfeature" "false" "ows_geomtype" "{geometry}"
    END
    CLASS {style} END
  END
"""

RASTER = """
  LAYER
    NAME "{name}" TYPE RASTER STATUS ON {source}
    PROJECTION "init=epsg:2154" END
    PROCESSING "RESAMPLE=BILINEAR"
    METADATA "ows_title" "{name}" "ows_srs" "{crs}" END
  END
"""


@dataclass(frozen=True, slots=True)
class VectorLayer:
    """A FlatGeobuf, drawn by one class; `style` is the inside of MapServer's CLASS."""

    name: str
    path: Path
    kind: str
    style: str
    extent: tuple[float, float, float, float]

    def text(self) -> str:
        """The mapfile's LAYER."""
        geometry = "multipolygon" if self.kind == "POLYGON" else "multilinestring"
        return VECTOR.format(
            name=self.name,
            kind=self.kind,
            path=self.path,
            style=self.style,
            extent=_numbers(self.extent),
            crs=CRS,
            geometry=geometry,
        )


@dataclass(frozen=True, slots=True)
class RasterLayer:
    """A raster file, or (`index`) a tile index made by gdaltindex."""

    name: str
    path: Path
    index: bool = False

    def text(self) -> str:
        """The mapfile's LAYER."""
        source = f'TILEINDEX "{self.path}" TILEITEM "location"' if self.index else f'DATA "{self.path}"'
        return RASTER.format(name=self.name, source=source, crs=CRS)


@contextmanager
def mapserver(
    folder: Path,
    layers: Sequence[VectorLayer | RasterLayer],
    extent: tuple[float, float, float, float],
    *,
    processes: int = 2,
) -> Iterator[Peer]:
    """MapServer over the layers (EPSG:2154). Raises MissingPeerError where it is not installed."""
    with _running(folder, layers, extent, processes) as peer:
        yield peer


def _running(
    folder: Path,
    layers: Sequence[VectorLayer | RasterLayer],
    extent: tuple[float, float, float, float],
    processes: int,
) -> AbstractContextManager[Peer]:
    program = installed("mapserv")
    return fastcgi(
        "mapserver",
        [program],
        write_mapfile(folder, layers, extent),
        folder,
        base="/?map=BENCH&",
        ready="SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities",
        processes=processes,
    )


def write_mapfile(
    folder: Path, layers: Sequence[VectorLayer | RasterLayer], extent: tuple[float, float, float, float]
) -> Mapping[str, str]:
    """Write the mapfile and MapServer's configuration; the environment that makes MapServer use them."""
    folder.mkdir(parents=True, exist_ok=True)
    mapfile, configuration = folder / "bench.map", folder / "mapserver.conf"
    text = MAP.format(extent=_numbers(extent), crs=CRS, layers="".join(layer.text() for layer in layers))
    mapfile.write_text(text, encoding="utf-8")
    configuration.write_text(
        f'CONFIG\n  ENV\n    MS_MAP_NO_PATH "1"\n  END\n  MAPS\n    BENCH "{mapfile}"\n  END\nEND\n'
    )
    return {"MAPSERVER_CONFIG_FILE": str(configuration)}


def _numbers(box: tuple[float, ...]) -> str:
    return " ".join(f"{value:.2f}" for value in box)
