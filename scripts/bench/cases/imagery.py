"""GetMap of 5 cm imagery, a mosaic of COGs, JPEG, in its own CRS and reprojected: ours and MapServer."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

from scripts.bench import data
from scripts.bench.ask import Client, alternate
from scripts.bench.cases.get_map import get_map, latency_figures
from scripts.bench.measure import Figure
from scripts.bench.peers.garrigue import garrigue
from scripts.bench.peers.mapserver import RasterLayer, mapserver
from scripts.bench.peers.peer import MissingPeerError, Peer, debian
from scripts.bench.places import Box, Place, places

TITLE = "GetMap of 5 cm imagery: a mosaic of COGs, JPEG, random places"
AIM = {"mapserver": 1.0, "mapserver, tile index": 1.0}
RESOLUTIONS = (0.05, 0.2)
"""Metres a pixel: the imagery's own, and one that its overviews serve."""
SIZE = 512


def run(folder: Path, seconds: float) -> list[Figure]:
    """Latency by CRS and resolution; MapServer over a VRT and over a tile index."""
    sheets = data.imagery()
    if not sheets:
        raise MissingPeerError("the demo's imagery is not there: garrigue demo --prepare-only")
    layers = [RasterLayer("pcrs", vrt_of(folder, sheets)), RasterLayer("index", index_of(folder, sheets), index=True)]
    extent = extent_of(sheets)
    source = {"pcrs": {"source": {"raster": str(data.IMAGERY / "*.tif")}}}
    with garrigue(folder / "garrigue", source) as ours, mapserver(folder / "mapserver", layers, extent) as peer:
        figures = []
        for crs in ("EPSG:2154", "EPSG:3857"):
            for resolution in RESOLUTIONS:
                wanted = places(crs, SIZE, resolution, max(30, int(seconds * 8)), extent)
                figures += _latency((ours, peer), f"{crs}, {resolution:g} m", wanted)
    return figures


def _latency(peers: Sequence[Peer], name: str, wanted: Sequence[Place]) -> list[Figure]:
    """Ours, MapServer's VRT and its tile index in turn."""
    ours, mapserver = peers
    index = Peer("mapserver, tile index", mapserver.port, mapserver.base, mapserver.pids)
    clients = [Client(peer) for peer in (ours, mapserver, index)]
    times = alternate(
        clients,
        lambda peer: [get_map(peer, place, ["index" if peer is index else "pcrs"], "image/jpeg") for place in wanted],
        "image/jpeg",
    )
    for client in clients:
        client.close()
    return latency_figures(name, times, AIM)


def vrt_of(folder: Path, sheets: Sequence[Path]) -> Path:
    """A VRT of the sheets, in `folder`."""
    path = folder / "pcrs.vrt"
    _gdal([debian("gdalbuildvrt"), "-q", str(path), *map(str, sheets)])
    return path


def index_of(folder: Path, sheets: Sequence[Path]) -> Path:
    """A tile index of the sheets, in `folder`."""
    path = folder / "index.shp"
    _gdal([debian("gdaltindex"), str(path), *map(str, sheets)])
    return path


def _gdal(command: list[str]) -> None:
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def extent_of(sheets: Sequence[Path]) -> Box:
    """Of all sheets, in EPSG:2154."""
    import rasterio

    boxes = []
    for sheet in sheets:
        with rasterio.open(sheet) as opened:
            boxes.append(tuple(opened.bounds))
    return (
        min(box[0] for box in boxes),
        min(box[1] for box in boxes),
        max(box[2] for box in boxes),
        max(box[3] for box in boxes),
    )
