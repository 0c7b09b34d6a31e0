"""QGIS Server's FastCGI (Debian: qgis-server): WMS and WFS over FlatGeobuf, by a project written here."""

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from xml.sax.saxutils import escape

import pyproj

from scripts.bench.peers.fastcgi import fastcgi
from scripts.bench.peers.peer import Peer, installed
from scripts.bench.peers.style import FILL, OUTLINE, OUTLINE_WIDTH, ROAD, ROAD_WIDTH

_SRS = """<spatialrefsys><wkt>{wkt}</wkt><srsid>145</srsid><srid>2154</srid><authid>EPSG:2154</authid>
  <description>RGF93 / Lambert-93</description><projectionacronym>lcc</projectionacronym>
  <ellipsoidacronym>EPSG:7019</ellipsoidacronym><geographicflag>false</geographicflag></spatialrefsys>"""

_PROJECT = """<!DOCTYPE qgis>
<qgis projectname="bench" version="3.22.16">
  <title>bench</title>
  <projectCrs>{srs}</projectCrs>
  <layer-tree-group>{tree}</layer-tree-group>
  <projectlayers>{layers}</projectlayers>
  <properties>
    <WMSCrsList type="QStringList"><value>EPSG:2154</value><value>EPSG:3857</value></WMSCrsList>
    <WMSUseLayerIDs type="bool">false</WMSUseLayerIDs>
    <WFSLayers type="QStringList">{served}</WFSLayers>
    <SpatialRefSys><ProjectionsEnabled type="int">1</ProjectionsEnabled></SpatialRefSys>
  </properties>
</qgis>
"""

_LAYER = """
    <maplayer type="vector" geometry="{geometry}" simplifyDrawingHints="1" simplifyAlgorithm="0"
        simplifyDrawingTol="1" simplifyLocal="1" simplifyMaxScale="1">
      <id>{id}</id><datasource>{path}</datasource><layername>{name}</layername><srs>{srs}</srs>
      <provider encoding="UTF-8">ogr</provider>
      <renderer-v2 type="singleSymbol" forceraster="0" symbollevels="0" enableorderby="0"><symbols>
        <symbol name="0" type="{kind}" alpha="1"><layer class="{symbol}" enabled="1" pass="0" locked="0">
          {properties}
        </layer></symbol>
      </symbols></renderer-v2>
    </maplayer>"""

_SYMBOLS: dict[str, tuple[str, str, str, dict[str, str]]] = {
    "batiment": (
        "Polygon",
        "fill",
        "SimpleFill",
        {"color": FILL, "outline_color": OUTLINE, "outline_width": str(OUTLINE_WIDTH), "outline_width_unit": "Pixel"},
    ),
    "troncon_de_route": (
        "Line",
        "line",
        "SimpleLine",
        {
            "line_color": ROAD,
            "line_width": str(ROAD_WIDTH),
            "line_width_unit": "Pixel",
            "capstyle": "round",
            "joinstyle": "round",
        },
    ),
}


@contextmanager
def qgis_server(folder: Path, layers: Mapping[str, Path], *, processes: int = 2) -> Iterator[Peer]:
    """QGIS Server over FlatGeobuf files by layer (`batiment`, `troncon_de_route`). Raises MissingPeerError."""
    program = installed("qgis_mapserv.fcgi")
    folder.mkdir(parents=True, exist_ok=True)
    project = folder / "bench.qgs"
    tree = "".join(f'<layer-tree-layer id="{_id(name)}" name="{name}" checked="Qt::Checked"/>' for name in layers)
    srs = _SRS.format(wkt=escape(pyproj.CRS(2154).to_wkt()))
    drawn = "".join(_layer(name, path, srs) for name, path in layers.items())
    served = "".join(f"<value>{_id(name)}</value>" for name in layers)
    text = _PROJECT.format(srs=srs, tree=tree, layers=drawn, served=served)
    project.write_text(text, encoding="utf-8")
    environment = {
        "QT_QPA_PLATFORM": "offscreen",
        "HOME": str(folder),
        "QGIS_SERVER_LOG_LEVEL": "2",
        "QGIS_SERVER_LOG_STDERR": "1",
        "QGIS_PROJECT_FILE": str(project),
        "LANG": "C.UTF-8",
    }
    ready = "SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
    base = f"/?MAP={project}&"
    with fastcgi("qgis", [program], environment, folder, base=base, ready=ready, processes=processes) as peer:
        yield peer


def _layer(name: str, path: Path, srs: str) -> str:
    geometry, kind, symbol, properties = _SYMBOLS[name]
    drawn = "".join(f'<prop k="{key}" v="{value}"/>' for key, value in properties.items())
    return _LAYER.format(
        geometry=geometry, id=_id(name), name=name, path=path, srs=srs, kind=kind, symbol=symbol, properties=drawn
    )


def _id(name: str) -> str:
    """The id of a layer: its WFS knows none of another form."""
    return f"{name}_12f9ab5d_5193_49e0_a056_81a3464dff89"
