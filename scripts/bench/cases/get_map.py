"""GetMap at street scale, BD TOPO buildings and roads from FlatGeobuf, PNG: ours, MapServer and QGIS Server."""

import statistics
import sys
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from urllib.parse import urlencode

from scripts.bench import data
from scripts.bench.ask import Client, Times, alternate, answered
from scripts.bench.load import wrk
from scripts.bench.measure import Figure
from scripts.bench.peers.garrigue import garrigue
from scripts.bench.peers.mapserver import VectorLayer, mapserver
from scripts.bench.peers.peer import MissingPeerError, Peer, installed
from scripts.bench.peers.qgis_server import qgis_server
from scripts.bench.peers.style import MAPSERVER
from scripts.bench.places import Place, places

TITLE = "GetMap at street scale: buildings and roads, PNG, random places"
LAYERS = ("batiment", "troncon_de_route")
RESOLUTION = 0.4
"""Metres a pixel: about 1:1,430 at the standard's 0.28 mm a pixel."""
PROCESSES = 2
KINDS = (("EPSG:2154", 256), ("EPSG:2154", 512), ("EPSG:3857", 256), ("EPSG:3857", 512))
AIMS = {"mapserver": 0.7, "qgis": 0.3}
AIM_THROUGHPUT = 1.5
AIM_P95 = 3.0
CLIENTS = 16
ROUNDS = 3


def run(folder: Path, seconds: float) -> list[Figure]:
    """Latency of one client, one request at a time, then throughput of 16."""
    figures = []
    with ExitStack() as stack:
        peers = list(_start(folder, stack))
        by_kind = [drawn_by_all(peers, places(crs, size, RESOLUTION, _count(seconds))) for crs, size in KINDS]
        for (crs, size), wanted in zip(KINDS, by_kind, strict=True):
            figures += _latency(peers, f"{crs}, {size} px", wanted)
        wanted = drawn_by_all(peers, places("EPSG:3857", 256, RESOLUTION, 300))
        figures += throughput(folder, peers, wanted, seconds)
    return figures


def _count(seconds: float) -> int:
    """Maps of a kind: a peer's take some 30 ms."""
    return max(30, int(seconds * 12))


def _start(folder: Path, stack: ExitStack) -> Iterator[Peer]:
    paths = data.street(folder / "data")
    layers = {name: {"source": {"vector": str(path)}, "style": f"styles/{name}.sld"} for name, path in paths.items()}
    yield stack.enter_context(garrigue(folder / "garrigue", layers, processes=PROCESSES))
    kinds = {"batiment": "POLYGON", "troncon_de_route": "LINE"}
    drawn = [VectorLayer(name, paths[name], kinds[name], MAPSERVER[name], data.EXTENT) for name in LAYERS]
    yield stack.enter_context(mapserver(folder / "mapserver", drawn, data.EXTENT, processes=PROCESSES))
    try:
        yield stack.enter_context(qgis_server(folder / "qgis", paths, processes=PROCESSES))
    except MissingPeerError as error:
        print(f"get_map: QGIS Server SKIPPED, {error}", file=sys.stderr)


def drawn_by_all(peers: Sequence[Peer], wanted: Sequence[Place]) -> list[Place]:
    """The places that every server draws."""
    clients = [Client(peer) for peer in peers]
    kept = answered(clients, wanted, lambda peer, place: get_map(peer, place, LAYERS), "image/png")
    for client in clients:
        client.close()
    return kept


def _latency(peers: Sequence[Peer], name: str, wanted: Sequence[Place]) -> list[Figure]:
    clients = [Client(peer) for peer in peers]
    times = alternate(clients, lambda peer: [get_map(peer, place, LAYERS) for place in wanted], "image/png")
    for client in clients:
        client.close()
    return latency_figures(name, times, AIMS)


def latency_figures(name: str, times: Mapping[str, Times], aims: Mapping[str, float]) -> list[Figure]:
    """Median and p95 of each server, and ours as a share of each peer's median."""
    ours = times["garrigue"]
    figures = []
    for server, found in times.items():
        size = f"{found.size / 1000:.1f} kB"
        ratio = ours.median / found.median if server in aims else None
        figures.append(Figure(f"{name}: {server}, median ({size})", found.median, "ms", ratio, aims.get(server), True))
        figures.append(_p95(f"{name}: {server}, p95", found, server == "garrigue"))
    return figures


