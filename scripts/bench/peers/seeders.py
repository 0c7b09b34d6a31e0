"""Who seeds a tile cache: ours from the data; MapCache (Debian: mapcache-tools) and MapProxy (mapproxy) from a WMS.

All with 8 × 8 metatiles, PNG in full colour or JPEG of quality 85, and a tile a file.
"""

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from scripts.bench.peers.garrigue import cli, write_registry
from scripts.bench.peers.peer import MissingPeerError, Peer, debian

META, BUFFER = 8, 16

_MAPCACHE = """<?xml version="1.0" encoding="UTF-8"?>
<mapcache>
  <source name="wms" type="wms">
    <getmap><params>
      <FORMAT>image/{kind}</FORMAT><LAYERS>{layer}</LAYERS><STYLES></STYLES><TRANSPARENT>{clear}</TRANSPARENT>
    </params></getmap>
    <http><url>{url}</url></http>
  </source>
  {grid}
  <cache name="disk" type="disk"><base>{folder}/tiles</base></cache>
  <format name="PNG" type="PNG"><compression>fast</compression></format>
  <format name="JPEG" type="JPEG"><quality>85</quality><photometric>YCBCR</photometric></format>
  <tileset name="{layer}">
    <source>wms</source><cache>disk</cache><grid>{grid_name}</grid><format>{format}</format>
    <metatile>{meta} {meta}</metatile><metabuffer>{buffer}</metabuffer>
  </tileset>
  <lock_dir>{folder}</lock_dir>
</mapcache>
"""


@dataclass(frozen=True, slots=True)
class TileGrid:
    """A grid from the upper left corner of a box, x before y; units of the CRS a pixel of each level."""

    crs: str
    box: tuple[float, float, float, float]
    cell_sizes: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Seeding:
    """What is to be seeded: a layer, a box (x before y), first and last level, workers, `png` or `jpeg`.

    On the grid of Web Mercator (`grid` None), or on one of its own.
    """

    layer: str
    box: tuple[float, float, float, float]
    levels: tuple[int, int]
    workers: int
    kind: str = "png"
    grid: TileGrid | None = None


@dataclass(frozen=True, slots=True)
class Seeded:
    """What was made: tiles, and seconds from the first block to the last; seconds of starting apart.

    `worked` are the seconds of a processor that it took, start and server included: they tell more than the clock
    where others use the machine.
    """

    tiles: int
    seconds: float
    start: float = 0.0
    worked: float = 0.0


def spent(wms: Peer | None = None) -> float:
    """Seconds of a processor that commands run here have taken by now, and a server with them."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime + (wms.worked() if wms else 0.0)


def in_turn(
    case: str, seeders: Mapping[str, Callable[[Path], Seeded]], rounds: int, folder: Path
) -> dict[str, list[Seeded]]:
    """What each makes in each round, in turn, into a folder of its own; who is not installed is left out."""
    left, found = dict(seeders), dict[str, list[Seeded]]()
    for turn in range(rounds):
        for name in list(left):
            try:
                found.setdefault(name, []).append(left[name](folder / f"{name}_{turn}"))
            except MissingPeerError as error:
                print(f"{case}: {name} SKIPPED, {error}", file=sys.stderr)
                del left[name], found[name]
    return found


def garrigue(folder: Path, definition: Mapping[str, Any], seeding: Seeding, grid: str, crs: str) -> Seeded:
    """Seed a layer as YAML declares it, on a grid of ours, by `garrigue seed`; the box is in `crs`."""
    command = cli("seed", write_registry(folder / "config", {seeding.layer: definition}), folder / "store")
    command += ["--area", f"{','.join(map(str, seeding.box))},{crs}", "--grid", grid]
    command += ["--levels", "-".join(map(str, seeding.levels)), "--workers", str(seeding.workers), "--json"]
    start, before = time.perf_counter(), spent()
    adopted = [sys.executable, "-m", "scripts.bench.adopt", *command, seeding.layer]
    done = subprocess.run(adopted, capture_output=True, text=True, check=False)
    whole = time.perf_counter() - start
    if done.returncode:
        raise RuntimeError(f"garrigue seed: {done.stdout[-1000:]} {done.stderr[-2000:]}")
    job = json.loads(done.stdout)["jobs"][0]
    return Seeded(job["drawn"], job["seconds"], whole - job["seconds"], spent() - before)


def mapcache(folder: Path, wms: Peer, seeding: Seeding) -> Seeded:
    """Seed with `mapcache_seed`. Raises MissingPeerError, CalledProcessError."""
    program = debian("mapcache_seed")
    folder.mkdir(parents=True)
    configuration = folder / "mapcache.xml"
    url = wms.url.replace("&", "&amp;")
    name = "own" if seeding.grid else "GoogleMapsCompatible"
    text = _MAPCACHE.format(
        layer=seeding.layer,
        url=url,
        folder=folder,
        meta=META,
        buffer=_buffer(seeding),
        kind=seeding.kind,
        clear="TRUE" if seeding.kind == "png" else "FALSE",
        format=seeding.kind.upper(),
        grid=_grid_xml(seeding.grid),
        grid_name=name,
    )
    configuration.write_text(text, encoding="utf-8")
    box, levels = ",".join(map(str, seeding.box)), ",".join(map(str, seeding.levels))
    command = [program, "-c", str(configuration), "-t", seeding.layer, "-g", name, "-q"]
    return _timed([*command, "-e", box, "-z", levels, "-n", str(seeding.workers)], folder, wms)


def mapproxy(folder: Path, wms: Peer, seeding: Seeding) -> Seeded:
    """Seed with `mapproxy-seed`. Raises MissingPeerError, CalledProcessError."""
    program = debian("mapproxy-seed")
    folder.mkdir(parents=True)
    proxy, seed = folder / "mapproxy.yaml", folder / "seed.yaml"
    proxy.write_text(json.dumps(_proxy(folder, wms, seeding)), encoding="utf-8")
    seed.write_text(json.dumps(_tasks(seeding)), encoding="utf-8")
    command = [program, "-f", str(proxy), "-s", str(seed), "-c", str(seeding.workers), "-q", "-q"]
    return _timed(command, folder, wms)


def _buffer(seeding: Seeding) -> int:
    """Imagery has nothing that reaches over a metatile's border."""
    return BUFFER if seeding.kind == "png" else 0


