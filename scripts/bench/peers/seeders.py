"""Peers that seed a tile cache from a WMS: MapCache (Debian: mapcache-tools) and MapProxy (Debian: mapproxy).

Both with 8 × 8 metatiles, PNG in full colour and a tile a file, on the grid of Web Mercator.
"""

import json
import subprocess
import time
from dataclasses import dataclass
from pathlib import Path

from scripts.bench.peers.peer import Peer, debian

META, BUFFER = 8, 16

_MAPCACHE = """<?xml version="1.0" encoding="UTF-8"?>
<mapcache>
  <source name="wms" type="wms">
    <getmap><params>
      <FORMAT>image/png</FORMAT><LAYERS>{layer}</LAYERS><STYLES></STYLES><TRANSPARENT>TRUE</TRANSPARENT>
    </params></getmap>
    <http><url>{url}</url></http>
  </source>
  <cache name="disk" type="disk"><base>{folder}/tiles</base></cache>
  <format name="PNG" type="PNG"><compression>fast</compression></format>
  <tileset name="{layer}">
    <source>wms</source><cache>disk</cache><grid>GoogleMapsCompatible</grid><format>PNG</format>
    <metatile>{meta} {meta}</metatile><metabuffer>{buffer}</metabuffer>
  </tileset>
  <lock_dir>{folder}</lock_dir>
</mapcache>
"""


@dataclass(frozen=True, slots=True)
class Seeding:
    """What is to be seeded: a layer, a box (EPSG:3857, x before y), first and last level, workers."""

    layer: str
    box: tuple[float, float, float, float]
    levels: tuple[int, int]
    workers: int


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made: tiles, and seconds from the first block to the last; seconds of starting apart."""

    tiles: int
    seconds: float
    start: float = 0.0


def mapcache(folder: Path, wms: Peer, seeding: Seeding) -> Seeded:
    """Seed with `mapcache_seed`. Raises MissingPeerError, CalledProcessError."""
    program = debian("mapcache_seed")
    folder.mkdir(parents=True)
    configuration = folder / "mapcache.xml"
    url = wms.url.replace("&", "&amp;")
    text = _MAPCACHE.format(layer=seeding.layer, url=url, folder=folder, meta=META, buffer=BUFFER)
    configuration.write_text(text, encoding="utf-8")
    box, levels = ",".join(map(str, seeding.box)), ",".join(map(str, seeding.levels))
    command = [program, "-c", str(configuration), "-t", seeding.layer, "-g", "GoogleMapsCompatible", "-q"]
    return _timed([*command, "-e", box, "-z", levels, "-n", str(seeding.workers)], folder)


def mapproxy(folder: Path, wms: Peer, seeding: Seeding) -> Seeded:
    """Seed with `mapproxy-seed`. Raises MissingPeerError, CalledProcessError."""
    program = debian("mapproxy-seed")
    folder.mkdir(parents=True)
    proxy, seed = folder / "mapproxy.yaml", folder / "seed.yaml"
    proxy.write_text(json.dumps(_proxy(folder, wms, seeding)), encoding="utf-8")
    seed.write_text(json.dumps(_tasks(seeding)), encoding="utf-8")
    command = [program, "-f", str(proxy), "-s", str(seed), "-c", str(seeding.workers), "-q", "-q"]
    return _timed(command, folder)


def _proxy(folder: Path, wms: Peer, seeding: Seeding) -> dict[str, object]:
    request = {"url": wms.url, "layers": seeding.layer, "transparent": True, "format": "image/png"}
    return {
        "globals": {
            "cache": {
                "base_dir": str(folder / "tiles"),
                "lock_dir": str(folder / "locks"),
                "tile_lock_dir": str(folder / "tile_locks"),
                "meta_size": [META, META],
                "meta_buffer": BUFFER,
            },
            "image": {"paletted": False},
        },
        "services": {"tms": None},
        "layers": [{"name": seeding.layer, "title": seeding.layer, "sources": ["cache"]}],
        "caches": {"cache": {"grids": ["GLOBAL_WEBMERCATOR"], "sources": ["wms"], "format": "image/png"}},
        "sources": {"wms": {"type": "wms", "req": request, "supported_srs": ["EPSG:3857"]}},
    }


def _tasks(seeding: Seeding) -> dict[str, object]:
    task = {
        "caches": ["cache"],
        "coverages": ["area"],
        "levels": {"from": seeding.levels[0], "to": seeding.levels[1]},
    }
    return {"seeds": {"all": task}, "coverages": {"area": {"bbox": list(seeding.box), "srs": "EPSG:3857"}}}


def _timed(command: list[str], folder: Path) -> Seeded:
    """Run it; the tiles are counted afterwards."""
    start = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd=folder)
    seconds = time.perf_counter() - start
    tiles = sum(1 for _ in (folder / "tiles").rglob("*.png"))
    if done.returncode or not tiles:
        raise RuntimeError(f"{command[0]} made {tiles} tiles: {done.stdout[-1000:]} {done.stderr[-2000:]}")
    return Seeded(tiles, seconds)