def _p95(name: str, times: Times, ours: bool) -> Figure:
    """The p95; of ours also as so many times the median."""
    if not ours:
        return Figure(name, times.p95, "ms")
    return Figure(name, times.p95, "ms", times.p95 / times.median, AIM_P95, True)


def throughput(folder: Path, peers: Sequence[Peer], wanted: Sequence[Place], seconds: float) -> list[Figure]:
    """Maps a second of 16 clients at once, and processor time a map: each server in turn, three times; the medians."""
    try:
        installed("wrk")
    except MissingPeerError as error:
        print(f"throughput SKIPPED, {error}", file=sys.stderr)
        return []
    scripts = {peer.name: _script(folder, peer, wanted) for peer in peers}
    rates: dict[str, list[float]] = {peer.name: [] for peer in peers}
    costs: dict[str, list[float]] = {peer.name: [] for peer in peers}
    for _ in range(ROUNDS):
        for peer in peers:
            before = peer.worked()
            rate, count = wrk(peer.port, scripts[peer.name], seconds / 2, connections=CLIENTS)
            rates[peer.name].append(rate)
            costs[peer.name].append((peer.worked() - before) / count * 1000)
    return [*_rates(_medians(rates)), *_costs(_medians(costs))]


def _medians(found: Mapping[str, Sequence[float]]) -> dict[str, float]:
    return {name: statistics.median(values) for name, values in found.items()}


def _rates(found: Mapping[str, float]) -> Iterator[Figure]:
    for name, rate in found.items():
        ratio = found["garrigue"] / rate if name != "garrigue" else None
        aim = AIM_THROUGHPUT if name == "mapserver" else None
        yield Figure(f"{CLIENTS} clients: {name}, {PROCESSES} processes", rate, "maps/s", ratio, aim)


def _costs(found: Mapping[str, float]) -> Iterator[Figure]:
    """Of all processes of a server together, a web server before it among them: what the machine's other work, by
    which rates suffer, changes least."""
    for name, cost in found.items():
        ratio = found["garrigue"] / cost if name != "garrigue" else None
        yield Figure(f"{CLIENTS} clients: {name}, processor time a map", cost, "ms", ratio)


def _script(folder: Path, peer: Peer, wanted: Sequence[Place]) -> Path:
    """For wrk: the places one after the other; an answer that is no picture stops it."""
    paths = "\n".join(f'"{peer.base}{get_map(peer, place, LAYERS)}",' for place in wanted)
    script = folder / f"{peer.name}.lua"
    script.write_text(
        f"local paths = {{\n{paths}\n}}\nlocal turn = 0\n"
        "request = function()\n  turn = turn % #paths + 1\n  return wrk.format('GET', paths[turn])\nend\n"
        "response = function(status, headers, body)\n"
        "  if status ~= 200 or not string.find(headers['Content-Type'] or headers['content-type'], 'image') then\n"
        "    print('Non-2xx: no picture', status, body)\n    wrk.thread:stop()\n  end\nend\n",
        encoding="utf-8",
    )
    return script


def get_map(peer: Peer, place: Place, layers: Sequence[str], form: str = "image/png") -> str:
    """The request of a place, as this server takes it (OGC 06-042, 7.3.2)."""
    parameters = {
        "SERVICE": "WMS",
        "VERSION": "1.3.0",
        "REQUEST": "GetMap",
        "LAYERS": ",".join(layers),
        "STYLES": "",
        "CRS": place.crs,
        "BBOX": ",".join(f"{value:.3f}" for value in place.bbox),
        "WIDTH": place.size,
        "HEIGHT": place.size,
        "FORMAT": form,
        "TRANSPARENT": "TRUE" if form == "image/png" else "FALSE",
    }
    return ("/wms?" if peer.name == "garrigue" else "") + urlencode(parameters, safe="/,:")
