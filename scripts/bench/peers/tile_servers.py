"""Servers of stored tiles, each with the tiles that ours has: MapCache and MapProxy over files, martin over an MBTiles.

Every one is given one process; the caller chooses the core.
"""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from scripts.bench.peers.fastcgi import fastcgi
from scripts.bench.peers.peer import Peer, Processes, await_answer, free_port, installed

_MAPCACHE = """<?xml version="1.0" encoding="UTF-8"?>
<mapcache>
  <cache name="disk" type="disk" layout="template"><template>{files}/{{z}}/{{x}}/{{inv_y}}.jpg</template></cache>
  <format name="JPEG" type="JPEG"><quality>85</quality></format>
  <tileset name="ortho"><cache>disk</cache><grid>GoogleMapsCompatible</grid><format>JPEG</format></tileset>
  <service type="gmaps" enabled="true"/>
  <lock_dir>{folder}</lock_dir>
</mapcache>
"""


@contextmanager
def mapcache(folder: Path, files: Path, ready: str) -> Iterator[Peer]:
    """MapCache by FastCGI behind nginx, over `files`/z/x/y.jpg; `ready` is z/x/y of a tile."""
    program = installed("mapcache")
    folder.mkdir(parents=True)
    configuration = folder / "mapcache.xml"
    configuration.write_text(_MAPCACHE.format(files=files, folder=folder), encoding="utf-8")
    environment, base = {"MAPCACHE_CONFIG_FILE": str(configuration)}, "/gmaps/ortho@GoogleMapsCompatible/"
    options = {"base": base, "ready": f"{ready}.jpg", "path_info": "$uri"}
    with fastcgi("mapcache", [program], environment, folder, processes=1, **options) as peer:
        yield peer


@contextmanager
def mapproxy(folder: Path, files: Path, ready: str) -> Iterator[Peer]:
    """MapProxy's WMTS under gunicorn (of the servers in its documentation, with threads that keep connections)."""
    folder.mkdir(parents=True)
    tree = folder / "tiles"
    for file in files.rglob("*.jpg"):
        link = tree / file.relative_to(files).with_suffix(".jpeg")
        link.parent.mkdir(parents=True, exist_ok=True)
        os.link(file, link)
    configuration = folder / "mapproxy.yaml"
    configuration.write_text(json.dumps(_proxy(tree)), encoding="utf-8")
    port, base = free_port(), "/wmts/ortho/GLOBAL_WEBMERCATOR/"
    command = [sys.executable, "-m", "gunicorn", "-w", "1", "-k", "gthread", "--threads", "4", "--keep-alive", "60"]
    command += ["-b", f"127.0.0.1:{port}", f"mapproxy.wsgiapp:make_wsgi_app({str(configuration)!r})"]
    with Processes(folder / "log") as group:
        pid = group.start(command)
        await_answer(group, port, f"{base}{ready}.jpeg")
        yield Peer("mapproxy", port, base, (pid,))


def _proxy(tree: Path) -> dict[str, object]:
    file = {"type": "file", "directory": str(tree), "directory_layout": "tms"}
    cache = {"grids": ["GLOBAL_WEBMERCATOR"], "sources": [], "format": "image/jpeg", "cache": file}
    return {
        "services": {"wmts": {"restful": True, "kvp": False}},
        "layers": [{"name": "ortho", "title": "ortho", "tile_sources": ["cache"]}],
        "caches": {"cache": cache},
    }


@contextmanager
def martin(folder: Path, archive: Path, ready: str) -> Iterator[Peer]:
    """martin over an MBTiles file."""
    program = installed("martin")
    folder.mkdir(parents=True)
    port, base = free_port(), f"/{archive.stem}/"
    with Processes(folder / "log") as group:
        pid = group.start([program, "-l", f"127.0.0.1:{port}", "-W", "1", str(archive)])
        await_answer(group, port, base + ready)
        yield Peer("martin", port, base, (pid,))
