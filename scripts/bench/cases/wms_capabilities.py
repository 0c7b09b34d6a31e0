"""WMS capabilities of 1,000 layers: made for the first time, and answered again; MapServer makes them each time."""

import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from statistics import median

from scripts.bench import data
from scripts.bench.ask import Client, Times, alternate
from scripts.bench.measure import Figure
from scripts.bench.peers.garrigue import garrigue, write_registry
from scripts.bench.peers.mapserver import VectorLayer, mapserver
from scripts.bench.peers.peer import MissingPeerError, Peer
from scripts.bench.peers.style import MAPSERVER
from scripts.bench.site import compile_site

TITLE = "WMS 1.3.0 capabilities of 1,000 layers"
LAYERS = 1000
COLD, WARM = 50.0, 1.0
"""Milliseconds aimed at: made by a process that has made none before, and answered from the store."""
RUNS, FEW = 7, 8
ASKED = "/wms?SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"

_FIRST = """
import sys, time
from pathlib import Path
from layers.mapnik_env import mapnik
from server.compile import current
from server.wms.documents import capabilities_of
registry = current(Path(sys.argv[1]))
wall, work = time.perf_counter(), time.process_time()
body = capabilities_of(registry, None, "1.3.0", "fr")
print((time.perf_counter() - wall) * 1000, (time.process_time() - work) * 1000, len(body))
"""


def run(folder: Path, seconds: float) -> list[Figure]:
    """Cold in processes of their own, warm over a connection that is kept."""
    path = data.street(folder / "data")["batiment"]
    layer = {"source": {"vector": str(path)}, "style": "styles/batiment.sld"}
    layers = {f"l{n}": layer for n in range(LAYERS)}
    # Made ahead: on a busy machine a server that compiles as many is not awake within a minute.
    compile_site(write_registry(folder / "garrigue" / "config", layers), folder / "garrigue" / "store")
    with ExitStack() as stack:
        ours = stack.enter_context(garrigue(folder / "garrigue", layers))
        peers = [Peer("garrigue", ours.port, ASKED, ours.pids), *_mapserver(folder, path, stack)]
        figures = list(_cold(folder / "garrigue" / "store"))
        return figures + list(_warm(peers, max(20, int(seconds * 5))))


def _mapserver(folder: Path, path: Path, stack: ExitStack) -> Iterator[Peer]:
    drawn = [VectorLayer(f"l{n}", path, "POLYGON", MAPSERVER["batiment"], data.EXTENT) for n in range(LAYERS)]
    try:
        peer = stack.enter_context(mapserver(folder / "mapserver", drawn, data.EXTENT))
    except MissingPeerError as error:
        print(f"wms_capabilities: MapServer SKIPPED, {error}", file=sys.stderr)
        return
    asked = f"{peer.base}SERVICE=WMS&VERSION=1.3.0&REQUEST=GetCapabilities"
    yield Peer(peer.name, peer.port, asked, peer.pids, peer.before)


def _cold(store: Path) -> Iterator[Figure]:
    found = [_first(store) for _ in range(RUNS)]
    wall, work, size = (median(column) for column in zip(*found, strict=True))
    yield Figure("made by a fresh process", wall, "ms", target=COLD, most=True)
    yield Figure("the same, processor time", work, "ms", target=COLD, most=True)
    yield Figure("the document", size / 1e6, "MB")


def _first(store: Path) -> tuple[float, ...]:
    command = [sys.executable, "-c", _FIRST, str(store)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    return tuple(map(float, done.stdout.split()))


def _warm(peers: Sequence[Peer], count: int) -> Iterator[Figure]:
    """One server after the other: ours would take a connection that waits for seconds for one that is forgotten."""
    times = {peer.name: _times(peer, count if peer.base == ASKED else FEW) for peer in peers}
    ours = times["garrigue"]
    yield Figure("answered again, median", ours.median, "ms", target=WARM, most=True)
    yield Figure("answered again, p95", ours.p95, "ms")
    for name, theirs in times.items():
        if name != "garrigue":
            yield Figure(f"{name}, median", theirs.median, "ms")
            yield Figure(f"ours, to {name}'s", ours.median, "ms", ours.median / theirs.median)


def _times(peer: Peer, count: int) -> Times:
    client = Client(peer)
    found = alternate([client], lambda _: [""] * count, ("text/xml", "application/"), warm_up=2)
    client.close()
    return found[peer.name]