def _grid_xml(own: TileGrid | None) -> str:
    if own is None:
        return ""
    extent, sizes = " ".join(map(str, own.box)), " ".join(map(str, own.cell_sizes))
    return (
        f'<grid name="own"><extent>{extent}</extent><srs>{own.crs}</srs><units>m</units><size>256 256</size>'
        f"<resolutions>{sizes}</resolutions><origin>top-left</origin></grid>"
    )


def _proxy_grid(own: TileGrid) -> dict[str, object]:
    return {"srs": own.crs, "bbox": list(own.box), "res": list(own.cell_sizes), "origin": "nw"}


def _proxy(folder: Path, wms: Peer, seeding: Seeding) -> dict[str, object]:
    mime, own = f"image/{seeding.kind}", seeding.grid
    request = {"url": wms.url, "layers": seeding.layer, "transparent": seeding.kind == "png", "format": mime}
    cache = {"grids": ["own" if own else "GLOBAL_WEBMERCATOR"], "sources": ["wms"], "format": mime}
    return {
        "globals": {
            "cache": {
                "base_dir": str(folder / "tiles"),
                "lock_dir": str(folder / "locks"),
                "tile_lock_dir": str(folder / "tile_locks"),
                "meta_size": [META, META],
                "meta_buffer": _buffer(seeding),
            },
            "image": {"paletted": False, "formats": {"image/jpeg": {"encoding_options": {"jpeg_quality": 85}}}},
        },
        "services": {"tms": None},
        "layers": [{"name": seeding.layer, "title": seeding.layer, "sources": ["cache"]}],
        "grids": {"own": _proxy_grid(own)} if own else {},
        "caches": {"cache": cache},
        "sources": {"wms": {"type": "wms", "req": request, "supported_srs": [own.crs if own else "EPSG:3857"]}},
    }


def _tasks(seeding: Seeding) -> dict[str, object]:
    task = {
        "caches": ["cache"],
        "coverages": ["area"],
        "levels": {"from": seeding.levels[0], "to": seeding.levels[1]},
    }
    return {
        "seeds": {"all": task},
        "coverages": {"area": {"bbox": list(seeding.box), "srs": seeding.grid.crs if seeding.grid else "EPSG:3857"}},
    }


def _timed(command: list[str], folder: Path, wms: Peer) -> Seeded:
    """Run it; the tiles are counted afterwards."""
    start, before = time.perf_counter(), spent(wms)
    done = subprocess.run(command, capture_output=True, text=True, stdin=subprocess.DEVNULL, check=False, cwd=folder)
    seconds, worked = time.perf_counter() - start, spent(wms) - before
    tiles = sum(1 for file in (folder / "tiles").rglob("*.*") if file.suffix in (".png", ".jpg", ".jpeg"))
    if done.returncode or not tiles:
        raise RuntimeError(f"{command[0]} made {tiles} tiles: {done.stdout[-1000:]} {done.stderr[-2000:]}")
    return Seeded(tiles, seconds, worked=worked)
